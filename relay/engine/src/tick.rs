//! What everyone contributed to one tick: the sum is made once, and each mix is that sum less or more of a few.

use relay_wire::Gain;
use relay_wire::audio::Held;

use crate::mix::MixKey;
use crate::participant::ParticipantId;

/// What one talker gave to a tick, but for the samples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Contribution {
    pub who: ParticipantId,
    /// Media time of the first sample on the talker's timeline, wrapping.
    pub position: u32,
    /// Audio level, −dBov.
    pub level: u8,
    /// Capture time of the first sample, relay clock modulo 2³² µs; 0 is unknown.
    pub capture_us: u32,
    /// How long that has been in the room.
    pub held: Option<Held>,
    /// The talkspurt ends with this tick.
    pub ends: bool,
}

/// The contributions to one tick, and their sum.
#[derive(Debug, Default)]
pub(crate) struct Tick {
    /// Number of the tick on the room's grid.
    pub number: u64,
    /// 32 bits hold 6,553 full-scale talkers who are brought up by 20 dB.
    sum: Vec<i32>,
    contributions: Vec<Contribution>,
    /// The frames of the contributions, one after another.
    frames: Vec<i32>,
}

impl Tick {
    /// An empty tick, in the memory of this one.
    pub fn reset(&mut self, number: u64, samples: usize) {
        self.number = number;
        self.sum.clear();
        self.sum.resize(samples, 0);
        self.contributions.clear();
        self.frames.clear();
    }

    /// Adds a frame at its gain, which may be louder than 16 bits hold: the mix is limited, not each of its parts.
    pub fn add(&mut self, contribution: Contribution, frame: &[i32]) {
        for (sum, &sample) in self.sum.iter_mut().zip(frame) {
            *sum += sample;
        }
        self.contributions.push(contribution);
        self.frames.extend_from_slice(frame);
    }

    pub fn is_empty(&self) -> bool {
        self.contributions.is_empty()
    }

    /// Who contributes to a mix.
    pub fn audible<'a>(&'a self, key: &'a MixKey) -> impl Iterator<Item = &'a Contribution> + Clone {
        self.contributions.iter().filter(|c| key.gain_of(c.who) != Gain::MUTE)
    }

    /// Whether two mixes of it are one signal.
    pub fn is_the_same_to(&self, one: &MixKey, other: &MixKey) -> bool {
        self.contributions.iter().all(|c| one.gain_of(c.who) == other.gain_of(c.who))
    }

    /// The contribution of one.
    pub fn of(&self, who: ParticipantId) -> Option<&Contribution> {
        self.contributions.iter().find(|c| c.who == who)
    }

    /// The samples of one, empty where they gave none.
    pub fn frame_of(&self, who: ParticipantId) -> &[i32] {
        let samples = self.sum.len();
        let at = self.contributions.iter().position(|c| c.who == who);
        at.map_or(&[], |at| &self.frames[at * samples..(at + 1) * samples])
    }

    /// The sum as one mix wants it.
    pub fn mix(&self, key: &MixKey, out: &mut Vec<i32>) {
        out.clear();
        out.extend_from_slice(&self.sum);
        for (who, gain) in key.iter() {
            // What is taken out is taken out to the bit.
            let more = gain.linear() - 1.0;
            for (sum, &sample) in out.iter_mut().zip(self.frame_of(who)) {
                *sum += if gain == Gain::MUTE { -sample } else { scaled(sample, more) };
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a sample times at most a hundred")]
pub(crate) fn scaled(sample: i32, factor: f32) -> i32 {
    (sample as f32 * factor).round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick() -> Tick {
        let mut tick = Tick::default();
        tick.reset(7, 2);
        for (id, frame) in [(1, [1_000, -1_000]), (2, [300, 300]), (3, [-7, 11])] {
            tick.add(Contribution { who: ParticipantId(id), ..Contribution::default() }, &frame);
        }
        tick
    }

    #[test]
    fn a_part_may_be_louder_than_16_bits() {
        let (mut tick, mut out) = (Tick::default(), Vec::new());
        tick.reset(0, 2);
        tick.add(Contribution { who: ParticipantId(1), ..Contribution::default() }, &[200_000, -200_000]);
        let mut key = MixKey::default();
        tick.mix(&key, &mut out);
        assert_eq!(out, [200_000, -200_000]);
        key.set(ParticipantId(1), Gain::MOST);
        tick.mix(&key, &mut out);
        assert_eq!(out, [2_000_000, -2_000_000]);
        key.clear();
        key.set(ParticipantId(1), Gain::MUTE);
        tick.mix(&key, &mut out);
        assert_eq!(out, [0, 0]);
    }

    #[test]
    fn a_mix_is_the_sum_less_who_is_muted_and_with_the_gains_asked_for() {
        let (tick, mut out) = (tick(), Vec::new());
        tick.mix(&MixKey::default(), &mut out);
        assert_eq!(out, [1_293, -689]);
        let mut key = MixKey::default();
        key.set(ParticipantId(1), Gain::MUTE);
        tick.mix(&key, &mut out);
        assert_eq!(out, [293, 311]);
        key.set(ParticipantId(2), Gain::from_db(-6.0));
        tick.mix(&key, &mut out);
        assert_eq!(out, [150 - 7, 150 + 11]);
        assert_eq!(tick.audible(&key).map(|c| c.who.0).collect::<Vec<_>>(), [2, 3]);
    }
}
