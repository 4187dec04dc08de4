//! `GET /check/socket`: a socket that proves that sockets work, and nothing else. The device check of the page opens it
//! without a ticket; it is told so by a close, and is gone.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{Extensions, HeaderMap},
    response::Response,
};
use futures_util::{SinkExt, StreamExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use crate::{http::App, problem::Problem, switch::Switch};

/// What the check asks for; a talk is another subprotocol.
const SUBPROTOCOL: &str = "lanline.check";
/// How long it may all take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Answers it.
///
/// # Errors
/// 403, 426, 400 and 429, as `/ws`.
pub async fn socket(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    extensions: Extensions,
) -> Result<Response, Problem> {
    app.origins.check(&headers)?;
    let (switch, mut via) = Switch::asked(&headers, extensions, SUBPROTOCOL)?;
    via.become_socket(&app.sockets)?;
    let answer = switch.answer();
    tokio::spawn(timeout(PATIENCE, async move {
        // It counts, and the relay waits for it, as long as it lives.
        let via = via;
        let Some(mut socket) = switch.socket(via.peer).await else { return };
        let works = CloseFrame { code: CloseCode::Normal, reason: "sockets work".into() };
        if socket.send(Message::Close(Some(works))).await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
    }));
    Ok(answer)
}
