//! Sums and mixes: the sum of everyone who is heard is made once, each mix-minus is that sum less one contribution,
//! and each distinct mix is encoded once.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::codec::{Codec, Encoder};
use crate::jitter::PRIMES;
use crate::limiter::Limiter;
use crate::participant::ParticipantId;

/// What everyone contributed to one tick.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tick {
    /// Number of the tick on the room's grid.
    pub number: u64,
    /// 32 bits hold 65,536 full-scale talkers.
    sum: Vec<i32>,
    contributions: Vec<(ParticipantId, Vec<i16>)>,
}

impl Tick {
    /// An empty tick, in the memory of this one.
    pub fn reset(&mut self, number: u64, samples: usize) {
        self.number = number;
        self.sum.clear();
        self.sum.resize(samples, 0);
        self.contributions.clear();
    }

    pub fn add(&mut self, participant: ParticipantId, frame: &[i16]) {
        for (sum, &sample) in self.sum.iter_mut().zip(frame) {
            *sum += i32::from(sample);
        }
        self.contributions.push((participant, frame.to_vec()));
    }

    pub fn is_empty(&self) -> bool {
        self.contributions.is_empty()
    }

    /// How many contribute besides this participant.
    pub fn others(&self, except: Option<ParticipantId>) -> usize {
        self.contributions.iter().filter(|(who, _)| Some(*who) != except).count()
    }

    /// The sum of all but one contribution.
    fn mix_minus(&self, except: Option<ParticipantId>, out: &mut Vec<i32>) {
        out.clear();
        out.extend_from_slice(&self.sum);
        let own = self.contributions.iter().find(|(who, _)| Some(*who) == except);
        if let Some((_, frame)) = own {
            for (sum, &sample) in out.iter_mut().zip(frame) {
                *sum -= i32::from(sample);
            }
        }
    }
}

/// One distinct mix: an encoder and what listeners need to follow it.
#[derive(Debug)]
pub(crate) struct Mix<C: Codec> {
    codec: C,
    /// Made when first needed: most participants never talk.
    encoder: Option<C::Encoder>,
    limiter: Limiter,
    /// Changes with each fresh start of the encoder.
    pub generation: u32,
    /// Number of the last tick encoded.
    last: Option<u64>,
    /// The packets of the last ticks, oldest first, for listeners who come to this mix later.
    recent: VecDeque<(u64, Bytes)>,
    sum: Vec<i32>,
    frame: Vec<i16>,
}

impl<C: Codec> Mix<C> {
    pub fn new(codec: C) -> Self {
        Self {
            codec,
            encoder: None,
            limiter: Limiter::default(),
            generation: 0,
            last: None,
            recent: VecDeque::new(),
            sum: Vec::new(),
            frame: Vec::new(),
        }
    }

    /// The packets before this tick's, with the number of their tick; they prime a fresh decoder.
    pub fn primes(&self, before: u64) -> impl Iterator<Item = &(u64, Bytes)> {
        self.recent.iter().filter(move |(number, _)| *number < before)
    }

    /// Encodes a tick without one participant's contribution. An encoder that did not run at the tick before starts
    /// fresh, primed with the ticks in `past`.
    pub fn encode(&mut self, past: &VecDeque<Tick>, tick: &Tick, except: Option<ParticipantId>) -> Bytes {
        if self.last.is_none_or(|last| last + 1 != tick.number) {
            self.restart(past, except);
        }
        self.last = Some(tick.number);
        self.encode_one(tick, except)
    }

    fn restart(&mut self, past: &VecDeque<Tick>, except: Option<ParticipantId>) {
        match &mut self.encoder {
            Some(encoder) => encoder.reset(),
            None => self.encoder = Some(self.codec.encoder()),
        }
        self.limiter = Limiter::default();
        self.generation = self.generation.wrapping_add(1);
        self.recent.clear();
        for tick in past.iter().filter(|tick| tick.others(except) > 0) {
            self.encode_one(tick, except);
        }
    }

    fn encode_one(&mut self, tick: &Tick, except: Option<ParticipantId>) -> Bytes {
        tick.mix_minus(except, &mut self.sum);
        self.frame.resize(self.sum.len(), 0);
        self.limiter.process(&self.sum, &mut self.frame);
        let encoder = self.encoder.get_or_insert_with(|| self.codec.encoder());
        let mut packet = Vec::with_capacity(256);
        encoder.encode(&self.frame, &mut packet).expect("a frame of the room's packet time always encodes");
        let packet = Bytes::from(packet);
        if self.recent.len() == PRIMES + 1 {
            self.recent.pop_front();
        }
        self.recent.push_back((tick.number, packet.clone()));
        packet
    }
}
