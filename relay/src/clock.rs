//! The relay clock: microseconds since the relay started, monotonic.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use relay_engine::Micros;

/// One origin for every stamp, deadline and ping of a relay.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that starts at 0 now.
    #[must_use]
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Microseconds since the start.
    #[must_use]
    pub fn now(self) -> Micros {
        Micros(u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX))
    }
}

/// Milliseconds since 1970 by the wall clock, for people.
#[must_use]
pub fn wall_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}
