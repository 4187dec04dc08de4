//! Carrying out the decision: signal is taken out or put in, a period at a time and never more than a share of what is
//! played.

use super::decision::{Operation, Status, decide};
use super::store::Stored;
use super::time_scale::{self, Likeness};
use super::{JitterBuffer, Phase, Pulled};
use crate::codec::Codec;
use crate::time::{Ptime, samples_to_us, us_to_samples};

/// Share of the signal, in percent, that time-scaling may take or add: more, by this much a millisecond, the more delay
/// there is over that.
const GENTLE_PERCENT: i64 = 12;
const FAST_PERCENT: i64 = 50;
const GENTLE_UP_TO_US: i64 = 16_000;
const US_PER_PERCENT: i64 = 4_000;

/// Less than this, an encoder's look-ahead and the tolerance, is left alone until it has been there for 5 s: the next seam
/// may need it, and every change of the delay can be heard.
const LITTLE_US: i64 = 3_000;
const LITTLE_STAYS: i64 = us_to_samples(5_000_000);

/// With more than this one is less and less choosy about what goes, until that is all one: what a stall leaves would stay
/// for seconds where speech has no pitch.
const CHOOSY_UP_TO_US: i64 = 40_000;
const FAST_ABOVE_US: i64 = 100_000;

/// How alike two periods must be for one of them to go: at first very much, less with every refusal. In a hurry less will
/// do, and in the end anything goes: noise has no periods, and nobody hears it cut.
const CHOOSY: f32 = 0.97;
const LESS_A_REFUSAL: f32 = 0.01;
const IN_A_HURRY: f32 = 0.4;
const IMPATIENCE: u16 = 50;

/// How alike they must be for one to be put in.
const GENTLE: Likeness = Likeness::at_least(0.8);
const BRIDGE: Likeness = Likeness::at_least(0.5);

impl<C: Codec> JitterBuffer<C> {
    /// Repeats the period before what is left while a packet that is due is missing: it goes on better than what a decoder
    /// makes up. Returns whether that gave more signal.
    pub(super) fn repeat_if_due(&mut self, block: usize) -> bool {
        if self.phase != Phase::Playing || self.pcm.is_empty() || self.concealed_run > 0 {
            return false;
        }
        let missing = self.newest.max(self.next_timestamp);
        let left = missing - self.next_timestamp + i64::try_from(self.pcm.len()).unwrap_or(0);
        self.scale_budget = self.scale_budget.min(2 * self.packet_samples());
        if left >= i64::try_from(block).unwrap_or(0) || self.scale_budget < 0 {
            return false;
        }
        let inserted = time_scale::repeat_period(&self.heard, &mut self.pcm, BRIDGE);
        // Nobody said that, however well it goes on.
        self.stats.concealed_samples += inserted as u64;
        self.concealed_since += inserted;
        self.starts.put_before(inserted);
        self.scale_budget -= i64::try_from(inserted).unwrap_or(0) * 100 / FAST_PERCENT;
        inserted > 0
    }

    pub(super) fn scale(&mut self, block: usize, level_us: i64, leftover_us: i64, pulled: &mut Pulled) {
        let block_us = samples_to_us(i64::try_from(block).unwrap_or(1).max(1));
        let (target_us, recent_us) = (self.arrivals.target_us(), self.arrivals.recent_us());
        let usual_us = self.arrivals.usual_us();
        let mut operation = decide(Status { level_us, leftover_us, target_us, recent_us, usual_us, block_us });
        let little = matches!(operation, Operation::Accelerate { most_us } if most_us < LITTLE_US);
        self.little_for = if little { self.little_for + self.packet_samples() } else { 0 };
        if little && self.little_for < LITTLE_STAYS {
            operation = Operation::Normal;
        }
        self.scale_budget = self.scale_budget.min(2 * self.packet_samples());
        if operation == Operation::Normal || self.scale_budget < 0 {
            return;
        }
        let quiet = time_scale::is_quiet(&self.pcm);
        let likeness = match operation {
            Operation::Accelerate { most_us } => {
                wanted_likeness(self.refused, most_us).or_noise(self.background.is(&self.pcm))
            }
            Operation::PreemptiveExpand | Operation::Normal => GENTLE,
        };
        let changed = match operation {
            Operation::Normal => 0,
            Operation::Accelerate { most_us } => {
                self.decode_ahead(pulled);
                // What is left has to last to the end of the block.
                let goes_on = self.store.front().is_some_and(|next| next.timestamp == self.next_timestamp);
                let needed = if goes_on || self.phase != Phase::Playing { 0 } else { block };
                let most = usize::try_from(us_to_samples(most_us)).unwrap_or(0);
                let most = most.min(self.pcm.len().saturating_sub(needed));
                if most < time_scale::MIN_PERIOD {
                    return;
                }
                let removed = time_scale::remove_period(&mut self.pcm, most, likeness);
                self.stats.accelerated_samples += removed as u64;
                self.starts.shorten(removed);
                removed
            }
            Operation::PreemptiveExpand => {
                let inserted = time_scale::insert_period(&mut self.pcm, likeness);
                self.stats.expanded_samples += inserted as u64;
                self.starts.lengthen(inserted);
                inserted
            }
        };
        self.refused =
            if changed == 0 && operation != Operation::PreemptiveExpand { self.refused.saturating_add(1) } else { 0 };
        // What nobody hears is free.
        if !quiet {
            self.scale_budget -= i64::try_from(changed).unwrap_or(0) * 100 / percent(operation);
        }
    }

    /// Decodes the packet after this one too, if that is what it takes to see a whole period twice.
    fn decode_ahead(&mut self, pulled: &mut Pulled) {
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
                pulled.undecodable += 1;
                self.stream.conceal(self.ptime.samples(), 1.0, 1.0, &mut self.pcm);
            }
            self.next_timestamp += self.packet_samples();
            self.remember(stored.timestamp, stored.packet);
        }
    }
}

/// Speech made longer by so many percent, shorter where that is negative, by the means of the jitter buffer and as gently:
/// for those who want to measure how that sounds.
#[must_use]
pub fn time_scaled(speech: &[i16], percent: i64) -> Vec<i16> {
    let mut scaled = Vec::with_capacity(speech.len() * 2);
    let mut pcm = Vec::new();
    let (mut owed, mut refused) = (0, 0);
    for frame in speech.chunks(Ptime::Ms20.samples()) {
        pcm.extend_from_slice(frame);
        owed += i64::try_from(frame.len()).unwrap_or(0) * percent;
        if pcm.len() < time_scale::WANTED {
            continue;
        }
        let likeness = wanted_likeness(refused, 0);
        let changed = match owed {
            1.. => time_scale::insert_period(&mut pcm, likeness),
            0 => 0,
            _ => time_scale::remove_period(&mut pcm, time_scale::MAX_PERIOD, likeness),
        };
        refused = if changed == 0 { refused + 1 } else { 0 };
        owed -= owed.signum() * 100 * i64::try_from(changed).unwrap_or(0);
        let played = pcm.len().saturating_sub(time_scale::WANTED - frame.len());
        scaled.extend(pcm.drain(..played));
    }
    scaled.append(&mut pcm);
    scaled
}

fn wanted_likeness(refused: u16, excess_us: i64) -> Likeness {
    if refused >= IMPATIENCE {
        return Likeness::at_least(-1.0);
    }
    #[expect(clippy::cast_precision_loss, reason = "less than a second")]
    let hurry = (excess_us - CHOOSY_UP_TO_US) as f32 / (FAST_ABOVE_US - CHOOSY_UP_TO_US) as f32;
    Likeness::at_least(CHOOSY - (CHOOSY - IN_A_HURRY) * hurry.clamp(0.0, 1.0) - LESS_A_REFUSAL * f32::from(refused))
}

/// Share of the signal that an operation may take or add, in percent.
fn percent(operation: Operation) -> i64 {
    match operation {
        Operation::Accelerate { most_us } => {
            let hurry = (most_us - GENTLE_UP_TO_US).max(0) / US_PER_PERCENT;
            (GENTLE_PERCENT + hurry).min(FAST_PERCENT)
        }
        Operation::PreemptiveExpand | Operation::Normal => GENTLE_PERCENT,
    }
}
