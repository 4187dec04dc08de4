//! One participant of a room: the stream that comes from them and the stream that goes to them.

use relay_wire::Gain;

use std::fmt;

use crate::codec::Codec;
use crate::listener::Listener;
use crate::talker::Talker;
use crate::time::Ptime;

/// A participant of a room; the driver chooses the numbers and never reuses one within a room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParticipantId(pub u32);

/// How many others a participant may want to hear otherwise than they are.
pub const MAX_GAINS: usize = 100;

impl fmt::Display for ParticipantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a room knows of one participant.
#[derive(Debug)]
pub(crate) struct Participant<C: Codec> {
    pub talker: Talker<C>,
    pub listener: Listener,
    /// How they want to hear others, where that is not as they are; sorted.
    gains: Vec<(ParticipantId, Gain)>,
}

impl<C: Codec + Clone> Participant<C> {
    pub fn new(codec: &C, ptime: Ptime) -> Self {
        Self { talker: Talker::new(codec.clone(), ptime), listener: Listener::default(), gains: Vec::new() }
    }

    /// Forgets both streams and keeps the gains; whether the room was told that they talk.
    pub fn begin_anew(&mut self, codec: &C, ptime: Ptime, deafened: bool) -> bool {
        let talked = self.talker.announced;
        let gains = std::mem::take(&mut self.gains);
        *self = Self { gains, ..Self::new(codec, ptime) };
        self.listener.deafened = deafened;
        talked
    }

    /// How they want to hear somebody.
    pub fn gain_of(&self, who: ParticipantId) -> Gain {
        self.gains.binary_search_by_key(&who, |(id, _)| *id).map_or(Gain::UNITY, |at| self.gains[at].1)
    }

    /// Asks for a gain; `false` where there are as many as there may be already.
    pub fn set_gain(&mut self, who: ParticipantId, gain: Gain) -> bool {
        match self.gains.binary_search_by_key(&who, |(id, _)| *id) {
            Ok(at) if gain == Gain::UNITY => drop(self.gains.remove(at)),
            Ok(at) => self.gains[at].1 = gain,
            Err(_) if gain == Gain::UNITY => {}
            Err(_) if self.gains.len() == MAX_GAINS => return false,
            Err(at) => self.gains.insert(at, (who, gain)),
        }
        true
    }
}
