//! Counts the slots in which a steady tone is damaged.

use std::f32::consts::TAU;

use crate::RATE;

/// The tone: 10.125 periods in a window, so that neither a repeated nor a left-out window fits by chance.
pub const TONE_HZ: f32 = 1012.5;

/// 20 ms.
pub const SLOT: usize = 960;

/// 10 ms.
pub const WINDOW: usize = 480;

/// A window is damaged when it is more than 3 dB under the steady level.
const DROP_DB: f32 = 3.0;

/// A window is damaged when its phase is more than this away from the window before.
const STEP_DEGREES: f32 = 30.0;

/// What became of a steady tone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slots {
    /// Slots of 20 ms in the signal.
    pub total: usize,
    /// Slots with a damaged window.
    pub bad: usize,
    /// Amplitude of the median window.
    pub steady: f32,
}

/// Counts slots of 20 ms in which a 10 ms window of the tone drops by more than 3 dB from its steady level or steps by more than 30°
/// from the last window that had not dropped (after a hole, so that one hole is not counted twice).
#[must_use]
pub fn count(signal: &[f32]) -> Slots {
    let windows: Vec<(f32, f32)> =
        signal.chunks_exact(WINDOW).enumerate().map(|(i, window)| demodulate(window, i * WINDOW)).collect();
    let mut amplitudes: Vec<f32> = windows.iter().map(|w| w.0).collect();
    amplitudes.sort_by(f32::total_cmp);
    let steady = amplitudes.get(amplitudes.len() / 2).copied().unwrap_or(0.0);
    let floor = steady * 10f32.powf(-DROP_DB / 20.0);

    let mut reference: Option<f32> = None;
    let damaged: Vec<bool> = windows
        .iter()
        .map(|&(amplitude, phase)| {
            if amplitude < floor {
                return true;
            }
            let step = reference.replace(phase).map_or(0.0, |before| difference_degrees(before, phase));
            step > STEP_DEGREES
        })
        .collect();
    let slots = damaged.chunks_exact(SLOT / WINDOW);
    Slots { total: slots.len(), bad: slots.filter(|slot| slot.contains(&true)).count(), steady }
}

/// Amplitude and phase (radians) of the tone in a window that begins at sample `start`.
fn demodulate(window: &[f32], start: usize) -> (f32, f32) {
    let (mut real, mut imaginary) = (0.0, 0.0);
    for (n, sample) in (start..).zip(window) {
        let phase = (n as f64 * f64::from(TONE_HZ) / f64::from(RATE)).fract() as f32 * TAU;
        real += sample * phase.cos();
        imaginary -= sample * phase.sin();
    }
    (2.0 * real.hypot(imaginary) / window.len() as f32, imaginary.atan2(real))
}

fn difference_degrees(a: f32, b: f32) -> f32 {
    let difference = (a - b).rem_euclid(TAU);
    difference.min(TAU - difference).to_degrees()
}

#[cfg(test)]
mod tests {
    use relay_engine::Ptime;

    use super::*;
    use crate::{listener::decode_all, rng::Rng, talker, tone};

    const SECOND: usize = 48_000;

    fn clean(seconds: usize) -> Vec<f32> {
        tone::sine(TONE_HZ, 0.25, seconds * SECOND)
    }

    fn through_opus(signal: &[f32]) -> Vec<f32> {
        // The first packets are the codec's own start.
        decode_all(&talker::encode(signal, Ptime::Ms20), Ptime::Ms20).split_off(4800)
    }

    fn bad(signal: &[f32]) -> usize {
        count(signal).bad
    }

    #[test]
    fn a_clean_tone_has_no_bad_slot() {
        let slots = count(&clean(30));
        assert_eq!((slots.total, slots.bad), (1500, 0));
        assert!((slots.steady - 0.25).abs() < 0.005);
        assert_eq!(bad(&through_opus(&clean(10))), 0);
    }

    #[test]
    fn quiet_noise_beside_the_tone_is_no_damage() {
        let noise = tone::noise(-40.0, 10 * SECOND, &mut Rng::new(5));
        let signal: Vec<f32> = clean(10).iter().zip(noise).map(|(a, b)| a + b).collect();
        assert_eq!(bad(&through_opus(&signal)), 0);
    }

    #[test]
    fn a_hole_is_as_many_bad_slots_as_it_touches() {
        for (start, expected) in [(96_000, 1), (96_480, 2)] {
            let mut signal = clean(4);
            signal[start..start + SLOT].fill(0.0);
            assert_eq!(bad(&signal), expected, "{start}");
            assert!((1..=2).contains(&bad(&through_opus(&signal))), "{start}");
        }
    }

    #[test]
    fn a_hole_of_five_milliseconds_is_one_bad_slot() {
        let mut signal = clean(4);
        signal[96_100..96_340].fill(0.0);
        assert_eq!(bad(&signal), 1);
    }

    #[test]
    fn a_phase_jump_is_one_bad_slot_and_a_slow_drift_is_none() {
        let jumped = |samples: usize| {
            let mut signal = clean(4);
            signal.drain(96_000..96_000 + samples);
            signal
        };
        // 6 samples are 46° of this tone, 3 are 23°.
        assert_eq!((bad(&jumped(6)), bad(&jumped(3))), (1, 0));
        assert_eq!((bad(&through_opus(&jumped(6))), bad(&through_opus(&jumped(3)))), (1, 0));
        // 300 ppm are 1.1° a window.
        assert_eq!(bad(&tone::sine(TONE_HZ * 1.0003, 0.25, 10 * SECOND)), 0);
    }

    #[test]
    fn leaving_out_whole_periods_is_no_damage_and_leaving_out_20_ms_is() {
        let without = |samples: usize| {
            let mut signal = clean(4);
            signal.drain(96_100..96_100 + samples);
            signal
        };
        // Two periods are 94.8 samples; 20 ms are 20.25 periods.
        assert_eq!((bad(&without(95)), bad(&without(SLOT))), (0, 1));
    }

    #[test]
    fn silence_has_no_steady_level() {
        assert_eq!(count(&[0.0; 4800]).steady, 0.0);
    }
}
