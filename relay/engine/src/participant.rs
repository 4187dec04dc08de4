//! One participant of a room: the stream that comes from them and the stream that goes to them.

use std::fmt;

use crate::codec::Codec;
use crate::listener::Listener;
use crate::mixer::Mix;
use crate::talker::Talker;
use crate::time::Ptime;

/// A participant of a room; the driver chooses the numbers and never reuses one within a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParticipantId(pub u32);

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
    /// What they hear while they are heard and more than one other is.
    pub mix_minus: Mix<C>,
}

impl<C: Codec + Clone> Participant<C> {
    pub fn new(codec: &C, ptime: Ptime) -> Self {
        Self {
            talker: Talker::new(codec.clone(), ptime),
            listener: Listener::default(),
            mix_minus: Mix::new(codec.clone()),
        }
    }
}
