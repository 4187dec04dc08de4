//! Speech or not: an energy detector over a tracked noise floor.
//!
//! It is sensitive on purpose: a missed onset costs a syllable, a false one a few packets. Energy is watched in two bands,
//! because a fricative that begins a word is far below the hum and rumble of a room in total energy and far above it
//! at high frequencies. The floor is the minimum of the last two seconds (Martin 2001, minimum statistics): speech pauses
//! more often than that, noise does not.

use crate::level::dbfs;

/// Samples of one decision: 10 ms at 48 kHz.
pub const HOP_SAMPLES: usize = 480;

/// How far above the floor speech is. White noise varies by 0.3 dB (one sigma) over a hop, and its minimum lies 1 dB lower.
const OVER_FLOOR_DB: f64 = 6.0;

/// What rises this far above the usual noise right before speech may already belong to it.
const HINT_DB: f64 = 3.0;

/// The usual noise is averaged over so many hops without speech (0.5 s).
const USUAL_HOPS: f64 = 50.0;

/// A floor above this is not believed: a steady tone or loud music is meant to be heard, and is no noise.
const HIGHEST_FLOOR_DB: f64 = -45.0;

/// The floor of the broad band is at least this: below it nothing is audible beside speech.
const LOWEST_FLOOR_DB: f64 = -72.0;

/// The same for the high band, whose energy in a quiet room is lower.
const LOWEST_HIGH_FLOOR_DB: f64 = -80.0;

/// The minimum is of the energy over this many hops (50 ms): rumble varies by 10 dB from one hop to the next.
const SMOOTH_HOPS: usize = 5;

/// The minimum is taken over this many windows …
const WINDOWS: usize = 16;
/// … of this many hops: 2 s.
const WINDOW_HOPS: usize = 12;

/// Until this many hops have passed (0.5 s) the minimum may be speech itself, so it is not believed.
const LEARNING_HOPS: usize = 50;

/// Tells speech from background, hop by hop.
#[derive(Debug, Clone)]
pub struct Detector {
    broad: Band,
    high: Band,
    /// State of the filters: last input and last output of the high-pass.
    last_in: f64,
    last_out: f64,
}

impl Default for Detector {
    fn default() -> Self {
        Self { broad: Band::new(LOWEST_FLOOR_DB), high: Band::new(LOWEST_HIGH_FLOOR_DB), last_in: 0.0, last_out: 0.0 }
    }
}

/// What a detector heard in a frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heard {
    /// There is speech in it.
    pub speech: bool,
    /// If speech begins right after this frame, or in it, how it may have begun before.
    pub rise: Rise,
}

/// Whether sound was rising before speech was certain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rise {
    /// Before speech, or before the end where there is none, there is nothing but the usual noise.
    #[default]
    None,
    /// It began within this frame.
    Within,
    /// It has been rising since the frame's start, so it may have begun before.
    FromStart,
}

impl Detector {
    /// Hears a frame of any length.
    pub fn hears(&mut self, frame: &[i16]) -> Heard {
        let mut heard = Heard { speech: false, rise: Rise::FromStart };
        for hop in frame.chunks(HOP_SAMPLES) {
            let (speech, hint) = self.hop(hop);
            // After the first hop of speech only the floor is still interested.
            if !heard.speech && !speech {
                heard.rise = match heard.rise {
                    _ if !hint => Rise::None,
                    Rise::None => Rise::Within,
                    rise => rise,
                };
            }
            heard.speech |= speech;
        }
        heard
    }

    /// The tracked noise floor of the broad band, dBFS.
    #[must_use]
    pub fn floor_db(&self) -> f64 {
        self.broad.floor_db()
    }

    /// Whether there is speech in a hop, and whether there is a hint of it.
    fn hop(&mut self, hop: &[i16]) -> (bool, bool) {
        // One pole at 120 Hz: exp(−2π·120/48000).
        const POLE: f64 = 0.9844;
        let (mut broad, mut high) = (0.0, 0.0);
        for &sample in hop {
            let input = f64::from(sample);
            let passed = input - self.last_in + POLE * self.last_out;
            // A first difference rises by 6 dB an octave: the band of fricatives.
            let difference = passed - self.last_out;
            self.last_in = input;
            self.last_out = passed;
            broad += passed * passed;
            high += difference * difference;
        }
        // Where the input is exactly nothing, what rings in the filters is not sound.
        if hop.iter().all(|&s| s == 0) {
            (broad, high) = (0.0, 0.0);
        }
        #[expect(clippy::cast_precision_loss, reason = "a hop is 480 samples")]
        let samples = hop.len() as f64;
        let (broad, high) = (broad / samples, high / samples);
        let hint = self.broad.hints(broad) || self.high.hints(high);
        // Not a short-circuit: each band has to hear each hop.
        let speech = self.broad.rises(broad) | self.high.rises(high);
        if !speech {
            self.broad.is_usual(broad);
            self.high.is_usual(high);
        }
        (speech, hint)
    }
}

#[derive(Debug, Clone)]
struct Band {
    lowest_db: f64,
    /// Minima of the last windows, the current one last.
    minima: [f64; WINDOWS],
    hops_in_window: usize,
    hops: usize,
    /// Energies of the last hops.
    recent: [f64; SMOOTH_HOPS],
    /// Mean square of hops without speech.
    usual: f64,
}

impl Band {
    fn new(lowest_db: f64) -> Self {
        Self {
            lowest_db,
            minima: [f64::INFINITY; WINDOWS],
            hops_in_window: 0,
            hops: 0,
            recent: [0.0; SMOOTH_HOPS],
            usual: 0.0,
        }
    }

    /// Takes the energy of a hop; whether it rises above the floor.
    fn rises(&mut self, energy: f64) -> bool {
        self.recent[self.hops % SMOOTH_HOPS] = energy;
        if self.hops_in_window == WINDOW_HOPS {
            self.minima.rotate_left(1);
            self.minima[WINDOWS - 1] = f64::INFINITY;
            self.hops_in_window = 0;
        }
        self.hops_in_window += 1;
        self.hops += 1;
        if self.hops >= SMOOTH_HOPS {
            let current = &mut self.minima[WINDOWS - 1];
            *current = current.min(db(self.recent.iter().sum::<f64>() / SMOOTH_HOPS as f64));
        }
        db(energy) > self.floor_db() + OVER_FLOOR_DB
    }

    fn hints(&self, energy: f64) -> bool {
        db(energy) > db(self.usual).max(self.lowest_db) + HINT_DB
    }

    fn is_usual(&mut self, energy: f64) {
        self.usual += (energy - self.usual) / USUAL_HOPS;
    }

    fn floor_db(&self) -> f64 {
        if self.hops < LEARNING_HOPS {
            return self.lowest_db;
        }
        let minimum = self.minima.iter().copied().fold(f64::INFINITY, f64::min);
        minimum.clamp(self.lowest_db, HIGHEST_FLOOR_DB)
    }
}

/// Level of a mean square, dBFS.
fn db(mean_square: f64) -> f64 {
    10.0 * mean_square.log10() - 20.0 * 32768f64.log10()
}

/// Whether a frame is nothing at all.
#[must_use]
pub fn is_digital_silence(frame: &[i16]) -> bool {
    dbfs(frame) == f64::NEG_INFINITY
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Noise, sine, test_speech};

    #[test]
    fn nothing_is_not_speech() {
        let mut detector = Detector::default();
        assert!((0..500).all(|_| !detector.hears(&[0; 480]).speech));
    }

    #[test]
    fn steady_noise_is_learnt_within_a_second_and_not_speech_after() {
        for level_db in [-70.0, -60.0, -50.0] {
            let mut detector = Detector::default();
            let mut noise = Noise::new(1);
            let heard: Vec<bool> = (0..1000).map(|_| detector.hears(&noise.frame(480, level_db)).speech).collect();
            assert!(heard[100..].iter().all(|&speech| !speech), "{level_db} dB");
        }
    }

    #[test]
    fn a_loud_steady_tone_never_becomes_background() {
        let mut detector = Detector::default();
        let tone = sine(48_000 * 10, 200.0, -20.0);
        assert!(tone.chunks(480).all(|hop| detector.hears(hop).speech));
    }

    #[test]
    fn a_hiss_is_heard_over_a_hum_of_more_energy() {
        let mut detector = Detector::default();
        let mut noise = Noise::new(2);
        let hum = sine(48_000 * 3, 100.0, -40.0);
        for hop in hum.chunks(480) {
            detector.hears(hop);
        }
        let hiss: Vec<i16> = noise.frame(480, -52.0).iter().zip(&hum).map(|(a, b)| a + b).collect();
        assert!(detector.hears(&hiss).speech);
    }

    #[test]
    fn what_rises_before_speech_is_told_from_the_usual_noise() {
        let rise = |ramp: [f64; 4]| {
            let mut detector = Detector::default();
            let mut noise = Noise::new(3);
            for _ in 0..200 {
                detector.hears(&noise.frame(480, -60.0));
            }
            ramp.chunks(2)
                .map(|levels| {
                    let frame: Vec<i16> = levels.iter().flat_map(|&db| noise.frame(480, db)).collect();
                    detector.hears(&frame)
                })
                .collect::<Vec<Heard>>()
        };
        let heard = |speech, rise| Heard { speech, rise };
        assert_eq!(rise([-60.0, -60.0, -60.0, -40.0]), [heard(false, Rise::None), heard(true, Rise::None)]);
        assert_eq!(rise([-60.0, -60.0, -40.0, -40.0]), [heard(false, Rise::None), heard(true, Rise::FromStart)]);
        assert_eq!(rise([-60.0, -55.5, -40.0, -40.0]), [heard(false, Rise::Within), heard(true, Rise::FromStart)]);
        assert_eq!(rise([-55.5, -55.5, -40.0, -40.0]), [heard(false, Rise::FromStart), heard(true, Rise::FromStart)]);
        assert_eq!(rise([-55.5, -60.0, -55.5, -40.0]), [heard(false, Rise::None), heard(true, Rise::FromStart)]);
    }

    #[test]
    fn every_sentence_is_heard_from_its_first_sound_whatever_the_noise() {
        for (index, speech) in test_speech().into_iter().enumerate() {
            for noise_db in [f64::NEG_INFINITY, -65.0, -55.0] {
                let mut detector = Detector::default();
                let mut noise = Noise::new(index as u64);
                let mut signal: Vec<i16> = vec![0; 48_000];
                signal.extend(&speech);
                for (sample, noise) in signal.iter_mut().zip(noise.frame(48_000 + speech.len(), noise_db)) {
                    *sample = sample.saturating_add(noise);
                }
                let heard: Vec<bool> = signal.chunks(480).map(|hop| detector.hears(hop).speech).collect();
                // The first hop that is plainly speech; the recordings' own background is at −50 ± 6 dB.
                let levels: Vec<f64> = speech.chunks(480).map(dbfs).collect();
                let onset = levels.iter().position(|&db| db > -38.0).unwrap();
                // 40 ms of pre-roll reach back from the decision.
                let decision = heard[100 - 4..].iter().position(|&speech| speech).unwrap();
                assert!(decision <= onset + 4 + 2, "sentence {index} in {noise_db} dB: {decision} after {onset}");
            }
        }
    }
}
