//! From a 32-bit sum to 16 bits, without ever wrapping and without delay.
//!
//! A whole frame is there at once, so the gain can come down before the peak inside it. Only where a peak stands at
//! the very start of a frame the gain has no time: there the signal is clipped, for at most one segment.

/// −1 dBFS.
pub(crate) const CEILING: f32 = 29_204.0;

/// The gain runs linearly between the ends of segments of 2.5 ms.
const SEGMENT: usize = 120;

/// Growth of the gain per segment on its way back: 6 dB in 125 ms.
const RELEASE: f32 = 1.014;

/// The state of one signal's limiter.
#[derive(Debug, Clone)]
pub struct Limiter {
    gain: f32,
}

impl Default for Limiter {
    fn default() -> Self {
        Self { gain: 1.0 }
    }
}

impl Limiter {
    /// The gain at the end of the last frame, 1 at most.
    #[must_use]
    pub fn gain(&self) -> f32 {
        self.gain
    }

    /// Whether it has nothing to take back.
    #[must_use]
    pub fn rests(&self) -> bool {
        self.gain >= 1.0
    }

    /// Narrows a frame (a multiple of 2.5 ms).
    #[expect(clippy::cast_possible_truncation, reason = "clamped to 16 bits")]
    pub fn process(&mut self, sum: &[i32], frame: &mut [i16]) {
        let mut segments = sum.chunks(SEGMENT).peekable();
        let mut allowed = segments.peek().map_or(1.0, |first| allowed_gain(first));
        for out in frame.chunks_mut(SEGMENT) {
            let Some(segment) = segments.next() else { break };
            let next_allowed = segments.peek().map_or(1.0, |next| allowed_gain(next));
            let end = (self.gain * RELEASE).min(1.0).min(allowed).min(next_allowed);
            if self.gain >= 1.0 && end >= 1.0 {
                for (out, &sum) in out.iter_mut().zip(segment) {
                    *out = sum.clamp(-32_768, 32_767) as i16;
                }
            } else {
                let step = (end - self.gain) / SEGMENT as f32;
                for (i, (out, &sum)) in out.iter_mut().zip(segment).enumerate() {
                    let gain = self.gain + step * i as f32;
                    *out = (sum as f32 * gain).clamp(-CEILING, CEILING) as i16;
                }
            }
            self.gain = end;
            allowed = next_allowed;
        }
    }
}

/// The largest gain at which a segment stays under the ceiling.
fn allowed_gain(segment: &[i32]) -> f32 {
    let peak = segment.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0);
    #[expect(clippy::cast_precision_loss, reason = "a peak to seven digits")]
    let peak = peak as f32;
    if peak <= CEILING { 1.0 } else { CEILING / peak }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a test tone")]
    fn tone(amplitude: f32, start: usize) -> Vec<i32> {
        (start..start + 960)
            .map(|i| (amplitude * (std::f32::consts::TAU * 200.0 * i as f32 / 48_000.0).sin()) as i32)
            .collect()
    }

    fn run(amplitude: f32, frames: usize) -> Vec<i16> {
        let mut limiter = Limiter::default();
        let mut all = Vec::new();
        for n in 0..frames {
            let mut frame = [0; 960];
            limiter.process(&tone(amplitude, n * 960), &mut frame);
            all.extend_from_slice(&frame);
        }
        all
    }

    #[test]
    fn a_signal_under_the_ceiling_passes_untouched() {
        let out = run(20_000.0, 3);
        let wanted: Vec<i32> = (0..3).flat_map(|n| tone(20_000.0, n * 960)).collect();
        assert!(out.iter().zip(&wanted).all(|(a, b)| i32::from(*a) == *b));
    }

    #[test]
    fn eight_full_scale_tones_never_wrap_and_settle_under_the_ceiling() {
        let out = run(8.0 * 32_767.0, 20);
        let step = out.windows(2).map(|w| (i32::from(w[0]) - i32::from(w[1])).abs()).max().expect("not empty");
        assert!(step < 9_800, "{step}");
        let peak = out[9_600..].iter().map(|s| s.unsigned_abs()).max().expect("not empty");
        assert!((23_000..=29_205).contains(&peak), "{peak}");
    }

    #[test]
    fn the_gain_comes_back_after_a_peak() {
        let mut limiter = Limiter::default();
        let mut frame = [0; 960];
        limiter.process(&tone(100_000.0, 0), &mut frame);
        for n in 1..50 {
            limiter.process(&tone(1_000.0, n * 960), &mut frame);
        }
        assert!((limiter.gain - 1.0).abs() < 1e-6);
    }

    #[test]
    fn the_extremes_of_32_bits_are_clipped_not_wrapped() {
        let mut limiter = Limiter::default();
        let mut frame = [0; 240];
        let mut sum = [i32::MAX; 240];
        sum[120..].fill(i32::MIN);
        limiter.process(&sum, &mut frame);
        assert!(frame[..120].iter().all(|&s| s > 0));
        assert!(frame[121..].iter().all(|&s| s < 0));
    }
}
