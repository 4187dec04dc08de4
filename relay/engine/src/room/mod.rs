//! The room: participants come and go, packets come in and go out.
//!
//! A mix with exactly one contributor is that contributor's packets: they are forwarded as they arrive. Any other goes
//! out on the tick of the packet time, encoded once, to everyone who hears it. A room in which nobody talks does nothing.

mod exchange;
mod feeds;
mod grid;
mod mixes;
mod places;
mod steering;

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use relay_wire::{Gain, UpHeader};

pub use exchange::{Input, Output, RoomConfig};
use grid::Grid;
use places::Places;
use steering::{Move, Steering};

use crate::codec::Codec;
use crate::jitter::{PRIMES, Packet, Passed};
use crate::listener::FeedPacket;
use crate::mix::MixKey;
use crate::participant::{Participant, ParticipantId};
use crate::select::Ranking;
use crate::talker::Talker;
use crate::tick::{Contribution, Tick};
use crate::time::{Micros, Ptime, us_to_samples};

/// One room.
#[derive(Debug)]
pub struct Room<C: Codec> {
    config: RoomConfig,
    codec: C,
    /// Where the room's media time is 0.
    began: Micros,
    grid: Grid,
    steering: Steering,
    /// Number of the next tick; `None` while the room is silent.
    next_tick: Option<u64>,
    /// The next tick waits for a packet, at most until then.
    waits_until: Option<Micros>,
    participants: BTreeMap<ParticipantId, Participant<C>>,
    places: Places<C>,
    ranking: Ranking,
    /// Who leaves a mix for whose own packets.
    moved: Vec<(ParticipantId, ParticipantId)>,
    /// Who is heard, and of whom mixes still hold something.
    heard: Vec<ParticipantId>,
    lingering: Vec<ParticipantId>,
    key: MixKey,
    /// Whether somebody hears a talker's own packets.
    forwards: bool,
    /// The ticks before this one in which somebody was heard, oldest first; empty after silence.
    past: VecDeque<Tick>,
    outputs: VecDeque<Output>,
    /// Time of the input under way.
    now: Micros,
}

/// A driver that comes later than this skips the ticks in between: what they would play is too old.
const MAX_TICKS_BEHIND: u64 = 5;

impl<C: Codec + Clone> Room<C> {
    /// An empty room.
    pub fn new(config: RoomConfig, codec: C, now: Micros) -> Self {
        Self {
            config,
            places: Places::new(config.max_mixes, codec.clone()),
            ranking: Ranking::default(),
            moved: Vec::new(),
            heard: Vec::new(),
            lingering: Vec::new(),
            key: MixKey::default(),
            forwards: false,
            codec,
            began: now,
            grid: Grid::new(config.ptime, now),
            steering: Steering::default(),
            next_tick: None,
            waits_until: None,
            participants: BTreeMap::new(),
            past: VecDeque::new(),
            outputs: VecDeque::new(),
            now,
        }
    }

    /// Takes one input; then drain [`Room::poll_output`]. Inputs about participants who are not here are ignored.
    pub fn handle(&mut self, now: Micros, input: Input) {
        self.now = now;
        match input {
            Input::Join(id) => {
                self.participants.entry(id).or_insert_with(|| Participant::new(&self.codec, self.config.ptime));
                self.regroup(now);
            }
            Input::Leave(id) => {
                self.participants.remove(&id);
                self.participants.values_mut().for_each(|p| _ = p.set_gain(id, Gain::UNITY));
                self.regroup(now);
            }
            Input::Away(id, away) => {
                let Some(participant) = self.participants.get_mut(&id) else { return };
                let talked = participant.begin_anew(&self.codec, self.config.ptime, away);
                self.outputs.extend(talked.then_some(Output::Talking(id, false)));
                self.regroup(now);
            }
            Input::Packet(id, header, payload) => self.packet(now, id, header, payload),
            Input::Deafen(id, deafened) => {
                if let Some(participant) = self.participants.get_mut(&id) {
                    let listener = &mut participant.listener;
                    listener.deafened = deafened;
                    listener.following = None;
                    self.regroup(now);
                }
            }
            Input::Gain(listener, who, gain) => {
                let here = listener != who && self.participants.contains_key(&who);
                match self.participants.get_mut(&listener).filter(|_| here).map(|p| p.set_gain(who, gain)) {
                    Some(true) => self.regroup(now),
                    Some(false) => self.outputs.push_back(Output::TooManyGains(listener)),
                    None => {}
                }
            }
            Input::Timeout => self.run_until(now),
        }
    }

    /// The next decision, until `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call `handle` with [`Input::Timeout`], if nothing else happens; `None` while the room is silent.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Micros> {
        self.next_tick.map(|number| self.waits_until.unwrap_or(self.grid.time_of(number)))
    }

    /// Whether a packet may be handled as late as the next timeout, with the time of its arrival and before that timeout. So
    /// it is while everyone who hears anybody hears a mix that runs, and its next tick does not wait for a packet: nothing
    /// goes out sooner, but where the packet ends a talkspurt.
    #[must_use]
    pub fn packets_may_wait(&self) -> bool {
        self.next_tick.is_some() && !self.past.is_empty() && !self.forwards && self.waits_until.is_none()
    }

    /// How many are here.
    #[must_use]
    pub fn participants(&self) -> usize {
        self.participants.len()
    }

    fn packet(&mut self, now: Micros, id: ParticipantId, header: UpHeader, payload: Bytes) {
        let packet = Packet::from((header, payload));
        if !packet.payload.is_empty() && !self.codec.accepts(&packet.payload) {
            // It may be the one that ends a talkspurt; the talkspurt then ends by silence.
            return self.outputs.push_back(Output::Undecodable(id));
        }
        let Some(participant) = self.participants.get_mut(&id) else { return };
        let begins = participant.talker.hear(now, header.level, &packet);
        if begins {
            self.regroup(now);
        }
        let Some(participant) = self.participants.get_mut(&id) else { return };
        let passed = participant.talker.take(now, &packet);
        self.outputs.extend(participant.talker.take_late().map(|late| Output::Late(id, late)));
        match passed {
            Passed::Anew => {
                self.cut_off(id);
                self.forward(now, id, &packet);
            }
            Passed::Useful => self.forward(now, id, &packet),
            Passed::Useless if packet.end => self.forward(now, id, &packet),
            Passed::Useless => {}
        }
        if packet.end {
            self.settle_silence(now);
        }
        self.wake(now);
        if begins && self.past.is_empty() && self.playing().next().is_some() {
            self.place_first_tick(now);
        }
        if self.waits_until.is_some() && !self.lacks_packets() {
            self.waits_until = Some(now);
            self.run_until(now);
        }
    }

    fn announce(&mut self) {
        for (&id, participant) in &mut self.participants {
            let talker = &mut participant.talker;
            let heard = talker.on_air && talker.standing.is_selected();
            if talker.announced != heard {
                talker.announced = heard;
                self.outputs.push_back(Output::Talking(id, heard));
            }
        }
    }

    /// Ends the talkspurts of which nothing is left.
    fn settle_silence(&mut self, now: Micros) {
        let mut changed = false;
        for participant in self.participants.values_mut() {
            changed |= participant.talker.fall_silent(now);
        }
        if changed {
            self.regroup(now);
        }
    }

    fn media_time(&self, now: Micros) -> u32 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "timestamps wrap")]
        let wrapped = us_to_samples(now.since(self.began).cast_signed()) as u32;
        wrapped
    }

    /// A silent room gets its next tick, on the same grid as before.
    fn wake(&mut self, now: Micros) {
        if self.next_tick.is_none() {
            self.next_tick = Some(self.grid.reached(now) + 1);
        }
    }

    fn run_until(&mut self, now: Micros) {
        while let Some(number) = self.next_tick.filter(|_| self.next_timeout().is_some_and(|due| due <= now)) {
            let due = self.grid.time_of(number);
            if self.waits_until.is_none() && now.since(due) < self.patience_us() && self.lacks_packets() {
                self.waits_until = Some(due + self.patience_us());
                return;
            }
            if let Some(until) = self.waits_until.take() {
                self.grid.set(number, until.min(now));
            }
            let reached = self.grid.reached(now);
            let number = if reached - number > MAX_TICKS_BEHIND {
                self.past.clear();
                reached
            } else {
                number
            };
            self.tick(number);
            let busy = |p: &Participant<C>| p.talker.on_air || p.listener.following.is_some();
            self.next_tick = self.participants.values().any(busy).then_some(number + 1);
            if self.next_tick.is_none() {
                // A silent room keeps no encoders.
                self.places.clear();
                self.past = VecDeque::new();
            }
        }
    }

    /// A tick waits so long for a packet that is a little late: listeners hardly notice, and nothing is concealed.
    fn patience_us(&self) -> u64 {
        self.config.ptime.micros() / 8
    }

    fn lacks_packets(&self) -> bool {
        let samples = self.config.ptime.samples();
        self.playing().any(|talker| talker.jitter.lacks(samples))
    }

    fn tick(&mut self, number: u64) {
        let now = self.grid.time_of(number);
        let mut tick = if self.past.len() == PRIMES { self.past.pop_front() } else { None }.unwrap_or_default();
        tick.reset(number, self.config.ptime.samples());
        self.add_up(now, &mut tick);
        self.steer(number);
        if self.past.is_empty() && !tick.is_empty() {
            self.recall_forwarded(number);
        }
        self.send_mixes(now, &tick);
        if tick.is_empty() {
            self.past.clear();
        } else {
            self.past.push_back(tick);
        }
        self.settle_silence(now);
        self.regroup(now);
    }

    /// A mix is about to start. Its first tick is when the next packet of each of its talkers has waited long enough: then
    /// who was forwarded goes on without a gap, and who comes in waits for less than a packet time. Of who has said but one
    /// packet nobody notices a gap.
    fn place_first_tick(&mut self, now: Micros) {
        let waited_for = self.playing().filter(|talker| !talker.has_only_begun());
        let due = waited_for.filter_map(|talker| talker.jitter.due_us()).max();
        let due = due.and_then(|us| u64::try_from(us).ok()).map_or(now, Micros);
        if let Some(next) = self.next_tick {
            self.grid.set(next, due.clamp(now, now + self.config.ptime.micros()));
        }
    }

    /// Whose signal a mix needs.
    fn playing(&self) -> impl Iterator<Item = &Talker<C>> {
        self.participants.values().map(|p| &p.talker).filter(|talker| talker.plays)
    }

    /// Moves the ticks after this one a little, so that packets wait no longer for them than they have to.
    fn steer(&mut self, number: u64) {
        self.steering.begin();
        let audible = |p: &Participant<C>| p.talker.plays && p.talker.standing.is_audible();
        for (&id, participant) in self.participants.iter().filter(|(_, p)| audible(p)) {
            // A tick for which somebody had no packet tells nothing.
            let Some(wait) = participant.talker.wait() else { return };
            self.steering.note(id, wait);
        }
        match self.steering.decide(self.config.ptime.micros()) {
            Move::Earlier(by_us) => self.grid.draw_nearer(number, by_us),
            Move::Later(by_us) => self.grid.put_off(number, by_us),
        }
    }

    /// Pulls a frame of everyone whose signal a mix needs, selects who is heard, and adds those up.
    fn add_up(&mut self, now: Micros, tick: &mut Tick) {
        for (&id, participant) in &mut self.participants {
            let talker = &mut participant.talker;
            talker.pull(now);
            self.outputs.extend(talker.take_late().map(|late| Output::Late(id, late)));
            for _ in 0..talker.pulled.undecodable {
                self.outputs.push_back(Output::Undecodable(id));
            }
        }
        for (&id, participant) in &mut self.participants {
            let talker = &mut participant.talker;
            talker.settle(tick.number);
            if talker.contributes {
                tick.add(talker.contribution(id), &talker.mixed);
            }
        }
    }

    /// A mix starts: what was heard before it is what was forwarded.
    fn recall_forwarded(&mut self, number: u64) {
        let longest = self.participants.values().map(|p| p.talker.forwarded.len()).max().unwrap_or(0);
        for age in (1..=longest).rev() {
            let mut tick = Tick::default();
            tick.reset(number.saturating_sub(age as u64), self.config.ptime.samples());
            for (&id, participant) in &self.participants {
                let frames = &participant.talker.forwarded;
                if let Some(frame) = frames.len().checked_sub(age).map(|at| &frames[at]) {
                    let frame: Vec<i32> = frame.iter().copied().map(i32::from).collect();
                    tick.add(Contribution { who: id, ..Contribution::default() }, &frame);
                }
            }
            self.past.push_back(tick);
        }
        for participant in self.participants.values_mut() {
            participant.talker.forget_forwarded(number);
        }
    }
}

impl From<&Packet> for FeedPacket {
    fn from(packet: &Packet) -> Self {
        Self {
            timestamp: packet.timestamp,
            capture_us: packet.capture_us,
            held: None,
            end: packet.end,
            pre_roll: packet.pre_roll,
            payload: packet.payload.clone(),
        }
    }
}

fn media_time(ptime: Ptime, tick: u64) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "timestamps wrap")]
    let low = (tick * ptime.samples() as u64) as u32;
    low
}
