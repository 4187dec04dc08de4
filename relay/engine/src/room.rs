//! The room: participants come and go, packets come in, and on every tick of the packet time each distinct mix goes
//! out, to everyone who hears it. A room in which nobody talks does nothing.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use relay_wire::{DownFlags, DownHeader, UpHeader};

use crate::codec::Codec;
use crate::mixer::{Mix, PRIMES, Tick};
use crate::participant::{Listener, Participant, ParticipantId, Source};
use crate::select::{Standing, select};
use crate::time::{Micros, Ptime};

/// What does not change while a room exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomConfig {
    /// Packet time, and the tick.
    pub ptime: Ptime,
    /// How many talkers are heard at once.
    pub max_talkers: usize,
}

impl Default for RoomConfig {
    fn default() -> Self {
        Self { ptime: Ptime::default(), max_talkers: 4 }
    }
}

/// What happens to a room.
#[derive(Debug, Clone)]
pub enum Input {
    /// Somebody comes.
    Join(ParticipantId),
    /// Somebody leaves.
    Leave(ParticipantId),
    /// A packet arrives from a talker.
    Packet(ParticipantId, UpHeader, Bytes),
    /// Somebody wants no audio, or wants it again.
    Deafen(ParticipantId, bool),
    /// The time of [`Room::next_timeout`] has come.
    Timeout,
}

/// What a room decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A packet for a listener. Listeners of one mix share the payload's memory.
    Send(ParticipantId, DownHeader, Bytes),
    /// Somebody began or stopped being heard.
    Talking(ParticipantId, bool),
    /// A packet of this talker did not decode.
    Undecodable(ParticipantId),
}

/// One room.
#[derive(Debug)]
pub struct Room<C: Codec> {
    config: RoomConfig,
    codec: C,
    /// The ticks are at `began + n × packet time`, n from 1; the media time of tick n is n packets.
    began: Micros,
    /// Number of the next tick; `None` while the room is silent.
    next_tick: Option<u64>,
    participants: BTreeMap<ParticipantId, Participant<C>>,
    shared: Mix<C>,
    /// The ticks before this one in which somebody was heard, oldest first; empty after silence.
    past: VecDeque<Tick>,
    outputs: VecDeque<Output>,
}

/// A driver that comes later than this skips the ticks in between: what they would play is too old.
const MAX_TICKS_BEHIND: u64 = 5;

impl<C: Codec + Clone> Room<C> {
    /// An empty room.
    pub fn new(config: RoomConfig, codec: C, now: Micros) -> Self {
        Self {
            config,
            shared: Mix::new(codec.clone()),
            codec,
            began: now,
            next_tick: None,
            participants: BTreeMap::new(),
            past: VecDeque::with_capacity(PRIMES),
            outputs: VecDeque::new(),
        }
    }

    /// Takes one input; then drain [`Room::poll_output`]. Inputs about participants who are not here are ignored.
    pub fn handle(&mut self, now: Micros, input: Input) {
        match input {
            Input::Join(id) => {
                self.participants.entry(id).or_insert_with(|| Participant::new(&self.codec, self.config.ptime));
            }
            Input::Leave(id) => {
                self.participants.remove(&id);
            }
            Input::Packet(id, header, payload) => {
                if let Some(participant) = self.participants.get_mut(&id) {
                    participant.talker.jitter.insert(now, (header, payload).into());
                    self.wake(now);
                }
            }
            Input::Deafen(id, deafened) => {
                if let Some(participant) = self.participants.get_mut(&id) {
                    participant.listener = Listener { deafened, following: None, ..participant.listener };
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
        self.next_tick.map(|number| self.time_of(number))
    }

    /// How many are here.
    #[must_use]
    pub fn participants(&self) -> usize {
        self.participants.len()
    }

    /// Counters of a talker's jitter buffer.
    #[must_use]
    pub fn jitter_stats(&self, id: ParticipantId) -> Option<crate::jitter::JitterStats> {
        self.participants.get(&id).map(|participant| participant.talker.jitter.stats())
    }

    fn time_of(&self, tick: u64) -> Micros {
        self.began + tick * self.config.ptime.micros()
    }

    /// A silent room gets its next tick, on the same grid as before.
    fn wake(&mut self, now: Micros) {
        if self.next_tick.is_none() {
            self.next_tick = Some(now.since(self.began) / self.config.ptime.micros() + 1);
        }
    }

    fn run_until(&mut self, now: Micros) {
        let reached = now.since(self.began) / self.config.ptime.micros();
        while let Some(number) = self.next_tick.filter(|&number| number <= reached) {
            let number = if reached - number > MAX_TICKS_BEHIND {
                self.past.clear();
                reached
            } else {
                number
            };
            self.tick(number);
            self.next_tick = self.is_busy().then_some(number + 1);
        }
    }

    fn is_busy(&self) -> bool {
        self.participants.values().any(|participant| {
            !participant.talker.jitter.is_idle()
                || participant.talker.announced
                || participant.listener.following.is_some()
        })
    }

    fn tick(&mut self, number: u64) {
        let now = self.time_of(number);
        let mut tick = if self.past.len() == PRIMES { self.past.pop_front() } else { None }.unwrap_or_default();
        tick.reset(number, self.config.ptime.samples());
        self.listen_to_talkers(now, &mut tick);
        self.announce();
        self.send_mixes(&tick);
        if tick.is_empty() {
            self.past.clear();
        } else {
            self.past.push_back(tick);
        }
    }

    /// Pulls a frame of everyone who is active, selects who is heard, and adds those up.
    fn listen_to_talkers(&mut self, now: Micros, tick: &mut Tick) {
        let mut candidates: Vec<&mut Standing> = Vec::new();
        for (&id, participant) in &mut self.participants {
            let talker = &mut participant.talker;
            talker.was_active = talker.pulled.active;
            talker.pull(now);
            for _ in 0..talker.pulled.undecodable {
                self.outputs.push_back(Output::Undecodable(id));
            }
            if talker.pulled.active {
                candidates.push(&mut talker.standing);
            }
        }
        select(&mut candidates, self.config.max_talkers, now);
        for (&id, participant) in &mut self.participants {
            let talker = &mut participant.talker;
            talker.settle(tick.number);
            if talker.contributes {
                tick.add(id, &talker.frame);
            }
        }
    }

    fn announce(&mut self) {
        for (&id, participant) in &mut self.participants {
            let talker = &mut participant.talker;
            if talker.announced != talker.contributes {
                talker.announced = talker.contributes;
                self.outputs.push_back(Output::Talking(id, talker.contributes));
            }
        }
    }

    /// Encodes each distinct mix that somebody hears, once, and sends it to everyone who hears it.
    ///
    /// A mix with exactly one contributor is that contributor's packets and need not be encoded at all: this is the
    /// place where they will be forwarded.
    fn send_mixes(&mut self, tick: &Tick) {
        let wants_shared = |p: &Participant<C>| !p.listener.deafened && !p.talker.keeps_mix_minus(tick.number);
        let shared = (!tick.is_empty() && self.participants.values().any(wants_shared)).then(|| Heard {
            source: Source::Shared,
            payload: self.shared.encode(&self.past, tick, None),
            capture_us: self.capture_us(None),
            end: self.ends(None),
        });
        let ids: Vec<ParticipantId> = self.participants.keys().copied().collect();
        for id in ids {
            let (capture_us, end) = (self.capture_us(Some(id)), self.ends(Some(id)));
            let Some(participant) = self.participants.get_mut(&id) else { continue };
            if participant.listener.deafened {
                continue;
            }
            let own;
            let (heard, mix) = if participant.talker.keeps_mix_minus(tick.number) {
                own = (tick.others(Some(id)) > 0).then(|| Heard {
                    source: Source::MixMinus,
                    payload: participant.mix_minus.encode(&self.past, tick, Some(id)),
                    capture_us,
                    end,
                });
                (own.as_ref(), &participant.mix_minus)
            } else {
                (shared.as_ref(), &self.shared)
            };
            let mut to = Addressed { id, listener: &mut participant.listener, outputs: &mut self.outputs };
            match heard {
                Some(heard) => to.send(self.config.ptime, tick.number, heard, mix),
                None => to.finish(self.config.ptime, tick.number),
            }
        }
    }

    /// Capture time of the loudest who contributes, other than `except`.
    fn capture_us(&self, except: Option<ParticipantId>) -> u32 {
        let others = self.participants.iter().filter(|(id, p)| p.talker.contributes && Some(**id) != except);
        others.min_by_key(|(_, p)| p.talker.level).map_or(0, |(_, p)| p.talker.pulled.capture_us)
    }

    /// Whether everyone who contributes, other than `except`, ends their talkspurt with this tick.
    fn ends(&self, except: Option<ParticipantId>) -> bool {
        let mut others = self.participants.iter().filter(|(id, p)| p.talker.contributes && Some(**id) != except);
        others.all(|(_, p)| p.talker.pulled.ends)
    }
}

/// One tick of a mix.
struct Heard {
    source: Source,
    payload: Bytes,
    capture_us: u32,
    end: bool,
}

/// The way to one listener.
struct Addressed<'a> {
    id: ParticipantId,
    listener: &'a mut Listener,
    outputs: &'a mut VecDeque<Output>,
}

impl Addressed<'_> {
    fn send<C: Codec>(&mut self, ptime: Ptime, tick: u64, heard: &Heard, mix: &Mix<C>) {
        let silent_before = self.listener.following.is_none();
        let follows = Some((heard.source, mix.generation));
        let new_epoch = self.listener.following != follows;
        if new_epoch {
            self.listener.epoch = self.listener.epoch.wrapping_add(1);
            for (number, prime) in mix.primes(tick) {
                let flags = DownFlags { prime: true, ..DownFlags::default() };
                self.push(flags, media_time(ptime, *number), 0, prime.clone());
            }
        }
        let flags =
            DownFlags { marker: silent_before, end: heard.end, prime: false, cross_fade: new_epoch && !silent_before };
        self.push(flags, media_time(ptime, tick), heard.capture_us, heard.payload.clone());
        self.listener.following = if heard.end { None } else { follows };
    }

    /// The mix fell silent without notice: the packet before was the last.
    fn finish(&mut self, ptime: Ptime, tick: u64) {
        if self.listener.following.take().is_some() {
            let flags = DownFlags { end: true, ..DownFlags::default() };
            self.push(flags, media_time(ptime, tick), 0, Bytes::new());
        }
    }

    fn push(&mut self, flags: DownFlags, timestamp: u32, capture_us: u32, payload: Bytes) {
        let header = DownHeader {
            flags,
            epoch: self.listener.epoch,
            sequence: self.listener.sequence,
            timestamp,
            capture_us,
            gain_half_db: 0,
        };
        self.listener.sequence = self.listener.sequence.wrapping_add(1);
        self.outputs.push_back(Output::Send(self.id, header, payload));
    }
}

fn media_time(ptime: Ptime, tick: u64) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "timestamps wrap")]
    let low = (tick * ptime.samples() as u64) as u32;
    low
}
