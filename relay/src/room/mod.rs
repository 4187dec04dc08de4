//! A room on its mixer thread: the engine, who is there, and the numbering of text.
//!
//! One thread handles everything that happens to a room, so its order is the order for everyone.

mod event;
mod history;
mod host;
mod member;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use relay_engine::{Input, MAX_GAINS, Micros, OpusCodec, Output, ParticipantId, Ptime, Room as Engine, RoomConfig};
use relay_wire::{Colour, DisplayName, Notice, Role, RoomName, SAMPLE_RATE, ServerMessage, VERSION, close};
use tokio_tungstenite::tungstenite::Utf8Bytes;

pub use event::{Delivered, Event, Greeting};

use history::History;
use member::Member;

use crate::{
    clock::wall_ms,
    egress::Egress,
    queues::{self, Close},
};

/// A room and everyone in it.
#[derive(Debug)]
pub struct Room {
    name: RoomName,
    ptime: Ptime,
    engine: Engine<OpusCodec>,
    /// In the order of their ids.
    members: Vec<Member>,
    history: History,
    /// For whom there is something to be written.
    addressed: Vec<ParticipantId>,
    left_over: bool,
    /// Packets of talkers that came too late, since this was last asked.
    late: u64,
}

impl Room {
    /// An empty room.
    #[must_use]
    pub fn new(name: RoomName, ptime: Ptime, now: Micros) -> Self {
        let config = RoomConfig { ptime, ..RoomConfig::default() };
        let engine = Engine::new(config, OpusCodec::of_mixes(ptime), now);
        Self {
            name,
            ptime,
            engine,
            members: Vec::new(),
            history: History::default(),
            addressed: Vec::new(),
            left_over: false,
            late: 0,
        }
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

    /// Whether something was left to sessions to write, since this was last asked.
    pub fn take_left_over(&mut self) -> bool {
        std::mem::take(&mut self.left_over)
    }

    /// How many packets of talkers came too late to be of use, since this was last asked.
    pub fn take_late(&mut self) -> u64 {
        std::mem::take(&mut self.late)
    }

    /// Takes an event.
    pub fn handle(&mut self, now: Micros, event: Event) {
        match event {
            Event::Packet(id, ..) if self.is_silenced(id) => {}
            Event::Packet(id, header, payload) => self.drive(now, Input::Packet(id, header, payload)),
            Event::Join { id, name, colour, role, greeting } => self.join(now, id, name, colour, role, greeting),
            Event::Return { id, after, greeting } => self.come_back(now, id, after, greeting),
            Event::Away(id) => self.away(now, id),
            Event::Quiet(id, quiet) => self.quiet(id, quiet),
            Event::Leave(id) => self.leave(now, id),
            Event::Token(id, token) => self.say_to(id, || text(&ServerMessage::Resume { token })),
            Event::Chat(id, text, echo) => self.chat(id, text, echo),
            Event::Notify { from, notice, echo, reply } => {
                let delivered = self.notify(from, notice, echo);
                if let (Some(delivered), Some(reply)) = (delivered, reply) {
                    // Nobody is left to be told when the HTTP request was given up.
                    let _ = reply.send(delivered);
                }
            }
            Event::Mute(id, muted) => self.mute(id, muted),
            Event::Identity(id, name, colour) => self.identify(id, name, colour),
            Event::Microphone(id, delay_ms) => self.note_microphone(id, delay_ms),
            Event::MuteByHost(whom) => self.mute_by_host(whom),
            Event::Remove(id) => self.remove(id),
            Event::End => self.end(),
            // Nobody is left to be told when the HTTP request was given up.
            Event::Roster(reply) => drop(reply.send(self.roster())),
            Event::Deafen(id, deafened) => self.drive(now, Input::Deafen(id, deafened)),
            Event::Gain(id, who, gain) => self.drive(now, Input::Gain(id, who, gain)),
        }
    }

    /// Says goodbye to everyone.
    pub fn goodbye(&self) {
        let how = Close { code: close::GOING_AWAY, reason: "goodbye" };
        self.egresses().for_each(|egress| dismiss(egress, "the relay is shutting down", true, how));
    }

    /// Ends everyone's session after a fault of the relay's own.
    pub fn fail(&self) {
        self.egresses().for_each(fail);
    }

    fn join(
        &mut self,
        now: Micros,
        id: ParticipantId,
        name: DisplayName,
        colour: Colour,
        role: Role,
        greeting: Greeting,
    ) {
        let at = self.members.partition_point(|member| member.id < id);
        let since = if greeting.missed_all { 0 } else { self.history.last() };
        let egress = Arc::clone(&greeting.egress);
        let member = Member {
            id,
            name,
            colour,
            role,
            muted: false,
            talking: false,
            told_undecodable: false,
            silenced: false,
            microphone_ms: None,
            since,
            echo: 0,
            quiet: false,
            egress: Some(Arc::clone(&egress)),
        };
        self.broadcast(&ServerMessage::Joined { participant: member.listing() });
        self.members.insert(at, member);
        self.welcome(now, at, greeting, false);
        self.history.after(since).for_each(|text| egress.queues().push_text(text.clone()));
        self.drive(now, Input::Join(id));
    }

    /// What was missed goes between the welcome and everything new.
    fn come_back(&mut self, now: Micros, id: ParticipantId, after: u64, greeting: Greeting) {
        let Some(at) = self.position(id) else { return fail(&greeting.egress) };
        let egress = Arc::clone(&greeting.egress);
        self.drive(now, Input::Away(id, false));
        let was_away = self.members[at].is_away();
        self.members[at].quiet = false;
        if let Some(evicted) = self.members[at].egress.replace(Arc::clone(&egress)) {
            replace(&evicted);
        }
        if was_away {
            self.broadcast_but(id, &ServerMessage::Away { id: id.0, away: false });
        }
        self.welcome(now, at, greeting, true);
        self.history.after(after.max(self.members[at].since)).for_each(|text| egress.queues().push_text(text.clone()));
    }

    fn away(&mut self, now: Micros, id: ParticipantId) {
        let Some(at) = self.position(id) else { return };
        let Some(egress) = self.members[at].egress.take() else { return };
        // The socket is gone already, or another was to have the seat and did not come to it.
        replace(&egress);
        let known = std::mem::take(&mut self.members[at].quiet);
        self.drive(now, Input::Away(id, true));
        if !known {
            self.broadcast(&ServerMessage::Away { id: id.0, away: true });
        }
    }

    fn quiet(&mut self, id: ParticipantId, quiet: bool) {
        let Some(at) = self.position(id) else { return };
        if std::mem::replace(&mut self.members[at].quiet, quiet) != quiet {
            self.broadcast_but(id, &ServerMessage::Away { id: id.0, away: quiet });
        }
    }

    fn leave(&mut self, now: Micros, id: ParticipantId) {
        if let Some(at) = self.position(id) {
            self.members.remove(at);
            self.drive(now, Input::Leave(id));
            self.broadcast(&ServerMessage::Left { id: id.0 });
        }
    }

    fn welcome(&mut self, now: Micros, at: usize, greeting: Greeting, resumed: bool) {
        self.addressed.push(self.members[at].id);
        greeting.egress.queues().push_welcome(text(&ServerMessage::Welcome {
            version: VERSION,
            room: self.name.clone(),
            id: self.members[at].id.0,
            role: self.members[at].role,
            ptime_ms: self.ptime.ms(),
            sample_rate: SAMPLE_RATE,
            bitrate: OpusCodec::BITRATE,
            clock_us: now.0,
            participants: self.members.iter().map(Member::listing).collect(),
            boot: greeting.boot,
            resume: greeting.token,
            resumed,
            echo: self.members[at].echo,
        }));
    }

    fn chat(&mut self, id: ParticipantId, text: String, echo: Option<u32>) {
        let Some(at) = self.position(id).filter(|at| self.members[*at].takes(echo)) else { return };
        let name = self.members[at].name.clone();
        self.say(|message| ServerMessage::Chat { message, id: id.0, name, text, at_ms: wall_ms(), echo });
    }

    /// `None` where it was said already.
    fn notify(&mut self, from: Option<ParticipantId>, notice: Notice, echo: Option<u32>) -> Option<Delivered> {
        if let Some(id) = from {
            self.position(id).filter(|at| self.members[*at].takes(echo))?;
        }
        let id = from.map(|id| id.0);
        self.say(|message| ServerMessage::Notification { message, id, notice, at_ms: wall_ms(), echo });
        Some(Delivered { message: self.history.last(), delivered: self.egresses().count() })
    }

    /// Says the next numbered message to everyone.
    fn say(&mut self, message: impl FnOnce(u64) -> ServerMessage) {
        let text = self.history.add(|number| text(&message(number)));
        self.broadcast_text(&text, None);
    }

    fn mute(&mut self, id: ParticipantId, muted: bool) {
        let Some(at) = self.position(id) else { return };
        self.members[at].silenced &= muted;
        if std::mem::replace(&mut self.members[at].muted, muted) != muted {
            self.broadcast(&ServerMessage::Muted { id: id.0, muted, by: None });
        }
    }

    fn identify(&mut self, id: ParticipantId, name: DisplayName, colour: Colour) {
        let Some(at) = self.position(id) else { return };
        self.members[at].name = name.clone();
        self.members[at].colour = colour;
        self.broadcast(&ServerMessage::Identity { id: id.0, name, colour });
    }

    fn note_microphone(&mut self, id: ParticipantId, delay_ms: u16) {
        let Some(at) = self.position(id) else { return };
        if self.members[at].microphone_ms.replace(delay_ms) != Some(delay_ms) {
            self.broadcast_but(id, &ServerMessage::Microphone { id: id.0, delay_ms });
        }
    }

    fn drive(&mut self, now: Micros, input: Input) {
        self.engine.handle(now, input);
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Send(id, header, payload) => {
                    if let Some(egress) = self.egress(id) {
                        egress.queues().push_audio(now, header, payload);
                        self.addressed.push(id);
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
                        self.say_to(id, || queues::error("undecodable", sentence));
                    }
                }
                Output::Late(_, packets) => self.late += packets,
                Output::TooManyGains(id) => self.say_to(id, || {
                    let sentence = format!("a gain for more than {MAX_GAINS} others; set one of them to 0 dB first");
                    queues::error("too_many_gains", sentence)
                }),
            }
        }
    }

    /// Whether something waits for [`write`](Self::write).
    #[must_use]
    pub fn is_unwritten(&self) -> bool {
        !self.addressed.is_empty()
    }

    /// Writes what has come of events and time-outs to the sockets. Once for many of them: a burst of packets goes as one.
    pub fn write(&mut self) {
        let mut addressed = std::mem::take(&mut self.addressed);
        addressed.sort_unstable();
        addressed.dedup();
        for id in addressed.drain(..) {
            self.left_over |= self.egress(id).is_some_and(|egress| !egress.write());
        }
        self.addressed = addressed;
    }

    fn say_to(&mut self, id: ParticipantId, message: impl FnOnce() -> Utf8Bytes) {
        if let Some(egress) = self.egress(id) {
            egress.queues().push_text(message());
            self.addressed.push(id);
        }
    }

    fn broadcast(&mut self, message: &ServerMessage) {
        self.broadcast_text(&text(message), None);
    }

    fn broadcast_but(&mut self, id: ParticipantId, message: &ServerMessage) {
        self.broadcast_text(&text(message), Some(id));
    }

    fn broadcast_text(&mut self, text: &Utf8Bytes, but: Option<ParticipantId>) {
        for member in self.members.iter().filter(|member| Some(member.id) != but) {
            if let Some(egress) = &member.egress {
                egress.queues().push_text(text.clone());
                self.addressed.push(member.id);
            }
        }
    }

    /// Of those who are not away.
    fn egresses(&self) -> impl Iterator<Item = &Egress> {
        self.members.iter().filter_map(|member| member.egress.as_deref())
    }

    fn egress(&self, id: ParticipantId) -> Option<&Egress> {
        self.position(id).and_then(|at| self.members[at].egress.as_deref())
    }

    fn position(&self, id: ParticipantId) -> Option<usize> {
        self.members.binary_search_by_key(&id, |member| member.id).ok()
    }
}

/// Ends a session after a fault of the relay's own.
pub fn fail(egress: &Egress) {
    dismiss(egress, "the relay failed in this room", true, Close { code: close::INTERNAL, reason: "internal" });
}

/// Ends a session whose seat another socket has.
pub fn replace(egress: &Egress) {
    dismiss(egress, "another connection took this seat", false, Close { code: close::REPLACED, reason: "replaced" });
}

/// Says goodbye, for that reason, and ends the session.
fn dismiss(egress: &Egress, reason: &str, reconnect: bool, how: Close) {
    egress.close(text(&ServerMessage::Goodbye { reason: reason.to_owned(), reconnect }), how);
}

fn text(message: &ServerMessage) -> Utf8Bytes {
    message.to_json().into()
}
