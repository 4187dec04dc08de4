//! `POST /api/v1/tickets`: a key or a PIN for a ticket.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use relay_wire::{DisplayName, Role};
use serde::Deserialize;
use serde_json::json;

use super::{Pass, Shown};
use crate::{
    handshake::Via,
    http::{self, App},
    problem::{self, Problem},
};

/// The body, every field as it was written.
#[derive(Deserialize)]
struct Ask {
    room: String,
    name: String,
    #[serde(default)]
    role: Option<String>,
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    pin: Option<String>,
}

/// Answers `POST /api/v1/tickets`.
pub async fn ticket(
    State(app): State<Arc<App>>,
    Extension(via): Extension<Via>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    app.origins.check(&headers)?;
    let Ask { room, name, role, key, pin } = http::json_body(&headers, body).await?;
    let room = http::room_name(&room)?;
    let pass = Pass { room, name: display_name(&name)?, role: parse_role(role.as_deref())? };
    app.registry.has_place(Some(&pass.room)).map_err(http::full)?;
    let answer = (pass.role, pass.room.clone());
    let ticket = app.access.door().ticket(app.clock.now(), via.peer.ip(), pass, &Shown { key, pin })?;
    let (role, room) = answer;
    Ok(problem::json(StatusCode::OK, &json!({ "ticket": ticket.to_string(), "role": role, "room": room })))
}

/// The name of a participant.
pub fn display_name(name: &str) -> Result<DisplayName, Problem> {
    DisplayName::parse(name).map_err(|e| Problem::bad_request("bad_name", e.to_string()))
}

/// A role; a talker where nothing is said.
pub fn parse_role(role: Option<&str>) -> Result<Role, Problem> {
    let Some(role) = role else { return Ok(Role::default()) };
    Role::parse(role).ok_or_else(|| Problem::bad_request("bad_role", "a role is host, talker or listener"))
}
