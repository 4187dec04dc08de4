//! Making speech shorter or longer by one pitch period, at its own pitch (as WSOLA and NetEq's accelerate do).

use super::likeness::most_alike;

/// What is searched for a period: 2.5 to 12.5 ms, 80 to 400 Hz.
pub(super) const MIN_PERIOD: usize = 120;
pub(super) const MAX_PERIOD: usize = 600;

/// Samples that [`remove_period`] and [`insert_period`] want to see to reach every period.
pub(super) const WANTED: usize = 2 * MAX_PERIOD;

/// How alike two neighbouring periods must be before one of them goes: 1 is equal, 0 unrelated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Likeness {
    at_least: f32,
    noise: bool,
}

/// Less alike no two periods of a voice are.
const NO_PERIODS: f32 = 0.5;

impl Likeness {
    pub const fn at_least(at_least: f32) -> Self {
        Self { at_least, noise: false }
    }

    /// In the background of what is said it will also do if there are no periods.
    pub fn or_noise(self, background: bool) -> Self {
        Self { noise: background, ..self }
    }

    /// Whether what is so alike has no periods, and may go all the same.
    fn is_noise(self, likeness: f32) -> bool {
        self.noise && likeness < NO_PERIODS
    }
}

/// A frame below this (mean square, −50 dBFS) is not listened to: any cut is good.
const QUIET_MEAN_SQUARE: f32 = 10_737.0;

/// Takes one period of at most `most` samples out of the beginning and returns how many went, 0 where no two
/// neighbours are alike enough.
pub(super) fn remove_period(samples: &mut Vec<i16>, most: usize, wanted: Likeness) -> usize {
    let Some(period) = find_period(samples, most, wanted) else { return 0 };
    for i in 0..period {
        samples[i] = cross(samples[i], samples[period + i], ramp(i, period));
    }
    samples.drain(period..2 * period);
    period
}

/// Repeats one period at the beginning and returns how many samples came, 0 where no two neighbours are alike enough.
pub(super) fn insert_period(samples: &mut Vec<i16>, wanted: Likeness) -> usize {
    let Some(period) = find_period(samples, MAX_PERIOD, wanted) else { return 0 };
    let bridge: Vec<i16> = (0..period).map(|i| cross(samples[period + i], samples[i], ramp(i, period))).collect();
    samples.splice(period..period, bridge);
    period
}

/// Repeats the period with which `heard` ends before `next`, which follows it, and returns how many samples came: at
/// most twice as many as there are, 0 where the two do not look like periods of the same signal.
pub(super) fn repeat_period(heard: &[i16], next: &mut Vec<i16>, wanted: Likeness) -> usize {
    let longest = MAX_PERIOD.min(heard.len()).min(2 * next.len());
    if longest < MIN_PERIOD {
        return 0;
    }
    let window = longest.min(next.len());
    let joined = [&heard[heard.len() - longest..], &next[..window]].concat();
    let period = if is_quiet(&joined) {
        longest
    } else {
        let (place, likeness) = most_alike(&next[..window], &joined, 0..=longest - MIN_PERIOD);
        if likeness < wanted.at_least {
            return 0;
        }
        longest - place
    };
    let mut bridge = joined[longest - period..longest].to_vec();
    cross_fade(&next[..window.min(period)], &mut bridge);
    next.splice(0..0, bridge);
    period
}

/// Whether nobody would hear a cut.
pub(super) fn is_quiet(samples: &[i16]) -> bool {
    mean_square(samples) < QUIET_MEAN_SQUARE
}

/// Fades from `old` to the start of `new` over the length of `old`.
pub(super) fn cross_fade(old: &[i16], new: &mut [i16]) {
    cross_fade_from(&old[..old.len().min(new.len())], 0, new);
}

/// Goes on with a fade from `old`, of which `done` samples are behind, and returns how many it did.
pub(super) fn cross_fade_from(old: &[i16], done: usize, new: &mut [i16]) -> usize {
    let left = &old[done.min(old.len())..];
    for (i, (&old_sample, sample)) in left.iter().zip(new.iter_mut()).enumerate() {
        *sample = cross(old_sample, *sample, ramp(done + i, old.len()));
    }
    left.len().min(new.len())
}

/// Where in `tail` (a continuation of what was heard) the signal is most like the start of `next`; the answer leaves
/// room for a cross-fade of `overlap` samples.
pub(super) fn best_joint(tail: &[i16], next: &[i16], overlap: usize) -> usize {
    let places = tail.len().saturating_sub(overlap);
    if next.len() < overlap || places == 0 {
        return 0;
    }
    most_alike(&next[..overlap], tail, 0..=places).0
}

/// The period of at most `most` samples with which the signal begins; in silence and noise the longest.
fn find_period(samples: &[i16], most: usize, wanted: Likeness) -> Option<usize> {
    let longest = MAX_PERIOD.min(most).min(samples.len() / 2);
    if longest < MIN_PERIOD {
        return None;
    }
    if is_quiet(&samples[..2 * longest]) {
        return Some(longest);
    }
    let (period, likeness) = most_alike(&samples[..longest], samples, MIN_PERIOD..=longest);
    if likeness >= wanted.at_least { Some(period) } else { wanted.is_noise(likeness).then_some(longest) }
}

pub(super) fn mean_square(samples: &[i16]) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred samples")]
    let count = samples.len().max(1) as f32;
    let sum: u64 = samples.iter().map(|&s| u64::from(s.unsigned_abs()).pow(2)).sum();
    #[expect(clippy::cast_precision_loss, reason = "nobody hears the last bits")]
    let sum = sum as f32;
    sum / count
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred samples")]
fn ramp(i: usize, length: usize) -> f32 {
    (i as f32 + 0.5) / length as f32
}

#[expect(clippy::cast_possible_truncation, reason = "between two 16-bit values")]
fn cross(old: i16, new: i16, fade_in: f32) -> i16 {
    let (old, new) = (f32::from(old), f32::from(new));
    (old + (new - old) * fade_in).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a test tone")]
    fn tone(hertz: f32, length: usize) -> Vec<i16> {
        (0..length).map(|i| (8000.0 * (std::f32::consts::TAU * hertz * i as f32 / 48_000.0).sin()) as i16).collect()
    }

    fn largest_step(samples: &[i16]) -> i32 {
        samples.windows(2).map(|w| (i32::from(w[1]) - i32::from(w[0])).abs()).max().unwrap_or(0)
    }

    #[test]
    fn a_tone_keeps_its_phase_when_shortened_and_lengthened() {
        for hertz in [110.0, 200.0, 333.0, 1012.5] {
            let plain = tone(hertz, 1440);
            let mut short = plain.clone();
            let gone = remove_period(&mut short, 600, Likeness::at_least(0.9));
            assert!(gone >= MIN_PERIOD, "{hertz} Hz");
            assert_eq!(short.len(), plain.len() - gone);
            assert!(largest_step(&short) <= largest_step(&plain) * 11 / 10, "{hertz} Hz");
            let mut long = plain.clone();
            let come = insert_period(&mut long, Likeness::at_least(0.9));
            assert_eq!(long.len(), plain.len() + come);
            assert!(largest_step(&long) <= largest_step(&plain) * 11 / 10, "{hertz} Hz");
        }
    }

    fn noise() -> Vec<i16> {
        let mut state = 1u32;
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 17) as i16 - 16_384
        };
        (0..1440).map(next).collect()
    }

    #[test]
    fn noise_is_left_alone() {
        let mut noise = noise();
        assert_eq!(remove_period(&mut noise, 600, Likeness::at_least(0.8)), 0);
    }

    #[test]
    fn but_not_where_it_is_the_background() {
        let mut hiss = noise();
        let wanted = Likeness::at_least(0.97).or_noise(true);
        assert_eq!(remove_period(&mut hiss, 500, wanted), 500, "all that is to go");
        let mut hoarse: Vec<i16> =
            tone(190.0, 1440).iter().zip(noise()).map(|(tone, noise)| tone + noise / 3).collect();
        let (_, likeness) = most_alike(&hoarse[..600], &hoarse, MIN_PERIOD..=600);
        assert!((NO_PERIODS..0.97).contains(&likeness), "{likeness}");
        assert_eq!(remove_period(&mut hoarse, 600, wanted), 0, "there are periods, though not alike enough");
    }

    #[test]
    fn silence_goes_at_once() {
        let mut silence = vec![3i16; 1440];
        assert_eq!(remove_period(&mut silence, 600, Likeness::at_least(0.99)), MAX_PERIOD);
    }

    #[test]
    fn too_little_signal_is_left_alone() {
        let mut short = tone(200.0, 200);
        assert_eq!(remove_period(&mut short, 600, Likeness::at_least(0.5)), 0);
        assert_eq!(insert_period(&mut short, Likeness::at_least(0.5)), 0);
    }

    #[test]
    fn a_period_of_what_was_heard_is_repeated_before_what_is_left() {
        for (hertz, left) in [(110.0, 480), (200.0, 240), (333.0, 240), (1012.5, 120)] {
            let plain = tone(hertz, 1440);
            let mut next = plain[600..600 + left].to_vec();
            let come = repeat_period(&plain[..600], &mut next, Likeness::at_least(0.9));
            assert!((MIN_PERIOD..=2 * left).contains(&come), "{hertz} Hz: {come}");
            assert_eq!(next.len(), left + come);
            assert_eq!(next[come..], plain[600..600 + left]);
            let long = [&plain[..600], &next[..]].concat();
            assert!(largest_step(&long) <= largest_step(&plain) * 11 / 10, "{hertz} Hz");
        }
        assert_eq!(repeat_period(&tone(200.0, 600), &mut Vec::new(), Likeness::at_least(0.0)), 0);
    }

    #[test]
    fn a_joint_is_found_where_the_phases_meet() {
        let signal = tone(200.0, 1200);
        let joint = best_joint(&signal[..700], &signal[77..], 240);
        assert_eq!((joint + 240 - 77) % 240, 0, "{joint}");
    }
}
