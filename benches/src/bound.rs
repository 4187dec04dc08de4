//! The offline bound: what a playout buffer could do that knew the whole trace ahead.
//!
//! One continuous stream whose delay may change by time-scaling, grow by concealing a packet's time and fall by discarding a
//! packet. A dynamic programme over packets and delays finds the least sum of delays and prices of bad packets; a sweep of the
//! price gives the lower convex hull of (share of bad packets, mean delay). Nothing of this kind that works in real time lies
//! below it.

/// A point of the hull.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Share of packets concealed or discarded, 0 … 1.
    pub bad: f64,
    /// Mean playout delay, milliseconds.
    pub mean_ms: f64,
}

/// Delays are multiples of this, milliseconds. It is what time-scaling by a tenth gains in one packet of 20 ms.
const GRID_MS: f64 = 2.0;

/// Share of the signal that time-scaling may take or add.
const RATE: f64 = 0.1;

/// No delay above this is looked at, milliseconds.
const LONGEST_MS: f64 = 3000.0;

/// Prices of a bad packet, milliseconds of delay: so many, spread evenly by ratio.
const PRICES: usize = 18;
const LEAST_PRICE_MS: f64 = 20.0;
const HIGHEST_PRICE_MS: f64 = 60_000.0;

/// The hull for packets that took `delays_ms` to arrive, `packet_ms` apart.
#[must_use]
pub fn hull(delays_ms: &[f64], packet_ms: f64) -> Vec<Point> {
    let ratio = (HIGHEST_PRICE_MS / LEAST_PRICE_MS).powf(1.0 / (PRICES - 1) as f64);
    let prices = (0..PRICES).map(|n| LEAST_PRICE_MS * ratio.powi(n as i32));
    let mut points: Vec<Point> = prices.map(|price| cheapest(delays_ms, packet_ms, price)).collect();
    points.sort_by(|a, b| a.bad.total_cmp(&b.bad).then(a.mean_ms.total_cmp(&b.mean_ms)));
    points.dedup();
    points
}

/// Mean delay of the hull at a share of bad packets; infinite where no point of it is as good.
#[must_use]
pub fn mean_at(hull: &[Point], bad: f64) -> f64 {
    let reached = hull.iter().filter(|point| point.bad <= bad).map(|point| point.mean_ms);
    let between = hull.iter().enumerate().flat_map(|(n, &left)| {
        let rights =
            hull[n + 1..].iter().filter(move |right| left.bad <= bad && bad <= right.bad && right.bad > left.bad);
        rights
            .map(move |right| left.mean_ms + (right.mean_ms - left.mean_ms) * (bad - left.bad) / (right.bad - left.bad))
    });
    reached.chain(between).fold(f64::INFINITY, f64::min)
}

/// What is still to be paid from a packet on, and how many of the packets from there on are bad.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    ms: f64,
    bad: u32,
}

impl Cost {
    fn plus(self, ms: f64, bad: u32) -> Self {
        Self { ms: self.ms + ms, bad: self.bad + bad }
    }

    fn or(self, other: Self) -> Self {
        if other.ms < self.ms { other } else { self }
    }
}

/// The cheapest way through the trace where a bad packet costs `price` milliseconds of delay.
fn cheapest(delays_ms: &[f64], packet_ms: f64, price: f64) -> Point {
    let highest = delays_ms.iter().copied().fold(0.0, f64::max).min(LONGEST_MS);
    let levels = (highest / GRID_MS).ceil() as usize + 2;
    let packet = (packet_ms / GRID_MS).round().max(1.0) as usize;
    // A grid step every so many packets, or so many steps every packet.
    let every = (GRID_MS / (RATE * packet_ms)).round().max(1.0) as usize;
    let steps = (RATE * packet_ms / GRID_MS).round().max(1.0) as usize;
    // From the last packet backwards: `next` is the cost of what follows, by the delay at which it starts.
    let mut next = vec![Cost::default(); levels];
    let mut after = next.clone();
    for (n, &delay) in delays_ms.iter().enumerate().rev() {
        let reach = if n % every == 0 { steps } else { 0 };
        for level in (0..levels).rev() {
            let scaled = &next[level.saturating_sub(reach)..(level + reach + 1).min(levels)];
            let scaled = scaled.iter().fold(next[level], |best, &cost| best.or(cost));
            // To freeze the output for a packet's time raises the delay by as much.
            let frozen = after.get(level + packet).map(|cost| cost.plus(price, 1));
            after[level] = frozen.map_or(scaled, |frozen| scaled.or(frozen));
        }
        for level in (0..levels).rev() {
            let at_ms = level as f64 * GRID_MS;
            let in_time = at_ms >= delay;
            let played = if in_time { after[level].plus(at_ms, 0) } else { after[level].plus(at_ms + price, 1) };
            // To discard the packet lets the next one follow at a delay smaller by a packet's time.
            let discarded = level.checked_sub(packet).map(|lower| next[lower].plus(price, 1));
            after[level] = discarded.map_or(played, |discarded| played.or(discarded));
        }
        std::mem::swap(&mut next, &mut after);
    }
    let best = next.iter().copied().reduce(Cost::or).unwrap_or_default();
    let count = delays_ms.len().max(1) as f64;
    Point { bad: f64::from(best.bad) / count, mean_ms: (best.ms - price * f64::from(best.bad)) / count }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_delay_is_played_at_that_delay_and_nothing_is_bad() {
        assert!((mean_at(&hull(&[40.0; 500], 20.0), 0.0) - 40.0).abs() < 1e-9);
    }

    #[test]
    fn a_rise_that_is_known_ahead_costs_a_ramp_of_a_tenth() {
        // 20 ms more from the middle on: ten packets before it the delay begins to rise by 2 ms a packet.
        let delays: Vec<f64> = (0..1000).map(|n| if n < 500 { 10.0 } else { 30.0 }).collect();
        let ramp: f64 = (1..10).map(|n| f64::from(n) * 2.0).sum();
        let best = mean_at(&hull(&delays, 20.0), 0.0);
        assert!((best - (20.0 + ramp / 1000.0)).abs() < 1e-9, "{best}");
    }

    #[test]
    fn a_single_late_packet_is_worth_losing_where_losing_is_cheap() {
        let delays: Vec<f64> = (0..1000).map(|n| if n == 500 { 600.0 } else { 10.0 }).collect();
        let hull = hull(&delays, 20.0);
        // The late packet itself is not waited for: its slot may pass at 8 ms.
        assert!((mean_at(&hull, 0.001) - 9.998).abs() < 1e-9, "{hull:?}");
        assert!(mean_at(&hull, 0.0) > 100.0, "{hull:?}");
    }

    #[test]
    fn between_two_points_the_hull_is_a_line_and_before_the_first_there_is_none() {
        let hull = [Point { bad: 0.01, mean_ms: 30.0 }, Point { bad: 0.03, mean_ms: 10.0 }];
        assert!((mean_at(&hull, 0.02) - 20.0).abs() < 1e-9);
        assert_eq!(mean_at(&hull, 0.5), 10.0);
        assert_eq!(mean_at(&hull, 0.0), f64::INFINITY);
    }
}
