//! The room, sans-IO: time and packets in, decisions and packets out.
//!
//! Nothing here reads a clock, spawns, locks or touches a socket; `clippy.toml` keeps it so. One input verb,
//! [`Room::handle`], one output verb, [`Room::poll_output`], and [`Room::next_timeout`] for the driver's timer.

pub mod codec;
pub mod jitter;
pub mod room;
pub mod time;

pub use codec::{Codec, Decoder, Encoder, OpusCodec};
pub use jitter::{JitterBuffer, JitterStats, Packet, Pulled};
pub use room::{Input, Output, ParticipantId, Room, RoomConfig};
pub use time::{Micros, Ptime};
