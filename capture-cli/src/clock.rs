//! The offset between the program's clock and the relay's, learnt from ping pairs.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use relay_engine::Micros;
use relay_wire::audio::capture_stamp;

/// How long a ping pair counts: clocks of two machines drift by up to 50 ppm, 3 ms in this time.
const WINDOW_US: u64 = 60_000_000;

/// One ping and its pong.
#[derive(Debug, Clone, Copy)]
struct Pair {
    received: Micros,
    round_trip_us: u64,
    offset_us: i64,
}

/// Estimates the offset: of the pairs of the last minute, the one with the smallest round trip.
#[derive(Debug, Default)]
pub struct OffsetEstimator {
    pairs: VecDeque<Pair>,
}

impl OffsetEstimator {
    /// Takes a ping pair: when the ping was sent, when its pong was received, and what the relay's clock said between.
    pub fn pair(&mut self, sent: Micros, received: Micros, relay_us: u64) {
        let round_trip_us = received.since(sent);
        let middle = sent + round_trip_us / 2;
        let offset_us = relay_us.cast_signed() - middle.0.cast_signed();
        self.pairs.retain(|pair| received.since(pair.received) <= WINDOW_US);
        // An older pair that is no better can never be chosen again, which keeps the list short.
        self.pairs.retain(|pair| pair.round_trip_us < round_trip_us);
        self.pairs.push_back(Pair { received, round_trip_us, offset_us });
    }

    /// Relay clock minus local clock, in microseconds; `None` before the first pair.
    #[must_use]
    pub fn offset_us(&self) -> Option<i64> {
        self.best().map(|pair| pair.offset_us)
    }

    /// The smallest round trip of the last minute, in microseconds.
    #[must_use]
    pub fn round_trip_us(&self) -> Option<u64> {
        self.best().map(|pair| pair.round_trip_us)
    }

    fn best(&self) -> Option<&Pair> {
        self.pairs.iter().min_by_key(|pair| pair.round_trip_us)
    }
}

/// The relay's clock as far as it is known; one writer, any number of readers, no lock.
#[derive(Debug, Clone)]
pub struct RelayClock {
    offset_us: Arc<AtomicI64>,
}

/// No real offset: it is 292,000 years.
const UNKNOWN: i64 = i64::MIN;

impl Default for RelayClock {
    fn default() -> Self {
        Self { offset_us: Arc::new(AtomicI64::new(UNKNOWN)) }
    }
}

impl RelayClock {
    /// Publishes the offset, or that it is unknown.
    pub fn set(&self, offset_us: Option<i64>) {
        self.offset_us.store(offset_us.unwrap_or(UNKNOWN), Ordering::Relaxed);
    }

    /// A local time on the relay's clock; `None` while the offset is unknown.
    #[must_use]
    pub fn relay_us(&self, local: Micros) -> Option<u64> {
        match self.offset_us.load(Ordering::Relaxed) {
            UNKNOWN => None,
            offset => Some(local.0.saturating_add_signed(offset)),
        }
    }

    /// A local time as a capture stamp of the wire; 0 while the offset is unknown.
    #[must_use]
    pub fn stamp(&self, local: Micros) -> u32 {
        self.relay_us(local).map_or(0, capture_stamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pair_with_the_smallest_round_trip_decides() {
        let mut estimator = OffsetEstimator::default();
        assert_eq!(estimator.offset_us(), None);
        estimator.pair(Micros(1_000), Micros(9_000), 105_900);
        assert_eq!(estimator.offset_us(), Some(100_900));
        estimator.pair(Micros(10_000), Micros(10_200), 110_100);
        estimator.pair(Micros(20_000), Micros(28_000), 120_000);
        assert_eq!(estimator.offset_us(), Some(100_000));
        assert_eq!(estimator.round_trip_us(), Some(200));
    }

    #[test]
    fn a_pair_older_than_a_minute_no_longer_counts() {
        let mut estimator = OffsetEstimator::default();
        estimator.pair(Micros(0), Micros(100), 50);
        estimator.pair(Micros(60_000_101), Micros(60_002_101), 60_001_501);
        assert_eq!(estimator.offset_us(), Some(400));
    }

    #[test]
    fn a_stamp_is_zero_until_the_offset_is_known() {
        let clock = RelayClock::default();
        assert_eq!(clock.stamp(Micros(5)), 0);
        clock.set(Some(-5));
        assert_eq!(clock.stamp(Micros(5)), 1, "an instant that would be 0 is sent as 1");
        clock.set(Some(1 << 32));
        assert_eq!(clock.stamp(Micros(7)), 7);
        clock.set(None);
        assert_eq!(clock.relay_us(Micros(7)), None);
    }
}
