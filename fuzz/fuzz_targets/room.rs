//! Whoever comes, goes, talks, is away or asks for gains, in whatever order and however late the driver is: a room keeps
//! to the protocol towards each listener, sends only to those who are there and hear, and is silent when nobody talks.
#![no_main]

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use relay_engine::{
    Codec, Decoder, Encoder, Input, Micros, Output, ParticipantId, Ptime, Room, RoomConfig, codec::CodecError,
};
use relay_wire::{DownHeader, Gain, UpFlags, UpHeader};

#[derive(Debug, Arbitrary)]
struct Run {
    ten_ms: bool,
    most_mixes: u8,
    acts: Vec<Act>,
}

#[derive(Debug, Arbitrary)]
enum Act {
    Come(u8),
    Go(u8),
    Away(u8, bool),
    Deafen(u8, bool),
    Gain {
        listener: u8,
        who: u8,
        db: Option<i8>,
    },
    /// The next packet of somebody, after so much of their media time in which nothing was sent, and before it pre-roll.
    Next {
        who: u8,
        level: u8,
        unsent: u8,
        pre_roll: u8,
        ends: Option<Ends>,
    },
    /// Everybody who is there says packets, and time passes.
    All {
        packets: u8,
        ends: Option<Ends>,
    },
    /// A packet of any place and content.
    Any {
        who: u8,
        flags: u8,
        level: u8,
        timestamp: u32,
        payload: u8,
    },
    /// Time passes, with the room's timeouts at their times.
    Wait {
        us: u16,
    },
    /// Time passes and the driver does nothing until its end.
    Stall {
        ms: u16,
    },
}

/// How a talkspurt ends.
#[derive(Debug, Clone, Copy, Arbitrary)]
enum Ends {
    Full,
    Empty,
    Muted,
}

/// Who may be there.
const MOST: u8 = 8;

/// Packets that say nothing but which they are; some do not decode, and some are none.
#[derive(Debug, Clone)]
struct Tiny;

impl Codec for Tiny {
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&self) -> Self {
        Self
    }
    fn decoder(&self) -> Self {
        Self
    }
    fn accepts(&self, packet: &[u8]) -> bool {
        packet.first().is_some_and(|&first| first != 0xff)
    }
    fn delay_samples(&self) -> u32 {
        120
    }
}

impl Encoder for Tiny {
    fn encode(&mut self, frame: &[i16], packet: &mut Vec<u8>) -> Result<(), CodecError> {
        packet.push(frame[0].unsigned_abs().min(0xf0) as u8);
        Ok(())
    }
    fn reset(&mut self) {}
}

impl Decoder for Tiny {
    fn decode(&mut self, packet: &[u8], frame: &mut [i16]) -> Result<(), CodecError> {
        match packet.first() {
            Some(0xfe) | None => Err(CodecError),
            Some(&first) => {
                frame.iter_mut().enumerate().for_each(|(n, sample)| *sample = i16::from(first) * (n % 120) as i16);
                Ok(())
            }
        }
    }
    fn conceal(&mut self, frame: &mut [i16]) {
        frame.fill(1);
    }
    fn reset(&mut self) {}
}

/// What a listener knows of their stream.
#[derive(Default)]
struct Heard {
    sequence: Option<u16>,
    last: Option<DownHeader>,
    /// Media time of the last packet that was played.
    played: Option<u32>,
    primes: usize,
}

/// What a talker says next.
#[derive(Default)]
struct Says {
    timestamp: u32,
    sequence: u16,
    talks: bool,
}

struct World {
    room: Room<Tiny>,
    ptime: Ptime,
    now: Micros,
    /// Who is there, and whether they hear.
    there: BTreeMap<u8, bool>,
    heard: BTreeMap<u8, Heard>,
    says: BTreeMap<u8, Says>,
    /// All talked by the protocol until now.
    tame: bool,
}

impl World {
    fn act(&mut self, act: Act) {
        match act {
            Act::Come(who) => {
                let who = who % MOST;
                if self.there.insert(who, true).is_none() {
                    self.heard.insert(who, Heard::default());
                    self.handle(Input::Join(id(who)));
                }
            }
            Act::Go(who) => {
                let who = who % MOST;
                self.there.remove(&who);
                self.handle(Input::Leave(id(who)));
            }
            Act::Away(who, away) => {
                let who = who % MOST;
                if let Some(hears) = self.there.get_mut(&who) {
                    *hears = !away;
                    self.heard.insert(who, Heard::default());
                    self.handle(Input::Away(id(who), away));
                }
            }
            Act::Deafen(who, deafened) => {
                let who = who % MOST;
                if let Some(hears) = self.there.get_mut(&who) {
                    *hears = !deafened;
                }
                self.handle(Input::Deafen(id(who), deafened));
            }
            Act::Gain { listener, who, db } => {
                let gain = db.map_or(Gain::MUTE, |db| Gain::from_db(f32::from(db.clamp(-60, 20))));
                self.handle(Input::Gain(id(listener % MOST), id(who % MOST), gain));
            }
            Act::Next { who, level, unsent, pre_roll, ends } => {
                let who = who % MOST;
                let says = self.says.entry(who).or_default();
                says.timestamp = says.timestamp.wrapping_add(u32::from(unsent) * 120);
                for n in 0..pre_roll % 5 {
                    let flags = UpFlags { marker: n == 0, pre_roll: true, ..UpFlags::default() };
                    self.next(who, flags, level, None);
                }
                self.next(who, UpFlags::default(), level, ends);
            }
            Act::All { packets, ends } => {
                let packets = packets % 16;
                for n in 1..=packets {
                    for who in self.there.keys().copied().collect::<Vec<_>>() {
                        self.next(who, UpFlags::default(), 40, ends.filter(|_| n == packets));
                    }
                    self.wait(self.ptime.micros());
                }
            }
            Act::Any { who, flags, level, timestamp, payload } => {
                self.tame = false;
                let flags = UpFlags::from_bits(flags % 16).expect("four flags");
                self.packet(who % MOST, flags, level, timestamp, 0, Bytes::copy_from_slice(&[payload]));
            }
            Act::Wait { us } => self.wait(us.into()),
            Act::Stall { ms } => {
                self.now = self.now + u64::from(ms % 300) * 1000;
                if self.room.next_timeout().is_some_and(|due| due <= self.now) {
                    self.handle(Input::Timeout);
                }
            }
        }
    }

    fn next(&mut self, who: u8, flags: UpFlags, level: u8, ends: Option<Ends>) {
        let samples = self.ptime.samples() as u32;
        let says = self.says.entry(who).or_default();
        let marker = flags.marker || !std::mem::replace(&mut says.talks, ends.is_none());
        let (end, muted) = (matches!(ends, Some(Ends::Full | Ends::Empty)), matches!(ends, Some(Ends::Muted)));
        let flags = UpFlags { marker, end, muted, ..flags };
        let (timestamp, sequence) = (says.timestamp, says.sequence);
        (says.timestamp, says.sequence) = (timestamp.wrapping_add(samples), sequence.wrapping_add(1));
        let payload = [sequence as u8];
        let payload = Bytes::copy_from_slice(if matches!(ends, Some(Ends::Empty)) { &[] } else { &payload });
        self.packet(who, flags, level, timestamp, sequence, payload);
    }

    fn packet(&mut self, who: u8, flags: UpFlags, level: u8, timestamp: u32, sequence: u16, payload: Bytes) {
        // What the wire lets through: only an end is empty.
        if !payload.is_empty() || flags.end || flags.muted {
            let header = UpHeader { flags, sequence, timestamp, capture_us: timestamp | 1, level: level % 128 };
            self.handle(Input::Packet(id(who), header, payload));
        }
    }

    fn wait(&mut self, us: u64) {
        let until = self.now + us;
        let mut times = 0;
        while let Some(due) = self.room.next_timeout().filter(|&due| due <= until) {
            self.now = self.now.max(due);
            self.handle(Input::Timeout);
            times += 1;
            assert!(times <= 16 + 2 * us / self.ptime.micros(), "a room is busy");
        }
        self.now = until;
    }

    fn handle(&mut self, input: Input) {
        self.room.handle(self.now, input);
        let mut outputs = 0;
        while let Some(output) = self.room.poll_output() {
            outputs += 1;
            assert!(outputs < 1000, "more than there are packets for");
            if let Output::Send(listener, header, payload) = output {
                self.listen(listener.0 as u8, header, &payload);
            }
        }
        assert!(self.heard.values().all(|heard| heard.primes == 0), "primes come with the packet they lead up to");
        assert_eq!(self.room.participants(), self.there.len());
    }

    fn listen(&mut self, listener: u8, header: DownHeader, payload: &Bytes) {
        assert_eq!(self.there.get(&listener), Some(&true), "to somebody who hears");
        assert_eq!(DownHeader::parse(&header.write(payload)), Ok((header, payload.clone())));
        let samples = self.ptime.samples() as u32;
        let heard = self.heard.get_mut(&listener).expect("they are there");
        if let Some(sequence) = heard.sequence.replace(header.sequence) {
            assert_eq!(header.sequence, sequence.wrapping_add(1));
        }
        if header.flags.prime {
            heard.primes += 1;
            assert!(heard.primes <= 4 && (header.capture_us, header.held) == (0, 0) && !payload.is_empty());
            return;
        }
        let first_of_epoch = heard.last.is_none_or(|last| last.epoch != header.epoch);
        let silent_before = heard.last.is_none_or(|last| last.flags.end);
        assert!(first_of_epoch || heard.primes == 0, "primes are for a new epoch");
        heard.primes = 0;
        assert!(!payload.is_empty() || (header.flags.end && !first_of_epoch), "{header:?}");
        if !payload.is_empty() {
            assert!(first_of_epoch || !silent_before, "after silence there is a new epoch");
            assert!(!header.flags.cross_fade || first_of_epoch && !header.flags.marker, "{header:?}");
            if let Some(played) = heard.played.replace(header.timestamp) {
                let step = header.timestamp.wrapping_sub(played).cast_signed();
                let least = if header.flags.cross_fade { 1 } else { samples as i32 };
                assert!(step >= least || !self.tame, "{step} samples after {:?}: {header:?}", heard.last);
            }
        }
        heard.last = Some(header);
    }
}

fn id(who: u8) -> ParticipantId {
    ParticipantId(who.into())
}

fuzz_target!(|run: Run| {
    let ptime = if run.ten_ms { Ptime::Ms10 } else { Ptime::Ms20 };
    let config = RoomConfig { ptime, max_mixes: usize::from(run.most_mixes % 8) + 1, ..RoomConfig::default() };
    let now = Micros(1_000_000);
    let mut world = World {
        room: Room::new(config, Tiny, now),
        ptime,
        now,
        there: BTreeMap::new(),
        heard: BTreeMap::new(),
        says: BTreeMap::new(),
        tame: true,
    };
    run.acts.into_iter().take(300).for_each(|act| world.act(act));
    world.wait(3_000_000);
    assert_eq!(world.room.next_timeout(), None, "nobody talks");
});
