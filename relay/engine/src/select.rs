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
    /// For how long packets have said more than there is.
    doubted_us: u64,
}

/// Once selected, a talker stays for at least this long.
const HOLD_US: u64 = 300_000;

/// Packets that say, or said before, this much more than is heard for so long are not believed. It may be that much for a
/// while: packets come before they are heard, speech pauses, and frames do not begin where packets do.
const DOUBT_DB: f32 = 6.0;
const DOUBT_US: u64 = 1_000_000;

/// All that is softer, dBov, is as good as silence.
const QUIETEST_DB: f32 = -90.0;

/// What has long been softer than this, dBov, is nothing that anybody waits for.
const AUDIBLE_DB: f32 = -60.0;

/// A newcomer must be this much louder than the one they push out.
const HYSTERESIS_DB: f32 = 6.0;

/// The level falls this much per second at most, so that the gap between two words, or two sentences, is no reason to go.
/// Each change costs a fresh decoder, and who shares a mix a seam.
const RELEASE_DB_PER_S: f32 = 10.0;

impl Standing {
    pub fn is_selected(self) -> bool {
        self.held_until.is_some()
    }

    /// Whether there was something to be heard of late.
    pub fn is_audible(self) -> bool {
        self.level_db.is_some_and(|level_db| level_db > AUDIBLE_DB)
    }

    /// Takes note of the level (−dBov) that a packet says it has. While the signal itself is heard, that counts instead.
    pub fn claim(&mut self, level: u8, ptime: Ptime) {
        if let Some(hearing) = &mut self.hearing {
            hearing.claimed_db = follow(Some(hearing.claimed_db), -f32::from(level), ptime);
        } else {
            self.level_db = Some(follow(self.level_db, -f32::from(level) - self.excess_db, ptime));
            self.excess_db = (self.excess_db - release_db(ptime)).max(0.0);
        }
    }

    /// Takes note of the level (−dBov) of a packet time of signal. Where packets turn out to have said more than there is,
    /// what they said is forgotten, and what they say next is believed by so much less.
    pub fn hear(&mut self, level: u8, ptime: Ptime) {
        let level = -f32::from(level);
        let tracked_db = follow(self.level_db, level, ptime);
        self.level_db = Some(tracked_db);
        let Some(hearing) = &mut self.hearing else {
            let signal_db = follow(None, level, ptime);
            self.hearing = Some(Hearing { signal_db, claimed_db: signal_db, doubted_us: 0 });
            return;
        };
        hearing.signal_db = follow(Some(hearing.signal_db), level, ptime);
        let excess_db = hearing.claimed_db.max(tracked_db) - hearing.signal_db;
        if excess_db <= DOUBT_DB {
            hearing.doubted_us = 0;
            self.excess_db = 0.0;
            return;
        }
        hearing.doubted_us += ptime.micros();
        if hearing.doubted_us >= DOUBT_US {
            self.level_db = Some(hearing.signal_db);
            self.excess_db = excess_db;
        }
    }

    /// The signal is not heard any more: what packets say counts again.
    pub fn stop_hearing(&mut self) {
        self.hearing = None;
    }

    /// The participant is silent. By how much they said too much is not forgotten.
    pub fn rest(&mut self) {
        *self = Self { excess_db: self.excess_db, ..Self::default() };
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
            self.stop_hearing();
        }
    }
}

/// A level rises at once and falls slowly.
fn follow(before: Option<f32>, level: f32, ptime: Ptime) -> f32 {
    let level = level.max(QUIETEST_DB);
    before.map_or(level, |before| level.max(before - release_db(ptime)))
}

/// By how much a level falls in a packet time.
fn release_db(ptime: Ptime) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "10 or 20")]
    let seconds = ptime.ms() as f32 / 1000.0;
    RELEASE_DB_PER_S * seconds
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

    /// Beside somebody at −30 dBov, with packets that say `claim` of a signal of −100: for how many of so many packet times
    /// they were selected.
    fn lies(packets: u64, claim: impl Fn(u64) -> u8) -> usize {
        let mut standings = [Standing::default(); 2];
        let mut selected = vec![true, false];
        let mut lasted = 0;
        for n in 0..packets {
            standings[0].claim(claim(n), Ptime::Ms20);
            standings[1].claim(30, Ptime::Ms20);
            for (standing, (selected, level)) in standings.iter_mut().zip(selected.iter().zip([100, 30])) {
                if *selected {
                    standing.hear(level, Ptime::Ms20);
                }
            }
            selected = select(&mut standings, 1, n * 20_000);
            lasted += usize::from(selected[0]);
        }
        lasted
    }

    #[test]
    fn who_claims_to_be_loud_is_found_out_by_the_signal() {
        assert!(lies(500, |_| 0) < 200, "always: {}", lies(500, |_| 0));
        let once = |n| if n == 0 { 0 } else { 100 };
        assert!(lies(500, once) < 80, "once: {}", lies(500, once));
        let now_and_then = |n| if n % 10 == 0 { 0 } else { 100 };
        assert!(lies(500, now_and_then) < 200, "now and then: {}", lies(500, now_and_then));
    }

    #[test]
    fn who_was_silent_for_long_is_believed_again_soon() {
        let mut standing = Standing::default();
        standing.claim(100, Ptime::Ms20);
        for _ in 0..500 {
            standing.claim(100, Ptime::Ms20);
            standing.hear(127, Ptime::Ms20);
        }
        standing.stop_hearing();
        standing.claim(20, Ptime::Ms20);
        assert_eq!(standing.level_db, Some(-20.0));
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
        let mut standing = Standing::default();
        for n in 0..600 {
            standing.claim(if n % 200 < 25 { 20 } else { 90 }, Ptime::Ms20);
            let heard = n - 10;
            standing.hear(if heard % 200 < 25 { 20 } else { 90 }, Ptime::Ms20);
            assert!(standing.excess_db == 0.0, "{n}");
        }
    }
}
