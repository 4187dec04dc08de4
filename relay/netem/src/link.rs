//! One direction of a link: packets go in, and come out later, or never.
//!
//! A packet waits its turn at the bottleneck, leaves it at the link's rate, is lost there or not, and flies for the
//! delay and its share of jitter. One input verb, [`Link::send`]; one output verb, [`Link::receive`].

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;
use relay_engine::Micros;

/// What a link does to packets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conditions {
    /// Every packet flies at least this long, in microseconds.
    pub delay_us: u64,
    /// And up to this much longer, evenly distributed, in microseconds.
    pub jitter_us: u64,
    /// Which share of packets is lost, 0 to 1.
    pub loss: f64,
    /// How fast packets leave the bottleneck, in bit/s; `None` is at once.
    pub bits_per_second: Option<u64>,
    /// How many bytes may wait at the bottleneck; a packet beyond them is lost.
    pub queue_bytes: usize,
    /// Jitter lets packets overtake each other.
    pub reorders: bool,
}

impl Default for Conditions {
    /// A perfect link.
    fn default() -> Self {
        Self { delay_us: 0, jitter_us: 0, loss: 0.0, bits_per_second: None, queue_bytes: usize::MAX, reorders: false }
    }
}

/// A time during which nothing gets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    /// Packets wait for its end.
    Stall {
        /// When it begins.
        from: Micros,
        /// When it is over.
        until: Micros,
    },
    /// Packets are lost.
    Blackout {
        /// When it begins.
        from: Micros,
        /// When it is over.
        until: Micros,
    },
}

/// What became of the packets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Handed to the link.
    pub sent: u64,
    /// Came out of it.
    pub received: u64,
    /// Lost, for whatever reason.
    pub lost: u64,
}

/// One direction of a link that carries `T`.
#[derive(Debug)]
pub struct Link<T> {
    conditions: Conditions,
    outages: Vec<Outage>,
    rng: Pcg32,
    /// At the bottleneck, first in first out, with size in bytes and time of arrival.
    waiting: VecDeque<(usize, Micros, T)>,
    waiting_bytes: usize,
    /// When the bottleneck has finished with the packet before.
    free_at: Micros,
    flying: BinaryHeap<Reverse<Flight<T>>>,
    flights: u64,
    last_arrival: Micros,
    /// What was lost and when, if anybody wants to know.
    lost: Option<Vec<(Micros, T)>>,
    counts: Counts,
}

impl<T> Link<T> {
    /// An empty link. Equal seeds and equal calls give equal fates.
    #[must_use]
    pub fn new(conditions: Conditions, seed: u64) -> Self {
        Self {
            conditions,
            outages: Vec::new(),
            rng: Pcg32::seed_from_u64(seed),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            free_at: Micros(0),
            flying: BinaryHeap::new(),
            flights: 0,
            last_arrival: Micros(0),
            lost: None,
            counts: Counts::default(),
        }
    }

    /// Changes what the link does from now on; what flies already is not touched.
    pub fn change(&mut self, now: Micros, conditions: Conditions) {
        self.advance(now);
        self.conditions = conditions;
    }

    /// Adds an outage, to come or beginning now.
    pub fn add(&mut self, outage: Outage) {
        self.outages.push(outage);
    }

    /// Sends a packet of that many bytes.
    pub fn send(&mut self, now: Micros, bytes: usize, packet: T) {
        self.advance(now);
        self.counts.sent += 1;
        if self.waiting_bytes.saturating_add(bytes) > self.conditions.queue_bytes {
            return self.lose(now, packet);
        }
        self.waiting_bytes += bytes;
        self.waiting.push_back((bytes, now, packet));
    }

    /// The next packet that has arrived, and when it did.
    pub fn receive(&mut self, now: Micros) -> Option<(Micros, T)> {
        self.advance(now);
        if self.flying.peek()?.0.arrives > now {
            return None;
        }
        let Reverse(flight) = self.flying.pop()?;
        self.counts.received += 1;
        Some((flight.arrives, flight.packet))
    }

    /// When to look again, if anything is on its way.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Micros> {
        let leaves = self.waiting.front().map(|(bytes, since, _)| self.leaves(*bytes, *since));
        let arrives = self.flying.peek().map(|Reverse(flight)| flight.arrives);
        leaves.into_iter().chain(arrives).min()
    }

    /// Keeps what is lost from now on for [`take_lost`](Self::take_lost).
    pub(crate) fn keep_lost(&mut self) {
        self.lost = Some(Vec::new());
    }

    /// What was lost since the last call, and when.
    pub(crate) fn take_lost(&mut self) -> Vec<(Micros, T)> {
        self.lost.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// What became of the packets so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Lets everything leave the bottleneck that has had its turn by now.
    fn advance(&mut self, now: Micros) {
        while let Some((bytes, since, _)) = self.waiting.front() {
            let leaves = self.leaves(*bytes, *since);
            if leaves > now {
                return;
            }
            let Some((bytes, _, packet)) = self.waiting.pop_front() else { return };
            self.waiting_bytes -= bytes;
            self.free_at = leaves;
            self.fly(leaves, packet);
        }
    }

    /// When the first of those that wait, there since then, is through the bottleneck.
    fn leaves(&self, bytes: usize, since: Micros) -> Micros {
        let takes_us = match self.conditions.bits_per_second {
            Some(rate) => (bytes as u64 * 8).saturating_mul(1_000_000) / rate.max(1),
            None => 0,
        };
        let begins = self.after_stalls(self.free_at.max(since));
        self.after_stalls(begins + takes_us)
    }

    fn after_stalls(&self, mut at: Micros) -> Micros {
        // The end of one stall may lie in another.
        while let Some(end) = self.outages.iter().find_map(|outage| match outage {
            Outage::Stall { from, until } if *from <= at && at < *until => Some(*until),
            _ => None,
        }) {
            at = end;
        }
        at
    }

    fn fly(&mut self, at: Micros, packet: T) {
        let unlucky = self.conditions.loss > 0.0 && self.rng.random_bool(self.conditions.loss.min(1.0));
        if unlucky || self.is_dark(at) {
            return self.lose(at, packet);
        }
        let jitter_us = self.rng.random_range(0..=self.conditions.jitter_us);
        let mut arrives = at + self.conditions.delay_us + jitter_us;
        if !self.conditions.reorders {
            arrives = arrives.max(self.last_arrival);
        }
        self.last_arrival = arrives;
        self.flights += 1;
        self.flying.push(Reverse(Flight { arrives, number: self.flights, packet }));
    }

    fn lose(&mut self, at: Micros, packet: T) {
        self.counts.lost += 1;
        if let Some(lost) = &mut self.lost {
            lost.push((at, packet));
        }
    }

    fn is_dark(&self, at: Micros) -> bool {
        self.outages
            .iter()
            .any(|outage| matches!(outage, Outage::Blackout { from, until } if *from <= at && at < *until))
    }
}

#[derive(Debug)]
struct Flight<T> {
    arrives: Micros,
    number: u64,
    packet: T,
}

impl<T> Flight<T> {
    fn order(&self) -> (Micros, u64) {
        (self.arrives, self.number)
    }
}

impl<T> PartialEq for Flight<T> {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl<T> Eq for Flight<T> {}

impl<T> PartialOrd for Flight<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Flight<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1000;

    /// Sends a packet of 250 bytes every 20 ms and gives number and time of arrival of each, in ms.
    fn run(conditions: Conditions, outages: &[Outage], packets: u64) -> Vec<(u64, u64)> {
        let mut link = Link::new(conditions, 7);
        for outage in outages {
            link.add(*outage);
        }
        let mut arrived = Vec::new();
        for number in 0..packets {
            let now = Micros(number * 20 * MS);
            while let Some((at, number)) = link.receive(now) {
                arrived.push((number, at.0 / MS));
            }
            link.send(now, 250, number);
        }
        while let Some(now) = link.next_timeout() {
            while let Some((at, number)) = link.receive(now) {
                arrived.push((number, at.0 / MS));
            }
        }
        assert_eq!(link.counts().received, arrived.len() as u64);
        assert_eq!(link.counts().sent, link.counts().received + link.counts().lost);
        arrived
    }

    #[test]
    fn a_perfect_link_delivers_at_once_and_a_long_one_later() {
        assert_eq!(run(Conditions::default(), &[], 3), [(0, 0), (1, 20), (2, 40)]);
        let long = Conditions { delay_us: 5 * MS, ..Conditions::default() };
        assert_eq!(run(long, &[], 3), [(0, 5), (1, 25), (2, 45)]);
    }

    #[test]
    fn a_slow_link_delivers_at_its_rate_and_loses_what_does_not_fit_its_queue() {
        // 250 bytes take 50 ms.
        let slow = Conditions { bits_per_second: Some(40_000), ..Conditions::default() };
        assert_eq!(run(slow, &[], 4), [(0, 50), (1, 100), (2, 150), (3, 200)]);
        let short = Conditions { queue_bytes: 500, ..slow };
        assert_eq!(run(short, &[], 6), [(0, 50), (1, 100), (3, 150), (5, 200)]);
    }

    #[test]
    fn a_stall_holds_packets_and_a_blackout_loses_them() {
        let from = Micros(30 * MS);
        let until = Micros(90 * MS);
        let stalled = run(Conditions::default(), &[Outage::Stall { from, until }], 6);
        assert_eq!(stalled, [(0, 0), (1, 20), (2, 90), (3, 90), (4, 90), (5, 100)]);
        let dark = run(Conditions::default(), &[Outage::Blackout { from, until }], 6);
        assert_eq!(dark, [(0, 0), (1, 20), (5, 100)]);
    }

    #[test]
    fn a_stall_that_comes_up_holds_what_waits_at_the_bottleneck() {
        let slow = Conditions { bits_per_second: Some(40_000), ..Conditions::default() };
        let mut link = Link::new(slow, 1);
        link.send(Micros(0), 250, "a");
        link.send(Micros(0), 250, "b");
        link.add(Outage::Stall { from: Micros(60 * MS), until: Micros(500 * MS) });
        assert_eq!(link.receive(Micros(60 * MS)), Some((Micros(50 * MS), "a")));
        assert_eq!(link.next_timeout(), Some(Micros(500 * MS)));
        assert_eq!(link.receive(Micros(500 * MS)), Some((Micros(500 * MS), "b")));
    }

    #[test]
    fn loss_is_a_share_and_the_same_for_the_same_seed() {
        let lossy = Conditions { loss: 0.1, ..Conditions::default() };
        let arrived = run(lossy, &[], 10_000);
        assert!((8900..=9100).contains(&arrived.len()), "{}", arrived.len());
        assert_eq!(run(lossy, &[], 10_000), arrived);
    }

    #[test]
    fn jitter_stays_within_its_range_and_keeps_the_order_unless_told() {
        let jittery = Conditions { delay_us: 10 * MS, jitter_us: 60 * MS, ..Conditions::default() };
        let kept = run(jittery, &[], 1000);
        assert!(kept.iter().enumerate().all(|(i, (number, _))| i as u64 == *number));
        let free = run(Conditions { reorders: true, ..jittery }, &[], 1000);
        assert!(free.windows(2).any(|pair| pair[0].0 > pair[1].0));
        assert!(free.iter().all(|(number, at)| (10..=70).contains(&(at - number * 20))));
        let mean = free.iter().map(|(number, at)| at - number * 20).sum::<u64>() / 1000;
        assert!((37..=43).contains(&mean), "{mean}");
    }
}
