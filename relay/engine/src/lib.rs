//! The room, sans-IO: time and packets in, decisions and packets out.
//!
//! Nothing here reads a clock, spawns, locks or touches a socket; `clippy.toml` keeps it so. One input verb,
//! [`Room::handle`], one output verb, [`Room::poll_output`], and [`Room::next_timeout`] for the driver's timer.
//!
//! Read in this order: [`room`], `participant` with `talker` and `listener`, `select`, `room/feeds` (who hears what, and
//! the seams), [`jitter`], [`codec`], `loudness`, `tick`, `mix`, [`limiter`].

pub mod codec;
pub mod jitter;
pub mod level;
pub mod limiter;
mod listener;
mod loudness;
mod mix;
mod participant;
pub mod room;
mod select;
mod talker;
mod tick;
pub mod time;

pub use codec::{Codec, Decoder, Encoder, OpusCodec};
pub use jitter::{JitterBuffer, JitterStats, Packet, Pulled, Started};
pub use participant::{MAX_GAINS, ParticipantId};
pub use room::{Input, Output, Room, RoomConfig};
pub use time::{Micros, Ptime};
