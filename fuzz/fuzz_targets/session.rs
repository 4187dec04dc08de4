//! Whatever sockets do to seats and a room, and in whatever order: one socket at most has a seat, only tokens that count
//! give it back, it is held no longer than it should be, and who comes back has read every line once and in order.
#![no_main]

use std::{collections::BTreeMap, sync::Arc};

use arbitrary::Arbitrary;
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use relay::{
    egress::Egress,
    resume::{HOLD_US, Lost, Occupancy, Return, Seats, SessionId, Stale},
    room::{Event, Greeting, Room},
};
use relay_engine::{Micros, ParticipantId, Ptime};
use relay_wire::{Colour, DisplayName, Gain, Role, RoomName, ServerMessage, UpHeader, close};

#[derive(Debug, Arbitrary)]
enum Act {
    /// A new participant comes.
    Come,
    /// Somebody shows one of the tokens they have had.
    Return { who: u8, token: u8 },
    /// What one of the sockets there were does.
    Socket { which: u8, does: Does },
    /// Another token for somebody.
    Issue { who: u8 },
    /// Time passes.
    Wait { ms: u16 },
}

#[derive(Debug, Arbitrary)]
enum Does {
    Lose,
    Leave,
    KeepToken,
    Chat { echo: Option<u8> },
    Mute(bool),
    Deafen(bool),
    Gain { participant: u8, db: Option<i8> },
    Audio(Vec<u8>),
    Read,
}

/// A seat as its holder knows it.
struct Guest {
    id: u32,
    /// Generations of the tokens that were issued, and the oldest that counts.
    issued: Vec<u32>,
    oldest: u32,
    /// When the seat is given up, while it is held.
    until: Option<Micros>,
    seated: bool,
    answered: bool,
    /// The last line that was read.
    read: u64,
}

struct Socket {
    who: usize,
    occupancy: Occupancy,
    answered: u32,
    egress: Arc<Egress>,
    welcomed: bool,
}

struct World {
    now: Micros,
    seats: Seats<usize>,
    room: Room,
    guests: Vec<Guest>,
    sockets: Vec<Socket>,
    /// Lines that may have been said, by writer and echo.
    echoes: BTreeMap<usize, u32>,
}

const MOST: usize = 12;

impl World {
    fn new() -> Self {
        let name = RoomName::parse("lobby").expect("a good name");
        Self {
            now: Micros(0),
            seats: Seats::default(),
            room: Room::new(name, Ptime::Ms20, Micros(0)),
            guests: Vec::new(),
            sockets: Vec::new(),
            echoes: BTreeMap::new(),
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Come if self.guests.len() < MOST => self.come(),
            Act::Return { who, token } if !self.guests.is_empty() => {
                let who = usize::from(who) % self.guests.len();
                let issued = &self.guests[who].issued;
                let generation = issued[usize::from(token) % issued.len()];
                self.come_back(who, generation);
            }
            Act::Socket { which, does } if !self.sockets.is_empty() => {
                let which = usize::from(which) % self.sockets.len();
                self.socket(which, does);
            }
            Act::Issue { who } if !self.guests.is_empty() => {
                let who = usize::from(who) % self.guests.len();
                let issued = self.seats.issue(session(who));
                assert_eq!(issued.is_some(), self.guests[who].seated);
                self.guests[who].issued.extend(issued);
            }
            Act::Wait { ms } => self.wait(u64::from(ms) * 1000),
            _ => {}
        }
        self.check();
    }

    fn come(&mut self) {
        let who = self.guests.len();
        let id = who as u32 + 1;
        let occupancy = self.seats.take(session(who), who);
        self.guests.push(Guest {
            id,
            issued: vec![occupancy.generation],
            oldest: occupancy.generation,
            until: None,
            seated: true,
            answered: false,
            read: 0,
        });
        let greeting = self.greet(who, occupancy);
        let name = DisplayName::parse("guest").expect("a good name");
        self.tell(Event::Join { id: ParticipantId(id), name, colour: Colour::of(id), role: Role::Talker, greeting });
    }

    fn come_back(&mut self, who: usize, generation: u32) {
        let guest = &self.guests[who];
        let counts = generation >= guest.oldest;
        match self.seats.take_back(session(who), generation) {
            Ok(Return::Held(occupancy)) => {
                assert!(guest.seated && counts);
                let after = guest.read;
                let guest = &mut self.guests[who];
                guest.until = None;
                guest.issued.push(occupancy.generation);
                let id = ParticipantId(guest.id);
                let greeting = self.greet(who, occupancy);
                self.tell(Event::Return { id, after, greeting });
            }
            Ok(Return::Unknown) => assert!(!guest.seated),
            Err(Stale) => assert!(guest.seated && !counts),
        }
    }

    fn greet(&mut self, who: usize, occupancy: Occupancy) -> Greeting {
        let egress = Arc::new(Egress::default());
        let greeting =
            Greeting { egress: Arc::clone(&egress), boot: "boot".into(), token: "token".into(), missed_all: false };
        self.sockets.push(Socket { who, occupancy, answered: 0, egress, welcomed: false });
        greeting
    }

    fn socket(&mut self, which: usize, does: Does) {
        let (who, current) = (self.sockets[which].who, self.sockets[which].occupancy.is_current());
        let id = ParticipantId(self.guests[who].id);
        match does {
            Does::Lose => {
                let lost = self.seats.lose(self.now, &self.sockets[which].occupancy);
                assert_eq!(lost.is_some(), current);
                match lost {
                    Some(Lost::Away(_)) => {
                        assert!(self.guests[who].answered);
                        self.guests[who].until = Some(self.now + HOLD_US);
                        self.tell(Event::Away(id));
                    }
                    Some(Lost::Left(_)) => {
                        assert!(!self.guests[who].answered);
                        self.gone(who);
                    }
                    None => {}
                }
            }
            Does::Leave => {
                let left = self.seats.leave(&self.sockets[which].occupancy);
                assert_eq!(left.is_some(), current);
                if current {
                    self.gone(who);
                }
            }
            Does::KeepToken => {
                let socket = &mut self.sockets[which];
                let generation = socket.occupancy.generation + socket.answered;
                socket.answered += 1;
                self.seats.keep(&socket.occupancy, generation);
                if current {
                    let guest = &mut self.guests[who];
                    let last = *guest.issued.last().expect("one came with the seat");
                    guest.oldest = guest.oldest.max(generation.min(last));
                    guest.answered = true;
                }
            }
            Does::Read => self.read(which),
            _ if !current => {}
            Does::Chat { echo } => {
                let echo = echo.map(u32::from);
                let last = self.echoes.entry(who).or_default();
                *last = (*last).max(echo.unwrap_or(0));
                self.tell(Event::Chat(id, "line".into(), echo));
            }
            Does::Mute(muted) => self.tell(Event::Mute(id, muted)),
            Does::Deafen(deafened) => self.tell(Event::Deafen(id, deafened)),
            Does::Gain { participant, db } => {
                let gain = db.map_or(Gain::MUTE, |db| Gain::from_db(f32::from(db.clamp(-60, 20))));
                self.tell(Event::Gain(id, ParticipantId(u32::from(participant)), gain));
            }
            Does::Audio(message) => {
                if let Ok((header, payload)) = UpHeader::parse(&Bytes::from(message)) {
                    self.tell(Event::Packet(id, header, payload));
                }
            }
        }
    }

    /// What a socket was sent: a welcome first, then lines that go on where the last that was read ended.
    fn read(&mut self, which: usize) {
        let socket = &mut self.sockets[which];
        if !socket.egress.queues().pending(self.now).text {
            return;
        }
        let evicted = socket.egress.queues().pending(self.now).close.is_some();
        while let Some(text) = socket.egress.queues().take_text() {
            let message = ServerMessage::parse(&text).expect("valid").expect("known");
            let read = &mut self.guests[socket.who].read;
            match message {
                ServerMessage::Welcome { id, echo, .. } => {
                    assert!(!socket.welcomed && id == self.guests[socket.who].id);
                    assert!(echo <= self.echoes.get(&socket.who).copied().unwrap_or(0));
                    socket.welcomed = true;
                }
                // An evicted socket reads what another one reads too.
                ServerMessage::Chat { message, .. } if !evicted && socket.occupancy.is_current() => {
                    assert!(socket.welcomed && (message == *read + 1 || *read == 0), "{message} after {read}");
                    *read = message;
                }
                _ => assert!(socket.welcomed || evicted),
            }
        }
        while socket.egress.queues().take_audio(self.now).is_some() {}
    }

    fn wait(&mut self, us: u64) {
        self.now = self.now + us;
        while let Some(who) = self.seats.expire(self.now) {
            assert!(self.guests[who].until.is_some_and(|until| until <= self.now));
            self.gone(who);
        }
        for _ in 0..64 {
            if self.room.next_timeout().is_none_or(|next| next > self.now) {
                break;
            }
            self.room.timeout(self.now);
        }
        self.room.write();
    }

    fn gone(&mut self, who: usize) {
        let guest = &mut self.guests[who];
        (guest.seated, guest.until) = (false, None);
        let id = ParticipantId(guest.id);
        self.tell(Event::Leave(id));
    }

    fn tell(&mut self, event: Event) {
        self.room.handle(self.now, event);
        self.room.write();
    }

    fn check(&self) {
        for (who, guest) in self.guests.iter().enumerate() {
            let mine = self.sockets.iter().filter(|socket| socket.who == who);
            let current: Vec<&Socket> = mine.filter(|socket| socket.occupancy.is_current()).collect();
            assert_eq!(current.len(), usize::from(guest.seated && guest.until.is_none()), "one socket has the seat");
            for socket in current {
                let closed = socket.egress.queues().pending(self.now).close.map(|close| close.code);
                assert!(closed.is_none_or(|code| code == close::TOO_SLOW), "{closed:?}");
            }
        }
        let due = self.guests.iter().filter_map(|guest| guest.until).min();
        assert_eq!(self.seats.next_expiry(), due);
    }
}

fn session(who: usize) -> SessionId {
    SessionId(who as u64)
}

fuzz_target!(|acts: Vec<Act>| {
    let mut world = World::new();
    acts.into_iter().take(250).for_each(|act| world.act(act));
});
