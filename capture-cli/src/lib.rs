//! Lanline's native participant, as a library: the benches and tests reuse its parts.
//!
//! The way up: [`sources`] → [`talker`] (frames, talkspurts, packets) → [`queue`] → [`net`], on the thread of [`capture`].
//! The way down: [`net`] → [`listener`] (the engine's jitter buffer) → [`sinks`], on the thread of [`playout`].
//! What decides is apart from what does: [`address`], [`clock`], [`detector`], [`listener`], [`queue`], [`roster`] and
//! [`talker`] do no I/O and read no clock.

pub mod address;
pub mod alike;
pub mod capture;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod console;
pub mod detector;
#[cfg(feature = "audio")]
pub mod device;
pub mod exit;
pub mod level;
pub mod listener;
pub mod net;
pub mod playout;
pub mod priority;
pub mod probe;
pub mod pulls;
pub mod queue;
pub mod roster;
pub mod signal;
pub mod sinks;
pub mod sources;
pub mod stats;
pub mod stop;
pub mod talker;
pub mod time;
