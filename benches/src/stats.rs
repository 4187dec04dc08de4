//! Delays, collected for their percentiles.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Delays, in a histogram of microseconds to a part in a thousand, and in the order of time where that is known.
#[derive(Debug, Clone)]
pub struct Delays {
    histogram: Histogram<u64>,
    course: Vec<(Duration, Duration)>,
}

impl Default for Delays {
    fn default() -> Self {
        let histogram = Histogram::new(3).expect("3 significant digits are in the histogram's range");
        Self { histogram, course: Vec::new() }
    }
}

impl Delays {
    /// Adds a delay.
    pub fn record(&mut self, delay: Duration) {
        let us = u64::try_from(delay.as_micros()).expect("a delay of less than 500,000 years");
        self.histogram.record(us).expect("the histogram grows");
    }

    /// Adds a delay that began at that time of the run.
    pub fn record_at(&mut self, at: Duration, delay: Duration) {
        self.record(delay);
        self.course.push((at, delay));
    }

    /// The delays of which it is known when they began, and when.
    #[must_use]
    pub fn course(&self) -> &[(Duration, Duration)] {
        &self.course
    }

    /// Which share (0 … 1) of the delays lies in each of so many bins of equal width from 0 on.
    #[must_use]
    pub fn shares(&self, bin_ms: f64, bins: usize) -> Vec<f64> {
        let mut shares = vec![0.0; bins];
        for bucket in self.histogram.iter_recorded() {
            let bin = (bucket.value_iterated_to() as f64 / 1000.0 / bin_ms) as usize;
            if let Some(share) = shares.get_mut(bin) {
                *share += bucket.count_at_value() as f64 / self.histogram.len() as f64;
            }
        }
        shares
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The delay that this share (0 … 100) does not exceed, milliseconds.
    #[must_use]
    pub fn percentile_ms(&self, percent: f64) -> f64 {
        self.histogram.value_at_percentile(percent) as f64 / 1000.0
    }

    /// The mean, milliseconds.
    #[must_use]
    pub fn mean_ms(&self) -> f64 {
        self.histogram.mean() / 1000.0
    }

    /// The largest, milliseconds.
    #[must_use]
    pub fn max_ms(&self) -> f64 {
        self.histogram.max() as f64 / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_delays() {
        let mut delays = Delays::default();
        for ms in 1..=100 {
            delays.record(Duration::from_millis(ms));
        }
        assert_eq!(delays.count(), 100);
        for (percent, ms) in [(50.0, 50.0), (95.0, 95.0), (99.0, 99.0)] {
            assert!((delays.percentile_ms(percent) - ms).abs() < 0.1, "{percent}");
        }
        assert!((delays.mean_ms() - 50.5).abs() < 0.1 && (delays.max_ms() - 100.0).abs() < 0.2);
    }

    #[test]
    fn shares_are_those_of_the_bins_and_what_lies_beyond_is_left_out() {
        let mut delays = Delays::default();
        for ms in [1, 1, 5, 50] {
            delays.record_at(Duration::from_secs(ms), Duration::from_millis(ms));
        }
        assert_eq!(delays.shares(2.0, 4), [0.5, 0.0, 0.25, 0.0]);
        assert_eq!(delays.course()[2], (Duration::from_secs(5), Duration::from_millis(5)));
    }
}
