//! A packet on its way to an ear, whichever way it travels.

use bytes::Bytes;
use relay_wire::{DownHeader, UpHeader};

/// One packet of a stream, from a talker to the relay or from the relay to a listener.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packet {
    /// Media time of the first sample, wrapping.
    pub timestamp: u32,
    /// Which encoder it comes from.
    pub epoch: u8,
    /// First of a talkspurt.
    pub marker: bool,
    /// Last of a talkspurt.
    pub end: bool,
    /// Late by intent: stays out of the arrival statistics.
    pub pre_roll: bool,
    /// Decode, do not play.
    pub prime: bool,
    /// Cross-fade to it.
    pub cross_fade: bool,
    /// Capture time of the first sample, relay clock modulo 2³² µs; 0 is unknown.
    pub capture_us: u32,
    /// Gain in steps of 0.5 dB, applied after decoding.
    pub gain_half_db: i8,
    /// What the codec gets; empty only where `end` is set.
    pub payload: Bytes,
}

impl From<(UpHeader, Bytes)> for Packet {
    fn from((header, payload): (UpHeader, Bytes)) -> Self {
        Self {
            timestamp: header.timestamp,
            marker: header.flags.marker,
            end: header.flags.end || header.flags.muted,
            pre_roll: header.flags.pre_roll,
            capture_us: header.capture_us,
            payload: if header.flags.muted { Bytes::new() } else { payload },
            ..Self::default()
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
            prime: header.flags.prime,
            cross_fade: header.flags.cross_fade,
            pre_roll: header.flags.pre_roll,
            capture_us: header.capture_us,
            gain_half_db: header.gain_half_db,
            payload,
        }
    }
}
