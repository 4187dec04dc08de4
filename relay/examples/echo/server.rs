//! The relay's listener, its switch to WebSocket and its way to end a socket, with an echo where a session would be.

use std::{pin::Pin, time::Duration};

use axum::{
    Router,
    http::{Extensions, HeaderMap},
    response::Response,
    routing::get,
};
use futures_util::{SinkExt, StreamExt};
use relay::{
    Limits, closing,
    connection::Connection,
    listen::Server,
    problem::Problem,
    shutdown::Shutdown,
    switch::{Switch, websocket_config},
    turnstile::{PerAddress, Turnstile},
};
use relay_wire::SUBPROTOCOL;
use tokio::{io::AsyncWrite, net::TcpListener, time::timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        protocol::{CloseFrame, WebSocketConfig},
    },
};

/// The largest message that is echoed.
const MAX_MESSAGE: usize = 16 << 20;
const CONNECTIONS: usize = 64;
/// How long a peer that was told of its mistake may go on sending.
const LINGER: Duration = Duration::from_secs(2);

/// Echoes texts and binary messages, at any path, until the task is dropped.
pub async fn serve(listener: TcpListener) {
    let shutdown = Shutdown::default();
    let places = || Turnstile::new(CONNECTIONS, PerAddress::from_anywhere(CONNECTIONS));
    let server = Server {
        router: Router::new().fallback(get(upgrade)),
        tls: None,
        guard: shutdown.guard(),
        connections: places(),
        handshakes: places(),
        head: Limits::default().head,
    };
    server.accept(listener).await;
}

async fn upgrade(headers: HeaderMap, extensions: Extensions) -> Result<Response, Problem> {
    let (switch, via) = Switch::asked(&headers, extensions, SUBPROTOCOL)?;
    let answer = switch.answer();
    tokio::spawn(async move {
        if let Some(socket) = switch.socket_with(via.peer, config()).await {
            echo(socket).await;
        }
        drop(via);
    });
    Ok(answer)
}

fn config() -> WebSocketConfig {
    websocket_config()
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
        .max_write_buffer_size(2 * MAX_MESSAGE)
}

async fn echo(mut socket: WebSocketStream<Connection>) {
    while let Some(message) = socket.next().await {
        let sent = match message {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => socket.send(message).await,
            // Pings and closes are answered below this.
            Ok(_) => Ok(()),
            Err(error) => return refuse(socket, &error).await,
        };
        if sent.is_err() {
            return;
        }
    }
    closing::hang_up(socket.get_mut()).await;
}

async fn refuse(mut socket: WebSocketStream<Connection>, error: &Error) {
    let Some((reason, code)) = closing::verdict(error) else { return };
    let close = CloseFrame { code: code.into(), reason: reason.into() };
    if socket.send(Message::Close(Some(close))).await.is_err() {
        return;
    }
    closing::shut(|cx| Pin::new(socket.get_mut()).poll_shutdown(cx)).await;
    let end = std::future::poll_fn(|cx| closing::poll_discard(Pin::new(socket.get_mut()), cx));
    let _ = timeout(LINGER, end).await;
}
