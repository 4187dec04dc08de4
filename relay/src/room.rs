//! A room on its mixer thread: the engine, who is there, and the numbering of text.
//!
//! One thread handles everything that happens to a room, so its order is the order for everyone.

use std::sync::Arc;

use bytes::Bytes;
use relay_engine::{Input, MAX_GAINS, Micros, OpusCodec, Output, ParticipantId, Ptime, Room as Engine, RoomConfig};
use relay_wire::{
    DisplayName, Gain, Participant, RoomName, SAMPLE_RATE, ServerMessage, UpHeader, VERSION, close, text::Notice,
};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::{
    clock::wall_ms,
    egress::{self, Close, Egress},
};

/// What can happen to a room.
#[derive(Debug)]
pub enum Event {
    /// Somebody comes.
    Join {
        /// Their id, new in this room.
        id: ParticipantId,
        /// What they are called.
        name: DisplayName,
        /// Where to put what they are sent.
        egress: Arc<Egress>,
    },
    /// Somebody leaves.
    Leave(ParticipantId),
    /// A packet arrived.
    Packet(ParticipantId, UpHeader, Bytes),
    /// A chat line.
    Chat(ParticipantId, String),
    /// A notification, by a participant or over HTTP.
    Notify {
        /// Who sent it; `None` is HTTP.
        from: Option<ParticipantId>,
        /// What it says.
        notice: Notice,
        /// Where to say what became of it.
        reply: Option<oneshot::Sender<Delivered>>,
    },
    /// A microphone went off or on.
    Mute(ParticipantId, bool),
    /// Somebody wants no audio, or wants it again.
    Deafen(ParticipantId, bool),
    /// The first wants to hear the second so much louder or softer.
    Gain(ParticipantId, ParticipantId, Gain),
}

/// What became of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// Its number in the room.
    pub message: u64,
    /// How many participants it was sent to.
    pub delivered: usize,
}

/// A room and everyone in it.
#[derive(Debug)]
pub struct Room {
    name: RoomName,
    ptime: Ptime,
    engine: Engine<OpusCodec>,
    /// In the order of their ids.
    members: Vec<Member>,
    last_message: u64,
}

#[derive(Debug)]
struct Member {
    id: ParticipantId,
    name: DisplayName,
    muted: bool,
    talking: bool,
    told_undecodable: bool,
    egress: Arc<Egress>,
}

impl Room {
    /// An empty room.
    #[must_use]
    pub fn new(name: RoomName, ptime: Ptime, now: Micros) -> Self {
        let config = RoomConfig { ptime, ..RoomConfig::default() };
        let engine = Engine::new(config, OpusCodec::new(ptime), now);
        Self { name, ptime, engine, members: Vec::new(), last_message: 0 }
    }

    /// What the room is called.
    #[must_use]
    pub fn name(&self) -> &RoomName {
        &self.name
    }

    /// When [`timeout`](Self::timeout) is due.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Micros> {
        self.engine.next_timeout()
    }

    /// Whether packets may wait for [`next_timeout`](Self::next_timeout).
    #[must_use]
    pub fn packets_may_wait(&self) -> bool {
        self.engine.packets_may_wait()
    }

    /// Lets the engine do what is due.
    pub fn timeout(&mut self, now: Micros) {
        self.drive(now, Input::Timeout);
    }

    /// Takes an event.
    pub fn handle(&mut self, now: Micros, event: Event) {
        match event {
            Event::Packet(id, header, payload) => self.drive(now, Input::Packet(id, header, payload)),
            Event::Join { id, name, egress } => self.join(now, id, name, egress),
            Event::Leave(id) => self.leave(now, id),
            Event::Chat(id, text) => self.chat(id, text),
            Event::Notify { from, notice, reply } => {
                let delivered = self.notify(from, notice);
                if let Some(reply) = reply {
                    // Nobody is left to be told when the HTTP request was given up.
                    let _ = reply.send(delivered);
                }
            }
            Event::Mute(id, muted) => self.mute(id, muted),
            Event::Deafen(id, deafened) => self.drive(now, Input::Deafen(id, deafened)),
            Event::Gain(id, who, gain) => self.drive(now, Input::Gain(id, who, gain)),
        }
    }

    /// Says goodbye to everyone.
    pub fn goodbye(&self) {
        let reason = "the relay is shutting down".to_owned();
        let last = text(&ServerMessage::Goodbye { reason, reconnect: true });
        for member in &self.members {
            member.egress.close(last.clone(), Close { code: close::GOING_AWAY, reason: "goodbye" });
        }
    }

    /// Ends everyone's session after a fault of the relay's own.
    pub fn fail(&self) {
        for member in &self.members {
            fail(&member.egress);
        }
    }

    fn join(&mut self, now: Micros, id: ParticipantId, name: DisplayName, egress: Arc<Egress>) {
        let at = self.members.partition_point(|member| member.id < id);
        let member = Member { id, name, muted: false, talking: false, told_undecodable: false, egress };
        let joined = ServerMessage::Joined { participant: member.listing() };
        self.broadcast(&joined);
        self.members.insert(at, member);
        self.members[at].egress.push_welcome(text(&ServerMessage::Welcome {
            version: VERSION,
            room: self.name.clone(),
            id: id.0,
            ptime_ms: self.ptime.ms(),
            sample_rate: SAMPLE_RATE,
            bitrate: OpusCodec::BITRATE,
            clock_us: now.0,
            participants: self.members.iter().map(Member::listing).collect(),
        }));
        self.drive(now, Input::Join(id));
    }

    fn leave(&mut self, now: Micros, id: ParticipantId) {
        if let Some(at) = self.position(id) {
            self.members.remove(at);
            self.drive(now, Input::Leave(id));
            self.broadcast(&ServerMessage::Left { id: id.0 });
        }
    }

    fn chat(&mut self, id: ParticipantId, text: String) {
        let Some(at) = self.position(id) else { return };
        self.last_message += 1;
        self.broadcast(&ServerMessage::Chat {
            message: self.last_message,
            id: id.0,
            name: self.members[at].name.clone(),
            text,
            at_ms: wall_ms(),
        });
    }

    fn notify(&mut self, from: Option<ParticipantId>, notice: Notice) -> Delivered {
        self.last_message += 1;
        let message = self.last_message;
        self.broadcast(&ServerMessage::Notification { message, id: from.map(|id| id.0), notice, at_ms: wall_ms() });
        Delivered { message, delivered: self.members.len() }
    }

    fn mute(&mut self, id: ParticipantId, muted: bool) {
        let Some(at) = self.position(id) else { return };
        if std::mem::replace(&mut self.members[at].muted, muted) != muted {
            self.broadcast(&ServerMessage::Muted { id: id.0, muted });
        }
    }

    fn drive(&mut self, now: Micros, input: Input) {
        self.engine.handle(now, input);
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Send(id, header, payload) => {
                    if let Some(at) = self.position(id) {
                        self.members[at].egress.push_audio(now, header, payload);
                    }
                }
                Output::Talking(id, talking) => {
                    if let Some(at) = self.position(id) {
                        self.members[at].talking = talking;
                        self.broadcast(&ServerMessage::Talking { id: id.0, talking });
                    }
                }
                Output::Undecodable(id) => {
                    if let Some(at) = self.position(id)
                        && !std::mem::replace(&mut self.members[at].told_undecodable, true)
                    {
                        let sentence = "an Opus packet did not decode; more of them are not mentioned";
                        self.members[at].egress.push_text(egress::error("undecodable", sentence));
                    }
                }
                Output::TooManyGains(id) => {
                    if let Some(at) = self.position(id) {
                        let sentence =
                            format!("a gain for more than {MAX_GAINS} others; set one of them to 0 dB first");
                        self.members[at].egress.push_text(egress::error("too_many_gains", &sentence));
                    }
                }
            }
        }
    }

    fn broadcast(&self, message: &ServerMessage) {
        let text = text(message);
        for member in &self.members {
            member.egress.push_text(text.clone());
        }
    }

    fn position(&self, id: ParticipantId) -> Option<usize> {
        self.members.binary_search_by_key(&id, |member| member.id).ok()
    }
}

/// Ends a session after a fault of the relay's own.
pub fn fail(egress: &Egress) {
    let reason = "the relay failed in this room".to_owned();
    let last = text(&ServerMessage::Goodbye { reason, reconnect: true });
    egress.close(last, Close { code: close::INTERNAL, reason: "internal" });
}

impl Member {
    fn listing(&self) -> Participant {
        Participant { id: self.id.0, name: self.name.clone(), muted: self.muted, talking: self.talking }
    }
}

fn text(message: &ServerMessage) -> Utf8Bytes {
    message.to_json().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Guest(Arc<Egress>);

    impl Guest {
        fn enter(room: &mut Room, id: u32) -> Self {
            let egress = Arc::new(Egress::default());
            let name = DisplayName::parse(&format!("guest {id}")).expect("a good name");
            room.handle(Micros(0), Event::Join { id: ParticipantId(id), name, egress: Arc::clone(&egress) });
            Self(egress)
        }

        fn read(&self) -> Vec<ServerMessage> {
            std::iter::from_fn(|| self.0.take_text())
                .map(|text| ServerMessage::parse(&text).expect("valid").expect("known"))
                .collect()
        }
    }

    fn room() -> Room {
        Room::new(RoomName::parse("lobby").expect("a good name"), Ptime::Ms20, Micros(0))
    }

    #[test]
    fn the_welcome_comes_first_and_lists_everyone() {
        let mut room = room();
        let first = Guest::enter(&mut room, 1);
        let second = Guest::enter(&mut room, 2);
        let messages = second.read();
        let [ServerMessage::Welcome { id: 2, participants, .. }] = messages.as_slice() else {
            panic!("{messages:?}");
        };
        assert_eq!(participants.iter().map(|p| p.id).collect::<Vec<_>>(), [1, 2]);
        assert!(matches!(first.read().as_slice(), [ServerMessage::Welcome { .. }, ServerMessage::Joined { .. }]));
    }

    #[test]
    fn chat_and_notifications_share_one_numbering() {
        let mut room = room();
        let guest = Guest::enter(&mut room, 1);
        guest.read();
        let notice = Notice { severity: relay_wire::Severity::Info, title: "t".into(), text: String::new() };
        room.handle(Micros(0), Event::Chat(ParticipantId(1), "a".into()));
        room.handle(Micros(0), Event::Notify { from: None, notice, reply: None });
        room.handle(Micros(0), Event::Chat(ParticipantId(1), "b".into()));
        let numbers: Vec<u64> = guest
            .read()
            .iter()
            .map(|m| match m {
                ServerMessage::Chat { message, .. } | ServerMessage::Notification { message, .. } => *message,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(numbers, [1, 2, 3]);
    }

    #[test]
    fn muting_twice_is_said_once() {
        let mut room = room();
        let guest = Guest::enter(&mut room, 1);
        guest.read();
        for muted in [true, true, false, false] {
            room.handle(Micros(0), Event::Mute(ParticipantId(1), muted));
        }
        let said = |muted| ServerMessage::Muted { id: 1, muted };
        assert_eq!(guest.read(), [said(true), said(false)]);
    }

    #[test]
    fn who_is_gone_can_say_nothing_more() {
        let mut room = room();
        let _first = Guest::enter(&mut room, 1);
        let second = Guest::enter(&mut room, 2);
        room.handle(Micros(0), Event::Leave(ParticipantId(1)));
        second.read();
        room.handle(Micros(0), Event::Chat(ParticipantId(1), "still here".into()));
        room.handle(Micros(0), Event::Leave(ParticipantId(1)));
        assert_eq!(second.read(), []);
    }
}
