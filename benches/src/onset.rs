//! Finds where tone bursts begin.

use std::f32::consts::TAU;

use crate::RATE;

/// Samples of a window, 2.5 ms. Tones at multiples of 400 Hz do not see each other in it, so several talkers' bursts
/// are told apart even where they overlap.
pub const WINDOW: usize = 120;

/// Frequencies of the talkers' bursts: whole periods per window, and low enough to survive any codec.
pub const FREQUENCIES_HZ: [f32; 4] = [800.0, 1600.0, 2400.0, 3200.0];

/// A burst's amplitude must get over this: −32 dBFS, well over the talkers' background.
const TRIGGER: f32 = 0.025;

/// The plateau of a burst is looked for in the 20 ms after the trigger, and must last this long. What the edges of other
/// talkers' bursts leave in this frequency does not.
const PLATEAU_SAMPLES: usize = 960;

/// This share of the plateau is near its level: more may be missing where the relay conceals.
const SUSTAINED: f32 = 0.75;

/// The samples at which bursts of that frequency begin: where the amplitude passes half the plateau, less what the window
/// delays it. Within 0.5 ms of the truth alone, 1.5 ms among others' bursts, also through Opus (see the tests). Opus's own
/// delay is part of the signal.
#[must_use]
pub fn onsets(signal: &[f32], frequency_hz: f32) -> Vec<usize> {
    let envelope = envelope(signal, frequency_hz);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(trigger) = (at..envelope.len()).find(|&n| envelope[n] > TRIGGER) {
        let ahead = trigger..envelope.len().min(trigger + PLATEAU_SAMPLES);
        let half = envelope[ahead.clone()].iter().copied().fold(0.0, f32::max) / 2.0;
        let rise = ahead.clone().find(|&n| envelope[n] >= half).unwrap_or(trigger);
        if sustained(&envelope[rise..], half) {
            found.push(rise.saturating_sub(WINDOW / 2));
            at = (rise + PLATEAU_SAMPLES..envelope.len()).find(|&n| envelope[n] < TRIGGER).unwrap_or(envelope.len());
        } else {
            at = rise + WINDOW;
        }
    }
    found
}

fn sustained(envelope: &[f32], level: f32) -> bool {
    let plateau = &envelope[envelope.len().min(WINDOW)..envelope.len().min(WINDOW + PLATEAU_SAMPLES)];
    let near = plateau.iter().filter(|&&amplitude| amplitude >= level).count();
    near as f32 >= SUSTAINED * PLATEAU_SAMPLES as f32
}

/// Amplitude of the frequency in the window that ends with each sample: a sliding discrete Fourier transform.
fn envelope(signal: &[f32], frequency_hz: f32) -> Vec<f32> {
    let bins = (frequency_hz * WINDOW as f32 / RATE).round() as usize;
    debug_assert!((bins as f32 * RATE / WINDOW as f32 - frequency_hz).abs() < 0.01, "not a whole number of periods");
    // The products repeat with the window, so what leaves is subtracted exactly as it came in; f64 keeps the rest from adding up.
    let carrier: Vec<(f64, f64)> = (0..WINDOW)
        .map(|n| f64::from(TAU) * ((n * bins) % WINDOW) as f64 / WINDOW as f64)
        .map(|phase| (phase.cos(), phase.sin()))
        .collect();
    let (mut real, mut imaginary) = (0.0f64, 0.0f64);
    (0..signal.len())
        .map(|n| {
            let (cos, sin) = carrier[n % WINDOW];
            let change = f64::from(signal[n]) - if n >= WINDOW { f64::from(signal[n - WINDOW]) } else { 0.0 };
            real += change * cos;
            imaginary += change * sin;
            (2.0 * real.hypot(imaginary) / WINDOW as f64) as f32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use relay_engine::Ptime;

    use super::*;
    use crate::{listener::decode_all, rng::Rng, talker, tone};

    /// Opus with restricted low delay looks 2.5 ms ahead.
    const OPUS_DELAY: usize = 120;
    const HALF_A_MILLISECOND: usize = 24;

    fn bursts(starts: &[usize], frequency_hz: f32, seed: u64) -> Vec<f32> {
        let mut signal = tone::noise(-40.0, 96_000, &mut Rng::new(seed));
        for &start in starts {
            tone::add_burst(&mut signal, start, 3840, frequency_hz, 0.2);
        }
        signal
    }

    fn sum(signals: &[Vec<f32>]) -> Vec<f32> {
        (0..signals[0].len()).map(|n| signals.iter().map(|s| s[n]).sum()).collect()
    }

    fn assert_near(found: &[usize], truth: impl Iterator<Item = usize>, tolerance: usize) {
        let truth: Vec<usize> = truth.collect();
        assert_eq!(found.len(), truth.len(), "{found:?} for {truth:?}");
        for (found, truth) in found.iter().zip(truth) {
            assert!(found.abs_diff(truth) <= tolerance, "{found} for {truth}");
        }
    }

    #[test]
    fn onsets_are_found_to_half_a_millisecond() {
        let starts = [240, 20_000, 39_777, 60_123, 92_000];
        assert_near(&onsets(&bursts(&starts, 800.0, 1), 800.0), starts.into_iter(), HALF_A_MILLISECOND);
    }

    #[test]
    fn noise_and_another_talkers_bursts_are_not_onsets() {
        assert!(onsets(&tone::noise(-40.0, 480_000, &mut Rng::new(3)), 800.0).is_empty());
        let other = bursts(&[10_000, 20_000], 1600.0, 1);
        assert!(onsets(&other, 800.0).is_empty());
    }

    #[test]
    fn three_talkers_overlapping_bursts_through_opus_twice_are_told_apart() {
        let starts = [[4800, 20_240, 50_000], [5100, 22_000, 50_000], [6000, 24_000, 50_000]];
        let talkers: Vec<Vec<f32>> = starts
            .iter()
            .zip(FREQUENCIES_HZ)
            .enumerate()
            .map(|(seed, (starts, frequency))| {
                decode_all(&talker::encode(&bursts(starts, frequency, seed as u64), Ptime::Ms20), Ptime::Ms20)
            })
            .collect();
        let heard = decode_all(&talker::encode(&sum(&talkers), Ptime::Ms20), Ptime::Ms20);
        for (starts, frequency) in starts.iter().zip(FREQUENCIES_HZ) {
            assert_near(&onsets(&heard, frequency), starts.iter().map(|s| s + 2 * OPUS_DELAY), 3 * HALF_A_MILLISECOND);
        }
    }
}
