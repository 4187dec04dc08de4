//! What the host page asks for: rooms, invites, locks, mutes, removals. Every call shows the host key.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Extension, Router,
    body::Body,
    extract::{FromRequestParts, Path, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use relay_engine::ParticipantId;
use relay_wire::{Participant, RoomName};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{sync::oneshot, task::spawn_blocking};

use super::{Door, Record, Refusal};
use crate::{
    addresses, banner,
    handshake::Via,
    http::{self, App},
    problem::{self, Problem},
    qr, reach,
    room::Event,
};

/// The routes; all of them refuse who does not show the host key.
pub fn router(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/api/v1/rooms", get(list).post(create))
        .route("/api/v1/rooms/{room}", get(show).delete(end))
        .route("/api/v1/rooms/{room}/invite", post(invite))
        .route("/api/v1/rooms/{room}/invite.svg", get(invite_code))
        .route("/api/v1/rooms/{room}/lock", post(lock))
        .route("/api/v1/rooms/{room}/mute", post(mute))
        .route("/api/v1/rooms/{room}/participants/{id}", delete(remove))
        .route_layer(middleware::from_fn_with_state(Arc::clone(app), only_hosts))
}

async fn only_hosts(
    State(app): State<Arc<App>>,
    Extension(via): Extension<Via>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    app.origins.check(request.headers())?;
    let shown = http::bearer(request.headers());
    app.access.door().host(app.clock.now(), via.peer.ip(), shown)?;
    Ok(next.run(request).await)
}

/// A room of the address that there is.
struct Room(RoomName);

impl FromRequestParts<Arc<App>> for Room {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let Path(segments) = Path::<Vec<(String, String)>>::from_request_parts(parts, app)
            .await
            .map_err(|e| Problem::bad_request("bad_room", e.body_text()))?;
        let name = segments.into_iter().find(|(name, _)| name == "room").map(|(_, value)| value).unwrap_or_default();
        let room = http::room_name(&name)?;
        let door = app.access.door();
        if door.book.room(&room).is_some() || (door.is_open() && app.registry.occupants().contains_key(&room)) {
            Ok(Self(room))
        } else {
            Err(Refusal::NoRoom.into())
        }
    }
}

async fn list(State(app): State<Arc<App>>) -> Response {
    let occupants = app.registry.occupants();
    let door = app.access.door();
    let kept = door.book.rooms().map(|(name, _)| name);
    let made_by_joining = occupants.keys().filter(|name| door.book.room(name).is_none());
    let mut names: Vec<_> = kept.chain(made_by_joining).collect();
    names.sort_unstable();
    let rooms = names.into_iter().map(|name| {
        let mut room = describe(&door, name);
        room["participants"] = occupants.get(name).copied().unwrap_or(0).into();
        room
    });
    problem::json(StatusCode::OK, &json!({ "rooms": rooms.collect::<Vec<_>>() }))
}

/// The body of [`create`].
#[derive(Deserialize)]
struct Create {
    room: String,
}

async fn create(State(app): State<Arc<App>>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let Create { room } = http::json_body(&headers, body).await?;
    let room = http::room_name(&room)?;
    app.access.door().book.add(&room).map_err(|_| Refusal::TooManyRooms)?;
    keep(&app).await?;
    answer(&app, &room, StatusCode::CREATED).await
}

async fn show(State(app): State<Arc<App>>, Room(room): Room) -> Result<Response, Problem> {
    answer(&app, &room, StatusCode::OK).await
}

async fn invite(State(app): State<Arc<App>>, Room(room): Room) -> Result<Response, Problem> {
    change(&app, &room, |door| {
        let record = record(door, &room)?;
        record.renew();
        // Who has left comes back by the new link; who is inside stays.
        record.epoch += 1;
        app.registry.renew_tokens(&room, record.epoch);
        door.tickets.withdraw(&room);
        Ok(())
    })
    .await
}

/// The body of [`lock`].
#[derive(Deserialize)]
struct Lock {
    locked: bool,
}

async fn lock(
    State(app): State<Arc<App>>,
    Room(room): Room,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let Lock { locked } = http::json_body(&headers, body).await?;
    change(&app, &room, |door| {
        record(door, &room)?.locked = locked;
        if locked {
            door.tickets.withdraw(&room);
        }
        Ok(())
    })
    .await
}

/// The body of [`mute`].
#[derive(Deserialize)]
struct Mute {
    #[serde(default)]
    participant: Option<u32>,
}

async fn mute(
    State(app): State<Arc<App>>,
    Room(room): Room,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let Mute { participant } = http::json_body(&headers, body).await?;
    let id = participant.map(ParticipantId);
    if id.is_some() && !participants(&app, &room).await.iter().any(|p| Some(p.id) == participant) {
        return Err(Refusal::NoParticipant.into());
    }
    // A room that nobody is in has nobody to mute.
    let _ = app.registry.tell(&room, app.clock.now(), Event::MuteByHost(id));
    answer(&app, &room, StatusCode::OK).await
}

async fn remove(
    State(app): State<Arc<App>>,
    Room(room): Room,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let id = ParticipantId(id.parse().map_err(|_| Refusal::NoParticipant)?);
    change(&app, &room, |door| {
        let record = record(door, &room)?;
        if !app.registry.remove(&room, id) {
            return Err(Refusal::NoParticipant);
        }
        record.epoch += 1;
        app.registry.renew_tokens(&room, record.epoch);
        Ok(())
    })
    .await
}

async fn end(State(app): State<Arc<App>>, Room(room): Room) -> Result<Response, Problem> {
    change(&app, &room, |door| {
        let record = record(door, &room)?;
        record.renew();
        record.epoch += 1;
        door.tickets.withdraw(&room);
        app.registry.end(&room);
        Ok(())
    })
    .await
}

async fn invite_code(
    State(app): State<Arc<App>>,
    Extension(via): Extension<Via>,
    Room(room): Room,
) -> Result<Response, Problem> {
    let link = {
        let door = app.access.door();
        let key = door.book.room(&room).filter(|_| !door.is_open()).map(|record| &record.key);
        banner::join_link(&reach::origin(reached(via.local), app.plain), &room, key)
    };
    let drawing =
        qr::svg(&link).map_err(|e| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", e.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, drawing).into_response())
}

/// Does something to a room, keeps it, and says how the room is now.
async fn change(
    app: &Arc<App>,
    room: &RoomName,
    act: impl FnOnce(&mut Door) -> Result<(), Refusal>,
) -> Result<Response, Problem> {
    act(&mut app.access.door())?;
    keep(app).await?;
    answer(app, room, StatusCode::OK).await
}

/// The record of a room, made where it was not needed so far.
fn record<'a>(door: &'a mut Door, room: &RoomName) -> Result<&'a mut Record, Refusal> {
    door.book.add(room).map_err(|_| Refusal::TooManyRooms)
}

/// Disks can be slow, and the threads of the sockets must not wait for one.
async fn keep(app: &Arc<App>) -> Result<(), Problem> {
    let kept = {
        let app = Arc::clone(app);
        spawn_blocking(move || app.access.keep()).await
    };
    let failed = |e: &dyn std::fmt::Display| {
        tracing::error!(error = %e, "the rooms are not kept");
        let sentence = "it is done, but the relay cannot write it down and will have forgotten it when it starts anew";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "not_kept", sentence)
    };
    kept.map_err(|e| failed(&e))?.map_err(|e| failed(&e))
}

async fn answer(app: &Arc<App>, room: &RoomName, status: StatusCode) -> Result<Response, Problem> {
    let participants = participants(app, room).await;
    let mut body = describe(&app.access.door(), room);
    body["participants"] = json!(participants);
    Ok(problem::json(status, &body))
}

async fn participants(app: &App, room: &RoomName) -> Vec<Participant> {
    let (reply, roster) = oneshot::channel();
    if app.registry.tell(room, app.clock.now(), Event::Roster(reply)).is_err() {
        return Vec::new();
    }
    // Without an answer the room closed meanwhile.
    roster.await.unwrap_or_default()
}

/// A room without its participants. Where nobody needs a key there is none to show.
fn describe(door: &Door, room: &RoomName) -> Value {
    let record = door.book.room(room);
    let shown = record.filter(|_| !door.is_open());
    json!({
        "room": room,
        "key": shown.map(|record| record.key.to_string()),
        "pin": shown.map(|record| record.pin.to_string()),
        "locked": record.is_some_and(|record| record.locked),
    })
}

/// Where others reach the relay: where this host did, or from the relay's own machine the likeliest of its addresses.
fn reached(local: SocketAddr) -> SocketAddr {
    if !local.ip().is_loopback() {
        return local;
    }
    addresses::lan().first().map_or(local, |ip| SocketAddr::new(*ip, local.port()))
}
