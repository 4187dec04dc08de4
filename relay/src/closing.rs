//! How a socket ends over a stream that goes wrong, so that the peer hears why, whatever they still send.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use relay_wire::close;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    time::timeout,
};
use tokio_tungstenite::tungstenite::{Error, error::ProtocolError};

/// How long the peer may take for the end of our side,
const SHUT_PATIENCE: Duration = Duration::from_millis(500);
/// and for that and the end of theirs.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is wrong with a stream that cannot be read: the error code of PROTOCOL.md and the close code (RFC 6455 section
/// 7.4.1). `None` where there is nobody to tell.
#[must_use]
pub fn verdict(error: &Error) -> Option<(&'static str, u16)> {
    match error {
        Error::Capacity(_) => Some(("too_big", close::TOO_BIG)),
        Error::Utf8(_) => Some(("bad_json", close::INVALID_PAYLOAD)),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some(("bad_packet", close::PROTOCOL)),
        _ => None,
    }
}

/// Reads and forgets; ready when nothing more can come.
pub fn poll_discard(mut connection: Pin<&mut impl AsyncRead>, cx: &mut Context<'_>) -> Poll<()> {
    let mut scratch = [0; 4096];
    loop {
        let mut buf = ReadBuf::new(&mut scratch);
        match ready!(connection.as_mut().poll_read(cx, &mut buf)) {
            Ok(()) if !buf.filled().is_empty() => {}
            _ => return Poll::Ready(()),
        }
    }
}

/// Ends our side of the connection by polling its shutdown, at the TLS level too where the peer still takes it.
pub async fn shut(shutdown: impl FnMut(&mut Context<'_>) -> Poll<io::Result<()>>) {
    let _ = timeout(SHUT_PATIENCE, poll_fn(shutdown)).await;
}

/// Ends our side and waits for the peer to end theirs, but not for long. A connection that is dropped with bytes unread
/// is reset by the system, and a reset may overtake our last words.
pub async fn hang_up(connection: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    let both = async {
        let _ = connection.shutdown().await;
        poll_fn(|cx| poll_discard(Pin::new(&mut *connection), cx)).await;
    };
    let _ = timeout(PATIENCE, both).await;
}
