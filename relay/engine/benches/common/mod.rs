//! Real speech for the benches, and a room in virtual time.
#![allow(dead_code, reason = "every bench uses another part of it")]

use std::path::Path;

use bytes::Bytes;
use relay_engine::level::audio_level;
use relay_engine::{Codec, Encoder, Input, Micros, OpusCodec, ParticipantId, Ptime, Room, RoomConfig};
use relay_wire::{UpFlags, UpHeader};

pub const PTIME: Ptime = Ptime::Ms20;
pub const PACKET: usize = PTIME.samples();

/// About ten seconds of speech at 48 kHz, in frames of one packet time.
pub fn speech() -> Vec<Vec<i16>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/speech");
    let mut samples = Vec::new();
    for name in ["austen-0870.wav", "austen-0930.wav"] {
        let mut reader = hound::WavReader::open(folder.join(name)).expect("the samples are in the repository");
        let low: Vec<i16> = reader.samples().collect::<Result<_, _>>().expect("16-bit samples");
        // From 16 to 48 kHz in straight lines: what is above 8 kHz then costs the codec as much as real speech does.
        for pair in low.windows(2) {
            let (a, b) = (i32::from(pair[0]), i32::from(pair[1]));
            samples
                .extend([a, (2 * a + b) / 3, (a + 2 * b) / 3].map(|s| i16::try_from(s).expect("between two samples")));
        }
    }
    samples.chunks_exact(PACKET).map(<[i16]>::to_vec).collect()
}

/// Speech as packets, with their levels.
pub fn packets() -> Vec<(Bytes, u8)> {
    let mut encoder = OpusCodec::new(PTIME).encoder();
    let encode = |frame: Vec<i16>| {
        let mut packet = Vec::new();
        encoder.encode(&frame, &mut packet).expect("a whole frame");
        (packet.into(), audio_level(&frame))
    };
    speech().into_iter().map(encode).collect()
}

/// A room in which the first few talk without a pause.
pub struct Conversation {
    room: Room<OpusCodec>,
    packets: Vec<(Bytes, u8)>,
    talkers: usize,
    /// Packets that each talker has sent.
    sent: usize,
}

impl Conversation {
    pub fn new(participants: usize, talkers: usize) -> Self {
        let mut room =
            Room::new(RoomConfig { ptime: PTIME, ..RoomConfig::default() }, OpusCodec::of_mixes(PTIME), Micros(0));
        for n in 0..participants {
            room.handle(Micros(0), Input::Join(id(n)));
        }
        let mut conversation = Self { room, packets: packets(), talkers, sent: 0 };
        // Until levels, mixes and memory are as they stay.
        (0..100).for_each(|_| _ = conversation.packet_time());
        conversation
    }

    /// Lets a packet time pass: each talker's packet arrives, the tick is due. Returns how many packets went out.
    pub fn packet_time(&mut self) -> usize {
        let begin = self.sent as u64 * PTIME.micros();
        for talker in 0..self.talkers {
            // Everybody is elsewhere in the speech and in the packet time.
            let (payload, level) = &self.packets[(self.sent + 97 * talker) % self.packets.len()];
            let now = Micros(begin + (talker as u64 + 1) * PTIME.micros() / (self.talkers as u64 + 2));
            let header = UpHeader {
                flags: UpFlags { marker: self.sent == 0, ..UpFlags::default() },
                sequence: self.sent as u16,
                timestamp: (self.sent * PACKET) as u32,
                capture_us: 1,
                level: *level,
            };
            self.room.handle(now, Input::Packet(id(talker), header, payload.clone()));
        }
        self.sent += 1;
        let end = Micros(begin + PTIME.micros());
        while let Some(due) = self.room.next_timeout().filter(|&due| due <= end) {
            self.room.handle(due, Input::Timeout);
        }
        std::iter::from_fn(|| self.room.poll_output()).count()
    }
}

fn id(n: usize) -> ParticipantId {
    ParticipantId(n as u32)
}
