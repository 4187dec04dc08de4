//! Where in the packet time the ticks of a mix belong: just behind the packets of one talker, and of the one behind whom
//! those of all others wait the least.
//!
//! Ticks can come earlier until the packets of somebody are just there. To come just behind those of somebody else they
//! come later instead, until packets of that talker are there that so far had to wait for the next tick: for them a packet
//! time is gained, which their jitter buffer takes out by accelerating; the others wait a little longer.

use crate::jitter::Wait;
use crate::participant::ParticipantId;

/// How the next tick is to be moved, microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    Earlier(u64),
    Later(u64),
}

/// Towards whose packets the ticks are moved.
#[derive(Debug, Default)]
pub(super) struct Steering {
    /// They are coming later, to be behind the packets of this talker.
    later_for: Option<ParticipantId>,
    /// For how many ticks it has been worth setting out.
    worth_for: u64,
    waits: Vec<(ParticipantId, Wait)>,
}

/// Ticks set out to come later only where the sum of the squared waits falls by more than this part of a squared packet
/// time: of two talkers one then waits for more than nine sixteenths of it. Where packets come unsteadily it has to be more,
/// for nobody knows exactly what they will have to wait for.
const WORTH: u64 = 8;

/// It has to be worth it for so long, 100 ms: a knock or a cough is not waited for.
const PATIENCE_US: u64 = 100_000;

/// Who lacks less than this is left alone, as by the jitter buffer; and who lacks something where packets come so unsteadily
/// that somebody always does.
const LEFT_ALONE_US: i64 = 500;

impl Steering {
    /// Another tick: forget how packets came to the one before.
    pub fn begin(&mut self) {
        self.waits.clear();
    }

    /// Takes note of somebody's packets.
    pub fn note(&mut self, who: ParticipantId, wait: Wait) {
        self.waits.push((who, wait));
    }

    /// Decides from what was noted.
    pub fn decide(&mut self, packet_us: u64) -> Move {
        let nearest = self.waits.iter().map(|(_, wait)| wait.spare_us.max(0).cast_unsigned() % packet_us).min();
        let nearest_costs = nearest.map_or(0, |us| self.cost(us, packet_us));
        let costs = |id: ParticipantId| self.phase_of(id, packet_us).map_or(u64::MAX, |us| self.cost(us, packet_us));
        let unsteady_us = self.waits.iter().map(|(_, wait)| wait.target_us).max().unwrap_or(0);
        let worth = packet_us * (packet_us + unsteady_us) / WORTH;
        let goes_on = |&id: &ParticipantId| self.phase_of(id, packet_us) != nearest && costs(id) < nearest_costs;
        let best = self.waits.iter().map(|&(id, _)| id).min_by_key(|&id| costs(id));
        let better = best.filter(|&id| costs(id).saturating_add(worth) < nearest_costs);
        let worth_for = better.map_or(0, |_| self.worth_for + 1);
        let sets_out = better.filter(|_| worth_for * packet_us > PATIENCE_US);
        (self.later_for, self.worth_for) = (self.later_for.filter(goes_on).or(sets_out), worth_for);
        match self.later_for.and_then(|id| self.phase_of(id, packet_us)) {
            Some(us) => Move::Later(packet_us - us),
            None => Move::Earlier(nearest.unwrap_or(0)),
        }
    }

    fn phase_of(&self, who: ParticipantId, packet_us: u64) -> Option<u64> {
        self.waits.iter().find(|(id, _)| *id == who).map(|(_, wait)| phase(wait, packet_us))
    }

    /// What it would cost if ticks were just behind the packets that wait so long now: the sum of the squared waits.
    fn cost(&self, behind_us: u64, packet_us: u64) -> u64 {
        let then = |wait: &Wait| (packet_us + phase(wait, packet_us) - behind_us) % packet_us;
        self.waits.iter().map(|(_, wait)| then(wait) * then(wait)).sum()
    }
}

/// How long packets wait for the tick, but for whole packet times: those are a backlog. Who lacks a little will have to wait
/// for the tick after.
fn phase(wait: &Wait, packet_us: u64) -> u64 {
    let lacks = wait.spare_us < -LEFT_ALONE_US && wait.target_us < packet_us / 2;
    let spare_us = if lacks { wait.spare_us } else { wait.spare_us.max(0) };
    spare_us.rem_euclid(packet_us.cast_signed()).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::{Move::*, *};

    const PACKET_US: u64 = 20_000;

    fn decide(steering: &mut Steering, waits_ms: &[i64], target_ms: u64) -> Move {
        steering.begin();
        for (id, ms) in (1..).zip(waits_ms) {
            let wait = Wait { spare_us: ms * 1000, target_us: target_ms * 1000 };
            steering.note(ParticipantId(id), wait);
        }
        steering.decide(PACKET_US)
    }

    #[test]
    fn the_table() {
        for (name, waits_ms, target_ms, wanted) in [
            ("nobody", &[][..], 0, Earlier(0)),
            ("one", &[3], 0, Earlier(3_000)),
            ("two, and the ticks are behind the right one", &[0, 9], 0, Earlier(0)),
            ("two, of whom one just misses the tick", &[0, 19], 0, Later(1_000)),
            ("two as far from each other as they can be", &[0, 10], 0, Earlier(0)),
            ("not enough to be gained", &[0, 11], 0, Earlier(0)),
            ("enough", &[0, 12], 0, Later(8_000)),
            ("not enough where packets come unsteadily", &[0, 12], 60, Earlier(0)),
            ("enough there too", &[0, 16], 60, Later(4_000)),
            ("three, two of whom just miss the tick", &[1, 18, 19], 0, Later(2_000)),
            ("three evenly", &[0, 7, 13], 0, Earlier(0)),
            ("a backlog is no wait for the tick", &[0, 205], 0, Earlier(0)),
            ("one lacks a little", &[-1, 6, 3], 0, Later(1_000)),
            ("one lacks more, and none has to wait for long behind the others", &[-5, 13, 14], 0, Later(7_000)),
            ("one lacks a little, as always where packets come unsteadily", &[-1, 6, 3], 25, Earlier(0)),
            ("one lacks so much that they do as well with the tick after", &[-12, 1], 0, Earlier(0)),
        ] {
            let mut steering = Steering::default();
            let moves: Vec<Move> = (0..6).map(|_| decide(&mut steering, waits_ms, target_ms)).collect();
            assert!(moves[..5].iter().all(|earlier| matches!(earlier, Earlier(_))), "{name}: at once");
            assert_eq!(moves[5], wanted, "{name}");
        }
    }

    #[test]
    fn what_is_worth_it_only_for_a_moment_is_not_done() {
        let mut steering = Steering::default();
        for n in 0..50 {
            let waits_ms = if n % 5 == 4 { [0, 8] } else { [0, 12] };
            assert_eq!(decide(&mut steering, &waits_ms, 0), Earlier(0));
        }
    }

    #[test]
    fn ticks_that_have_set_out_go_on_until_they_are_there() {
        let mut steering = Steering { worth_for: 5, ..Steering::default() };
        assert_eq!(decide(&mut steering, &[0, 12], 0), Later(8_000));
        assert_eq!(decide(&mut steering, &[0, 11], 0), Later(9_000), "worth it, though not worth setting out for");
        assert_eq!(decide(&mut steering, &[8, 20], 0), Earlier(0), "there");
        assert_eq!(decide(&mut steering, &[8, 1], 0), Earlier(1_000));
    }
}
