//! What a room knows of somebody who is in it.

use std::sync::Arc;

use relay_engine::ParticipantId;
use relay_wire::{Colour, DisplayName, Participant, Role};

use crate::egress::Egress;

/// Somebody in the room.
#[derive(Debug)]
pub(super) struct Member {
    pub id: ParticipantId,
    pub name: DisplayName,
    pub colour: Colour,
    pub role: Role,
    pub muted: bool,
    pub talking: bool,
    pub told_undecodable: bool,
    /// The host muted them, and they have not unmuted since.
    pub silenced: bool,
    /// What their microphone costs, as they say.
    pub microphone_ms: Option<u16>,
    /// Nothing up to this message was said to them, for they were not here.
    pub since: u64,
    /// The last of their own numbers that was taken.
    pub echo: u32,
    /// Nothing has come from them for a while.
    pub quiet: bool,
    /// Where to put what they are sent; nowhere while their socket is gone.
    pub egress: Option<Arc<Egress>>,
}

impl Member {
    pub fn listing(&self) -> Participant {
        Participant {
            id: self.id.0,
            name: self.name.clone(),
            colour: self.colour,
            role: self.role,
            muted: self.muted,
            talking: self.talking,
            away: self.is_away(),
            microphone_ms: self.microphone_ms,
        }
    }

    pub fn is_away(&self) -> bool {
        self.egress.is_none() || self.quiet
    }

    /// Whether a message of theirs with that number is a new one.
    pub fn takes(&mut self, echo: Option<u32>) -> bool {
        let new = echo.is_none_or(|echo| echo > self.echo);
        self.echo = self.echo.max(echo.unwrap_or(0));
        new
    }
}
