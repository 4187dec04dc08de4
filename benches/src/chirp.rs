//! Chirps, and finding them by cross-correlation.

use std::f32::consts::TAU;

use realfft::{RealFftPlanner, num_complex::Complex};

use crate::RATE;

/// Samples of a chirp, 20 ms.
pub const LENGTH: usize = 960;

const FROM_HZ: f32 = 400.0;
const TO_HZ: f32 = 6000.0;
const PEAK: f32 = 0.5;

/// Samples over which a chirp rises and falls, 2 ms.
const EDGE: usize = 96;

/// A linear chirp: its autocorrelation is one narrow peak.
#[must_use]
pub fn chirp() -> Vec<f32> {
    let length = LENGTH as f32;
    (0..LENGTH)
        .map(|n| {
            let edge = n.min(LENGTH - 1 - n).min(EDGE) as f32 / EDGE as f32;
            let n = n as f32;
            let phase = FROM_HZ * n + (TO_HZ - FROM_HZ) * n * n / (2.0 * length);
            PEAK * (edge * TAU / 4.0).sin().powi(2) * (phase / RATE * TAU).sin()
        })
        .collect()
}

/// Where in `signal` the pattern fits best, and how well: 1 is a scaled copy, noise is near 0.
#[must_use]
pub fn locate(signal: &[f32], pattern: &[f32]) -> Option<(usize, f32)> {
    let places = (signal.len() + 1).checked_sub(pattern.len()).filter(|&places| places > 0)?;
    let products = correlate(signal, pattern);
    let pattern_energy = energy(pattern);
    let mut window_energy = energy(&signal[..pattern.len()]);
    let mut best: Option<(usize, f32)> = None;
    for at in 0..places {
        // Under the energy of −70 dBFS there is no pattern, only rounding to be divided by.
        let norm = (pattern_energy * window_energy.max(1e-7 * pattern.len() as f64)).sqrt();
        let likeness = (f64::from(products[at]) / norm) as f32;
        if best.is_none_or(|(_, highest)| likeness > highest) {
            best = Some((at, likeness));
        }
        if let Some(entering) = signal.get(at + pattern.len()) {
            window_energy += f64::from(*entering).powi(2) - f64::from(signal[at]).powi(2);
        }
    }
    best
}

/// Σ signal[at + n] · pattern[n] for each `at`, by way of the spectrum.
fn correlate(signal: &[f32], pattern: &[f32]) -> Vec<f32> {
    let size = (signal.len() + pattern.len()).next_power_of_two();
    let mut planner = RealFftPlanner::<f32>::new();
    let forward = planner.plan_fft_forward(size);
    let spectrum = |input: &[f32]| -> Vec<Complex<f32>> {
        let mut padded = input.to_vec();
        padded.resize(size, 0.0);
        let mut output = forward.make_output_vec();
        forward.process(&mut padded, &mut output).expect("lengths are those of the plan");
        output
    };
    let mut product: Vec<_> =
        spectrum(signal).iter().zip(spectrum(pattern)).map(|(s, p)| s * p.conj() / size as f32).collect();
    let inverse = planner.plan_fft_inverse(size);
    let mut output = inverse.make_output_vec();
    inverse.process(&mut product, &mut output).expect("lengths are those of the plan");
    output
}

fn energy(signal: &[f32]) -> f64 {
    signal.iter().map(|x| f64::from(*x).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use relay_engine::Ptime;

    use super::*;
    use crate::{listener::decode_all, rng::Rng, talker, tone};

    fn chirp_at(start: usize) -> Vec<f32> {
        let mut signal = tone::noise(-50.0, 24_000, &mut Rng::new(start as u64));
        for (sample, chirp) in signal[start..].iter_mut().zip(chirp()) {
            *sample += chirp;
        }
        signal
    }

    #[test]
    fn a_chirp_is_found_to_the_sample_in_noise_and_through_opus() {
        for start in [0, 1, 777, 9_600, 23_040] {
            let (at, likeness) = locate(&chirp_at(start), &chirp()).expect("long enough");
            assert_eq!(at, start);
            assert!(likeness > 0.95, "{likeness}");
        }
        for start in [960, 1_500, 12_345] {
            let heard = decode_all(&talker::encode(&chirp_at(start), Ptime::Ms20), Ptime::Ms20);
            let (at, likeness) = locate(&heard, &chirp()).expect("long enough");
            // Restricted low delay looks 120 samples ahead.
            assert!(at.abs_diff(start + 120) <= 1 && likeness > 0.9, "{at} for {start}, {likeness}");
        }
    }

    #[test]
    fn noise_and_silence_are_not_like_a_chirp() {
        for signal in [tone::noise(-20.0, 24_000, &mut Rng::new(9)), vec![0.0; 24_000]] {
            let (_, likeness) = locate(&signal, &chirp()).expect("long enough");
            assert!(likeness < 0.3, "{likeness}");
        }
        assert_eq!(locate(&[0.0; LENGTH - 1], &chirp()), None);
    }
}
