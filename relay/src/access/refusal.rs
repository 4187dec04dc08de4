//! Why somebody is not let in, and how HTTP says it.

use std::time::Duration;

use axum::http::StatusCode;

use crate::problem::Problem;

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Neither key nor PIN.
    #[error("show the invite key or the PIN of the room")]
    KeyNeeded,
    /// Not the room's invite key, and not the host key.
    #[error("the key does not fit; ask for a new link")]
    BadKey,
    /// Not the room's PIN, or there is no such room.
    #[error("the PIN does not fit")]
    BadPin,
    /// The role needs the host key.
    #[error("this needs the host key")]
    NotAllowed,
    /// Only hosts come in.
    #[error("the host has locked the room")]
    Locked,
    /// Wrong too often; after that time once more.
    #[error("too many wrong tries; try again in {} seconds", seconds(*.0))]
    Limited(Duration),
    /// Too many tickets were given out and not used.
    #[error("too many tickets are waiting to be used")]
    TooManyTickets,
    /// There is no such room; only a host is told.
    #[error("there is no such room")]
    NoRoom,
    /// There is nobody of that id in the room; only a host is told.
    #[error("there is nobody of that id in the room")]
    NoParticipant,
    /// No more rooms can be kept.
    #[error("there are too many rooms")]
    TooManyRooms,
    /// No ticket, where one is needed.
    #[error("a ticket is needed; ask for one with the invite key or the PIN")]
    TicketNeeded,
    /// Forged, used or expired.
    #[error("the ticket is not good, or not any more")]
    BadTicket,
    /// The address says something else than the ticket.
    #[error("the ticket is for another room, name or role")]
    TicketMismatch,
}

/// How soon the tickets that wait will be used or over.
const TICKETS_AGAIN: Duration = Duration::from_secs(30);

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = match refusal {
            Refusal::KeyNeeded => (StatusCode::UNAUTHORIZED, "key_needed"),
            Refusal::TicketNeeded => (StatusCode::UNAUTHORIZED, "ticket_needed"),
            Refusal::BadTicket => (StatusCode::UNAUTHORIZED, "bad_ticket"),
            Refusal::BadKey => (StatusCode::FORBIDDEN, "bad_key"),
            Refusal::BadPin => (StatusCode::FORBIDDEN, "bad_pin"),
            Refusal::NotAllowed => (StatusCode::FORBIDDEN, "not_allowed"),
            Refusal::TicketMismatch => (StatusCode::FORBIDDEN, "ticket_mismatch"),
            Refusal::NoRoom => (StatusCode::NOT_FOUND, "no_room"),
            Refusal::NoParticipant => (StatusCode::NOT_FOUND, "no_participant"),
            Refusal::Locked => (StatusCode::LOCKED, "room_locked"),
            Refusal::Limited(_) | Refusal::TooManyTickets => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
            Refusal::TooManyRooms => (StatusCode::SERVICE_UNAVAILABLE, "full"),
        };
        let problem = Self::new(status, code, refusal.to_string());
        match refusal {
            Refusal::Limited(wait) => problem.retry_after(seconds(wait)),
            Refusal::TooManyTickets => problem.retry_after(seconds(TICKETS_AGAIN)),
            _ => problem,
        }
    }
}

/// Whole seconds, and never too few.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
