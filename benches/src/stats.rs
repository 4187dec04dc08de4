//! Delays, collected for their percentiles.

use std::time::Duration;

use hdrhistogram::Histogram;

/// A histogram of delays in microseconds, to a part in a thousand.
#[derive(Debug, Clone)]
pub struct Delays(Histogram<u64>);

impl Default for Delays {
    fn default() -> Self {
        Self(Histogram::new(3).expect("3 significant digits are in the histogram's range"))
    }
}

impl Delays {
    /// Adds a delay.
    pub fn record(&mut self, delay: Duration) {
        let us = u64::try_from(delay.as_micros()).expect("a delay of less than 500,000 years");
        self.0.record(us).expect("the histogram grows");
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The delay that this share (0 … 100) does not exceed, milliseconds.
    #[must_use]
    pub fn percentile_ms(&self, percent: f64) -> f64 {
        self.0.value_at_percentile(percent) as f64 / 1000.0
    }

    /// The mean, milliseconds.
    #[must_use]
    pub fn mean_ms(&self) -> f64 {
        self.0.mean() / 1000.0
    }

    /// The largest, milliseconds.
    #[must_use]
    pub fn max_ms(&self) -> f64 {
        self.0.max() as f64 / 1000.0
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
}
