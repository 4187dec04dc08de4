//! What came too late to be caught up with: it is never played.

use super::store::Stored;
use super::stream::Before;
use super::{JitterBuffer, Phase};
use crate::codec::Codec;
use crate::time::Micros;

/// Packets older than this are not played, unless the link is always that slow; what is less old is caught up with.
const MAX_DELAY_US: i64 = 260_000;
const OVER_TARGET_US: i64 = 20_000;

/// So old may be the first that is played after others were too old: caught up with in a third of a second.
const RESUME_DELAY_US: i64 = 180_000;

impl<C: Codec> JitterBuffer<C> {
    pub(super) fn skip_backlog(&mut self, now: Micros) {
        let target = self.arrivals.target_us();
        let most = MAX_DELAY_US.max(target + OVER_TARGET_US);
        let too_old = |front: &Stored| self.level_us(now, front.timestamp) > most;
        if !self.store.front().is_some_and(too_old) {
            return;
        }
        let resume = RESUME_DELAY_US.max(target);
        while self.front_is_for_nothing(now, most, resume) {
            self.discard_front();
        }
        if let Some(front) = self.store.front() {
            self.next_timestamp = front.timestamp;
        }
        if self.before == Before::Continuous {
            self.before = Before::Skipped;
        }
    }

    /// Whether the next packet is old enough to begin with, or the front too old to be played where there is another: a sender
    /// has discarded what came between.
    fn front_is_for_nothing(&self, now: Micros, most: i64, resume: i64) -> bool {
        let (Some(front), Some(second)) = (self.store.front(), self.store.second()) else { return false };
        self.level_us(now, second.timestamp) >= resume || self.level_us(now, front.timestamp) > most
    }

    pub(super) fn discard_front(&mut self) {
        if let Some(stored) = self.store.pop() {
            // A decoder that misses a packet needs one or two more to find its way; those before them are not worth it.
            if self.store.len() <= 2 {
                self.stream.pass_over(&stored);
            }
            self.stats.discarded += 1;
            if stored.packet.end {
                self.phase = Phase::Ending;
            }
            self.remember(stored.timestamp, stored.packet);
        }
    }
}
