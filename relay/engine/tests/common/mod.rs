//! A room in virtual time: talkers that send every packet time, links that delay, listeners that note what they get.
#![allow(dead_code, reason = "every test file uses another part of it")]

pub mod steady;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use bytes::Bytes;
use relay_engine::codec::{Codec, CodecError, Decoder, Encoder};
use relay_engine::level::audio_level;
use relay_engine::{Input, Micros, Output, ParticipantId, Ptime, Room, RoomConfig};
use relay_wire::{DownHeader, UpFlags, UpHeader};

/// A lossless codec: 16-bit samples as they are. Counts what it is asked to do.
#[derive(Debug, Clone, Default)]
pub struct PcmCodec {
    pub encodes: Rc<Cell<usize>>,
    pub decodes: Rc<Cell<usize>>,
}

impl Codec for PcmCodec {
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&self) -> Self {
        self.clone()
    }
    fn decoder(&self) -> Self {
        self.clone()
    }
    fn accepts(&self, _packet: &[u8]) -> bool {
        true
    }
    fn delay_samples(&self) -> u32 {
        0
    }
}

impl Encoder for PcmCodec {
    fn encode(&mut self, frame: &[i16], packet: &mut Vec<u8>) -> Result<(), CodecError> {
        self.encodes.set(self.encodes.get() + 1);
        packet.extend(frame.iter().flat_map(|s| s.to_le_bytes()));
        Ok(())
    }
    fn reset(&mut self) {}
}

impl Decoder for PcmCodec {
    fn decode(&mut self, packet: &[u8], frame: &mut [i16]) -> Result<(), CodecError> {
        self.decodes.set(self.decodes.get() + 1);
        let samples = from_pcm(packet);
        if samples.len() != frame.len() {
            return Err(CodecError);
        }
        frame.copy_from_slice(&samples);
        Ok(())
    }
    fn conceal(&mut self, frame: &mut [i16]) {
        frame.fill(0);
    }
    fn reset(&mut self) {}
}

pub fn to_pcm(frame: &[i16]) -> Bytes {
    frame.iter().flat_map(|s| s.to_le_bytes()).collect()
}

pub fn from_pcm(packet: &[u8]) -> Vec<i16> {
    packet.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect()
}

/// A talker that cuts its signal into packets.
pub struct Talker<C: Codec> {
    pub id: ParticipantId,
    encoder: C::Encoder,
    ptime: Ptime,
    sequence: u16,
    timestamp: u32,
}

impl<C: Codec> Talker<C> {
    pub fn new(id: u32, codec: &C, ptime: Ptime) -> Self {
        Self { id: ParticipantId(id), encoder: codec.encoder(), ptime, sequence: 0, timestamp: 0 }
    }

    /// The next packet; its samples are those of the talker's own timeline.
    pub fn packet(&mut self, flags: UpFlags, signal: impl Fn(usize) -> i16) -> Input {
        let start = self.timestamp as usize;
        let frame: Vec<i16> = (start..start + self.ptime.samples()).map(signal).collect();
        let mut payload = Vec::new();
        self.encoder.encode(&frame, &mut payload).expect("a whole frame");
        let header = UpHeader {
            flags,
            sequence: self.sequence,
            timestamp: self.timestamp,
            capture_us: 1,
            level: audio_level(&frame),
        };
        self.skip();
        self.sequence = self.sequence.wrapping_add(1);
        Input::Packet(self.id, header, payload.into())
    }

    /// A packet time of silence, not sent.
    pub fn skip(&mut self) {
        self.timestamp = self.timestamp.wrapping_add(self.ptime.samples() as u32);
    }
}

pub const MARKER: UpFlags = UpFlags { marker: true, end: false, pre_roll: false, muted: false };
pub const PLAIN: UpFlags = UpFlags { marker: false, end: false, pre_roll: false, muted: false };
pub const END: UpFlags = UpFlags { marker: false, end: true, pre_roll: false, muted: false };

/// A room, its clock and everything it said.
pub struct World<C: Codec + Clone> {
    pub room: Room<C>,
    pub now: Micros,
    pub sent: BTreeMap<ParticipantId, Vec<(Micros, DownHeader, Bytes)>>,
    pub said: Vec<Output>,
}

impl<C: Codec + Clone> World<C> {
    pub fn new(config: RoomConfig, codec: C, participants: std::ops::RangeInclusive<u32>) -> Self {
        let room = Room::new(config, codec, Micros(0));
        let mut world = Self { room, now: Micros(0), sent: BTreeMap::new(), said: Vec::new() };
        for id in participants {
            world.input(Input::Join(ParticipantId(id)));
        }
        world
    }

    pub fn input(&mut self, input: Input) {
        self.room.handle(self.now, input);
        self.drain();
    }

    /// Lets time pass, with the room's own timeouts at their times.
    pub fn advance_to(&mut self, until: Micros) {
        while let Some(due) = self.room.next_timeout().filter(|&due| due <= until) {
            self.now = self.now.max(due);
            self.room.handle(self.now, Input::Timeout);
            self.drain();
        }
        self.now = until;
    }

    fn drain(&mut self) {
        while let Some(output) = self.room.poll_output() {
            match output {
                Output::Send(id, header, payload) => {
                    self.sent.entry(id).or_default().push((self.now, header, payload));
                }
                other => self.said.push(other),
            }
        }
    }

    /// What a listener was sent, without primes.
    pub fn playable(&self, id: u32) -> Vec<(DownHeader, Bytes)> {
        let sent = self.sent.get(&ParticipantId(id)).into_iter().flatten();
        sent.filter(|(_, h, p)| !h.flags.prime && !p.is_empty()).map(|(_, h, p)| (*h, p.clone())).collect()
    }

    /// The PCM a listener was sent, by media time.
    pub fn heard(&self, id: u32) -> BTreeMap<u32, Vec<i16>> {
        self.playable(id).into_iter().map(|(h, p)| (h.timestamp, from_pcm(&p))).collect()
    }
}

/// A small generator for seeded tests (xorshift).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

pub const PACKET_US: u64 = 20_000;

pub fn world(participants: u32) -> (World<PcmCodec>, PcmCodec) {
    let codec = PcmCodec::default();
    (World::new(RoomConfig::default(), codec.clone(), 1..=participants), codec)
}

/// A signal that says where it is: participant `id` at sample `n` of their timeline.
pub fn signal(id: u32) -> impl Fn(usize) -> i16 {
    move |n| ((n % 997) as i16 + 1) * id as i16
}
