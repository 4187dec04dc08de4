//! The packets that wait to be played, in order of media time.

use std::collections::VecDeque;

use bytes::Bytes;
use relay_wire::unwrap::TimestampUnwrapper;

use super::packet::Packet;
use crate::time::Micros;

/// A playable packet with its place in media time and the primes that go before it.
#[derive(Debug)]
pub(super) struct Stored {
    /// Unwrapped timestamp.
    pub timestamp: i64,
    pub packet: Packet,
    pub arrived: Micros,
    /// Payloads that bring a fresh decoder to the encoder's state.
    pub primes: Vec<Bytes>,
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inserted {
    /// Waits at this media time.
    Kept(i64),
    /// Waits to prime a decoder.
    Prime,
    /// Is there already.
    Duplicate,
}

/// Packets sorted by timestamp; equal timestamps of two epochs keep their order of arrival.
#[derive(Debug, Default)]
pub(super) struct Store {
    packets: VecDeque<Stored>,
    unwrapper: TimestampUnwrapper,
    primes: Vec<Bytes>,
    prime_epoch: u8,
}

/// More than this is memory somebody else asked us to hold: 2.5 s at 20 ms.
const MAX_PACKETS: usize = 128;

/// More than a seam has any use for.
const MAX_PRIMES: usize = 8;

impl Store {
    pub fn insert(&mut self, now: Micros, packet: Packet) -> Inserted {
        if packet.prime {
            if self.prime_epoch != packet.epoch || self.primes.len() == MAX_PRIMES {
                self.primes.clear();
                self.prime_epoch = packet.epoch;
            }
            self.primes.push(packet.payload);
            return Inserted::Prime;
        }
        let timestamp = self.unwrapper.unwrap(packet.timestamp);
        let place = self.packets.partition_point(|stored| stored.timestamp <= timestamp);
        let twin = place.checked_sub(1).and_then(|i| self.packets.get(i));
        if twin.is_some_and(|twin| twin.timestamp == timestamp && twin.packet.epoch == packet.epoch) {
            return Inserted::Duplicate;
        }
        let primes = if packet.epoch == self.prime_epoch { std::mem::take(&mut self.primes) } else { Vec::new() };
        self.packets.insert(place, Stored { timestamp, packet, arrived: now, primes });
        Inserted::Kept(timestamp)
    }

    /// The media time a packet stands for, without keeping it.
    pub fn timestamp(&mut self, packet: &Packet) -> i64 {
        self.unwrapper.unwrap(packet.timestamp)
    }

    /// The same, without taking note of it.
    pub fn timestamp_of(&self, packet: &Packet) -> i64 {
        self.unwrapper.clone().unwrap(packet.timestamp)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Stored> {
        self.packets.iter()
    }

    pub fn is_full(&self) -> bool {
        self.packets.len() >= MAX_PACKETS
    }

    pub fn len(&self) -> usize {
        self.packets.len()
    }

    pub fn front(&self) -> Option<&Stored> {
        self.packets.front()
    }

    /// The packet after the front, which is what one looks at before throwing the front away.
    pub fn second(&self) -> Option<&Stored> {
        self.packets.get(1)
    }

    pub fn pop(&mut self) -> Option<Stored> {
        self.packets.pop_front()
    }

    /// Forgets every packet but the one at `timestamp`, and returns how many that were.
    pub fn keep_only(&mut self, timestamp: i64) -> usize {
        let before = self.packets.len();
        self.packets.retain(|stored| stored.timestamp == timestamp);
        before - self.packets.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(timestamp: u32, epoch: u8, prime: bool) -> Packet {
        let payload = Bytes::copy_from_slice(&timestamp.to_be_bytes());
        Packet { timestamp, epoch, prime, payload, ..Packet::default() }
    }

    #[test]
    fn packets_come_out_in_media_order_across_a_wrap() {
        let mut store = Store::default();
        for timestamp in [u32::MAX - 959, 960, 0] {
            store.insert(Micros(0), packet(timestamp, 0, false));
        }
        let order: Vec<u32> = std::iter::from_fn(|| store.pop()).map(|s| s.packet.timestamp).collect();
        assert_eq!(order, [u32::MAX - 959, 0, 960]);
    }

    #[test]
    fn a_packet_twice_is_a_duplicate_but_another_epoch_is_not() {
        let mut store = Store::default();
        assert_eq!(store.insert(Micros(0), packet(960, 0, false)), Inserted::Kept(960));
        assert_eq!(store.insert(Micros(0), packet(960, 0, false)), Inserted::Duplicate);
        assert_eq!(store.insert(Micros(0), packet(960, 1, false)), Inserted::Kept(960));
        assert_eq!(store.pop().map(|s| s.packet.epoch), Some(0));
    }

    #[test]
    fn primes_go_with_the_first_packet_of_their_epoch() {
        let mut store = Store::default();
        store.insert(Micros(0), packet(0, 7, true));
        store.insert(Micros(0), packet(960, 7, true));
        store.insert(Micros(0), packet(1920, 6, false));
        store.insert(Micros(0), packet(1920, 7, false));
        assert_eq!(store.pop().map(|s| s.primes.len()), Some(0));
        assert_eq!(store.pop().map(|s| s.primes.len()), Some(2));
    }

    #[test]
    fn primes_without_end_take_bounded_memory() {
        let mut store = Store::default();
        for i in 0..10_000 {
            store.insert(Micros(0), packet(i, 7, true));
        }
        assert!(store.primes.len() <= MAX_PRIMES);
    }
}
