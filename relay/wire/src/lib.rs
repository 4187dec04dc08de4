//! Lanline's protocol, version 1: what goes over the WebSocket, parsed into types and written back.
//!
//! The table of every message is in [`PROTOCOL.md`](../PROTOCOL.md). This crate does no I/O and reads no clock.
//!
//! - [`audio`]: binary messages, a 16-byte header and one Opus packet.
//! - [`text`]: text messages, JSON with a `type`.
//! - [`colour`]: which colour of the palette a participant is shown in.
//! - [`gain`]: gains in half decibels.
//! - [`name`]: room names and display names, checked once at the edge.
//! - [`pace`]: how much of a stream may wait below its sender.
//! - [`role`]: what a participant may do.
//! - [`standing`]: when a queue only delays.
//! - [`toc`]: the duration of an Opus packet, and whether its frames fit into it (RFC 6716 section 3).
//! - [`unwrap`]: 16-bit sequence numbers and 32-bit timestamps widened to 64 bits.

pub mod audio;
pub mod colour;
pub mod gain;
pub mod name;
pub mod notice;
pub mod pace;
pub mod role;
pub mod standing;
pub mod text;
pub mod toc;
pub mod unwrap;

pub use audio::{DownFlags, DownHeader, ParseError, UpFlags, UpHeader};
pub use colour::Colour;
pub use gain::Gain;
pub use name::{DisplayName, NameError, RoomName};
pub use notice::{Notice, Severity};
pub use pace::Pace;
pub use role::{MutedBy, Role};
pub use standing::Standing;
pub use text::{ClientMessage, Participant, ServerMessage, TextError};

/// The WebSocket subprotocol; a handshake without it is refused before the upgrade.
pub const SUBPROTOCOL: &str = "lanline.v1";

/// Protocol version carried in the welcome.
pub const VERSION: u32 = 1;

/// Every timestamp and every packet is at this rate, in samples per second, one channel.
pub const SAMPLE_RATE: u32 = 48_000;

/// The largest message either side accepts, in bytes; a larger one is answered with close code 1009.
pub const MAX_MESSAGE: usize = 4096;

/// The largest Opus packet, in bytes: one frame at the format's limit (RFC 6716 section 3.2.1).
pub const MAX_PAYLOAD: usize = 1275;

/// WebSocket close codes the relay uses (RFC 6455 section 7.4 and the private range).
pub mod close {
    /// The participant left.
    pub const NORMAL: u16 = 1000;
    /// The relay is shutting down; come back.
    pub const GOING_AWAY: u16 = 1001;
    /// A binary message that does not parse.
    pub const PROTOCOL: u16 = 1002;
    /// A text message that is not UTF-8 or not a JSON object with a `type`.
    pub const INVALID_PAYLOAD: u16 = 1007;
    /// Too many messages, or audio the room does not take.
    pub const POLICY: u16 = 1008;
    /// A message over [`MAX_MESSAGE`](super::MAX_MESSAGE).
    pub const TOO_BIG: u16 = 1009;
    /// The relay failed.
    pub const INTERNAL: u16 = 1011;
    /// The participant does not read what it is sent.
    pub const TOO_SLOW: u16 = 4000;
    /// Nothing was heard from the participant for too long.
    pub const SILENT: u16 = 4001;
    /// Another socket took this one's seat.
    pub const REPLACED: u16 = 4002;
    /// The host removed the participant.
    pub const REMOVED: u16 = 4003;
    /// The host ended the room.
    pub const ENDED: u16 = 4004;
}
