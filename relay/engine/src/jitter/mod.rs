//! The jitter buffer: packets in when they come, a continuous signal out when it is due.
//!
//! Read in this order: [`timeline`] and [`arrivals`] learn how late packets are, which says which delay is worth having,
//! [`decision`] compares that with the delay there is, [`scaling`] carries it out with the means of [`time_scale`] and
//! [`likeness`], where [`background`] says what is only noise, [`concealment`] is for what is not there and [`backlog`] for
//! what is too old, [`stream`] decodes, [`amplifier`] is for the gain beside packets, [`store`] holds the packets.
//! [`passing`] is for packets that are forwarded instead, [`outcome`] for what is told of all this. Structure and vocabulary
//! follow NetEq; what differs is said in place.
//!
//! On TCP nothing is lost on the wire, only late: while a packet is missing the media time stands still, the gap is
//! concealed, and the packet is played when it comes. The delay that this adds is taken out again by accelerating.

mod amplifier;
mod arrivals;
mod background;
mod backlog;
mod concealment;
mod decision;
mod histogram;
mod likeness;
mod outcome;
mod packet;
mod passing;
mod scaling;
mod starts;
mod store;
mod stream;
mod time_scale;
mod timeline;

#[cfg(test)]
mod drift;
#[cfg(test)]
mod stalls;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

pub(crate) use outcome::Wait;
pub use outcome::{JitterStats, Pulled, Started};
pub use packet::Packet;
pub(crate) use passing::Passed;
pub use scaling::time_scaled;

use std::collections::VecDeque;

use crate::codec::Codec;
use crate::time::{Micros, Ptime, samples_to_us};
use arrivals::Arrivals;
use background::Background;
use concealment::{FADE_TO, fade_gain};
use starts::Starts;
use store::{Inserted, Store, Stored};
use stream::{Before, Stream};

/// The jitter buffer of one stream.
#[derive(Debug)]
pub struct JitterBuffer<C: Codec> {
    ptime: Ptime,
    store: Store,
    arrivals: Arrivals,
    stream: Stream<C>,
    background: Background,
    /// Decoded, not yet pulled.
    pcm: Vec<i16>,
    /// Packets whose first sample is in `pcm`, with its place there.
    starts: Starts,
    /// Those whose first sample the last pull gave.
    started: Vec<Started>,
    /// The packets that were decoded or passed last, oldest first, with their media time.
    recent: VecDeque<(i64, Packet)>,
    /// Whether the decoder has seen the last of `recent`.
    in_step: bool,
    /// Samples concealed since the last packet was decoded.
    concealed_since: usize,
    /// Media time after the last sample of `pcm`.
    next_timestamp: i64,
    phase: Phase,
    before: Before,
    /// Samples concealed since the last packet, and samples of silence after those.
    concealed_run: usize,
    silent: usize,
    /// Media time after the newest packet that was inserted.
    newest: i64,
    /// Samples concealed while the media time stood still.
    stood_still: i64,
    /// For how many samples a little more delay than needed was there.
    little_for: i64,
    /// Times in a row that no two periods were alike enough.
    refused: u16,
    /// Samples that may be removed or inserted now; earned by playing.
    scale_budget: i64,
    /// How much longer than they have to the packets decoded in the last pull have waited, microseconds; `None` where none
    /// was decoded, or something was concealed.
    spare_us: Option<i64>,
    /// Media time and capture stamp of the last packet that had one.
    capture: Option<(i64, u32)>,
    /// Media time of the last packet, and when it came.
    arrival: Option<(i64, Micros)>,
    /// The last samples that were pulled, in which a period is looked for.
    heard: Vec<i16>,
    stats: JitterStats,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Between talkspurts.
    Idle,
    /// In the middle of a talkspurt that was not played until now.
    Joining,
    /// In a talkspurt.
    Playing,
    /// The last packet of the talkspurt is decoded.
    Ending,
}

/// A hole in the media time longer than this (120 ms) is a pause, not a loss.
const MAX_HOLE: i64 = 5760;

/// Packets that are older than this over the target are of no use where they pass.
const MAX_EXCESS_US: i64 = 300_000;

/// Packets that bring a fresh decoder to the encoder's state: two are close, four as good as no change at all.
pub(crate) const PRIMES: usize = 4;

/// Packets kept after they were decoded: the primes, and what one pull may have left unplayed.
const RECENT: usize = PRIMES + 4;

impl<C: Codec> JitterBuffer<C> {
    /// An empty buffer for packets of that packet time.
    pub fn new(codec: C, ptime: Ptime) -> Self {
        Self {
            ptime,
            store: Store::default(),
            arrivals: Arrivals::default(),
            stream: Stream::new(codec, ptime),
            background: Background::default(),
            pcm: Vec::new(),
            starts: Starts::default(),
            started: Vec::new(),
            recent: VecDeque::with_capacity(RECENT),
            in_step: true,
            concealed_since: 0,
            next_timestamp: 0,
            phase: Phase::Idle,
            before: Before::Silence,
            concealed_run: 0,
            silent: 0,
            newest: i64::MIN,
            stood_still: 0,
            little_for: 0,
            refused: 0,
            scale_budget: 0,
            spare_us: None,
            capture: None,
            arrival: None,
            heard: Vec::new(),
            stats: JitterStats::default(),
        }
    }

    /// Takes a packet that arrived at `now`; `true` where its media time has nothing to do with that of the packets before.
    pub fn insert(&mut self, now: Micros, packet: Packet) -> bool {
        let counts = self.tells_of_the_link(&packet);
        if !packet.prime {
            self.stats.received += 1;
        }
        if packet.payload.is_empty() && !self.arrivals.fits(now, self.store.timestamp_of(&packet)) {
            // Nothing begins with it, and what came before ends by silence.
            self.stats.discarded += 1;
            return false;
        }
        if self.store.is_full() && !packet.prime {
            self.discard_front();
        }
        match self.store.insert(now, packet) {
            Inserted::Prime => {}
            Inserted::Duplicate => self.stats.discarded += 1,
            Inserted::Kept(timestamp) => {
                // What overlaps with something that came before was held back for it, not by the link.
                let counts = counts && timestamp >= self.newest;
                if counts && self.phase == Phase::Idle && self.store.len() == 1 {
                    self.arrivals.rebase(now, timestamp);
                }
                self.newest = self.newest.max(timestamp + self.packet_samples());
                return self.starts_anew(now, timestamp, counts);
            }
        }
        false
    }

    /// Fills `out` (at most one packet time) with what sounds at `now`; silence where nothing does.
    pub fn pull(&mut self, now: Micros, out: &mut [i16]) -> Pulled {
        let mut pulled = Pulled::default();
        let block = out.len();
        self.scale_budget += i64::try_from(block).unwrap_or(0);
        self.skip_backlog(now);
        self.spare_us = None;
        while self.pcm.len() < block && self.produce(now, block, &mut pulled) {}
        let available = block.min(self.pcm.len());
        self.silent += if self.phase == Phase::Playing { block - available } else { 0 };
        pulled.active = available > 0;
        if pulled.concealed_samples > 0 {
            self.spare_us = None;
        }
        pulled.capture_us = self.capture_stamp();
        pulled.held_us = self.held_us(now);
        out[..available].copy_from_slice(&self.pcm[..available]);
        out[available..].fill(0);
        self.heard.extend_from_slice(out);
        self.heard.drain(..self.heard.len().saturating_sub(time_scale::MAX_PERIOD));
        self.pcm.drain(..available);
        self.started.clear();
        self.starts.give_out(available, &mut self.started);
        if self.phase == Phase::Ending && self.pcm.is_empty() {
            self.phase = Phase::Idle;
            self.before = Before::Silence;
        }
        pulled.ends = self.phase == Phase::Idle && pulled.active && self.store.len() == 0;
        pulled
    }

    /// The packets whose first sample the last pull gave.
    pub fn started(&self) -> &[Started] {
        &self.started
    }

    /// Whether pulling gives silence until another packet comes.
    pub fn is_idle(&self) -> bool {
        self.store.len() == 0 && self.pcm.is_empty() && (self.phase == Phase::Idle || self.concealed_run >= FADE_TO)
    }

    /// Counters and levels.
    pub fn stats(&self) -> JitterStats {
        JitterStats { target_us: self.arrivals.target_us(), ..self.stats }
    }

    /// Makes more signal; `false` where there is none to make.
    fn produce(&mut self, now: Micros, block: usize, pulled: &mut Pulled) -> bool {
        match self.phase {
            Phase::Idle => self.start(now),
            Phase::Joining => self.join(now, block, pulled),
            Phase::Playing => self.play(now, block, pulled),
            Phase::Ending => {
                self.phase = Phase::Idle;
                self.before = Before::Silence;
                true
            }
        }
    }

    /// Starts a talkspurt, if its first packet has waited long enough.
    fn start(&mut self, now: Micros) -> bool {
        let Some(first) = self.store.front() else { return false };
        let goes_on = first.timestamp == self.next_timestamp && !self.pcm.is_empty();
        // The level is worth the most where a packet starts with the block: a started block is finished in silence.
        if !goes_on && (!self.pcm.is_empty() || self.waited_us(now, first) < self.arrivals.target_us()) {
            return false;
        }
        self.next_timestamp = first.timestamp;
        self.phase = Phase::Playing;
        self.silent = 0;
        self.concealed_run = 0;
        self.stood_still = 0;
        true
    }

    /// Joins a talkspurt in its middle, once its next packet has waited long enough.
    fn join(&mut self, now: Micros, block: usize, pulled: &mut Pulled) -> bool {
        let target = self.arrivals.target_us();
        let due = |first: &Stored| self.waited_us(now, first) >= target;
        if !self.store.front().is_some_and(due) {
            return self.conceal_late(block, pulled);
        }
        self.phase = Phase::Playing;
        // What follows fits to what was heard before; a joint would be one more delay.
        if self.before == Before::Concealed {
            self.before = Before::Skipped;
        }
        true
    }

    fn play(&mut self, now: Micros, block: usize, pulled: &mut Pulled) -> bool {
        let Some(next) = self.store.front() else {
            return self.repeat_if_due(block) || self.conceal_late(block, pulled);
        };
        let hole = next.timestamp - self.next_timestamp;
        if next.packet.payload.is_empty() {
            self.store.pop();
            self.phase = Phase::Ending;
        } else if hole > 0 && self.stood_still > 0 {
            // What is missing has been concealed already, while nobody knew that it was missing.
            let made_up = hole.min(self.stood_still);
            self.next_timestamp += made_up;
            self.stood_still -= made_up;
        } else if hole > MAX_HOLE || (hole > 0 && next.packet.marker) {
            self.phase = Phase::Idle;
        } else if hole > 0 {
            self.conceal_lost(usize::try_from(hole).unwrap_or(0), pulled);
        } else if -hole >= self.packet_samples() {
            self.discard_front();
        } else {
            let stored = self.store.pop().expect("there is a front");
            // Before it is decoded, for that may decode the next one too.
            self.remember(stored.timestamp, stored.packet.clone());
            self.decode(now, block, &stored, pulled);
        }
        true
    }

    fn decode(&mut self, now: Micros, block: usize, stored: &Stored, pulled: &mut Pulled) {
        let leftover = self.pcm.len();
        let level_us = self.level_us(now, stored.timestamp.max(self.next_timestamp));
        // What another epoch has said already is not said twice.
        let overlap = usize::try_from(self.next_timestamp - stored.timestamp).unwrap_or(0);
        let heard = fade_gain(self.concealed_run);
        match self.stream.decode(stored, self.before, heard, overlap, &mut self.pcm) {
            Ok(left_out) => {
                self.stats.accelerated_samples += left_out as u64;
                self.background.hear(&self.pcm[leftover..]);
                self.count_silence(pulled);
                self.note_start(stored.timestamp, leftover);
                self.before = Before::Continuous;
                self.concealed_run = 0;
                self.stood_still = 0;
                self.next_timestamp = stored.timestamp + self.packet_samples();
            }
            Err(_) => {
                self.stats.undecodable += 1;
                pulled.undecodable += 1;
                self.conceal_lost(self.ptime.samples() - overlap, pulled);
            }
        }
        self.arrival = Some((stored.timestamp, stored.arrived));
        if stored.packet.capture_us != 0 {
            self.capture = Some((stored.timestamp, stored.packet.capture_us));
        }
        if stored.packet.end {
            self.phase = Phase::Ending;
            return;
        }
        let leftover_us = samples_to_us(i64::try_from(leftover).unwrap_or(0));
        self.stats.level_us = level_us + leftover_us;
        let spare = level_us - self.arrivals.recent_us();
        self.spare_us = Some(self.spare_us.map_or(spare, |least| least.min(spare)));
        self.scale(block, level_us, leftover_us, pulled);
    }

    fn note_start(&mut self, timestamp: i64, offset: usize) {
        let concealed_samples = std::mem::take(&mut self.concealed_since);
        self.starts.note(Started { timestamp, offset, concealed_samples });
    }

    fn capture_stamp(&self) -> u32 {
        let Some((timestamp, stamp)) = self.capture else { return 0 };
        let offset = self.next_sample_us(timestamp);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "modulo 2^32 is meant")]
        let moved = stamp.wrapping_add(offset as u32);
        moved.max(1)
    }

    /// How long the next sample has been here, as if samples came one by one, the first of each packet with the packet.
    fn held_us(&self, now: Micros) -> Option<u64> {
        let (timestamp, arrived) = self.arrival?;
        Some(u64::try_from(now.since(arrived).cast_signed() - self.next_sample_us(timestamp)).unwrap_or(0))
    }

    /// Media time of the sample that is pulled next, after the one at `timestamp`, microseconds.
    fn next_sample_us(&self, timestamp: i64) -> i64 {
        let buffered = i64::try_from(self.pcm.len()).unwrap_or(0);
        samples_to_us(self.next_timestamp - buffered - timestamp)
    }

    fn packet_samples(&self) -> i64 {
        i64::from(self.ptime.ms()) * 48
    }
}
