//! How late packets come, and the delay worth waiting for.
//!
//! The *transit* of a packet is its arrival minus its media time, two clocks apart. The smallest transit of the last
//! few seconds is the link at its fastest; a packet's *relative arrival delay* is what it took beyond that.

use super::histogram::Histogram;
use crate::time::{Micros, samples_to_us, us_to_samples};

/// Arrival statistics of one stream.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    fastest: SlidingMinimum,
    histogram: Histogram,
    /// What the histogram says: the delay that is worth it, and the one that most half seconds have.
    worth_us: i64,
    usual_us: i64,
    /// By how much the histogram is still to be moved: less than a bucket.
    shift_us: i64,
    /// Largest relative delay of the window under way.
    window_max_us: i64,
    window_samples: i64,
    windows: u32,
    /// The largest of the window before.
    last_window_us: i64,
    /// By how much every packet of late was behind the fastest.
    floor_us: i64,
    outage: Outage,
}

/// A stall longer than any buffer should be sized for.
#[derive(Debug, Default)]
struct Outage {
    /// Packets of it are still coming in.
    under_way: bool,
    /// The one before was recent, so this is how the link is: it counts as jitter.
    recurring: bool,
    last: Option<Micros>,
}

/// Of each half second the largest delay goes into the histogram, so that a burst counts once whatever its length.
const WINDOW_SAMPLES: i64 = us_to_samples(500_000);

/// Share of the windows that must pass without a late packet while delay is cheap, and where it is not. In the ratings of
/// ITU-T G.107 a millisecond costs five times as much from 177 ms between mouth and ear on. The rest of the way takes its
/// part of that, so the share falls while the buffer's own delay goes through this range.
const QUANTILE: f32 = 0.925;
const DEAR_QUANTILE: f32 = 0.9;
const DEAR_FROM_US: i64 = 40_000;
const DEAR_TO_US: i64 = 60_000;

/// While few windows are known a late packet in one of them is not yet a habit: that one may be an exception. The first
/// windows weigh more, so it is somewhat more than two.
const FEW_WINDOWS: f32 = 2.2;

/// Share of the windows without a packet later than is usual.
const USUAL_QUANTILE: f32 = 0.7;

/// Packets that are all later than the fastest are believed to be on a slower road: what is usual follows them by this share
/// of the time.
const FLOOR_RISES: i64 = 10;

/// The least worth waiting for: the scheduling noise of the two machines.
const MARGIN_US: i64 = 250;

/// However late packets are: a talk with more delay than this is none.
const MAX_TARGET_US: i64 = 230_000;

/// What is kept of a larger delay of late.
const MAX_RECENT_US: i64 = 60_000;

/// Above this a delay that is rare is an outage: it is concealed and caught up with, not waited for.
const OUTAGE_US: i64 = 160_000;

/// Outages closer together than this are jitter: in the ratings of ITU-T G.107 it costs as much to conceal 160 ms every 5 s as
/// to wait for them all the time.
const RECURRING_US: u64 = 5_000_000;

/// Longer ones are not, however often they come: what the largest target leaves of them is concealed all the same, and with
/// that on top the wait costs more than it saves at any distance.
const UNBRIDGEABLE_US: i64 = 320_000;

/// A clock drifts by no more than this, 500 ppm, while the window of the fastest packets moves on.
const DRIFT_US: i64 = 1_000;

/// A clock that jumps by more than this is another clock.
const RESYNC_US: i64 = 10_000_000;

/// No link gets faster by more than this from one packet to the next.
const IMPLAUSIBLY_EARLY_US: i64 = 500_000;

/// Of the first packet after silence a larger delay is believed to be a new timeline.
const REBASE_US: i64 = 300_000;

/// Worth waiting for while next to nothing is known.
const START_US: i64 = 2_000;

impl Arrivals {
    /// Whether the media time of a packet has to do with that of those before.
    pub fn fits(&self, now: Micros, timestamp: i64) -> bool {
        let plausible = -IMPLAUSIBLY_EARLY_US..=RESYNC_US;
        self.fastest.value().is_none_or(|fastest| plausible.contains(&(transit_us(now, timestamp) - fastest)))
    }

    /// Takes note of a packet. `false` means that it does not fit: start anew.
    #[must_use]
    pub fn record(&mut self, now: Micros, timestamp: i64, samples: usize) -> bool {
        if !self.fits(now, timestamp) {
            return false;
        }
        let transit = transit_us(now, timestamp);
        let before = self.fastest.value();
        self.fastest.update(now, transit);
        if let (Some(before), Some(after)) = (before, self.fastest.value()) {
            // Known is when packets come, not how late they are against one of three seconds ago. A drift is not followed:
            // the window always lags behind it, and so by as much does the level; and the other way it would move what is
            // long past further and further out.
            let slower = after - before;
            if slower > DRIFT_US {
                self.shift_us = self.histogram.shift(self.shift_us - slower);
                self.conclude();
                self.window_max_us = (self.window_max_us - slower).max(0);
                self.last_window_us = (self.last_window_us - slower).max(0);
                self.floor_us = (self.floor_us - slower).max(0);
            }
        }
        let delay = transit - self.fastest.value().unwrap_or(transit);
        let played_us = samples_to_us(i64::try_from(samples).unwrap_or(0));
        self.floor_us = delay.min(self.floor_us + played_us / FLOOR_RISES);
        if self.counts(now, delay) {
            self.window_max_us = self.window_max_us.max(delay);
        }
        self.window_samples += i64::try_from(samples).unwrap_or(0);
        if self.window_samples >= WINDOW_SAMPLES {
            self.histogram.add(self.window_max_us);
            self.windows += 1;
            self.conclude();
            self.last_window_us = self.window_max_us;
            self.window_max_us = 0;
            self.window_samples = 0;
        }
        true
    }

    /// A first packet after silence comes. Timelines may be set anew in silence, also against a clock that has drifted
    /// away by then: a delay that no link explains is not one.
    pub fn rebase(&mut self, now: Micros, timestamp: i64) {
        let transit = transit_us(now, timestamp);
        if self.fastest.value().is_some_and(|fastest| transit - fastest > REBASE_US) {
            self.fastest = SlidingMinimum::default();
        }
    }

    /// Arrival time, less media time, of the fastest packets; `None` before the first packet.
    pub fn fastest_us(&self) -> Option<i64> {
        self.fastest.value()
    }

    /// The relative delay that is worth waiting for: nearly every packet is there by then.
    pub fn target_us(&self) -> i64 {
        let learning = if self.windows < 2 { self.window_max_us.max(START_US) } else { 0 };
        let delay = self.worth_us.max(learning).min(MAX_TARGET_US);
        delay + MARGIN_US + delay / 32
    }

    /// The relative delay that no packet of most half seconds exceeds, or that every packet of late had.
    pub fn usual_us(&self) -> i64 {
        self.usual_us.max(self.floor_us).min(MAX_TARGET_US)
    }

    /// The relative delay of late: what is given up below it would have to be concealed again right away.
    pub fn recent_us(&self) -> i64 {
        self.window_max_us.max(self.last_window_us).min(MAX_RECENT_US).max(self.target_us())
    }

    fn conclude(&mut self) {
        #[expect(clippy::cast_precision_loss, reason = "only the first hundred matter")]
        let known = (1.0 - FEW_WINDOWS / (self.windows as f32 + 1.0)).max(0.5);
        self.worth_us = self.histogram.least_us(|delay, share| share >= wanted_share(delay).min(known));
        self.usual_us = self.histogram.quantile_us(USUAL_QUANTILE);
    }

    fn counts(&mut self, now: Micros, delay: i64) -> bool {
        let outage = &mut self.outage;
        let was_under_way = outage.under_way;
        if delay > OUTAGE_US && !outage.under_way {
            outage.under_way = true;
            outage.recurring = outage.last.is_some_and(|last| now.since(last) < RECURRING_US);
            outage.last = Some(now);
        } else if outage.under_way && delay <= OUTAGE_US / 8 {
            // What a stall held back comes in one burst, each packet less late than the one before; the burst is over.
            outage.under_way = false;
        }
        outage.recurring &= delay <= UNBRIDGEABLE_US;
        outage.recurring || !(outage.under_way || was_under_way)
    }
}

/// Share of the windows that a delay must suffice for to be worth it.
fn wanted_share(delay_us: i64) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "less than a second")]
    let dear = (delay_us - DEAR_FROM_US) as f32 / (DEAR_TO_US - DEAR_FROM_US) as f32;
    QUANTILE + (DEAR_QUANTILE - QUANTILE) * dear.clamp(0.0, 1.0)
}

/// Arrival time less media time, microseconds.
pub(super) fn transit_us(now: Micros, timestamp: i64) -> i64 {
    now.0.cast_signed().saturating_sub(samples_to_us(timestamp))
}

/// The minimum over the last 2 to 4 seconds: long enough to meet a fast packet, short enough to follow a drifting clock.
#[derive(Debug, Default)]
struct SlidingMinimum {
    current: Option<i64>,
    previous: Option<i64>,
    since: Option<Micros>,
}

const HALF_WINDOW_US: u64 = 2_000_000;

impl SlidingMinimum {
    fn update(&mut self, now: Micros, value: i64) {
        if self.since.is_none_or(|since| now.since(since) >= HALF_WINDOW_US) {
            // After a long silence the older half still says more than a single packet does.
            self.previous = self.current.or(self.previous);
            self.current = None;
            self.since = Some(now);
        }
        self.current = Some(self.current.map_or(value, |least| least.min(value)));
    }

    fn value(&self) -> Option<i64> {
        match (self.current, self.previous) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: usize = 960;

    /// Feeds packets every 20 ms, each late by what `delay_ms` says of its number, arriving in order.
    fn feed(arrivals: &mut Arrivals, numbers: std::ops::Range<i64>, delay_ms: impl Fn(i64) -> i64) {
        let mut last = 0;
        for n in numbers {
            last = last.max((n * 20 + delay_ms(n)) * 1000);
            assert!(arrivals.record(Micros(last.cast_unsigned()), n * 960, PACKET));
        }
    }

    #[test]
    fn a_perfect_link_asks_for_next_to_nothing() {
        let mut arrivals = Arrivals::default();
        feed(&mut arrivals, 0..500, |_| 7);
        assert!(arrivals.target_us() <= 2_500, "{}", arrivals.target_us());
    }

    #[test]
    fn jitter_is_learned_within_a_second() {
        let mut arrivals = Arrivals::default();
        feed(&mut arrivals, 0..50, |n| if n % 5 == 0 { 40 } else { 2 });
        assert!((38_000..50_000).contains(&arrivals.target_us()), "{}", arrivals.target_us());
    }

    #[test]
    fn a_rare_stall_does_not_size_the_buffer() {
        let mut arrivals = Arrivals::default();
        feed(&mut arrivals, 0..3000, |n| if n % 1500 == 700 { 900 } else { 2 });
        assert!(arrivals.target_us() <= 3_000, "{}", arrivals.target_us());
    }

    #[test]
    fn nor_does_a_hiccup_in_the_first_seconds() {
        let mut arrivals = Arrivals::default();
        feed(&mut arrivals, 0..250, |n| if n == 200 { 100 } else { 2 });
        assert!(arrivals.target_us() <= 5_000, "{}", arrivals.target_us());
    }

    #[test]
    fn stalls_that_recur_do() {
        let mut arrivals = Arrivals::default();
        feed(&mut arrivals, 0..3000, |n| if n % 100 == 70 { 200 } else { 2 });
        assert!(arrivals.target_us() > 195_000, "{}", arrivals.target_us());
        let mut arrivals = Arrivals::default();
        feed(&mut arrivals, 0..3000, |n| if n % 100 == 70 { 300 } else { 2 });
        assert!((200_000..250_000).contains(&arrivals.target_us()), "{}", arrivals.target_us());
    }

    #[test]
    fn but_not_those_that_no_buffer_bridges_however_often_they_come() {
        for apart in [50, 100, 400, 450, 500, 550] {
            let mut arrivals = Arrivals::default();
            feed(&mut arrivals, 0..3000, |n| if n % apart == 20 { 900 } else { 2 });
            assert!(arrivals.target_us() <= 5_000, "{apart}: {}", arrivals.target_us());
        }
    }

    #[test]
    fn a_faster_route_becomes_the_new_zero_and_a_slower_one_too_after_a_while() {
        let mut arrivals = Arrivals::default();
        feed(&mut arrivals, 0..100, |_| 50);
        feed(&mut arrivals, 100..200, |_| 10);
        assert_eq!(arrivals.fastest_us(), Some(10_000));
        feed(&mut arrivals, 200..500, |_| 30);
        assert_eq!(arrivals.fastest_us(), Some(30_000));
    }

    #[test]
    fn a_link_that_gets_slower_for_good_is_no_reason_to_wait_longer() {
        let mut arrivals = Arrivals::default();
        feed(&mut arrivals, 0..250, |n| if n < 5 { 2 } else { 18 });
        assert_eq!(arrivals.fastest_us(), Some(18_000));
        assert!(arrivals.target_us() <= 3_500, "{}", arrivals.target_us());
    }

    #[test]
    fn a_clock_that_jumps_by_an_hour_is_another_clock() {
        let mut arrivals = Arrivals::default();
        feed(&mut arrivals, 0..10, |_| 5);
        assert!(!arrivals.record(Micros(200_000), 3600 * 48_000, PACKET));
    }
}
