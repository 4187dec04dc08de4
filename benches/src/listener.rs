//! A listener's ears: decodes what arrived, as `PROTOCOL.md` says (a decoder per epoch, primes, cross-fade).

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use relay_engine::{Codec, Decoder, OpusCodec, Ptime, codec::OpusDecoder};
use relay_wire::{DownHeader, unwrap::TimestampUnwrapper};

use crate::{talker::Encoded, tone};

/// 10 ms, over which a listener fades to a new epoch.
const CROSS_FADE_SAMPLES: usize = 480;

/// An audio message as it came.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// When the read that brought it returned.
    pub at: Instant,
    /// Header and payload.
    pub message: Bytes,
}

/// A decoded packet.
#[derive(Debug, Clone)]
pub struct Heard {
    /// When it came.
    pub at: Instant,
    /// Its first sample on the room's timeline.
    pub timestamp: i64,
    /// Its samples; empty where the packet only ends a talkspurt.
    pub frame: Vec<f32>,
}

/// Decodes a listener's audio in order of arrival; primes are decoded, not returned.
///
/// # Errors
/// A message against the protocol, or a packet that does not decode: the relay must never send one.
pub fn decode(arrivals: &[Arrival], ptime: Ptime) -> Result<Vec<Heard>> {
    let codec = OpusCodec::new(ptime);
    let mut timeline = TimestampUnwrapper::default();
    let mut current: Option<(u8, OpusDecoder)> = None;
    let mut previous: Option<OpusDecoder> = None;
    let mut heard = Vec::with_capacity(arrivals.len());
    for arrival in arrivals {
        let (header, payload) = DownHeader::parse(&arrival.message).context("a packet from the relay")?;
        if current.as_ref().is_none_or(|(epoch, _)| *epoch != header.epoch) {
            previous = current.replace((header.epoch, codec.decoder())).map(|(_, decoder)| decoder);
        }
        let Some((_, decoder)) = &mut current else { unreachable!("set just above") };
        let timestamp = timeline.unwrap(header.timestamp);
        let mut frame = vec![0; if payload.is_empty() { 0 } else { ptime.samples() }];
        if !payload.is_empty() && decoder.decode(&payload, &mut frame).is_err() {
            bail!("a packet of {} bytes from the relay does not decode to {} ms", payload.len(), ptime.ms());
        }
        if header.flags.prime {
            continue;
        }
        if header.flags.cross_fade
            && let Some(mut old) = previous.take()
        {
            let mut tail = [0; CROSS_FADE_SAMPLES];
            old.conceal(&mut tail);
            cross_fade(&tail, &mut frame);
        }
        let gain = tone::amplitude(f32::from(header.gain_half_db) / 2.0);
        let frame = tone::from_pcm(&frame).into_iter().map(|x| x * gain).collect();
        heard.push(Heard { at: arrival.at, timestamp, frame });
    }
    Ok(heard)
}

fn cross_fade(old: &[i16], new: &mut [i16]) {
    let length = old.len() as f32;
    for (n, (old, new)) in old.iter().zip(new).enumerate() {
        let share = (n as f32 + 0.5) / length;
        *new = (f32::from(*old) * (1.0 - share) + f32::from(*new) * share).round() as i16;
    }
}

/// What a listener hears who plays packets one after the other, and which packet each sample came with.
#[derive(Debug, Clone, Default)]
pub struct Joined {
    /// All frames, end to end.
    pub signal: Vec<f32>,
    starts: Vec<(usize, Instant)>,
}

impl Joined {
    /// Joins frames in their order of arrival.
    #[must_use]
    pub fn new(heard: &[Heard]) -> Self {
        let mut joined = Self::default();
        for packet in heard {
            joined.starts.push((joined.signal.len(), packet.at));
            joined.signal.extend_from_slice(&packet.frame);
        }
        joined
    }

    /// When the packet with that sample arrived.
    ///
    /// # Panics
    /// On a sample that is outside of the signal.
    #[must_use]
    pub fn arrival(&self, sample: usize) -> Instant {
        let after = self.starts.partition_point(|&(start, _)| start <= sample);
        self.starts[after - 1].1
    }
}

/// What a listener hears who plays on a fixed clock: each packet at its timestamp, a late one not at all.
#[derive(Debug, Clone)]
pub struct FixedClock {
    /// The signal from `skip` after the first arrival on; holes are silence.
    pub signal: Vec<f32>,
    /// Packets that came after the time to play them.
    pub late: usize,
}

impl FixedClock {
    /// Plays `samples` of what was heard, from `skip` after the first arrival on. The clock is set by the packets of the
    /// last two thirds of that warm-up: the fastest of them waits for `prebuffer`, and nothing moves the clock afterwards.
    #[must_use]
    pub fn play(heard: &[Heard], skip: Duration, samples: usize, prebuffer: Duration) -> Option<Self> {
        let first = heard.first()?;
        let media_us = |packet: &Heard| (packet.timestamp - first.timestamp) * 125 / 6;
        let arrival_us = |packet: &Heard| (packet.at - first.at).as_micros() as i64;
        let transit_us = heard
            .iter()
            .filter(|packet| (skip / 3..skip).contains(&(packet.at - first.at)))
            .map(|packet| arrival_us(packet) - media_us(packet))
            .min()?;
        let offset_us = transit_us + prebuffer.as_micros() as i64;
        let start = first.timestamp + (skip.as_micros() as i64 - offset_us) * 6 / 125;
        let mut played = Self { signal: vec![0.0; samples], late: 0 };
        for packet in heard {
            let at = packet.timestamp - start;
            let inside = at + packet.frame.len() as i64 > 0 && at < samples as i64;
            if inside && arrival_us(packet) > media_us(packet) + offset_us {
                played.late += 1;
            } else if inside {
                played.place(at, &packet.frame);
            }
        }
        Some(played)
    }

    fn place(&mut self, at: i64, frame: &[f32]) {
        let (into, skipped) = (at.max(0) as usize, (-at).max(0) as usize);
        for (out, sample) in self.signal[into..].iter_mut().zip(&frame[skipped..]) {
            *out = *sample;
        }
    }
}

/// Decodes one stream of packets, end to end.
///
/// # Panics
/// If a packet does not decode; for packets of [`talker::encode`](crate::talker::encode), which always do.
#[must_use]
pub fn decode_all(packets: &[Encoded], ptime: Ptime) -> Vec<f32> {
    let mut decoder = OpusCodec::new(ptime).decoder();
    let mut frame = vec![0; ptime.samples()];
    packets
        .iter()
        .flat_map(|packet| {
            decoder.decode(&packet.payload, &mut frame).expect("our own packet decodes");
            tone::from_pcm(&frame)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use relay_wire::DownFlags;

    use super::*;
    use crate::talker;

    fn arrivals(start: Instant, delays_ms: &[u64]) -> Vec<Arrival> {
        let packets = talker::encode(&tone::sine(800.0, 0.3, 960 * delays_ms.len()), Ptime::Ms20);
        (0u32..)
            .zip(packets.iter().zip(delays_ms))
            .map(|(i, (packet, delay))| Arrival {
                at: start + Duration::from_millis(20 * u64::from(i) + delay),
                message: DownHeader { timestamp: i.wrapping_mul(960).wrapping_sub(1920), ..DownHeader::default() }
                    .write(&packet.payload),
            })
            .collect()
    }

    #[test]
    fn each_sample_knows_its_packets_arrival() {
        let start = Instant::now();
        let joined = Joined::new(&decode(&arrivals(start, &[0, 3, 1]), Ptime::Ms20).expect("well formed"));
        assert_eq!(joined.signal.len(), 2880);
        for (sample, ms) in [(0, 0), (959, 0), (960, 23), (1919, 23), (1920, 41), (2879, 41)] {
            assert_eq!(joined.arrival(sample) - start, Duration::from_millis(ms), "{sample}");
        }
    }

    #[test]
    fn on_a_fixed_clock_a_late_packet_is_a_hole_and_the_rest_is_contiguous() {
        let mut delays = [5; 100];
        delays[60] = 45;
        let heard = decode(&arrivals(Instant::now(), &delays), Ptime::Ms20).expect("well formed");
        let skip = Duration::from_millis(600);
        let played = FixedClock::play(&heard, skip, 48_000, Duration::from_millis(20)).expect("packets in the warm-up");
        assert_eq!(played.late, 1);
        let whole = Joined::new(&heard).signal;
        // It plays 20 ms after arrival, so 600 ms after the first arrival it is 580 ms into the stream.
        let mut expected = whole[27_840..75_840].to_vec();
        expected[60 * 960 - 27_840..61 * 960 - 27_840].fill(0.0);
        assert!(played.signal == expected, "another signal");
    }

    #[test]
    fn a_new_epoch_is_primed_and_faded_to() {
        let start = Instant::now();
        let mut old = arrivals(start, &[0; 10]);
        let new = arrivals(start, &[0; 20]);
        for (i, arrival) in new.iter().enumerate().skip(8) {
            let (mut header, payload) = DownHeader::parse(&arrival.message).expect("well formed");
            header.epoch = 1;
            header.flags = DownFlags { prime: i < 10, cross_fade: i == 10, ..DownFlags::default() };
            old.push(Arrival { at: arrival.at, message: header.write(&payload) });
        }
        let heard = decode(&old, Ptime::Ms20).expect("well formed");
        assert_eq!(heard.len(), 20);
        let signal = Joined::new(&heard).signal;
        let straight = Joined::new(&decode(&new, Ptime::Ms20).expect("well formed")).signal;
        let difference: Vec<f32> = signal.iter().zip(&straight).map(|(a, b)| a - b).collect();
        assert!(tone::rms_dbfs(&difference) < -33.0, "{}", tone::rms_dbfs(&difference));
    }
}
