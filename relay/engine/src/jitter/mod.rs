//! SKELETON (being written): the jitter buffer.
use bytes::Bytes;
use relay_wire::{DownHeader, UpHeader};

use crate::{codec::Codec, time::{Micros, Ptime}};

/// A packet on its way to an ear, from either direction.
#[derive(Debug, Clone)]
pub struct Packet {
    /// Media time of the first sample, wrapping.
    pub timestamp: u32,
    /// Which encoder it comes from.
    pub epoch: u8,
    /// First of a talkspurt.
    pub marker: bool,
    /// Last of a talkspurt.
    pub end: bool,
    /// Late by intent.
    pub pre_roll: bool,
    /// Decode, do not play.
    pub prime: bool,
    /// Cross-fade to it.
    pub cross_fade: bool,
    /// Capture time stamp, 0 unknown.
    pub capture_us: u32,
    /// Applied after decoding.
    pub gain_half_db: i8,
    /// One Opus packet, or empty.
    pub payload: Bytes,
}

impl From<(UpHeader, Bytes)> for Packet {
    fn from((header, payload): (UpHeader, Bytes)) -> Self {
        Self {
            timestamp: header.timestamp,
            epoch: 0,
            marker: header.flags.marker,
            end: header.flags.end || header.flags.muted,
            pre_roll: header.flags.pre_roll,
            prime: false,
            cross_fade: false,
            capture_us: header.capture_us,
            gain_half_db: 0,
            payload: if header.flags.muted { Bytes::new() } else { payload },
        }
    }
}

impl From<(DownHeader, Bytes)> for Packet {
    fn from((header, payload): (DownHeader, Bytes)) -> Self {
        Self {
            timestamp: header.timestamp,
            epoch: header.epoch,
            marker: header.flags.marker,
            end: header.flags.end,
            pre_roll: false,
            prime: header.flags.prime,
            cross_fade: header.flags.cross_fade,
            capture_us: header.capture_us,
            gain_half_db: header.gain_half_db,
            payload,
        }
    }
}

/// What a pull gave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pulled {
    /// Whether any sample of it comes from a packet or its concealment; false is silence between talkspurts.
    pub active: bool,
    /// Samples of concealment in it.
    pub concealed_samples: u32,
    /// Capture time of its first sample, relay clock modulo 2^32; 0 is unknown.
    pub capture_us: u32,
}

/// Counters since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JitterStats {
    /// Packets taken in.
    pub received: u64,
    /// Packets that came after their time or twice, or were thrown away to catch up.
    pub discarded: u64,
    /// Samples filled by concealment.
    pub concealed_samples: u64,
    /// Samples removed by accelerating.
    pub accelerated_samples: u64,
    /// Samples inserted by preemptive expand.
    pub expanded_samples: u64,
    /// Wanted delay over the fastest packet, microseconds.
    pub target_us: u32,
    /// Actual delay over the fastest packet, microseconds.
    pub level_us: u32,
}

/// The jitter buffer of one stream: packets in, a continuous 48 kHz signal out.
#[derive(Debug)]
pub struct JitterBuffer<C: Codec> { _codec: C }

impl<C: Codec> JitterBuffer<C> {
    /// An empty buffer for packets of that packet time.
    pub fn new(codec: C, _ptime: Ptime) -> Self { Self { _codec: codec } }
    /// Takes a packet that arrived at `now`.
    pub fn insert(&mut self, _now: Micros, _packet: Packet) {}
    /// Fills `out` (any length up to one packet time; 10 ms is usual) with what sounds next; silence where nothing does.
    pub fn pull(&mut self, _now: Micros, out: &mut [i16]) -> Pulled { out.fill(0); Pulled::default() }
    /// Counters and levels.
    pub fn stats(&self) -> JitterStats { JitterStats::default() }
}
