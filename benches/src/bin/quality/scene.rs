//! People talk in a real room in virtual time, and each listens through a real jitter buffer.

use std::collections::HashSet;

use anyhow::Result;
use bytes::Bytes;
use relay_engine::{
    Codec, Encoder, Input, JitterBuffer, Micros, OpusCodec, Output, ParticipantId, Ptime, Room, RoomConfig,
    codec::OpusEncoder, level::audio_level,
};
use relay_wire::{UpFlags, UpHeader};

pub const PTIME: Ptime = Ptime::Ms20;
const PACKET: usize = PTIME.samples();

/// A listener pulls blocks of 10 ms.
const BLOCK: usize = 480;

/// The scene goes on this long after the last word, ms.
const TAIL_MS: usize = 600;

/// What somebody says in one go: from which of their packets on, and what. Digital silence is said too, and heard as nothing.
#[derive(Debug, Clone)]
pub struct Talkspurt {
    pub from_packet: usize,
    pub signal: Vec<i16>,
}

/// One in the room.
#[derive(Debug, Clone, Default)]
pub struct Person {
    pub talkspurts: Vec<Talkspurt>,
    /// When their packets leave and their blocks are pulled, milliseconds after the beginning of the packet time.
    pub phase_ms: usize,
}

/// What somebody heard.
#[derive(Debug, Default)]
pub struct Heard {
    /// From the beginning of the scene on.
    pub signal: Vec<i16>,
    /// Packets to be played, and how many of them are those of a talker, untouched.
    pub packets: usize,
    pub forwarded: usize,
    /// Changes of the encoder behind the stream in mid-talkspurt.
    pub seams: usize,
}

struct Ear {
    buffer: JitterBuffer<OpusCodec>,
    heard: Heard,
}

struct Mouth<'a> {
    person: &'a Person,
    encoder: OpusEncoder,
    sequence: u16,
}

/// Plays a scene.
///
/// # Errors
/// If something said does not encode.
pub fn play(people: &[Person]) -> Result<Vec<Heard>> {
    let codec = OpusCodec::new(PTIME);
    let mut room =
        Room::new(RoomConfig { ptime: PTIME, ..RoomConfig::default() }, OpusCodec::of_mixes(PTIME), Micros(0));
    let mut ears = Vec::new();
    let mut mouths = Vec::new();
    for (n, person) in people.iter().enumerate() {
        room.handle(Micros(0), Input::Join(id(n)));
        ears.push(Ear { buffer: JitterBuffer::new(codec, PTIME), heard: Heard::default() });
        mouths.push(Mouth { person, encoder: codec.encoder(), sequence: 0 });
    }
    let packets = people.iter().flat_map(|person| &person.talkspurts).map(|t| t.from_packet + t.signal.len() / PACKET);
    let packet_ms = PTIME.ms() as usize;
    let end_ms = packets.max().unwrap_or(0) * packet_ms + TAIL_MS;
    let mut sent = HashSet::new();
    for ms in 0..end_ms {
        // A packet is captured before it is sent.
        let now = Micros((ms + packet_ms) as u64 * 1000);
        for (n, mouth) in mouths.iter_mut().enumerate() {
            if ms % packet_ms == mouth.person.phase_ms
                && let Some((header, payload)) = mouth.speak(ms / packet_ms)?
            {
                sent.insert(payload.clone());
                room.handle(now, Input::Packet(id(n), header, payload));
            }
        }
        while room.next_timeout().is_some_and(|due| due <= now) {
            room.handle(now, Input::Timeout);
        }
        while let Some(output) = room.poll_output() {
            let Output::Send(ParticipantId(n), header, payload) = output else { continue };
            let ear = &mut ears[n as usize];
            if !header.flags.prime && !payload.is_empty() {
                ear.heard.packets += 1;
                ear.heard.forwarded += usize::from(sent.contains(&payload));
                ear.heard.seams += usize::from(header.flags.cross_fade);
            }
            ear.buffer.insert(now, (header, payload).into());
        }
        for (ear, person) in ears.iter_mut().zip(people) {
            if ms % (BLOCK / 48) == person.phase_ms % (BLOCK / 48) {
                let mut block = [0; BLOCK];
                ear.buffer.pull(now, &mut block);
                ear.heard.signal.extend_from_slice(&block);
            }
        }
    }
    Ok(ears.into_iter().map(|ear| ear.heard).collect())
}

impl Mouth<'_> {
    /// The packet of that number on the talker's clock, if they talk then.
    fn speak(&mut self, packet: usize) -> Result<Option<(UpHeader, Bytes)>> {
        let place = |t: &Talkspurt| packet.checked_sub(t.from_packet).filter(|at| (at + 1) * PACKET <= t.signal.len());
        let found = self.person.talkspurts.iter().find_map(|t| Some((t, place(t)?)));
        let Some((talkspurt, at)) = found else { return Ok(None) };
        let frame = &talkspurt.signal[at * PACKET..(at + 1) * PACKET];
        let mut payload = Vec::new();
        self.encoder.encode(frame, &mut payload)?;
        let header = UpHeader {
            flags: UpFlags { marker: at == 0, end: at + 1 == talkspurt.signal.len() / PACKET, ..UpFlags::default() },
            sequence: self.sequence,
            #[expect(clippy::cast_possible_truncation, reason = "timestamps wrap")]
            timestamp: (packet * PACKET) as u32,
            capture_us: 0,
            level: audio_level(frame),
        };
        self.sequence = self.sequence.wrapping_add(1);
        Ok(Some((header, payload.into())))
    }
}

fn id(person: usize) -> ParticipantId {
    ParticipantId(u32::try_from(person).expect("a few people"))
}
