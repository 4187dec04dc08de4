//! Signals the benches send: tones, tone bursts, noise. All are 48 kHz, full scale is 1.

use std::f32::consts::TAU;

use crate::{RATE, rng::Rng};

/// Samples in which a burst rises and falls: short enough for an onset to be an instant, long enough not to click.
const EDGE_SAMPLES: usize = 48;

/// The amplitude of that many dB relative to full scale.
#[must_use]
pub fn amplitude(dbfs: f32) -> f32 {
    10f32.powf(dbfs / 20.0)
}

/// A steady sine.
#[must_use]
pub fn sine(frequency_hz: f32, amplitude: f32, samples: usize) -> Vec<f32> {
    // The phase in f64: after a minute an f32 would be off by degrees.
    let step = f64::from(frequency_hz) / f64::from(RATE);
    (0..samples).map(|n| amplitude * ((n as f64 * step).fract() as f32 * TAU).sin()).collect()
}

/// White noise of that level (root mean square).
#[must_use]
pub fn noise(rms_dbfs: f32, samples: usize, rng: &mut Rng) -> Vec<f32> {
    // Uniform noise of peak 1 has a root mean square of 1/√3.
    let peak = amplitude(rms_dbfs) * 3f32.sqrt();
    (0..samples).map(|_| peak * rng.symmetric()).collect()
}

/// Adds a burst that begins at sample `start`: a sine with edges of 1 ms.
pub fn add_burst(signal: &mut [f32], start: usize, length: usize, frequency_hz: f32, amplitude: f32) {
    let burst = sine(frequency_hz, amplitude, length);
    for (n, (sample, tone)) in signal[start..].iter_mut().zip(burst).enumerate() {
        let edge = n.min(length - 1 - n);
        let gain =
            if edge < EDGE_SAMPLES { (edge as f32 / EDGE_SAMPLES as f32 * TAU / 4.0).sin().powi(2) } else { 1.0 };
        *sample += gain * tone;
    }
}

/// As 16-bit PCM, limited to full scale.
#[must_use]
pub fn to_pcm(signal: &[f32]) -> Vec<i16> {
    // A saturating cast is what is meant by limiting.
    signal.iter().map(|x| (x * 32_768.0).round() as i16).collect()
}

/// From 16-bit PCM.
#[must_use]
pub fn from_pcm(pcm: &[i16]) -> Vec<f32> {
    pcm.iter().map(|&x| f32::from(x) / 32_768.0).collect()
}

/// Root mean square of a signal, dB relative to full scale; silence is −∞.
#[must_use]
pub fn rms_dbfs(signal: &[f32]) -> f32 {
    let power = signal.iter().map(|x| x * x).sum::<f32>() / signal.len().max(1) as f32;
    10.0 * power.log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_what_they_say() {
        assert!((rms_dbfs(&noise(-40.0, 48_000, &mut Rng::new(1))) + 40.0).abs() < 0.2);
        // A sine's root mean square is 3 dB below its peak.
        assert!((rms_dbfs(&sine(1012.5, amplitude(-12.0), 48_000)) + 15.01).abs() < 0.02);
        assert_eq!(rms_dbfs(&[0.0; 10]), f32::NEG_INFINITY);
    }

    #[test]
    fn a_burst_is_silent_before_and_after_and_full_inside() {
        let mut signal = vec![0.0; 9600];
        add_burst(&mut signal, 1000, 4800, 800.0, 0.5);
        assert!(signal[..=1000].iter().chain(&signal[5800..]).all(|&x| x == 0.0));
        assert!((rms_dbfs(&signal[1060..5740]) + 9.03).abs() < 0.1);
    }

    #[test]
    fn what_is_over_full_scale_is_limited() {
        assert_eq!(to_pcm(&[0.0, 1.5, -1.5, -1.0]), [0, i16::MAX, i16::MIN, i16::MIN]);
    }
}
