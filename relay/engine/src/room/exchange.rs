//! What a room is told, and what it decides.

use bytes::Bytes;
use relay_wire::{DownHeader, Gain, UpHeader};

use crate::participant::ParticipantId;
use crate::time::Ptime;

/// What does not change while a room exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomConfig {
    /// Packet time, and the tick.
    pub ptime: Ptime,
    /// How many talkers are heard at once.
    pub max_talkers: usize,
    /// How many distinct mixes are encoded at most. Whoever asks for one more by gains hears the others as they are.
    pub max_mixes: usize,
}

impl Default for RoomConfig {
    fn default() -> Self {
        Self { ptime: Ptime::default(), max_talkers: 4, max_mixes: 32 }
    }
}

/// What happens to a room.
#[derive(Debug, Clone)]
pub enum Input {
    /// Somebody comes.
    Join(ParticipantId),
    /// Somebody leaves.
    Leave(ParticipantId),
    /// Somebody is away, and neither talks nor hears, or begins anew; gains stay, theirs and the others' for them.
    Away(ParticipantId, bool),
    /// A packet arrives from a talker.
    Packet(ParticipantId, UpHeader, Bytes),
    /// Somebody wants no audio, or wants it again.
    Deafen(ParticipantId, bool),
    /// The first wants to hear the second so much louder or softer.
    Gain(ParticipantId, ParticipantId, Gain),
    /// The time of [`Room::next_timeout`] has come.
    Timeout,
}

/// What a room decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A packet for a listener. Listeners of one mix share the payload's memory.
    Send(ParticipantId, DownHeader, Bytes),
    /// Somebody began or stopped being heard.
    Talking(ParticipantId, bool),
    /// A packet of this talker did not decode.
    Undecodable(ParticipantId),
    /// So many packets of this talker came too late to be of use, since this was last said.
    Late(ParticipantId, u64),
    /// This listener has [`MAX_GAINS`](crate::MAX_GAINS) others at gains already; one more was not taken.
    TooManyGains(ParticipantId),
}
