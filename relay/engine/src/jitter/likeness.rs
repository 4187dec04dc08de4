//! Where one signal is most like another: the search behind every cut and every joint.
//!
//! It is the dearest thing that a jitter buffer does, and one whose link is unsteady does it with every packet. So samples
//! are laid out in a row for the processor's vector unit, and the energy under the pattern is carried along from place to
//! place instead of being added up anew.

use std::ops::RangeInclusive;

/// The first search is on every third sample (16 kHz); on fewer it misses the best period of a voice now and then.
const COARSE: usize = 3;

/// The longest pattern, and the longest signal on every third sample.
const LONGEST: usize = 640;

/// Sums that are kept side by side: as many as the vector units of today take at once, or a multiple.
const LANES: usize = 16;

/// The one of `places` from which on `signal` is most like `pattern`, and how much: normalised correlation, 1 is equal and 0
/// unrelated. `pattern` has at most 640 samples; from the last place on it is as long as the pattern.
pub(super) fn most_alike(pattern: &[i16], signal: &[i16], places: RangeInclusive<usize>) -> (usize, f32) {
    let (first, last) = places.into_inner();
    let (coarse, _) = search::<COARSE>(pattern, &signal[first..], last - first);
    let around = first + coarse;
    let (from, to) = (around.saturating_sub(COARSE).max(first), (around + COARSE).min(last));
    let (place, likeness) = search::<1>(pattern, &signal[from..], to - from);
    (from + place, likeness)
}

/// Compares every `STEP`-th sample at every `STEP`-th place up to `last`.
fn search<const STEP: usize>(pattern: &[i16], signal: &[i16], last: usize) -> (usize, f32) {
    let (mut pattern_room, mut signal_room) = ([0.0; LONGEST], [0.0; LONGEST]);
    let signal = thin::<STEP>(&signal[..last + pattern.len()], &mut signal_room);
    let pattern = thin::<STEP>(pattern, &mut pattern_room);
    let length = pattern.len();
    // Never zero: silence is like nothing.
    let energy = |samples: &[f32]| 1.0 + samples.iter().map(|&sample| square(sample)).sum::<f64>();
    let own = energy(pattern);
    let mut under = energy(&signal[..length]);
    let mut best = (0, f32::NEG_INFINITY);
    for place in 0..=last / STEP {
        #[expect(clippy::cast_possible_truncation, reason = "a ratio")]
        let likeness = (f64::from(dot(pattern, &signal[place..][..length])) / (own * under).sqrt()) as f32;
        if likeness > best.1 {
            best = (place * STEP, likeness);
        }
        // Squares of 16-bit samples are whole numbers, so nothing is lost on the way.
        under += signal.get(place + length).map_or(0.0, |&sample| square(sample)) - square(signal[place]);
    }
    best
}

/// Every `STEP`-th sample, as many as there is room for.
fn thin<'a, const STEP: usize>(samples: &[i16], room: &'a mut [f32; LONGEST]) -> &'a [f32] {
    let length = samples.len().div_ceil(STEP).min(LONGEST);
    for (thinned, &sample) in room.iter_mut().zip(samples.iter().step_by(STEP)) {
        *thinned = f32::from(sample);
    }
    &room[..length]
}

fn square(sample: f32) -> f64 {
    f64::from(sample) * f64::from(sample)
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    let (whole_a, whole_b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = whole_a.remainder().iter().zip(whole_b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in whole_a.zip(whole_b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    rest + sums.iter().sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seeded, so that the test says the same each time.
    fn noise(length: usize) -> Vec<i16> {
        let mut state = 7u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as i16
        };
        (0..length).map(|_| next()).collect()
    }

    /// The definition, sample by sample.
    fn likeness(a: &[i16], b: &[i16]) -> f64 {
        let sum = |a: &[i16], b: &[i16]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
        sum(a, b) / ((1.0 + sum(a, a)) * (1.0 + sum(b, b))).sqrt()
    }

    #[test]
    fn what_is_there_is_found_at_its_place_and_is_equal() {
        let signal = noise(1200);
        for place in [120, 123, 333, 600] {
            let (found, how_much) = most_alike(&signal[place..place + 600], &signal, 120..=600);
            assert_eq!(found, place);
            assert!(how_much > 0.999, "{how_much}");
        }
    }

    #[test]
    fn the_answer_is_the_normalised_correlation_at_that_place_whatever_the_length() {
        let signal = noise(1200);
        for length in [1, 2, 15, 16, 17, 240, 599, 600] {
            let pattern = &signal[7..7 + length];
            for places in [0..=0, 0..=1, 5..=9, 120..=600] {
                let (place, how_much) = most_alike(pattern, &signal, places.clone());
                assert!(places.contains(&place));
                let exact = likeness(pattern, &signal[place..place + length]);
                assert!((f64::from(how_much) - exact).abs() < 1e-4, "{length} at {place}: {how_much}, {exact}");
            }
        }
    }

    #[test]
    fn the_loudest_signal_there_is_does_not_overflow() {
        let square: Vec<i16> = (0..1200).map(|i| if i / 100 % 2 == 0 { i16::MIN } else { i16::MAX }).collect();
        let (place, how_much) = most_alike(&square[..600], &square, 120..=600);
        assert!(place.is_multiple_of(200) && how_much > 0.999, "{place}: {how_much}");
    }

    #[test]
    fn silence_is_like_nothing() {
        assert!(most_alike(&[0; 240], &noise(480), 0..=240).1.abs() < f32::EPSILON);
        assert!(most_alike(&noise(240), &[0; 480], 0..=240).1.abs() < f32::EPSILON);
    }
}
