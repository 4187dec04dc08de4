//! One distinct mix: an encoder, and what listeners need to follow it.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use relay_wire::Gain;
use relay_wire::audio::Held;

use crate::codec::{Codec, Encoder};
use crate::jitter::PRIMES;
use crate::limiter::Limiter;
use crate::listener::FeedPacket;
use crate::participant::ParticipantId;
use crate::tick::{Contribution, Tick, scaled};

/// What makes a mix distinct: who, of those who are heard, sounds in it otherwise than they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct MixKey(Vec<(ParticipantId, Gain)>);

impl MixKey {
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Asks for a gain; called in the order of the participants' numbers, so that equal mixes have equal keys.
    pub fn set(&mut self, who: ParticipantId, gain: Gain) {
        if gain != Gain::UNITY {
            self.0.push((who, gain));
        }
    }

    pub fn gain_of(&self, who: ParticipantId) -> Gain {
        self.0.iter().find(|(id, _)| *id == who).map_or(Gain::UNITY, |(_, gain)| *gain)
    }

    /// The same with what concerns one participant only.
    pub fn only(&self, who: ParticipantId) -> Self {
        Self(self.0.iter().filter(|(id, _)| *id == who).copied().collect())
    }

    pub fn iter(&self) -> impl Iterator<Item = (ParticipantId, Gain)> {
        self.0.iter().copied()
    }
}

/// What every listener of a mix has heard of a talker already, when it starts: that is not said again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heard {
    pub talker: ParticipantId,
    /// Media time, wrapping, on the talker's timeline up to which they were heard.
    pub until: u32,
}

/// One distinct mix.
#[derive(Debug)]
pub(crate) struct Mix<C: Codec> {
    pub key: MixKey,
    /// How many hear it.
    pub listeners: usize,
    /// How many did before everybody was given a place anew.
    pub listened: usize,
    /// The packet of the tick under way; `None` where nobody contributes.
    pub packet: Option<FeedPacket>,
    /// Changes with each fresh start of the encoder.
    pub generation: u32,
    heard: Option<Heard>,
    codec: C,
    /// Made when first needed, and kept.
    encoder: Option<C::Encoder>,
    limiter: Limiter,
    /// Number of the last tick encoded.
    last: Option<u64>,
    /// The packets of the last ticks, oldest first, for listeners who come to this mix later.
    recent: VecDeque<(u64, Bytes)>,
    sum: Vec<i32>,
    frame: Vec<i16>,
    encoded: Vec<u8>,
    /// Where packets get their memory: a chunk serves many.
    memory: BytesMut,
}

/// Who was hushed comes back over 5 ms.
const RETURN: usize = 240;

/// Memory taken for packets at a time, bytes.
const CHUNK: usize = 4096;

impl<C: Codec> Mix<C> {
    pub fn new(codec: C) -> Self {
        Self {
            key: MixKey::default(),
            listeners: 0,
            listened: 0,
            packet: None,
            generation: 0,
            heard: None,
            codec,
            encoder: None,
            limiter: Limiter::default(),
            last: None,
            recent: VecDeque::with_capacity(PRIMES + 1),
            sum: Vec::new(),
            frame: Vec::new(),
            encoded: Vec::new(),
            memory: BytesMut::new(),
        }
    }

    /// Whether nobody heard it of late: its place is for the next one.
    pub fn is_free(&self) -> bool {
        self.listened == 0 && self.listeners == 0
    }

    /// Becomes another mix.
    pub fn become_another(&mut self, key: MixKey) {
        self.key = key;
        self.last = None;
    }

    /// Whether it was not there at the tick before.
    pub fn starts_with(&self, tick: &Tick) -> bool {
        self.last.is_none_or(|last| last + 1 != tick.number)
    }

    /// The packets before this tick's, with the number of their tick; they prime a fresh decoder.
    pub fn primes(&self, before: u64) -> impl Iterator<Item = &(u64, Bytes)> {
        self.recent.iter().filter(move |(number, _)| *number < before)
    }

    /// Makes the packet of a tick. An encoder that did not run at the tick before starts fresh, primed with the ticks in
    /// `past`; of `heard`, what its listeners have heard already is left out.
    pub fn run(&mut self, past: &VecDeque<Tick>, tick: &Tick, timestamp: u32, heard: Option<Heard>) {
        let loudest = tick.audible(&self.key).min_by_key(|c| c.level);
        let Some(loudest) = loudest else {
            self.packet = None;
            return;
        };
        let Contribution { capture_us, held, .. } = self.before_decoding(*loudest);
        let end = tick.audible(&self.key).all(|c| c.ends);
        if self.starts_with(tick) {
            self.restart(past);
            self.heard = heard;
        }
        self.last = Some(tick.number);
        let payload = self.encode(tick);
        self.packet = Some(FeedPacket { timestamp, capture_us, held, end, pre_roll: false, payload });
    }

    /// What a decoder gives out went into its encoder a look-ahead earlier. Of the two codecs on the way of a mix the listener
    /// knows the last one only.
    fn before_decoding(&self, contribution: Contribution) -> Contribution {
        let earlier_us = u64::from(self.codec.delay_samples()) * 1000 / 48;
        let Contribution { capture_us, held, .. } = contribution;
        #[expect(clippy::cast_possible_truncation, reason = "a few milliseconds")]
        let captured = |us: u32| if us == 0 { 0 } else { us.wrapping_sub(earlier_us as u32).max(1) };
        let held = held.map(|held| Held { buffered_us: held.buffered_us + earlier_us, ..held });
        Contribution { capture_us: captured(capture_us), held, ..contribution }
    }

    fn restart(&mut self, past: &VecDeque<Tick>) {
        match &mut self.encoder {
            Some(encoder) => encoder.reset(),
            None => self.encoder = Some(self.codec.encoder()),
        }
        self.limiter = Limiter::default();
        self.generation = self.generation.wrapping_add(1);
        self.recent.clear();
        self.heard = None;
        for tick in past {
            if tick.audible(&self.key).next().is_some() {
                self.encode(tick);
            }
        }
    }

    fn encode(&mut self, tick: &Tick) -> Bytes {
        tick.mix(&self.key, &mut self.sum);
        self.leave_out_what_was_heard(tick);
        self.frame.resize(self.sum.len(), 0);
        self.limiter.process(&self.sum, &mut self.frame);
        let encoder = self.encoder.get_or_insert_with(|| self.codec.encoder());
        self.encoded.clear();
        encoder.encode(&self.frame, &mut self.encoded).expect("a frame of the room's packet time always encodes");
        if self.memory.capacity() < self.encoded.len() {
            self.memory.reserve(CHUNK);
        }
        self.memory.extend_from_slice(&self.encoded);
        let packet = self.memory.split().freeze();
        if self.recent.len() == PRIMES + 1 {
            self.recent.pop_front();
        }
        self.recent.push_back((tick.number, packet.clone()));
        packet
    }

    fn leave_out_what_was_heard(&mut self, tick: &Tick) {
        let Some(heard) = self.heard else { return };
        let overlap = tick.of(heard.talker).map_or(0, |c| heard.until.wrapping_sub(c.position).cast_signed());
        let overlap = usize::try_from(overlap).unwrap_or(0);
        let gain = self.key.gain_of(heard.talker).linear();
        for (n, (sum, &sample)) in self.sum.iter_mut().zip(tick.frame_of(heard.talker)).enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "a few hundred samples")]
            let share = 1.0 - (n.saturating_sub(overlap) as f32 / RETURN as f32).min(1.0);
            *sum -= scaled(sample, gain * share);
        }
        if overlap + RETURN <= self.sum.len() {
            self.heard = None;
        }
    }
}
