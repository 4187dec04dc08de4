//! How long to wait before coming back: growing pauses, jittered so that a room full of people does not return at once.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
/// A relay that is started again sees everybody within 5 s.
const LONGEST: Duration = Duration::from_secs(4);

/// The pauses of one outage.
#[derive(Debug, Clone)]
pub struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Backoff {
    /// The next pause; `random` decides where between half and all of it.
    pub fn pause(&mut self, random: u64) -> Duration {
        let full = self.next;
        self.next = (full * 2).min(LONGEST);
        full / 2 + (full / 2).mul_f64(f64::from(u16::try_from(random >> 48).unwrap_or(0)) / f64::from(u16::MAX))
    }

    /// Whether pauses grow no more: the next is as long as any after it.
    #[must_use]
    pub fn is_longest(&self) -> bool {
        self.next == LONGEST
    }
}

/// A number nobody can guess, from the seed the standard library gives its hash maps.
#[must_use]
pub fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..6).map(|_| (backoff.is_longest(), backoff.pause(u64::MAX).as_millis())).collect();
        assert_eq!(pauses, [(false, 250), (false, 500), (false, 1000), (false, 2000), (true, 4000), (true, 4000)]);
        assert_eq!(backoff.pause(0).as_millis(), 2000);
    }

    #[test]
    fn no_two_participants_wait_alike() {
        assert_ne!(random(), random());
    }
}
