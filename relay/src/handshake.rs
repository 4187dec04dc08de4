//! `GET /ws`: refuses with a reason, or upgrades and starts a session.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{Extensions, HeaderMap, StatusCode},
    response::Response,
};
use relay_wire::SUBPROTOCOL;
use serde::Deserialize;

use crate::{
    access::{self, Pass, Refusal},
    http::{self, App, full},
    problem::Problem,
    registry::{Refused, Seat},
    session::{self, Session},
    shutdown::Guard,
    switch::Switch,
    turnstile::{Passage, Turnstile},
};

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
    places: Vec<Arc<Passage>>,
}

impl Via {
    /// A connection that counts and that the relay waits for.
    #[must_use]
    pub fn new(peer: SocketAddr, local: SocketAddr, guard: Guard, place: Passage) -> Self {
        Self { peer, local, _guard: guard, places: vec![Arc::new(place)] }
    }

    /// Counts the connection among the sockets of its address.
    ///
    /// # Errors
    /// 429 `too_many_sockets`.
    pub fn become_socket(&mut self, sockets: &Arc<Turnstile>) -> Result<(), Problem> {
        let place = sockets.enter(self.peer.ip()).ok_or_else(|| {
            let sentence = "too many sockets of this address";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_sockets", sentence)
        })?;
        self.places.push(Arc::new(place));
        Ok(())
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
    extensions: Extensions,
) -> Result<Response, Problem> {
    app.origins.check(&headers)?;
    let Query(params) = params.map_err(|e| Problem::bad_request("bad_room", e.body_text()))?;
    let (switch, mut via) = Switch::asked(&headers, extensions, SUBPROTOCOL)?;
    via.become_socket(&app.sockets)?;
    let (seat, after) = take_seat(&app, params)?;

    let answer = switch.answer();
    tokio::spawn(run(Arc::clone(&app), switch, seat, after, via));
    Ok(answer)
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
    // Held until the seat is taken: whoever removes or ends meanwhile comes before or after.
    let door = app.access.door();
    let epoch = door.epoch(&claims.room);
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

async fn run(app: Arc<App>, switch: Switch, seat: Seat, after: u64, via: Via) {
    let Some(socket) = switch.socket(via.peer).await else { return };
    let config = session::Config { clock: app.clock, ptime: app.ptime, silence: app.silence };
    Session::new(config, socket, seat, via).run(after).await;
}
