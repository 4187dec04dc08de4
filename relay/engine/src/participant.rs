//! One participant of a room: the stream that comes from them and the stream that goes to them.

use std::fmt;

use crate::codec::Codec;
use crate::jitter::{JitterBuffer, Pulled};
use crate::level::{SILENCE, audio_level};
use crate::mixer::{Mix, PRIMES};
use crate::select::Standing;
use crate::time::{Micros, Ptime};

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
    /// What they hear while they are heard: everyone but themselves.
    pub mix_minus: Mix<C>,
}

/// The talking side.
#[derive(Debug)]
pub(crate) struct Talker<C: Codec> {
    pub jitter: JitterBuffer<C>,
    pub standing: Standing,
    /// The signal of this tick, faded where the selection changed.
    pub frame: Vec<i16>,
    pub pulled: Pulled,
    pub level: u8,
    /// Whether there was signal in the tick before.
    pub was_active: bool,
    /// Whether `frame` is part of the mix.
    pub contributes: bool,
    /// Number of the last tick they contributed to.
    pub contributed: Option<u64>,
    /// Whether the room was told that they talk.
    pub announced: bool,
}

/// The listening side.
#[derive(Debug, Default)]
pub(crate) struct Listener {
    pub deafened: bool,
    /// The mix and its generation that the packets come from, while there is something to hear.
    pub following: Option<(Source, u32)>,
    pub epoch: u8,
    pub sequence: u16,
}

/// Which mix a listener hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Everyone who is heard: the mix of all who are not.
    Shared,
    /// Everyone else who is heard.
    MixMinus,
}

impl<C: Codec + Clone> Participant<C> {
    pub fn new(codec: &C, ptime: Ptime) -> Self {
        Self {
            talker: Talker {
                jitter: JitterBuffer::new(codec.clone(), ptime),
                standing: Standing::default(),
                frame: vec![0; ptime.samples()],
                pulled: Pulled::default(),
                level: SILENCE,
                was_active: false,
                contributes: false,
                contributed: None,
                announced: false,
            },
            listener: Listener::default(),
            mix_minus: Mix::new(codec.clone()),
        }
    }
}

impl<C: Codec> Talker<C> {
    /// Takes the signal of this tick out of the jitter buffer.
    pub fn pull(&mut self, now: Micros) {
        if self.jitter.is_idle() {
            self.pulled = Pulled::default();
        } else {
            self.pulled = self.jitter.pull(now, &mut self.frame);
        }
        if self.pulled.active {
            self.level = audio_level(&self.frame);
            self.standing.hear(self.level);
        } else {
            self.level = SILENCE;
            self.standing.rest();
        }
    }

    /// Whether they hear their own mix-minus in this tick. Who has just stopped keeps it until the packets that prime a
    /// listener of the shared mix, and the encoder's overlap before those, hold nothing of them.
    pub fn keeps_mix_minus(&self, tick: u64) -> bool {
        self.contributed.is_some_and(|last| tick - last <= PRIMES as u64 + 1)
    }

    /// Settles whether the frame is part of the mix: who comes or goes in mid-speech is faded over this frame.
    pub fn settle(&mut self, tick: u64) {
        let (was, is) = (self.contributes, self.standing.is_selected());
        self.contributes = self.pulled.active && (is || was);
        if !self.contributes {
            return;
        }
        self.contributed = Some(tick);
        if is && !was && self.was_active {
            fade(&mut self.frame, |share| share);
        } else if was && !is {
            fade(&mut self.frame, |share| 1.0 - share);
        }
    }
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a gain between 0 and 1")]
fn fade(frame: &mut [i16], gain: impl Fn(f32) -> f32) {
    let length = frame.len() as f32;
    for (i, sample) in frame.iter_mut().enumerate() {
        *sample = (f32::from(*sample) * gain((i as f32 + 0.5) / length)) as i16;
    }
}
