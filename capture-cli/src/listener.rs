//! From packets to samples: the engine's jitter buffer, and the ledger of what it did.
//!
//! Sans-IO: what time it is comes with every call.

use bytes::Bytes;
use hdrhistogram::Histogram;
use relay_engine::time::samples_to_us;
use relay_engine::{JitterBuffer, JitterStats, Micros, OpusCodec, Pulled};
use relay_wire::DownHeader;
use relay_wire::audio::stamp_age_us;

use crate::clock::RelayClock;
use crate::stats::Moment;
use crate::talker::Format;

/// What a listener heard.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The jitter buffers' counters, of all sessions together; levels are the last one's.
    pub stats: JitterStats,
    /// Packets that did not come: discarded on the way here, because they would have been too old.
    pub lost: u64,
    /// Mouth-to-ear delay in microseconds, one value for each frame pulled while somebody was heard.
    pub mouth_to_ear_us: Histogram<u64>,
}

/// Plays out what a room sends, over any number of sessions.
pub struct Listener {
    buffer: Option<JitterBuffer<OpusCodec>>,
    relay_clock: RelayClock,
    /// Counters of the sessions before this one.
    before: JitterStats,
    lost: u64,
    /// The sequence number that is due next.
    next_sequence: Option<u16>,
    mouth_to_ear_us: Histogram<u64>,
    /// That of the frame pulled last, if somebody is heard in it.
    delay_us: Option<u64>,
}

impl Listener {
    /// A listener who learns how old what they hear is from that clock.
    #[must_use]
    pub fn new(relay_clock: RelayClock) -> Self {
        // Four minutes in microseconds, to 1 %.
        let mouth_to_ear_us =
            Histogram::new_with_bounds(1, 240_000_000, 2).expect("constant bounds are in the histogram's range");
        let before = JitterStats::default();
        Self { buffer: None, relay_clock, before, lost: 0, next_sequence: None, mouth_to_ear_us, delay_us: None }
    }

    /// A new session: its packets come from new encoders, on a timeline that need not be the old one.
    pub fn joined(&mut self, format: Format) {
        self.before = self.stats();
        self.next_sequence = None;
        self.buffer = Some(JitterBuffer::new(format.codec(), format.ptime));
    }

    /// Takes a packet.
    pub fn insert(&mut self, arrived: Micros, header: DownHeader, payload: Bytes) {
        // Packets come in order, so a step back is none of this session's.
        let gap = self.next_sequence.map_or(0, |due| header.sequence.wrapping_sub(due));
        self.lost += if gap < 1 << 15 { u64::from(gap) } else { 0 };
        self.next_sequence = Some(header.sequence.wrapping_add(1));
        if let Some(buffer) = &mut self.buffer {
            buffer.insert(arrived, (header, payload).into());
        }
    }

    /// Fills `frame` with what sounds next; silence before the first session.
    pub fn pull(&mut self, now: Micros, frame: &mut [i16]) -> Pulled {
        self.delay_us = None;
        let Some(buffer) = &mut self.buffer else {
            frame.fill(0);
            return Pulled::default();
        };
        let pulled = buffer.pull(now, frame);
        let age = self.relay_clock.relay_us(now).and_then(|relay_us| stamp_age_us(pulled.capture_us, relay_us));
        self.delay_us = age.and_then(|age| u64::try_from(age).ok()).filter(|_| pulled.active);
        if let Some(delay_us) = self.delay_us {
            self.mouth_to_ear_us.saturating_record(delay_us);
        }
        pulled
    }

    /// How long the jitter buffer wants packets to wait, in microseconds.
    #[must_use]
    pub fn target_us(&self) -> i64 {
        self.buffer.as_ref().map_or(0, |buffer| buffer.stats().target_us)
    }

    /// How it stands, so long after the first session began.
    #[must_use]
    pub fn moment(&self, at_us: u64) -> Moment {
        let JitterStats { received, discarded, concealed_samples, target_us, level_us, .. } = self.stats();
        let concealed_us = samples_to_us(concealed_samples.cast_signed());
        let (mouth_to_ear_us, lost) = (self.delay_us, self.lost);
        Moment { at_us, mouth_to_ear_us, target_us, level_us, received, lost, discarded, concealed_us }
    }

    /// What was heard so far.
    #[must_use]
    pub fn heard(&self) -> Heard {
        Heard { stats: self.stats(), lost: self.lost, mouth_to_ear_us: self.mouth_to_ear_us.clone() }
    }

    fn stats(&self) -> JitterStats {
        let now = self.buffer.as_ref().map(JitterBuffer::stats).unwrap_or_default();
        JitterStats {
            received: self.before.received + now.received,
            discarded: self.before.discarded + now.discarded,
            undecodable: self.before.undecodable + now.undecodable,
            concealed_samples: self.before.concealed_samples + now.concealed_samples,
            accelerated_samples: self.before.accelerated_samples + now.accelerated_samples,
            expanded_samples: self.before.expanded_samples + now.expanded_samples,
            ..now
        }
    }
}

impl Heard {
    /// One line for the end.
    #[must_use]
    pub fn summary(&self) -> String {
        let JitterStats { received, discarded, concealed_samples, target_us, level_us, .. } = self.stats;
        let ms = |us: i64| {
            #[expect(clippy::cast_precision_loss, reason = "delays are far below 2^52 µs")]
            let ms = us as f64 / 1000.0;
            format!("{ms:.1} ms")
        };
        let delay = if self.mouth_to_ear_us.is_empty() {
            String::new()
        } else {
            let at = |p| ms(self.mouth_to_ear_us.value_at_percentile(p).cast_signed());
            format!("; mouth to ear p50 {}, p95 {}, p99 {}", at(50.0), at(95.0), at(99.0))
        };
        format!(
            "heard: {received} packets, {} lost, {discarded} discarded, {} concealed; jitter buffer {}, target {}{delay}",
            self.lost,
            ms(samples_to_us(concealed_samples.cast_signed())),
            ms(level_us),
            ms(target_us),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_in_the_sequence_numbers_are_counted_in_each_session() {
        let mut listener = Listener::new(RelayClock::default());
        for session in [[65_534, 65_535, 2, 3], [9, 10, 12, 12]] {
            listener.joined(Format { ptime: relay_engine::Ptime::Ms20, bitrate: 64_000 });
            for sequence in session {
                listener.insert(Micros(0), DownHeader { sequence, ..DownHeader::default() }, Bytes::new());
            }
        }
        assert_eq!(listener.heard().lost, 3);
    }

    #[test]
    fn before_the_first_session_there_is_silence() {
        let mut listener = Listener::new(RelayClock::default());
        let mut frame = [7; 480];
        assert!(!listener.pull(Micros(0), &mut frame).active);
        assert_eq!(frame, [0; 480]);
        assert!(listener.heard().summary().starts_with("heard: 0 packets, 0 lost, 0 discarded, 0.0 ms concealed"));
    }
}
