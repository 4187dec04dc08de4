//! One connection: TCP with the right options, TLS if asked for, the WebSocket handshake.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use relay_wire::{DisplayName, Role, SUBPROTOCOL};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header::SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self};

use super::kernel::{self, KernelQueue};
use super::ticket::{self, Credential};
use crate::address::Address;

/// Time for all of it: name, TCP, TLS, handshake.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A welcome lists everybody in the room, so what the relay sends may be longer than what it takes.
const MAX_RECEIVED: usize = 1 << 20;

/// A byte stream to the relay, with TLS or without.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A socket to a room.
pub type Socket = WebSocketStream<Box<dyn Stream>>;

/// A room that was entered.
pub struct Entered {
    /// Messages both ways.
    pub socket: Socket,
    /// What the kernel holds of those on their way to the relay.
    pub kernel: KernelQueue,
}

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// Nobody there, or nobody who speaks the same protocol. It may be different later.
    #[error("cannot reach {0}: {1}")]
    Unreachable(String, String),
    /// The relay said no, and will again.
    #[error("{0} refused: {1}")]
    Refused(String, String),
}

/// Whom to reach, and how.
#[derive(Debug, Clone)]
pub struct Target {
    /// The relay and the room.
    pub address: Address,
    /// What lets in.
    pub credential: Option<Credential>,
    /// What to be let in as.
    pub role: Role,
    /// Whom to believe.
    pub tls: Arc<rustls::ClientConfig>,
}

impl Target {
    /// Opens a byte stream to the relay.
    ///
    /// # Errors
    /// [`ConnectError::Unreachable`].
    pub async fn open(&self) -> Result<Box<dyn Stream>, ConnectError> {
        self.within_time(self.open_stream()).await.map(|(stream, _)| stream)
    }

    /// Enters the room's socket under that name, with a ticket where there is something to show for one.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn enter(&self, name: &DisplayName) -> Result<Entered, ConnectError> {
        self.within_time(async {
            let url = match &self.credential {
                Some(credential) => self.address.ticket_url(&ticket::ask(self, credential, name).await?),
                None => self.address.socket_url(name),
            };
            self.open_socket(&url).await
        })
        .await
    }

    /// Takes a seat again with its resume token; `after` is the number of the last message that came.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn come_back(&self, token: &str, after: u64) -> Result<Entered, ConnectError> {
        self.within_time(self.open_socket(&self.address.resume_url(token, after))).await
    }

    async fn open_socket(&self, url: &str) -> Result<Entered, ConnectError> {
        let (stream, kernel) = self.open_stream().await?;
        let socket = self.upgrade(stream, url).await?;
        Ok(Entered { socket, kernel })
    }

    async fn within_time<T>(&self, work: impl Future<Output = Result<T, ConnectError>>) -> Result<T, ConnectError> {
        match tokio::time::timeout(TIMEOUT, work).await {
            Ok(result) => result,
            Err(_) => Err(self.unreachable("no answer in 5 seconds")),
        }
    }

    async fn open_stream(&self) -> Result<(Box<dyn Stream>, KernelQueue), ConnectError> {
        let Address { host, port, tls, .. } = &self.address;
        let tcp = TcpStream::connect((host.as_str(), *port)).await.map_err(|e| self.unreachable(&io_reason(&e)))?;
        kernel::tune(&tcp);
        let queue = KernelQueue::of(&tcp);
        if !tls {
            return Ok((Box::new(tcp), queue));
        }
        let name = ServerName::try_from(host.clone()).map_err(|_| self.unreachable("not a host name"))?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let stream = connector.connect(name, tcp).await.map_err(|e| self.unreachable(&tls_reason(&e)))?;
        Ok((Box::new(stream), queue))
    }

    async fn upgrade(&self, stream: Box<dyn Stream>, url: &str) -> Result<Socket, ConnectError> {
        let mut request = url.into_client_request().map_err(|e| self.unreachable(&format!("not an address: {e}")))?;
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        let config = WebSocketConfig::default()
            .read_buffer_size(8 * 1024)
            .write_buffer_size(0)
            .max_message_size(Some(MAX_RECEIVED))
            .max_frame_size(Some(MAX_RECEIVED));
        match tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await {
            Ok((socket, _)) => Ok(socket),
            Err(tungstenite::Error::Http(response)) => {
                let body = response.body().as_deref().unwrap_or_default();
                Err(self.refused(response.status().as_u16(), body))
            }
            Err(e) => Err(self.unreachable(&format!("not a relay: {e}"))),
        }
    }

    pub(super) fn unreachable(&self, reason: &str) -> ConnectError {
        ConnectError::Unreachable(self.address.authority(), reason.to_owned())
    }

    /// 503 is "full" and passes; the other refusals would be repeated.
    pub(super) fn refused(&self, status: u16, body: &[u8]) -> ConnectError {
        let sentence = error_sentence(body).unwrap_or_else(|| format!("HTTP status {status}"));
        if status >= 500 {
            self.unreachable(&sentence)
        } else {
            ConnectError::Refused(self.address.authority(), sentence)
        }
    }
}

/// The sentence of a JSON body `{"error": CODE, "message": SENTENCE}`, or our own where we know better what to type.
pub(crate) fn error_sentence(body: &[u8]) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    if let Some("ticket_needed" | "key_needed") = body.get("error")?.as_str() {
        return Some("the room needs a key: give the whole link, with what follows #, or --pin".into());
    }
    body.get("message")?.as_str().map(crate::roster::escape)
}

fn io_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "nobody listens there".into(),
        _ => error.to_string(),
    }
}

fn tls_reason(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(reason)) => {
            format!("its certificate is not trusted ({reason}): give the relay's with --ca FILE, or --insecure")
        }
        Some(rustls::Error::InvalidMessage(_)) => "it does not speak TLS there: try ws:// or http://".into(),
        _ => format!("TLS: {error}"),
    }
}
