//! How much of a stream may wait below its sender: in the kernel, or unreported on its way through proxies.
//!
//! What waits there cannot be taken back, so on a link that stalls it would be played late, and on one that is slower
//! than the stream it would grow for ever. The bound is a time, so its size in bytes follows the rate at which the
//! link really drains: what left the queue over the time in which it was not empty.

/// The rate is the mean over about this time: longer than a delayed acknowledgement (40 ms), so that a healthy link
/// is not taken for a slow one, and short enough that a stall is noticed before the queue has taken the whole budget.
const MEAN_OVER_US: u64 = 200_000;
/// Shorter looks say more about the scheduler than about the link.
const SHORTEST_LOOK_US: u64 = 1000;

/// Bounds what waits below one sender of packets.
///
/// Sans-IO: the owner says what the queue holds, after it has written ([`filled`](Self::filled)) and before it
/// writes again ([`drained`](Self::drained)), which may be left out while it [holds little](Self::holds_little).
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    ptime_us: u64,
    budget_us: u64,
    /// Mean size of a packet as sent, times 8.
    mean_x8: u64,
    /// What the link drains, in bytes per second, up to the rate of the stream.
    drains: u64,
    last: Look,
}

#[derive(Debug, Clone, Copy)]
struct Look {
    at_us: u64,
    held: u64,
}

impl Pace {
    /// For packets of that duration and about that size as sent; `budget_us` of them may wait. A link is taken for
    /// healthy until it shows otherwise.
    #[must_use]
    pub fn new(ptime_us: u64, packet_bytes: usize, budget_us: u64) -> Self {
        let mut pace =
            Self { ptime_us, budget_us, mean_x8: packet_bytes as u64 * 8, drains: 0, last: Look { at_us: 0, held: 0 } };
        pace.drains = pace.stream();
        pace
    }

    /// Changes how much may wait, in microseconds.
    pub fn set_budget(&mut self, budget_us: u64) {
        self.budget_us = budget_us;
    }

    /// A packet of that size was written.
    pub fn wrote(&mut self, now_us: u64, bytes: usize) {
        self.mean_x8 = self.mean_x8 - self.mean_x8 / 8 + bytes as u64;
        if self.last.held == 0 {
            self.last.at_us = now_us;
        }
        self.last.held += bytes as u64;
    }

    /// The queue holds that many bytes now, after something was written. Needed only where [`wrote`](Self::wrote) did
    /// not tell the whole size of everything.
    pub fn filled(&mut self, now_us: u64, held: usize) {
        self.last = Look { at_us: now_us, held: held as u64 };
        if held == 0 {
            // It was gone before anybody could look.
            self.drains = self.stream();
        }
    }

    /// The queue holds that many bytes now; nothing was written since the last look.
    pub fn drained(&mut self, now_us: u64, held: usize) {
        let held = held as u64;
        let took_us = now_us.saturating_sub(self.last.at_us);
        if self.last.held == 0 || took_us < SHORTEST_LOOK_US {
            return;
        }
        let left = self.last.held.saturating_sub(held);
        self.last = Look { at_us: now_us, held };
        // Acknowledgements come in lumps, so no single look is believed: each moves the mean by its share of the time.
        let known = self.drains.saturating_mul(MEAN_OVER_US);
        let rate = left.saturating_mul(1_000_000).saturating_add(known) / (MEAN_OVER_US + took_us);
        // What was empty before this look would have drained faster.
        self.drains = if held == 0 { rate.max(self.drains) } else { rate }.min(self.stream());
    }

    /// What the queue holds if nothing has left it since the last look.
    #[must_use]
    pub fn holds_at_most(&self) -> usize {
        usize::try_from(self.last.held).unwrap_or(usize::MAX)
    }

    /// Whether that is so little, half of what may wait, that a packet may be written without a look. A stall is noticed
    /// all the same before the bound is reached.
    #[must_use]
    pub fn holds_little(&self) -> bool {
        self.holds_at_most() <= self.limit() / 2
    }

    /// Nothing more is written while this many bytes or more wait. At least 1: where nothing waits, one packet goes.
    #[must_use]
    pub fn limit(&self) -> usize {
        let bytes = self.drains.saturating_mul(self.budget_us) / 1_000_000;
        usize::try_from(bytes).unwrap_or(usize::MAX).max(1)
    }

    /// Whether the link drains about what the stream brings.
    #[must_use]
    pub fn keeps_up(&self) -> bool {
        self.drains >= self.stream() / 8 * 7
    }

    /// The stream's own rate, in bytes per second.
    fn stream(&self) -> u64 {
        self.mean_x8.saturating_mul(1_000_000) / (8 * self.ptime_us.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: u64 = 200;
    const PTIME: u64 = 20_000;
    const BUDGET: u64 = 100_000;

    /// A queue that `drain` empties, offered a packet every 20 ms and looked at as rarely as may be, or every 5 ms while it
    /// holds too much; the most that was in it, in packets, in each second.
    fn run(seconds: u64, drain: impl Fn(u64, u64) -> u64) -> Vec<u64> {
        let mut pace = Pace::new(PTIME, PACKET as usize, BUDGET);
        let (mut held, mut offered) = (0, 0);
        let mut most = vec![0; seconds as usize];
        for now in (0..seconds * 1_000_000).step_by(5000) {
            held = drain(now, held);
            offered += u64::from(now % PTIME == 0);
            if !pace.holds_little() && offered > 0 {
                pace.drained(now, held as usize);
            }
            let mut known = if pace.holds_little() { pace.holds_at_most() } else { held as usize };
            while offered > 0 && known < pace.limit() {
                held += PACKET;
                known += PACKET as usize;
                offered -= 1;
                pace.wrote(now, PACKET as usize);
            }
            // What the sender's own queue discards.
            offered = offered.min(6);
            let second = &mut most[(now / 1_000_000) as usize];
            *second = (*second).max(held.div_ceil(PACKET));
        }
        most
    }

    #[test]
    fn a_fast_link_is_never_held_up() {
        let most = run(3, |_, _| 0);
        assert_eq!(most, [1, 1, 1]);
    }

    #[test]
    fn delayed_acknowledgements_do_not_look_like_a_slow_link() {
        // Acknowledged all at once every 40 ms; 80 ms is four packets, the budget's five are not touched.
        for (every, packets) in [(40_000, 2), (80_000, 4)] {
            let most = run(3, |now, held| if now % every == 0 { 0 } else { held });
            assert_eq!(most, [packets; 3], "every {every} µs");
        }
    }

    #[test]
    fn a_slow_link_holds_the_budget_at_its_own_rate() {
        // 2900 bytes a second: a packet in 69 ms, 1.45 packets in 100 ms.
        let drain = |now: u64, held: u64| if now % 69_000 < 5000 { held.saturating_sub(PACKET) } else { held };
        let most = run(5, drain);
        assert!(most[0] <= 5, "{most:?}");
        assert!(most[1..].iter().all(|packets| *packets <= 3), "{most:?}");
    }

    #[test]
    fn a_stall_is_noticed_before_the_whole_budget_is_written() {
        let stalled = |now: u64| (1_000_000..2_000_000).contains(&now);
        let most = run(3, |now, held| if stalled(now) { held } else { 0 });
        assert_eq!(most[..2], [1, 4]);
        assert!(most[2] <= 3, "what waited meanwhile comes in small portions: {most:?}");
    }

    #[test]
    fn the_slowest_link_still_gets_one_packet_at_a_time() {
        // A packet in two seconds.
        let drain =
            |now: u64, held: u64| if now.is_multiple_of(2_000_000) { held.saturating_sub(PACKET) } else { held };
        let most = run(20, drain);
        assert!(most[10..].iter().all(|packets| *packets == 1), "{most:?}");
    }

    #[test]
    fn the_limit_follows_what_is_really_sent() {
        let mut pace = Pace::new(PTIME, PACKET as usize, BUDGET);
        assert_eq!(pace.limit(), 1000);
        for (bytes, about) in [(400, 2000), (46, 230)] {
            for now in 1..=100 {
                pace.wrote(now * PTIME, bytes);
                pace.filled(now * PTIME, 0);
            }
            assert!(pace.limit().abs_diff(about) <= about / 8, "{} for packets of {bytes}", pace.limit());
        }
    }

    #[test]
    fn a_clock_that_stands_still_teaches_nothing() {
        let mut pace = Pace::new(PTIME, PACKET as usize, BUDGET);
        for _ in 0..100 {
            pace.filled(7, 500);
            pace.drained(7, 500);
        }
        assert_eq!(pace.limit(), 1000);
    }
}
