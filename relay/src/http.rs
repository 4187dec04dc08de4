//! The routes of the one port: page, health, notifications, socket.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use relay_engine::Ptime;
use relay_wire::{MAX_MESSAGE, Notice, RoomName};
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::{sync::oneshot, time::timeout};

use crate::{
    access::{self, Access},
    check,
    clock::Clock,
    handshake::{self, Via},
    host::Hosts,
    origin::Origins,
    page::{self, SECURITY_HEADERS},
    problem::{self, Problem},
    registry::{Full, Registry},
    room::Event,
    turnstile::Turnstile,
};

/// How long a request's body may take.
const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// What the routes know.
#[derive(Debug)]
pub struct App {
    /// The rooms.
    pub registry: Arc<Registry>,
    /// Who may come in.
    pub access: Access,
    /// Under which hosts the relay is reached.
    pub hosts: Hosts,
    /// Whose pages may speak to it.
    pub origins: Origins,
    /// Bounds the sockets of an address.
    pub sockets: Arc<Turnstile>,
    /// The relay clock.
    pub clock: Clock,
    /// Packet time of every room.
    pub ptime: Ptime,
    /// There is no TLS on this port.
    pub plain: bool,
    /// The port that helps to trust the relay, if there is one.
    pub help_port: Option<u16>,
    /// A participant of whom nothing is heard for this long is gone.
    pub silence: Duration,
}

/// All routes.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(async |headers: HeaderMap| page::index(&headers)))
        .route("/r/{room}", get(room_page))
        .route("/r/{room}/", get(room_page_of))
        .route("/check", get(async |headers: HeaderMap| page::file("check.html", &headers)))
        .route("/check/", get(async || Redirect::permanent("/check")))
        .route("/check/socket", get(check::socket))
        .route("/host", get(async |headers: HeaderMap| page::file("host.html", &headers)))
        .route("/host/", get(async || Redirect::permanent("/host")))
        .route("/ws", get(handshake::upgrade))
        .route("/healthz", get(health))
        .route("/api/v1/tickets", post(access::api::ticket))
        .route("/api/v1/rooms/{room}/notifications", post(notify))
        .merge(access::host_api::router(&app))
        .fallback(file)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), only_ours))
        .layer(middleware::map_response(secure))
        .with_state(app)
}

async fn room_page(room: Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    match RoomName::parse(&room) {
        Ok(_) => Ok(page::index(&headers)),
        Err(_) => Ok(room_page_of(room).await?.into_response()),
    }
}

/// Leads to a room's page whoever typed capital letters or a slash behind. Browsers take the key along.
async fn room_page_of(Path(room): Path<String>) -> Result<Redirect, Problem> {
    let room = room_name(&room.to_ascii_lowercase())?;
    Ok(Redirect::permanent(&format!("/r/{room}")))
}

async fn health(State(app): State<Arc<App>>) -> Response {
    let (rooms, participants) = app.registry.counts();
    let version = env!("CARGO_PKG_VERSION");
    let (discarded, late) = (app.registry.discarded(), app.registry.late());
    let body = json!({
        "status": "ok",
        "version": version,
        "rooms": rooms,
        "participants": participants,
        "discarded": discarded,
        "late": late,
        "help_port": app.help_port,
    });
    problem::json(StatusCode::OK, &body)
}

async fn notify(
    State(app): State<Arc<App>>,
    Extension(via): Extension<Via>,
    Path(room): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    app.origins.check(&headers)?;
    let room = room_name(&room)?;
    app.access.door().notify(app.clock.now(), via.peer.ip(), &room, bearer(&headers))?;
    let notice: Notice = json_body(&headers, body).await?;
    notice.check().map_err(|e| Problem::bad_request("bad_message", e.to_string()))?;
    let nobody = |_| Problem::new(StatusCode::NOT_FOUND, "no_room", "nobody is in this room");
    let (reply, outcome) = oneshot::channel();
    let event = Event::Notify { from: None, notice, echo: None, reply: Some(reply) };
    app.registry.tell(&room, app.clock.now(), event).map_err(|_| nobody(()))?;
    // The room may close, or be open with nobody in it yet.
    let outcome = outcome.await.map_err(|_| nobody(()))?;
    if outcome.delivered == 0 {
        return Err(nobody(()));
    }
    let answer = json!({ "message": outcome.message, "delivered": outcome.delivered });
    Ok(problem::json(StatusCode::ACCEPTED, &answer))
}

/// A body of JSON.
///
/// # Errors
/// [`Problem`] where it is too big, too slow, of another content type or not as it should be.
pub async fn json_body<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Problem> {
    // A page of another origin can send a form without being asked, but not this content type.
    if !is_json(headers) {
        let sentence = "the body must be application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "bad_content_type", sentence));
    }
    let too_big = || {
        let sentence = format!("the body must be at most {MAX_MESSAGE} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_big", sentence)
    };
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: u64| length > MAX_MESSAGE as u64) {
        return Err(too_big());
    }
    let body = timeout(BODY_PATIENCE, to_bytes(body, MAX_MESSAGE))
        .await
        .map_err(|_| Problem::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "the body took too long"))?
        .map_err(|_| too_big())?;
    let value: serde_json::Value =
        serde_json::from_slice(&body).map_err(|e| Problem::bad_request("bad_json", format!("not JSON: {e}")))?;
    serde_json::from_value(value).map_err(|e| Problem::bad_request("bad_message", e.to_string()))
}

async fn file(uri: Uri, headers: HeaderMap) -> Response {
    page::file(uri.path().trim_start_matches('/'), &headers)
}

async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "bad_method", "this address does not take that method")
}

async fn only_ours(
    State(app): State<Arc<App>>,
    Extension(via): Extension<Via>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    app.hosts.check(request.headers(), request.uri(), via.local)?;
    Ok(next.run(request).await)
}

async fn secure(mut response: Response) -> impl IntoResponse {
    response.headers_mut().extend(SECURITY_HEADERS);
    response
}

/// The key that a request shows: `Authorization: Bearer KEY` (RFC 6750 section 2.1).
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

/// Nobody may enter now.
#[must_use]
pub fn full(full: Full) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "full", full.to_string())
}

/// The name of a room.
///
/// # Errors
/// 400 `bad_room`.
pub fn room_name(room: &str) -> Result<RoomName, Problem> {
    RoomName::parse(room).map_err(|e| Problem::bad_request("bad_room", e.to_string()))
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(|kind| {
        kind.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
    })
}
