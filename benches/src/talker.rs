//! A talker's packets, encoded before the run so that nothing but sending happens during it.

use std::time::Duration;

use relay_engine::{Codec, Encoder, OpusCodec, Ptime};
use relay_wire::{UpFlags, UpHeader, audio::capture_stamp};

use crate::{drive::Send, jitter::in_order, rng::Rng, tone};

/// One packet and its audio level.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// One Opus packet.
    pub payload: Vec<u8>,
    /// −dBov as in RFC 6464.
    pub level: u8,
}

/// Encodes a signal with the room's codec; what does not fill a packet at the end is left out.
#[must_use]
pub fn encode(signal: &[f32], ptime: Ptime) -> Vec<Encoded> {
    let mut encoder = OpusCodec::new(ptime).encoder();
    signal
        .chunks_exact(ptime.samples())
        .map(|frame| {
            let mut payload = Vec::new();
            encoder.encode(&tone::to_pcm(frame), &mut payload).expect("the frame is of the packet time");
            Encoded { payload, level: level(frame) }
        })
        .collect()
}

/// Numbers one participant's packets across its talkspurts.
#[derive(Debug, Clone, Default)]
pub struct Numbering {
    next: u16,
}

/// A talkspurt of packets on the talker's sample clock.
#[derive(Debug, Clone, Copy)]
pub struct Talkspurt<'a> {
    /// Its packets.
    pub packets: &'a [Encoded],
    /// Position of the first sample on the talker's clock, which starts with the run.
    pub first_sample: u64,
    /// The relay's clock when the run starts, microseconds.
    pub relay_clock_us: u64,
    /// Packet time.
    pub ptime: Ptime,
}

impl Talkspurt<'_> {
    /// The sends of the talkspurt by participant number `client`, the first with *marker*, the last with *end*. Each is due
    /// when its last sample is captured, and up to `jitter` later, in order.
    #[must_use]
    pub fn sends(&self, client: usize, numbering: &mut Numbering, jitter: Duration, rng: &mut Rng) -> Vec<Send> {
        let packet_samples = self.ptime.samples() as u64;
        let firsts = (0..self.packets.len() as u64).map(|packet| self.first_sample + packet * packet_samples);
        let due: Vec<Duration> = firsts.clone().map(|first| time_of(first + packet_samples)).collect();
        let leaving = in_order(&due, jitter, rng);
        let last = self.packets.len() - 1;
        let sends = firsts.zip(self.packets).zip(leaving).enumerate().map(|(i, ((first, packet), at))| {
            let header = UpHeader {
                flags: UpFlags { marker: i == 0, end: i == last, ..UpFlags::default() },
                sequence: numbering.next,
                #[expect(clippy::cast_possible_truncation, reason = "timestamps wrap")]
                timestamp: first as u32,
                capture_us: capture_stamp(self.relay_clock_us + first * 125 / 6),
                level: packet.level,
            };
            numbering.next = numbering.next.wrapping_add(1);
            Send { at, client, message: header.write(&packet.payload), captured: time_of(first) }
        });
        sends.collect()
    }
}

/// When a sample is captured by a talker whose clock starts with the run.
fn time_of(sample: u64) -> Duration {
    Duration::from_nanos(sample * 62_500 / 3)
}

/// RFC 6464 section 3: −dBov, where 0 dBov is the root mean square of a full-scale square wave.
fn level(frame: &[f32]) -> u8 {
    // Casting saturates: silence (−∞) is 127 after the clamp.
    (-tone::rms_dbfs(frame)).round().clamp(0.0, 127.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_follow_rfc_6464() {
        assert_eq!(level(&[0.0; 960]), 127);
        assert_eq!(level(&[1.0; 960]), 0);
        assert_eq!(level(&tone::sine(1000.0, tone::amplitude(-20.0), 960)), 23);
    }

    #[test]
    fn a_talkspurt_has_marker_and_end_and_the_next_goes_on_counting() {
        let packets = encode(&tone::sine(800.0, 0.1, 2880), Ptime::Ms20);
        let mut numbering = Numbering::default();
        let mut sends = |first_sample| {
            let talkspurt =
                Talkspurt { packets: &packets, first_sample, relay_clock_us: 1_000_000, ptime: Ptime::Ms20 };
            talkspurt.sends(0, &mut numbering, Duration::ZERO, &mut Rng::new(0))
        };
        let first = sends(480);
        let times: Vec<_> = first.iter().map(|send| (send.captured.as_millis(), send.at.as_millis())).collect();
        assert_eq!(times, [(10, 30), (30, 50), (50, 70)]);
        let headers: Vec<_> = first.iter().map(header).collect();
        let flags: Vec<_> = headers.iter().map(|h| (h.flags.marker, h.flags.end)).collect();
        assert_eq!(flags, [(true, false), (false, false), (false, true)]);
        let counts: Vec<_> = headers.iter().map(|h| (h.sequence, h.timestamp, h.capture_us)).collect();
        assert_eq!(counts, [(0, 480, 1_010_000), (1, 1440, 1_030_000), (2, 2400, 1_050_000)]);
        assert_eq!(header(&sends(48_000)[0]).sequence, 3);
    }

    fn header(send: &Send) -> UpHeader {
        UpHeader::parse(&send.message).expect("well formed").0
    }
}
