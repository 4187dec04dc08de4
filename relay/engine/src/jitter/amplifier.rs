//! A stream at the gain beside its packets. What gets louder is held under the ceiling that a mix is held under, so that
//! a voice sounds the same on both sides of a seam.

use crate::limiter::Limiter;

/// Over so many samples, 10 ms, one gain becomes the next.
const GLIDE: usize = 480;

/// The gain of one stream, from packet to packet.
#[derive(Debug)]
pub(super) struct Amplifier {
    /// Linear, at the end of the last frame.
    gain: f32,
    limiter: Limiter,
    /// Samples at the gain, before they are limited.
    amplified: Vec<i32>,
}

impl Default for Amplifier {
    fn default() -> Self {
        Self { gain: 1.0, limiter: Limiter::default(), amplified: Vec::new() }
    }
}

impl Amplifier {
    /// What the signal is scaled by now, all in all.
    pub fn level(&self) -> f32 {
        self.gain * self.limiter.gain()
    }

    /// Scales a frame by the gain beside its packet, from the last one on where the signal `goes_on` from that.
    pub fn play(&mut self, frame: &mut [i16], half_db: i8, goes_on: bool) {
        let wanted = if half_db == 0 { 1.0 } else { 10f32.powf(f32::from(half_db) / 40.0) };
        if !goes_on {
            *self = Self { gain: wanted, amplified: std::mem::take(&mut self.amplified), ..Self::default() };
        }
        let from = std::mem::replace(&mut self.gain, wanted);
        self.scale(frame, GLIDE.min(frame.len()), from, wanted);
    }

    /// Scales concealment, which is as loud as what it follows but for a fade from one gain to another.
    pub fn fade(&mut self, samples: &mut [i16], from: f32, to: f32) {
        self.scale(samples, samples.len(), from * self.gain, to * self.gain);
    }

    /// By a gain that goes linearly from `from` to `to` over `length` samples and stays there.
    fn scale(&mut self, samples: &mut [i16], length: usize, from: f32, to: f32) {
        #[expect(clippy::float_cmp, reason = "both are exactly 1 where no gain was ever asked for")]
        if from == 1.0 && to == 1.0 && self.limiter.rests() {
            return;
        }
        self.amplified.clear();
        self.amplified.extend(samples.iter().enumerate().map(|(i, &sample)| {
            #[expect(clippy::cast_precision_loss, reason = "a few hundred samples")]
            let share = (i as f32 / length.max(1) as f32).min(1.0);
            scaled(sample, from + (to - from) * share)
        }));
        if from > 1.0 || to > 1.0 || !self.limiter.rests() {
            self.limiter.process(&self.amplified, samples);
        } else {
            for (sample, &softer) in samples.iter_mut().zip(&self.amplified) {
                *sample = i16::try_from(softer).unwrap_or(*sample);
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "16 bits at the most that a header says, 63.5 dB, are 27")]
fn scaled(sample: i16, gain: f32) -> i32 {
    (f32::from(sample) * gain).round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limiter::CEILING;

    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a test tone")]
    fn tone(amplitude: f32, frame: usize) -> Vec<i16> {
        let sample = |i: usize| amplitude * (std::f32::consts::TAU * 200.0 * i as f32 / 48_000.0).sin();
        (frame * 960..(frame + 1) * 960).map(|i| sample(i) as i16).collect()
    }

    fn peak(samples: &[i16]) -> u16 {
        samples.iter().map(|s| s.unsigned_abs()).max().expect("not empty")
    }

    #[test]
    fn what_nobody_asked_to_be_louder_or_softer_stays_as_it_is() {
        let mut frame = tone(32_767.0, 0);
        Amplifier::default().play(&mut frame, 0, true);
        assert_eq!(frame, tone(32_767.0, 0));
    }

    #[test]
    fn a_loud_voice_that_is_made_louder_keeps_its_shape_under_the_ceiling() {
        let mut amplifier = Amplifier::default();
        let mut last = Vec::new();
        for n in 0..20 {
            last = tone(20_000.0, n);
            amplifier.play(&mut last, 24, true);
            assert!(n == 0 || f32::from(peak(&last)) <= CEILING, "frame {n}: {}", peak(&last));
        }
        // Clipped, a sine spends much of its time at the ceiling.
        let at_the_top = last.iter().filter(|s| s.unsigned_abs() > 28_000).count();
        assert!(peak(&last) > 26_000 && at_the_top < last.len() / 5, "{} {at_the_top}", peak(&last));
    }

    #[test]
    fn what_is_made_softer_is_not_limited_and_goes_there_within_10_ms() {
        let mut amplifier = Amplifier::default();
        let mut frame = vec![32_000; 960];
        amplifier.play(&mut frame, -12, true);
        assert_eq!((frame[0], frame[480..].iter().all(|&s| s == 16_038)), (32_000, true));
        assert!((amplifier.level() - 0.5012).abs() < 1e-4);
    }

    #[test]
    fn what_does_not_go_on_from_a_limited_voice_is_not_limited_for_it() {
        let mut amplifier = Amplifier::default();
        for n in 0..20 {
            amplifier.play(&mut tone(20_000.0, n), 24, true);
        }
        let mut mixed = tone(20_000.0, 20);
        amplifier.play(&mut mixed, 0, false);
        assert_eq!(mixed, tone(20_000.0, 20));
    }

    #[test]
    fn concealment_is_as_loud_as_the_voice_was_and_as_limited() {
        let mut amplifier = Amplifier::default();
        for n in 0..20 {
            amplifier.play(&mut tone(20_000.0, n), 24, true);
        }
        let mut concealed = tone(20_000.0, 20);
        amplifier.fade(&mut concealed, 1.0, 0.5);
        assert!((26_000.0..=CEILING).contains(&f32::from(peak(&concealed))), "{}", peak(&concealed));
        assert!(peak(&concealed[720..]) < 26_000);
    }
}
