//! How many messages a session takes from its participant.

use relay_engine::Micros;

/// A second is this many units in a bucket, so that refilling by microseconds is exact.
const SECOND: u64 = 1_000_000;

/// All messages: 400 at once, 200 a second over time. A 10 ms room needs 100, and a stall sends its backlog at once.
const ALL: Rule = Rule { burst: 400, per_second: 200 };
/// Text messages: 200 at once, 50 a second over time.
const TEXT: Rule = Rule { burst: 200, per_second: 50 };

/// The two buckets of a session.
#[derive(Debug, Clone)]
pub struct RateLimiter {
    all: Bucket,
    text: Bucket,
}

impl RateLimiter {
    /// Full buckets.
    #[must_use]
    pub fn new(now: Micros) -> Self {
        Self { all: Bucket::new(ALL, now), text: Bucket::new(TEXT, now) }
    }

    /// Counts a message; false when it is one too many.
    pub fn allow(&mut self, now: Micros, text: bool) -> bool {
        self.all.take(now) && (!text || self.text.take(now))
    }
}

#[derive(Debug, Clone, Copy)]
struct Rule {
    burst: u64,
    per_second: u64,
}

/// A token bucket; `level` counts millionths of a message.
#[derive(Debug, Clone)]
struct Bucket {
    rule: Rule,
    level: u64,
    filled_at: Micros,
}

impl Bucket {
    fn new(rule: Rule, now: Micros) -> Self {
        Self { rule, level: rule.burst * SECOND, filled_at: now }
    }

    fn take(&mut self, now: Micros) -> bool {
        let gained = now.since(self.filled_at).saturating_mul(self.rule.per_second);
        self.level = self.level.saturating_add(gained).min(self.rule.burst * SECOND);
        self.filled_at = self.filled_at.max(now);
        let allowed = self.level >= SECOND;
        if allowed {
            self.level -= SECOND;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(limiter: &mut RateLimiter, now: Micros, text: bool, tries: usize) -> usize {
        (0..tries).filter(|_| limiter.allow(now, text)).count()
    }

    #[test]
    fn a_burst_passes_and_no_more() {
        let mut limiter = RateLimiter::new(Micros(0));
        assert_eq!(allowed(&mut limiter, Micros(0), false, 1000), 400);
    }

    #[test]
    fn text_has_the_smaller_bucket() {
        let mut limiter = RateLimiter::new(Micros(0));
        assert_eq!(allowed(&mut limiter, Micros(0), true, 1000), 200);
    }

    #[test]
    fn after_a_burst_the_sustained_rate_remains() {
        let mut limiter = RateLimiter::new(Micros(0));
        allowed(&mut limiter, Micros(0), false, 1000);
        let mut passed = 0;
        for ms in 1..=10_000u64 {
            passed += allowed(&mut limiter, Micros(ms * 1000), false, 10);
        }
        assert_eq!(passed, 2000);
    }

    #[test]
    fn a_10_ms_talker_who_chats_is_never_limited() {
        let mut limiter = RateLimiter::new(Micros(0));
        for packet in 0..60_000u64 {
            let now = Micros(packet * 10_000);
            assert!(limiter.allow(now, false));
            assert!(packet % 10 != 0 || limiter.allow(now, true));
        }
    }

    #[test]
    fn a_clock_that_stands_still_or_jumps_back_gives_nothing_away() {
        let mut limiter = RateLimiter::new(Micros(5 * SECOND));
        assert_eq!(allowed(&mut limiter, Micros(0), false, 1000), 400);
        assert_eq!(allowed(&mut limiter, Micros(5 * SECOND), false, 1000), 0);
    }
}
