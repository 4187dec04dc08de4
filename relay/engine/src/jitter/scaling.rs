//! Carrying out the decision: signal is taken out or put in, a period at a time and never more than a share of what is
//! played.

use super::decision::{Operation, Status, WORTH_REMOVING_US, decide};
use super::store::Stored;
use super::time_scale::{self, Likeness};
use super::{JitterBuffer, Phase};
use crate::codec::Codec;
use crate::time::{samples_to_us, us_to_samples};

/// Share of the signal, in percent, that time-scaling may take or add.
const GENTLE_PERCENT: i64 = 12;
const FAST_PERCENT: i64 = 30;

/// Packets after which what is left over is removed.
const LEFTOVER_STAYS: u32 = 250;

/// Refusals after which one is less choosy, and after which anything goes: noise has no periods, and nobody hears it cut.
const PATIENCE: u32 = 25;
const IMPATIENCE: u32 = 50;

/// How alike two periods must be to be merged, gently or in a hurry.
const GENTLE: Likeness = Likeness(0.8);
const FAST: Likeness = Likeness(0.4);
const ANY: Likeness = Likeness(-1.0);

impl<C: Codec> JitterBuffer<C> {
    pub(super) fn scale(&mut self, block: usize, level_us: i64, leftover_us: i64) {
        let block_us = samples_to_us(i64::try_from(block).unwrap_or(1).max(1));
        self.leftover_for = if leftover_us < WORTH_REMOVING_US { 0 } else { self.leftover_for + 1 };
        let leftover_stays = self.leftover_for >= LEFTOVER_STAYS;
        let (target_us, recent_us) = (self.arrivals.target_us(), self.arrivals.recent_us());
        let status = Status { level_us, leftover_us, leftover_stays, target_us, recent_us, block_us };
        let operation = decide(status);
        let fast = matches!(operation, Operation::Accelerate { fast: true, .. });
        let expands = operation == Operation::PreemptiveExpand;
        let likeness = match self.refused {
            _ if expands => GENTLE,
            0..PATIENCE if !fast => GENTLE,
            0..IMPATIENCE => FAST,
            _ => ANY,
        };
        self.scale_budget = self.scale_budget.min(2 * self.packet_samples());
        if operation == Operation::Normal || self.scale_budget < 0 {
            return;
        }
        let changed = match operation {
            Operation::Normal => 0,
            Operation::Accelerate { most_us, .. } => {
                self.decode_ahead();
                let goes_on = self.store.front().is_some_and(|next| next.timestamp == self.next_timestamp);
                let spare = self.pcm.len() - (self.pcm.len() / 2).min(time_scale::WANTED / 2);
                if !goes_on && spare < block && self.phase == Phase::Playing {
                    return;
                }
                let most = usize::try_from(us_to_samples(most_us)).unwrap_or(0);
                let removed = time_scale::remove_period(&mut self.pcm, most, likeness);
                self.stats.accelerated_samples += removed as u64;
                self.starts.iter_mut().filter(|s| s.offset >= removed).for_each(|s| s.offset -= removed);
                removed
            }
            Operation::PreemptiveExpand => {
                let inserted = time_scale::insert_period(&mut self.pcm, likeness);
                self.stats.expanded_samples += inserted as u64;
                self.starts.iter_mut().filter(|s| s.offset >= inserted).for_each(|s| s.offset += inserted);
                inserted
            }
        };
        self.refused = if changed == 0 && !expands { self.refused + 1 } else { 0 };
        let percent = if fast { FAST_PERCENT } else { GENTLE_PERCENT };
        self.scale_budget -= i64::try_from(changed).unwrap_or(0) * 100 / percent;
    }

    /// Decodes the packet after this one too, if that is what it takes to see a whole period twice.
    fn decode_ahead(&mut self) {
        while self.pcm.len() < time_scale::WANTED {
            let plain = |next: &Stored| {
                next.timestamp == self.next_timestamp && !next.packet.payload.is_empty() && !next.packet.end
            };
            if !self.store.front().is_some_and(plain) {
                return;
            }
            let stored = self.store.pop().expect("there is a front");
            self.note_start(stored.timestamp, self.pcm.len());
            if self.stream.decode(&stored, self.before, 1.0, 0, &mut self.pcm).is_err() {
                self.stats.undecodable += 1;
                self.stream.conceal(self.ptime.samples(), 1.0, 1.0, &mut self.pcm);
            }
            self.next_timestamp += self.packet_samples();
            self.remember(stored.timestamp, stored.packet);
        }
    }
}
