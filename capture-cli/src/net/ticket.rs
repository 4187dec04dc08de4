//! What lets in: a key or a PIN for a ticket.

use std::fmt;

use relay_wire::DisplayName;
use serde_json::json;

use super::connect::{ConnectError, Target};
use super::http;

/// What lets into a room.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// The room's invite key, or the host key.
    Key(String),
    /// The room's PIN.
    Pin(String),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key(_) => "Key(…)",
            Self::Pin(_) => "Pin(…)",
        })
    }
}

/// Asks for a ticket into the target's room.
pub(super) async fn ask(target: &Target, credential: &Credential, name: &DisplayName) -> Result<String, ConnectError> {
    let mut body = json!({ "room": target.address.room, "name": name, "role": target.role });
    match credential {
        Credential::Key(key) => body["key"] = key.as_str().into(),
        Credential::Pin(pin) => body["pin"] = pin.as_str().into(),
    }
    let (status, answer) = http::post(target, "/api/v1/tickets", None, &body).await?;
    let ticket = serde_json::from_slice(&answer).ok().and_then(|answer: serde_json::Value| {
        let ticket = answer.get("ticket")?.as_str()?;
        Some(ticket.to_owned())
    });
    match (status, ticket) {
        (200, Some(ticket)) => Ok(ticket),
        _ => Err(target.refused(status, &answer)),
    }
}
