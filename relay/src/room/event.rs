//! What can happen to a room.

use std::sync::Arc;

use bytes::Bytes;
use relay_engine::ParticipantId;
use relay_wire::{Colour, DisplayName, Gain, Notice, Participant, Role, UpHeader};
use tokio::sync::oneshot;

use crate::egress::Egress;

/// What can happen to a room.
#[derive(Debug)]
pub enum Event {
    /// Somebody comes.
    Join {
        /// Their id, new in this room.
        id: ParticipantId,
        /// What they are called.
        name: DisplayName,
        /// What they are shown in.
        colour: Colour,
        /// What they may do.
        role: Role,
        /// Their socket.
        greeting: Greeting,
    },
    /// Somebody takes their seat again, from whichever socket has it.
    Return {
        /// Who.
        id: ParticipantId,
        /// The number of the last message they have.
        after: u64,
        /// Their socket.
        greeting: Greeting,
    },
    /// Somebody's socket is gone; their seat is held.
    Away(ParticipantId),
    /// Nothing has come from somebody for a while, or something has come again.
    Quiet(ParticipantId, bool),
    /// Somebody leaves.
    Leave(ParticipantId),
    /// Another resume token for somebody.
    Token(ParticipantId, String),
    /// A packet arrived.
    Packet(ParticipantId, UpHeader, Bytes),
    /// A chat line, and its writer's number for it.
    Chat(ParticipantId, String, Option<u32>),
    /// A notification, by a participant or over HTTP.
    Notify {
        /// Who sent it; `None` is HTTP.
        from: Option<ParticipantId>,
        /// What it says.
        notice: Notice,
        /// The sender's number for it.
        echo: Option<u32>,
        /// Where to say what became of it.
        reply: Option<oneshot::Sender<Delivered>>,
    },
    /// A microphone went off or on.
    Mute(ParticipantId, bool),
    /// Somebody has that name and that colour from now on.
    Identity(ParticipantId, DisplayName, Colour),
    /// Somebody's microphone costs so many milliseconds.
    Microphone(ParticipantId, u16),
    /// The host mutes somebody, or all but the hosts.
    MuteByHost(Option<ParticipantId>),
    /// The host removes somebody; they hear it before they leave.
    Remove(ParticipantId),
    /// The host ends the room; everybody hears it before they leave.
    End,
    /// Somebody asks who is here.
    Roster(oneshot::Sender<Vec<Participant>>),
    /// Somebody wants no audio, or wants it again.
    Deafen(ParticipantId, bool),
    /// The first wants to hear the second so much louder or softer.
    Gain(ParticipantId, ParticipantId, Gain),
}

/// A socket that is to be welcomed.
#[derive(Debug)]
pub struct Greeting {
    /// Where to put what they are sent.
    pub egress: Arc<Egress>,
    /// Names the run of the relay.
    pub boot: String,
    /// The resume token.
    pub token: String,
    /// All that was said so far in this run of the relay is news to them.
    pub missed_all: bool,
}

impl Event {
    /// The socket that waits for a welcome.
    #[must_use]
    pub fn greeting(&self) -> Option<&Greeting> {
        match self {
            Self::Join { greeting, .. } | Self::Return { greeting, .. } => Some(greeting),
            _ => None,
        }
    }
}

/// What became of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// Its number in the room.
    pub message: u64,
    /// How many participants it was sent to.
    pub delivered: usize,
}
