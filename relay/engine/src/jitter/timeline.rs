//! When packets come on their talker's timeline, and where that jumps.

use super::arrivals::{Arrivals, transit_us};
use super::packet::Packet;
use super::store::Stored;
use super::{JitterBuffer, Phase};
use crate::codec::Codec;
use crate::time::Micros;

impl<C: Codec> JitterBuffer<C> {
    /// Whether a packet comes when the link brings it. Pre-roll is late by intent, and the end of a talkspurt early: a talker
    /// who stops does not wait until the last packet is full.
    pub(super) fn tells_of_the_link(&self, packet: &Packet) -> bool {
        let early = packet.end && self.arrivals.fastest_us().is_some();
        !packet.pre_roll && !packet.prime && !early && !packet.payload.is_empty()
    }

    /// Takes note of when a packet came, if that counts. Where the talker's timeline jumped, forgets the old one and keeps the
    /// packet; what is decoded goes before it.
    pub(super) fn starts_anew(&mut self, now: Micros, timestamp: i64, counts: bool) -> bool {
        let samples = self.ptime.samples();
        if self.arrivals.fits(now, timestamp) && (!counts || self.arrivals.record(now, timestamp, samples)) {
            return false;
        }
        self.arrivals = Arrivals::default();
        let fresh = self.arrivals.record(now, timestamp, samples);
        debug_assert!(fresh, "the first packet of a timeline agrees with itself");
        self.stats.discarded += self.store.keep_only(timestamp) as u64;
        self.newest = timestamp + self.packet_samples();
        self.next_timestamp = timestamp;
        self.recent.clear();
        (self.capture, self.arrival) = (None, None);
        self.phase = Phase::Idle;
        true
    }

    pub(super) fn level_us(&self, now: Micros, timestamp: i64) -> i64 {
        let transit = transit_us(now, timestamp);
        transit - self.arrivals.fastest_us().unwrap_or(transit)
    }

    /// By how much a packet has waited longer than on the link at its fastest; before anything is known of the link, as
    /// where pre-roll is all that came, since it came.
    pub(super) fn waited_us(&self, now: Micros, stored: &Stored) -> i64 {
        match self.arrivals.fastest_us() {
            Some(_) => self.level_us(now, stored.timestamp),
            None => now.since(stored.arrived).cast_signed(),
        }
    }
}
