//! Following a speaker's clock: the ring before it is to stay as full as it is, so play a little faster or slower.

/// The rate changes by at most this much: 0.5 % is inaudible, and a hundred times what crystals differ by.
pub const MOST: f64 = 0.005;

/// Proportional and integral gain, per second and per second squared. A ring answers a change of rate by integrating
/// it, so this is a second-order loop with a time constant of 10 s and a damping of 1: kp = 2/τ, ki = 1/τ².
const KP: f64 = 0.2;
const KI: f64 = 0.01;

/// The level is averaged over this time: callbacks take what they take in steps.
const AVERAGE_SECONDS: f64 = 1.0;

/// A controller for the rate at which a ring is filled.
#[derive(Debug, Clone, Default)]
pub struct Drift {
    average_error: f64,
    integral: f64,
}

impl Drift {
    /// Takes the level of the ring, wanted and actual, in seconds, once every `step` seconds; the relative rate to
    /// fill it at.
    pub fn follow(&mut self, wanted: f64, actual: f64, step: f64) -> f64 {
        self.average_error += (wanted - actual - self.average_error) * (step / AVERAGE_SECONDS).min(1.0);
        self.integral = (self.integral + KI * self.average_error * step).clamp(-MOST, MOST);
        1.0 + (KP * self.average_error + self.integral).clamp(-MOST, MOST)
    }

    /// The level was set anew, so what was averaged is void; the difference of the clocks is not.
    pub fn settled(&mut self) {
        self.average_error = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_differs_by_300_ppm_is_followed_within_a_minute() {
        for ppm in [-300.0, 0.0, 300.0] {
            let mut drift = Drift::default();
            let (wanted, mut level) = (0.015, 0.015);
            let mut worst: f64 = 0.0;
            for step in 0..12_000 {
                let rate = drift.follow(wanted, level, 0.01);
                level += 0.01 * (rate - (1.0 + ppm * 1e-6));
                worst = worst.max((level - wanted).abs());
                assert!(step < 6_000 || (level - wanted).abs() < 0.0005, "{ppm}: {level} at {step}");
            }
            assert!(worst < 0.005, "{ppm}: {worst}");
        }
    }

    #[test]
    fn a_level_far_off_changes_the_rate_by_no_more_than_allowed() {
        let mut drift = Drift::default();
        for _ in 0..1000 {
            let rate = drift.follow(0.01, 1.0, 0.01);
            assert!((rate - 1.0).abs() <= MOST + 1e-12);
        }
    }
}
