//! What the benches share. Each bench is a binary that starts the shipped programs as processes of their own, talks to them from
//! outside, and finds its signals by decoding what comes back.
//!
//! - The relay: [`relay_process`] starts it, [`client`] is a participant on a raw socket, [`drive`] sends a plan to the microsecond and
//!   stamps what arrives, [`crowd`] is many participants with a [`voice`] each, [`usage`] looks at the relay from outside.
//! - Signals: [`tone`], [`speech`], [`chirp`] make them, [`talker`] encodes them ahead of the run, [`listener`] decodes what came,
//!   [`onset`], [`slots`] and [`chirp`] find them again.
//! - The jitter buffer alone: [`trace`] reads arrivals, [`playout`] plays them in virtual time, [`bound`] is what no buffer could beat, [`course`]
//!   plots it.
//! - Results: [`stats`], [`report`], [`page`] with its [`plot`]s, [`conditions`], [`progress`], [`options`]; [`browser`] reads what the bench
//!   of the page measured.

pub mod bound;
pub mod browser;
pub mod chirp;
pub mod client;
pub mod conditions;
pub mod course;
pub mod crowd;
pub mod drive;
pub mod jitter;
pub mod likeness;
pub mod link;
pub mod listener;
pub mod onset;
pub mod options;
pub mod page;
pub mod pipe;
pub mod playout;
pub mod plot;
pub mod progress;
pub mod relay_process;
pub mod report;
pub mod rng;
pub mod slots;
pub mod speech;
pub mod stats;
pub mod talker;
pub mod tone;
pub mod trace;
pub mod usage;
pub mod voice;

/// Samples per second of every signal here.
pub const RATE: f32 = 48_000.0;
