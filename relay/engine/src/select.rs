//! Who is heard: the loudest few, with hold time and hysteresis, so that nobody is cut in mid-word by a near tie.

use crate::participant::ParticipantId;
use crate::time::{Micros, Ptime};

/// Where a participant stands with the selection.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Standing {
    /// Smoothed audio level, dBov, 0 or below; `None` before the first.
    level_db: Option<f32>,
    /// Selected, and not to be dropped before this.
    held_until: Option<Micros>,
    /// While the signal itself is heard.
    hearing: Option<Hearing>,
    /// By how much packets say that they are louder than they were found to be.
    excess_db: f32,
}

/// The signal beside what packets say of it meanwhile.
#[derive(Debug, Clone, Copy)]
struct Hearing {
    /// Smoothed levels, dBov.
    signal_db: f32,
    claimed_db: f32,
    /// For how long packets have been saying more than there is.
    doubted_us: u64,
    /// How many packets came since.
    claims: u8,
}

/// Once selected, a talker stays for at least this long.
const HOLD_US: u64 = 300_000;

/// Packets that say this much more than is heard, for as long as the hold time, are not believed. It may be that much for a
/// while: packets come before they are heard, and frames do not begin where they do.
const DOUBT_DB: f32 = 6.0;

/// After so many packets of which none was heard, the signal is not heard any more.
const CLAIMS_UNHEARD: u8 = 10;

/// A newcomer must be this much louder than the one they push out.
const HYSTERESIS_DB: f32 = 6.0;

/// The level falls this much per second at most, so that the gap between two words, or two sentences, is no reason to go.
/// Each change costs a fresh decoder, and who shares a mix a seam.
const RELEASE_DB_PER_S: f32 = 10.0;

impl Standing {
    pub fn is_selected(self) -> bool {
        self.held_until.is_some()
    }

    /// Takes note of the level (−dBov) that a packet says it has. While the signal itself is heard, that counts instead.
    pub fn claim(&mut self, level: u8, ptime: Ptime) {
        match &mut self.hearing {
            Some(hearing) if hearing.claims < CLAIMS_UNHEARD => {
                hearing.claims += 1;
                hearing.claimed_db = follow(Some(hearing.claimed_db), -f32::from(level), ptime);
            }
            _ => {
                self.hearing = None;
                self.level_db = Some(follow(self.level_db, -f32::from(level) - self.excess_db, ptime));
            }
        }
    }

    /// Takes note of the level (−dBov) of a packet time of signal. Where packets turn out to have said more than there is,
    /// what they said is forgotten, and what they say later is believed by so much less.
    pub fn hear(&mut self, level: u8, ptime: Ptime) {
        let level = -f32::from(level);
        self.level_db = Some(follow(self.level_db, level, ptime));
        let Some(hearing) = &mut self.hearing else {
            self.hearing = Some(Hearing { signal_db: level, claimed_db: level, doubted_us: 0, claims: 0 });
            return;
        };
        hearing.signal_db = follow(Some(hearing.signal_db), level, ptime);
        hearing.claims = 0;
        let excess_db = hearing.claimed_db - hearing.signal_db;
        if excess_db <= DOUBT_DB {
            hearing.doubted_us = 0;
            self.excess_db = 0.0;
            return;
        }
        hearing.doubted_us += ptime.micros();
        if hearing.doubted_us >= HOLD_US {
            self.level_db = Some(hearing.signal_db);
            self.excess_db = excess_db;
        }
    }

    /// The participant is silent.
    pub fn rest(&mut self) {
        *self = Self::default();
    }

    fn rank(self, now: Micros) -> f32 {
        let level = self.level_db.unwrap_or(f32::NEG_INFINITY);
        match self.held_until {
            None => level,
            Some(until) if until > now => f32::INFINITY,
            Some(_) => level + HYSTERESIS_DB,
        }
    }

    pub fn set_selected(&mut self, selected: bool, now: Micros) {
        self.held_until = selected.then(|| self.held_until.unwrap_or(now + HOLD_US));
        if !selected {
            self.hearing = None;
        }
    }
}

/// A level rises at once and falls slowly.
fn follow(before: Option<f32>, level: f32, ptime: Ptime) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "10 or 20")]
    let release = RELEASE_DB_PER_S * ptime.ms() as f32 / 1000.0;
    before.map_or(level, |before| level.max(before - release))
}

/// Those who are active, by rank.
#[derive(Debug, Default)]
pub(crate) struct Ranking(Vec<(f32, ParticipantId)>);

impl Ranking {
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Somebody is active.
    pub fn enter(&mut self, who: ParticipantId, standing: Standing, now: Micros) {
        self.0.push((standing.rank(now), who));
    }

    /// Drops all but the `most` loudest.
    pub fn keep(&mut self, most: usize) {
        if self.0.len() > most {
            self.0.sort_unstable_by(|(rank, who), (other, other_who)| other.total_cmp(rank).then(who.cmp(other_who)));
            self.0.truncate(most);
        }
    }

    pub fn contains(&self, who: ParticipantId) -> bool {
        self.0.iter().any(|(_, id)| *id == who)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets everybody be heard at a level (−dBov) for a packet time and says who is selected then.
    fn tick(standings: &mut [Standing], levels: &[u8], most: usize, now: u64) -> Vec<bool> {
        for (standing, &level) in standings.iter_mut().zip(levels) {
            standing.claim(level, Ptime::Ms20);
        }
        select(standings, most, now)
    }

    fn select(standings: &mut [Standing], most: usize, now: u64) -> Vec<bool> {
        let mut ranking = Ranking::default();
        for (id, standing) in (0..).zip(&*standings) {
            ranking.enter(ParticipantId(id), *standing, Micros(now));
        }
        ranking.keep(most);
        for (id, standing) in (0..).zip(&mut *standings) {
            standing.set_selected(ranking.contains(ParticipantId(id)), Micros(now));
        }
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
    fn of_two_who_are_as_loud_as_each_other_the_one_who_came_first_is_heard() {
        assert_eq!(tick(&mut [Standing::default(); 3], &[30, 30, 30], 2, 0), [true, true, false]);
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
    fn a_gap_between_sentences_is_no_reason_to_go_and_a_long_silence_is() {
        for ptime in [Ptime::Ms10, Ptime::Ms20] {
            let mut standings = [Standing::default(); 2];
            let went = (0..500).position(|n| {
                let levels = if n == 0 { [20, 40] } else { [90, 40] };
                for (standing, level) in standings.iter_mut().zip(levels) {
                    standing.claim(level, ptime);
                }
                !select(&mut standings, 1, n * ptime.micros())[0]
            });
            let seconds = went.expect("the other is heard some time") as u64 * ptime.micros();
            assert!((2_500_000..2_700_000).contains(&seconds), "{seconds} µs for 26 dB");
        }
    }

    #[test]
    fn who_claims_to_be_loud_is_found_out_by_the_signal() {
        let mut standings = [Standing::default(); 2];
        assert_eq!(tick(&mut standings, &[0, 30], 1, 0), [true, false]);
        for n in 1..20 {
            standings[0].claim(0, Ptime::Ms20);
            standings[0].hear(100, Ptime::Ms20);
            standings[1].claim(30, Ptime::Ms20);
            let selected = select(&mut standings, 1, n * 20_000);
            assert_eq!(selected[0], n < 16, "{n}");
        }
        // And believed no more.
        for n in 20..200 {
            standings[0].claim(0, Ptime::Ms20);
            standings[1].claim(30, Ptime::Ms20);
            assert!(!select(&mut standings, 1, n * 20_000)[0], "{n}");
        }
    }

    #[test]
    fn who_is_selected_in_a_pause_keeps_the_level_that_was_claimed_before_it() {
        let mut standings = [Standing::default(); 2];
        tick(&mut standings, &[20, 24], 1, 0);
        for n in 1..45 {
            standings[0].claim(60, Ptime::Ms20);
            standings[0].hear(60, Ptime::Ms20);
            standings[1].claim(24, Ptime::Ms20);
            assert!(select(&mut standings, 1, n * 20_000)[0], "{n}");
        }
    }

    #[test]
    fn what_waits_in_a_jitter_buffer_is_no_lie() {
        let mut standings = [Standing::default(); 1];
        for n in 0..100 {
            standings[0].claim(if n % 50 < 25 { 20 } else { 90 }, Ptime::Ms20);
            let heard = n - 10;
            standings[0].hear(if heard % 50 < 25 { 20 } else { 90 }, Ptime::Ms20);
            assert!(standings[0].excess_db == 0.0, "{n}");
        }
    }
}
