//! A queue that stands: where each packet has waited long for a while, the link is slower than the stream. Such a queue
//! delays all and carries no more (CoDel, RFC 8289 section 1), so it is cut short.

/// Who waits no longer than this does not stand.
pub const STANDING_US: u64 = 40_000;
/// What a stall has left in a queue is gone sooner.
const FOR_US: u64 = 300_000;

/// Watches how long what leaves a queue has waited.
#[derive(Debug, Clone, Copy, Default)]
pub struct Standing {
    since_us: Option<u64>,
}

impl Standing {
    /// The oldest of the queue, about to leave it, has waited so long. How long what leaves may have waited, in
    /// microseconds; older ones are to be discarded.
    pub fn longest_us(&mut self, now_us: u64, waited_us: u64) -> u64 {
        if waited_us <= STANDING_US {
            self.since_us = None;
            return u64::MAX;
        }
        let since_us = *self.since_us.get_or_insert(now_us);
        if now_us.saturating_sub(since_us) > FOR_US { STANDING_US } else { u64::MAX }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_stands_when_all_have_waited_long_for_a_while() {
        let mut standing = Standing::default();
        for (now_ms, waited_ms, stands) in [
            (0, 100, false),
            (200, 60, false),
            (300, 100, false),
            (301, 100, true),
            (360, 41, true),
            (420, 40, false),
            (480, 100, false),
            (780, 100, false),
            (781, 100, true),
        ] {
            let longest_us = standing.longest_us(now_ms * 1000, waited_ms * 1000);
            assert_eq!(longest_us == STANDING_US, stands, "at {now_ms} ms");
        }
    }
}
