//! SKELETON (being written): the room.
use bytes::Bytes;
use relay_wire::{DownHeader, UpHeader};

use crate::{codec::Codec, time::{Micros, Ptime}};

/// A participant of a room; the driver chooses the numbers and never reuses one within a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParticipantId(pub u32);

/// What does not change while a room exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomConfig {
    /// Packet time, and the tick.
    pub ptime: Ptime,
    /// How many talkers are heard at once.
    pub max_talkers: usize,
}

impl Default for RoomConfig {
    fn default() -> Self {
        Self { ptime: Ptime::default(), max_talkers: 4 }
    }
}

/// What happens to a room.
#[derive(Debug, Clone)]
pub enum Input {
    /// Somebody comes.
    Join(ParticipantId),
    /// Somebody leaves.
    Leave(ParticipantId),
    /// A packet arrives from a talker.
    Packet(ParticipantId, UpHeader, Bytes),
    /// Somebody wants no audio, or wants it again.
    Deafen(ParticipantId, bool),
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
}

/// One room.
#[derive(Debug)]
pub struct Room<C: Codec> { _codec: C }

impl<C: Codec> Room<C> {
    /// An empty room.
    pub fn new(_config: RoomConfig, codec: C, _now: Micros) -> Self { Self { _codec: codec } }
    /// Takes one input; then drain [`Room::poll_output`].
    pub fn handle(&mut self, _now: Micros, _input: Input) {}
    /// The next decision, until `None`.
    pub fn poll_output(&mut self) -> Option<Output> { None }
    /// When to call `handle` with `Input::Timeout`, if nothing else happens; `None` while the room is silent.
    pub fn next_timeout(&self) -> Option<Micros> { None }
}
