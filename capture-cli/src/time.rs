//! The program's own clock, and waiting for an instant of it.

use std::time::{Duration, Instant};

use relay_engine::Micros;

/// Monotonic microseconds since the program's start: the time all parts of it share.
#[derive(Debug, Clone, Copy)]
pub struct LocalClock {
    origin: Instant,
}

impl LocalClock {
    /// A clock that begins now, one second in, so that instants shortly before it exist too.
    #[must_use]
    pub fn start() -> Self {
        let now = Instant::now();
        Self { origin: now.checked_sub(Duration::from_secs(1)).unwrap_or(now) }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Micros {
        self.at(Instant::now())
    }

    /// An instant on this clock.
    #[must_use]
    pub fn at(&self, instant: Instant) -> Micros {
        let elapsed = instant.saturating_duration_since(self.origin);
        Micros(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX))
    }

    /// The instant of a time on this clock.
    #[must_use]
    pub fn instant(&self, time: Micros) -> Instant {
        self.origin + Duration::from_micros(time.0)
    }

    /// Sleeps until `deadline`; returns at once if it has passed.
    ///
    /// A thread's sleep is ten times more exact than a timer of the async runtime, which counts whole milliseconds.
    pub fn sleep_until(&self, deadline: Micros) {
        let wait = deadline.since(self.now());
        if wait > 0 {
            std::thread::sleep(Duration::from_micros(wait));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_comes_back_from_its_time() {
        let clock = LocalClock::start();
        let time = clock.now();
        assert_eq!(clock.at(clock.instant(time)), time);
    }

    #[test]
    fn sleeping_never_ends_early() {
        let clock = LocalClock::start();
        let deadline = clock.now() + 3_000;
        clock.sleep_until(deadline);
        assert!(clock.now() >= deadline);
    }
}
