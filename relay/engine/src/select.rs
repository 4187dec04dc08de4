//! Who is heard: the loudest few, with hold time and hysteresis, so that nobody is cut in mid-word by a near tie.

use crate::time::Micros;

/// Where a participant stands with the selection.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Standing {
    /// Smoothed audio level, dBov, 0 or below.
    level_db: f32,
    /// Selected, and not to be dropped before this.
    held_until: Option<Micros>,
}

/// Once selected, a talker stays for at least this long.
const HOLD_US: u64 = 300_000;

/// A newcomer must be this much louder than the one they push out.
const HYSTERESIS_DB: f32 = 6.0;

/// The level falls this much per tick at most, so that the gap between two words is not a reason to go.
const RELEASE_DB: f32 = 0.5;

/// Level of who says nothing.
const FLOOR_DB: f32 = -127.0;

impl Standing {
    pub fn is_selected(self) -> bool {
        self.held_until.is_some()
    }

    /// Takes note of the level (−dBov) of a tick in which the participant was active.
    pub fn hear(&mut self, level: u8) {
        let level = -f32::from(level);
        self.level_db = level.max(if self.level_db == 0.0 { FLOOR_DB } else { self.level_db - RELEASE_DB });
    }

    /// The participant is silent.
    pub fn rest(&mut self) {
        *self = Self::default();
    }

    fn rank(self, now: Micros) -> f32 {
        match self.held_until {
            None => self.level_db,
            Some(until) if until > now => f32::INFINITY,
            Some(_) => self.level_db + HYSTERESIS_DB,
        }
    }
}

/// Selects the `most` loudest of those who are active; the rest are deselected.
pub(crate) fn select(active: &mut [&mut Standing], most: usize, now: Micros) {
    if active.len() > most {
        active.sort_by(|a, b| b.rank(now).total_cmp(&a.rank(now)));
    }
    for (place, standing) in active.iter_mut().enumerate() {
        if place >= most {
            standing.held_until = None;
        } else if standing.held_until.is_none() {
            standing.held_until = Some(now + HOLD_US);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs one tick over talkers of the given levels (−dBov) and says who is selected.
    fn tick(standings: &mut [Standing], levels: &[u8], most: usize, now: u64) -> Vec<bool> {
        for (standing, &level) in standings.iter_mut().zip(levels) {
            standing.hear(level);
        }
        select(&mut standings.iter_mut().collect::<Vec<_>>(), most, Micros(now));
        standings.iter().map(|s| s.is_selected()).collect()
    }

    #[test]
    fn everyone_is_heard_while_there_is_room() {
        assert_eq!(tick(&mut [Standing::default(); 3], &[20, 90, 60], 4, 0), [true; 3]);
    }

    #[test]
    fn the_loudest_are_heard_when_there_is_not() {
        assert_eq!(tick(&mut [Standing::default(); 4], &[20, 60, 30, 10], 2, 0), [true, false, false, true]);
    }

    #[test]
    fn who_is_selected_is_held_against_somebody_louder() {
        let mut standings = [Standing::default(); 2];
        assert_eq!(tick(&mut standings, &[30, 60], 1, 0), [true, false]);
        assert_eq!(tick(&mut standings, &[30, 10], 1, 20_000), [true, false]);
        assert_eq!(tick(&mut standings, &[30, 10], 1, 320_000), [false, true]);
    }

    #[test]
    fn after_the_hold_a_near_tie_changes_nothing() {
        let mut standings = [Standing::default(); 2];
        tick(&mut standings, &[30, 60], 1, 0);
        assert_eq!(tick(&mut standings, &[30, 27], 1, 400_000), [true, false]);
        assert_eq!(tick(&mut standings, &[30, 23], 1, 800_000), [false, true]);
    }

    #[test]
    fn a_gap_between_words_is_no_reason_to_go() {
        let mut standings = [Standing::default(); 2];
        tick(&mut standings, &[20, 40], 1, 0);
        assert_eq!(tick(&mut standings, &[90, 40], 1, 400_000), [true, false]);
    }
}
