//! A histogram of delays that forgets.

/// Weights of delays in buckets of 1 ms; old ones fade as new ones come.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    weights: [f32; BUCKETS],
    added: u32,
}

const BUCKETS: usize = 512;
const BUCKET_US: i64 = 1000;

/// What is left of a weight when the next delay comes, once there are many: a memory of about 12 s at two a second.
const FORGET: f32 = 0.96;

impl Default for Histogram {
    fn default() -> Self {
        Self { weights: [0.0; BUCKETS], added: 0 }
    }
}

impl Histogram {
    /// Adds a delay. The first ones weigh more, so that a second of audio is enough to know a link.
    pub fn add(&mut self, delay_us: i64) {
        self.added = self.added.saturating_add(1);
        #[expect(clippy::cast_precision_loss, reason = "only the first hundred matter")]
        let forget = FORGET.min(1.0 - 2.0 / (self.added as f32 + 1.0)).max(0.0);
        for weight in &mut self.weights {
            *weight *= forget;
        }
        let bucket = usize::try_from(delay_us / BUCKET_US).unwrap_or(0).min(BUCKETS - 1);
        self.weights[bucket] += 1.0 - forget;
    }

    /// Moves every delay by `by_us`, as when what they are measured from moves. Returns what is less than a bucket.
    pub fn shift(&mut self, by_us: i64) -> i64 {
        let buckets = by_us / BUCKET_US;
        let by = usize::try_from(buckets.unsigned_abs()).unwrap_or(BUCKETS).min(BUCKETS - 1);
        // What would leave the range gathers at its end.
        if buckets > 0 {
            let gathered: f32 = self.weights[BUCKETS - 1 - by..].iter().sum();
            self.weights.copy_within(..BUCKETS - by, by);
            self.weights[..by].fill(0.0);
            self.weights[BUCKETS - 1] = gathered;
        } else if buckets < 0 {
            let gathered: f32 = self.weights[..=by].iter().sum();
            self.weights.copy_within(by.., 0);
            self.weights[BUCKETS - by..].fill(0.0);
            self.weights[0] = gathered;
        }
        by_us - buckets * BUCKET_US
    }

    /// Upper edge of the bucket in which the distribution reaches `share`; 0 before the first delay.
    pub fn quantile_us(&self, share: f32) -> i64 {
        self.least_us(|_, below| below >= share)
    }

    /// Upper edge of the first bucket of which, and of the share of the distribution up to it, `enough` is true; 0 before
    /// the first delay.
    pub fn least_us(&self, enough: impl Fn(i64, f32) -> bool) -> i64 {
        if self.added == 0 {
            return 0;
        }
        let all: f32 = self.weights.iter().sum();
        let mut below = 0.0;
        let mut edge_us = 0;
        for weight in &self.weights {
            below += weight;
            edge_us += BUCKET_US;
            if enough(edge_us, below / all) {
                break;
            }
        }
        edge_us
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_histogram_asks_for_nothing() {
        assert_eq!(Histogram::default().quantile_us(0.95), 0);
    }

    #[test]
    fn one_delay_is_believed_at_once() {
        let mut histogram = Histogram::default();
        histogram.add(12_300);
        assert_eq!(histogram.quantile_us(0.95), 13_000);
    }

    #[test]
    fn a_rare_large_delay_does_not_move_the_quantile_and_a_common_one_does() {
        let mut histogram = Histogram::default();
        for i in 0..400 {
            histogram.add(if i % 40 == 0 { 100_000 } else { 5_000 });
        }
        assert_eq!(histogram.quantile_us(0.95), 6_000);
        for i in 0..400 {
            histogram.add(if i % 10 == 0 { 100_000 } else { 5_000 });
        }
        assert_eq!(histogram.quantile_us(0.95), 101_000);
    }

    #[test]
    fn what_is_long_past_is_forgotten() {
        let mut histogram = Histogram::default();
        for _ in 0..100 {
            histogram.add(90_000);
        }
        for _ in 0..200 {
            histogram.add(2_000);
        }
        assert_eq!(histogram.quantile_us(0.95), 3_000);
    }

    #[test]
    fn a_shift_moves_what_is_known_and_loses_nothing() {
        let mut histogram = Histogram::default();
        histogram.add(10_000);
        assert_eq!(histogram.shift(5_400), 400);
        assert_eq!(histogram.quantile_us(0.95), 16_000);
        assert_eq!(histogram.shift(-12_000), 0);
        assert_eq!(histogram.quantile_us(0.95), 4_000);
        histogram.shift(-900_000);
        assert_eq!(histogram.quantile_us(0.95), 1_000);
        histogram.shift(900_000);
        assert_eq!(histogram.quantile_us(0.95), 512_000);
        assert!((histogram.weights.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn delays_outside_the_range_count_at_its_ends() {
        let mut histogram = Histogram::default();
        histogram.add(-5);
        histogram.add(i64::MAX);
        assert_eq!(histogram.quantile_us(1.0), 512_000);
    }
}
