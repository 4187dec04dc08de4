//! Packets that pass: while nobody needs the signal here, a talker's packets go on to their listeners as they are, and
//! the buffer only learns when they come and keeps the last of them, so that it can play at any moment.

use super::packet::Packet;
use super::{Before, JitterBuffer, MAX_EXCESS_US, PRIMES, Phase, RECENT, Wait};
use crate::codec::Codec;
use crate::time::{Micros, samples_to_us};

/// What became of a packet that passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passed {
    /// It is of use to those who hear the talker.
    Useful,
    /// It is too old to be of use to anyone, or was there before.
    Useless,
    /// It is of use, but its media time has nothing to do with that of the packets before.
    Anew,
}

/// A speech detector decides within 40 ms, and sends those ahead.
const PRE_ROLL_US: u64 = 40_000;

impl<C: Codec> JitterBuffer<C> {
    /// Takes note of a packet that goes on to its listeners as it is, instead of being played here.
    pub(crate) fn pass(&mut self, now: Micros, packet: &Packet) -> Passed {
        self.stats.received += 1;
        let timestamp = self.store.timestamp(packet);
        let counts = self.tells_of_the_link(packet);
        if packet.payload.is_empty() {
            return Passed::Useful;
        }
        let anew = self.starts_anew(now, timestamp, counts);
        if timestamp < self.next_timestamp {
            self.stats.discarded += 1;
            return Passed::Useless;
        }
        self.next_timestamp = timestamp + self.packet_samples();
        self.remember(timestamp, packet.clone());
        self.in_step = false;
        self.stats.level_us = self.level_us(now, timestamp);
        let too_old = !packet.pre_roll && self.stats.level_us > self.arrivals.target_us() + MAX_EXCESS_US;
        self.stats.discarded += u64::from(too_old);
        match (anew, too_old) {
            (true, _) => Passed::Anew,
            (false, true) => Passed::Useless,
            (false, false) => Passed::Useful,
        }
    }

    /// When the packet would have come on the link at its fastest. Pre-roll comes late by intent: before anything is
    /// known of the link, by as much as a speech detector may take.
    pub fn expected(&self, now: Micros, packet: &Packet) -> Micros {
        let timestamp = self.store.timestamp_of(packet);
        let latest = if packet.pre_roll { now - PRE_ROLL_US } else { now };
        let fastest = self.arrivals.fastest_us().map(|fastest| fastest + samples_to_us(timestamp));
        let expected = fastest.and_then(|us| u64::try_from(us).ok()).map_or(latest, Micros);
        // Whatever the talker's clock says, it is about now.
        expected.clamp(now - MAX_EXCESS_US.cast_unsigned(), now)
    }

    /// From now on packets are inserted and pulled, after having been passed: playing goes on where passing stopped. In
    /// mid-talkspurt what follows may not be there yet; it is concealed until it has waited as long as it should.
    /// Returns the frames of the packets that passed last, oldest first, where they are what was heard just before.
    pub fn engage(&mut self, in_mid_talkspurt: bool) -> Vec<Vec<i16>> {
        self.phase = Phase::Idle;
        self.before = Before::Silence;
        self.concealed_run = 0;
        let mut frames = Vec::new();
        if !std::mem::replace(&mut self.in_step, true) {
            frames = self.stream.prime(self.recent.iter().map(|(_, packet)| packet));
            frames.drain(..frames.len().saturating_sub(PRIMES));
        }
        if !in_mid_talkspurt {
            return Vec::new();
        }
        self.phase = Phase::Joining;
        self.before = Before::Continuous;
        self.stood_still = 0;
        frames
    }

    /// From now on packets are passed. What is not yet played is forgotten here; see [`Self::unplayed`].
    pub fn release(&mut self) {
        while let Some(stored) = self.store.pop() {
            if !stored.packet.payload.is_empty() {
                self.next_timestamp = stored.timestamp + self.packet_samples();
                self.in_step = false;
                self.remember(stored.timestamp, stored.packet);
            }
        }
        self.pcm.clear();
        self.starts.clear();
        self.phase = Phase::Idle;
        self.before = Before::Silence;
        self.concealed_run = 0;
    }

    /// Gives back the memory of a talkspurt that is over; what is known of the link stays.
    pub fn forget_signal(&mut self) {
        self.stream.forget();
        (self.pcm, self.heard) = (Vec::new(), Vec::new());
        self.recent.clear();
        self.in_step = true;
    }

    /// When the next packet will have waited long enough, whether it is here or still to come, microseconds; `None` before
    /// the first packet.
    pub fn due_us(&self) -> Option<i64> {
        let next = self.store.front().map_or(self.next_timestamp, |front| front.timestamp);
        Some(self.arrivals.fastest_us()? + samples_to_us(next) + self.arrivals.target_us())
    }

    /// Whether a pull of so many samples, the first one for long, would have to conceal a packet that has not come.
    pub fn lacks(&self, samples: usize) -> bool {
        let next_is_here = self.store.front().is_some_and(|front| front.timestamp <= self.next_timestamp);
        self.phase == Phase::Playing && self.concealed_run == 0 && self.pcm.len() < samples && !next_is_here
    }

    /// How the packets that the last pull decoded had come to it; `None` where it decoded none.
    pub(crate) fn wait(&self) -> Option<Wait> {
        let target_us = u64::try_from(self.arrivals.target_us()).unwrap_or(0);
        Some(Wait { spare_us: self.spare_us?, target_us })
    }

    /// Media time, wrapping, of the sample that the next pull starts with while it plays.
    pub fn position(&self) -> u32 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "timestamps wrap")]
        let wrapped = self.next_sample() as u32;
        wrapped
    }

    /// The same, unwrapped. Between talkspurts that is where the next one starts, if it is here.
    fn next_sample(&self) -> i64 {
        let first = self.store.front().filter(|_| self.phase == Phase::Idle && self.pcm.is_empty());
        let buffered = i64::try_from(self.pcm.len()).unwrap_or(0);
        first.map_or(self.next_timestamp - buffered, |first| first.timestamp)
    }

    /// The packets from the one that is `back` samples before [`Self::position`].
    pub fn unplayed(&self, back: u32) -> impl Iterator<Item = &Packet> {
        let recent = self.recent.range(self.played(back)..).map(|(_, packet)| packet);
        // What is older comes too late to be played.
        let from = self.next_sample() - i64::from(back) - self.packet_samples();
        recent.chain(self.store.iter().filter(move |stored| stored.timestamp > from).map(|stored| &stored.packet))
    }

    /// The packets before those: they prime a fresh decoder.
    pub fn primes(&self, back: u32) -> impl Iterator<Item = &Packet> {
        let played = self.played(back);
        self.recent.range(played.saturating_sub(PRIMES)..played).map(|(_, packet)| packet)
    }

    /// How many of `recent` end before that place.
    fn played(&self, back: u32) -> usize {
        let position = self.next_sample() - i64::from(back);
        self.recent.partition_point(|(timestamp, _)| timestamp + self.packet_samples() <= position)
    }

    /// The packets that came last, played or not, oldest first.
    pub fn last_packets(&self) -> impl Iterator<Item = &Packet> {
        let recent = self.recent.iter().map(|(_, packet)| packet);
        recent.chain(self.store.iter().map(|stored| &stored.packet))
    }

    pub(super) fn remember(&mut self, timestamp: i64, packet: Packet) {
        // What only says that a talkspurt is over teaches no decoder anything.
        if packet.payload.is_empty() {
            return;
        }
        // Where media time goes back, nothing goes on from what was after that.
        while self.recent.back().is_some_and(|(last, _)| *last > timestamp) {
            self.recent.pop_back();
        }
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((timestamp, packet));
    }
}
