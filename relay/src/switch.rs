//! The switch from HTTP to WebSocket (RFC 6455 section 4.2), whatever is spoken over it.

use std::{net::SocketAddr, time::Duration};

use axum::{
    body::Body,
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use relay_wire::MAX_MESSAGE;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};

use crate::{connection::Connection, handshake::Via, problem::Problem};

/// How long the switch may take once it was agreed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request to switch that may be granted.
pub struct Switch {
    on_upgrade: OnUpgrade,
    key: Vec<u8>,
    subprotocol: &'static str,
}

impl Switch {
    /// What a request asks for, and the connection on which it came.
    ///
    /// # Errors
    /// 426 where it is no WebSocket handshake, 400 where that subprotocol is not offered.
    pub fn asked(
        headers: &HeaderMap,
        mut extensions: Extensions,
        subprotocol: &'static str,
    ) -> Result<(Self, Via), Problem> {
        let key = websocket_key(headers).ok_or_else(upgrade_required)?;
        if !has_token(headers, &header::SEC_WEBSOCKET_PROTOCOL, |token| token == subprotocol) {
            return Err(Problem::bad_request("bad_subprotocol", format!("offer the subprotocol {subprotocol}")));
        }
        let (Some(on_upgrade), Some(via)) = (extensions.remove::<OnUpgrade>(), extensions.remove::<Via>()) else {
            return Err(upgrade_required());
        };
        Ok((Self { on_upgrade, key, subprotocol }, via))
    }

    /// The answer that grants it.
    #[must_use]
    pub fn answer(&self) -> Response {
        let accept = HeaderValue::from_str(&derive_accept_key(&self.key)).expect("Base64 is a header value");
        let switch = [
            (header::CONNECTION, HeaderValue::from_static("upgrade")),
            (header::UPGRADE, HeaderValue::from_static("websocket")),
            (header::SEC_WEBSOCKET_ACCEPT, accept),
            (header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(self.subprotocol)),
        ];
        (StatusCode::SWITCHING_PROTOCOLS, switch, Body::empty()).into_response()
    }

    /// The socket, once the answer is on its way; `None` where the client did not wait for it.
    pub async fn socket(self, peer: SocketAddr) -> Option<WebSocketStream<Connection>> {
        self.socket_with(peer, websocket_config()).await
    }

    /// The same with other limits.
    pub async fn socket_with(self, peer: SocketAddr, config: WebSocketConfig) -> Option<WebSocketStream<Connection>> {
        let upgraded = match tokio::time::timeout(PATIENCE, self.on_upgrade).await {
            Ok(Ok(upgraded)) => upgraded,
            Ok(Err(e)) => {
                tracing::debug!(%peer, error = %e, "the upgrade failed");
                return None;
            }
            Err(_) => {
                tracing::debug!(%peer, "the upgrade took too long");
                return None;
            }
        };
        let Ok(parts) = upgraded.downcast::<TokioIo<Connection>>() else {
            tracing::error!("an upgraded connection is not one of ours");
            return None;
        };
        let (connection, already_read) = (parts.io.into_inner(), parts.read_buf.to_vec());
        Some(WebSocketStream::from_partially_read(connection, already_read, Role::Server, Some(config)).await)
    }
}

/// Small buffers: a connection that idles costs little, and nothing pools above the kernel's queue, for the writer
/// flushes after each turn and starts none while a flush is pending.
#[must_use]
pub fn websocket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4096)
        .write_buffer_size(4096)
        .max_write_buffer_size(256 * 1024)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
}

/// The client's key, if this is a WebSocket handshake (RFC 6455 section 4.2.1).
fn websocket_key(headers: &HeaderMap) -> Option<Vec<u8>> {
    let handshake = has_token(headers, &header::CONNECTION, |token| token.eq_ignore_ascii_case("upgrade"))
        && has_token(headers, &header::UPGRADE, |token| token.eq_ignore_ascii_case("websocket"))
        && headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    handshake.then(|| key.as_bytes().to_vec())
}

fn upgrade_required() -> Problem {
    Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", "this address speaks WebSocket, version 13")
}

fn has_token(headers: &HeaderMap, name: &HeaderName, wanted: impl Fn(&str) -> bool) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|token| wanted(token.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handshake() -> HeaderMap {
        HeaderMap::from_iter([
            (header::CONNECTION, HeaderValue::from_static("keep-alive, Upgrade")),
            (header::UPGRADE, HeaderValue::from_static("WebSocket")),
            (header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")),
            (header::SEC_WEBSOCKET_KEY, HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==")),
        ])
    }

    #[test]
    fn a_handshake_needs_all_of_its_headers() {
        assert!(websocket_key(&handshake()).is_some());
        for missing in handshake().keys() {
            let mut headers = handshake();
            headers.remove(missing);
            assert!(websocket_key(&headers).is_none(), "{missing}");
        }
    }

    #[test]
    fn the_subprotocol_is_one_of_those_offered() {
        let offers = |offer: &'static str| {
            let headers = HeaderMap::from_iter([(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(offer))]);
            has_token(&headers, &header::SEC_WEBSOCKET_PROTOCOL, |token| token == "lanline.v1")
        };
        assert!(offers("lanline.v2, lanline.v1"));
        assert!(!offers("lanline.v10") && !offers("LANLINE.V1") && !offers(""));
    }
}
