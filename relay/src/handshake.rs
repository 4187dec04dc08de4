//! `GET /ws`: refuses with a reason, or upgrades and starts a session.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use relay_wire::{MAX_MESSAGE, SUBPROTOCOL};
use serde::Deserialize;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};

use crate::{
    access::{self, Pass, Refusal},
    connection::Connection,
    http::{self, App, full},
    problem::Problem,
    registry::{Refused, Seat},
    session::{self, Session},
    shutdown::Guard,
    turnstile::Passage,
};

/// How long the switch from HTTP to WebSocket may take once it was agreed.
const UPGRADE_PATIENCE: Duration = Duration::from_secs(10);

/// What belongs to a connection and not to a request. Each request carries it, and a session keeps it.
#[derive(Debug, Clone)]
pub struct Via {
    /// Who is at the other end.
    pub peer: SocketAddr,
    /// The address of ours that they came to.
    pub local: SocketAddr,
    /// Keeps the relay from ending before the connection does.
    _guard: Guard,
    /// Keep the connection counted, and the socket it becomes.
    _places: Vec<Arc<Passage>>,
}

impl Via {
    /// A connection that counts and that the relay waits for.
    #[must_use]
    pub fn new(peer: SocketAddr, local: SocketAddr, guard: Guard, place: Passage) -> Self {
        Self { peer, local, _guard: guard, _places: vec![Arc::new(place)] }
    }
}

/// Parameters of the socket's address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Params {
    room: Option<String>,
    name: Option<String>,
    role: Option<String>,
    /// What a key or a PIN was given for; what the three above say must be what it says.
    ticket: Option<String>,
    /// A resume token; then none of the above is asked for.
    resume: Option<String>,
    /// The number of the last message that who comes back has.
    after: Option<String>,
}

/// Answers `GET /ws`.
pub async fn upgrade(
    State(app): State<Arc<App>>,
    params: Result<Query<Params>, QueryRejection>,
    headers: HeaderMap,
    mut extensions: Extensions,
) -> Result<Response, Problem> {
    app.origins.check(&headers)?;
    let Query(params) = params.map_err(|e| Problem::bad_request("bad_room", e.body_text()))?;
    let key = websocket_key(&headers).ok_or_else(upgrade_required)?;
    if !has_token(&headers, &header::SEC_WEBSOCKET_PROTOCOL, |token| token == SUBPROTOCOL) {
        return Err(Problem::bad_request("bad_subprotocol", format!("offer the subprotocol {SUBPROTOCOL}")));
    }
    let (Some(on_upgrade), Some(mut via)) = (extensions.remove::<OnUpgrade>(), extensions.remove::<Via>()) else {
        return Err(upgrade_required());
    };
    let Some(socket) = app.sockets.enter(via.peer.ip()) else {
        let sentence = "too many sockets of this address";
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_sockets", sentence));
    };
    via._places.push(Arc::new(socket));
    let (seat, after) = take_seat(&app, params)?;

    tokio::spawn(run(Arc::clone(&app), on_upgrade, seat, after, via));
    let accept = HeaderValue::from_str(&derive_accept_key(&key)).expect("Base64 is a header value");
    let switch = [
        (header::CONNECTION, HeaderValue::from_static("upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_ACCEPT, accept),
        (header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL)),
    ];
    Ok((StatusCode::SWITCHING_PROTOCOLS, switch, Body::empty()).into_response())
}

/// The seat, and the number of the last message that its holder has. The last of the checks, for it may use a ticket up.
fn take_seat(app: &App, params: Params) -> Result<(Seat, u64), Problem> {
    if let Some(token) = &params.resume {
        let after = params.after.map_or(Ok(0), |after| after.parse());
        let after = after.map_err(|_| Problem::bad_request("bad_after", "after is the number of a message"))?;
        return Ok((come_back(app, token)?, after));
    }
    let now = app.clock.now();
    let Some(ticket) = &params.ticket else {
        let door = app.access.door();
        if !door.is_open() {
            return Err(Refusal::TicketNeeded.into());
        }
        let pass = params.pass()?;
        let epoch = door.enter_freely(&pass)?;
        return Ok((app.registry.enter(pass, epoch).map_err(full)?, 0));
    };
    app.registry.has_place(None).map_err(full)?;
    let mut door = app.access.door();
    let pass = door.tickets.look(now, ticket).cloned().ok_or(Refusal::BadTicket)?;
    params.compare(&pass)?;
    let epoch = door.epoch(&pass.room).ok_or(Refusal::BadTicket)?;
    let seat = app.registry.enter(pass, epoch).map_err(full)?;
    door.tickets.take(now, ticket);
    Ok((seat, 0))
}

fn come_back(app: &App, token: &str) -> Result<Seat, Problem> {
    let worthless = || Problem::new(StatusCode::UNAUTHORIZED, "bad_resume", Refused::Worthless.to_string());
    let claims = app.registry.read_token(token).ok_or_else(worthless)?;
    let epoch = app.access.door().epoch(&claims.room);
    app.registry.come_back(claims, epoch).map_err(|refused| match refused {
        Refused::Worthless => worthless(),
        Refused::Full(e) => full(e),
    })
}

impl Params {
    /// What is asked for without a ticket.
    fn pass(&self) -> Result<Pass, Problem> {
        let room = http::room_name(self.room.as_deref().unwrap_or_default())?;
        let name = access::api::display_name(self.name.as_deref().unwrap_or_default())?;
        Ok(Pass { room, name, role: access::api::parse_role(self.role.as_deref())? })
    }

    /// What is said beside a ticket is what the ticket says.
    fn compare(&self, pass: &Pass) -> Result<(), Refusal> {
        let same = |said: &Option<String>, known: &str| said.as_deref().is_none_or(|said| said.trim() == known);
        let all = same(&self.room, pass.room.as_str())
            && same(&self.name, pass.name.as_str())
            && same(&self.role, pass.role.as_str());
        if all { Ok(()) } else { Err(Refusal::TicketMismatch) }
    }
}

async fn run(app: Arc<App>, on_upgrade: OnUpgrade, seat: Seat, after: u64, via: Via) {
    let upgraded = match tokio::time::timeout(UPGRADE_PATIENCE, on_upgrade).await {
        Ok(Ok(upgraded)) => upgraded,
        Ok(Err(e)) => return tracing::debug!(peer = %via.peer, error = %e, "the upgrade failed"),
        Err(_) => return tracing::debug!(peer = %via.peer, "the upgrade took too long"),
    };
    let Ok(parts) = upgraded.downcast::<TokioIo<Connection>>() else {
        return tracing::error!("an upgraded connection is not one of ours");
    };
    let (connection, already_read) = (parts.io.into_inner(), parts.read_buf.to_vec());
    let socket =
        WebSocketStream::from_partially_read(connection, already_read, Role::Server, Some(websocket_config())).await;
    let config = session::Config { clock: app.clock, ptime: app.ptime, silence: app.silence };
    Session::new(config, socket, seat, via).run(after).await;
}

/// Small buffers: a connection that idles costs little, and nothing pools above the kernel's queue, for the writer
/// flushes after each turn and starts none while a flush is pending.
fn websocket_config() -> WebSocketConfig {
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
            has_token(&headers, &header::SEC_WEBSOCKET_PROTOCOL, |token| token == SUBPROTOCOL)
        };
        assert!(offers("lanline.v2, lanline.v1"));
        assert!(!offers("lanline.v10") && !offers("LANLINE.V1") && !offers(""));
    }
}
