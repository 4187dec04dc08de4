//! When to stop: one instant that every thread looks up, set once it is known.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use relay_engine::Micros;

use crate::time::LocalClock;

/// The instant at which capture and playout stop.
#[derive(Debug, Clone)]
pub struct Stop {
    clock: LocalClock,
    at: Arc<AtomicU64>,
}

impl Stop {
    /// Never, so far.
    #[must_use]
    pub fn never(clock: LocalClock) -> Self {
        Self { clock, at: Arc::new(AtomicU64::new(u64::MAX)) }
    }

    /// Stops at that time, unless it stops earlier already.
    pub fn at(&self, time: Micros) {
        self.at.fetch_min(time.0, Ordering::Relaxed);
    }

    /// Stops now.
    pub fn now(&self) {
        self.at(self.clock.now());
    }

    /// When to stop.
    #[must_use]
    pub fn time(&self) -> Micros {
        Micros(self.at.load(Ordering::Relaxed))
    }

    /// Whether it is time.
    #[must_use]
    pub fn has_come(&self) -> bool {
        self.clock.now() >= self.time()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_stop_counts() {
        let stop = Stop::never(LocalClock::start());
        assert!(!stop.has_come());
        stop.at(Micros(u64::MAX - 1));
        stop.now();
        assert!(stop.has_come());
        let time = stop.time();
        stop.at(time + 1);
        assert_eq!(stop.time(), time);
    }
}
