//! A link with a transport on it that repeats what is lost and delivers in order, as TCP does: loss becomes delay,
//! and what comes after a lost packet waits for it.
//!
//! It is a model of what a receiver sees, not of TCP: a packet is repeated on a timer that doubles, the transport
//! knows what is lost and repeats nothing else, and acknowledgements cost nothing.

use std::{cmp::Reverse, collections::BTreeMap, collections::BinaryHeap};

use relay_engine::Micros;

use crate::link::{Conditions, Counts, Link, Outage};

/// How lost packets are repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer {
    /// Time from the loss to the first repetition, in microseconds; doubles with each further one.
    pub first_us: u64,
    /// No interval is longer, in microseconds.
    pub longest_us: u64,
}

impl Default for Timer {
    /// What the relay asks of Linux: 20 ms to 1 s.
    fn default() -> Self {
        Self { first_us: 20_000, longest_us: 1_000_000 }
    }
}

/// One direction of a link on which nothing is lost for good and the order is kept.
#[derive(Debug)]
pub struct Recovering<T> {
    link: Link<Attempt>,
    timer: Timer,
    sent: u64,
    /// Handed to the transport and not handed out yet.
    packets: BTreeMap<u64, T>,
    repeats: BinaryHeap<Reverse<(Micros, Attempt)>>,
    /// Arrived before something that was sent earlier.
    arrived: BTreeMap<u64, Micros>,
    unacknowledged: usize,
    next: u64,
    handed_out_at: Micros,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Attempt {
    number: u64,
    bytes: usize,
    interval_us: u64,
}

impl<T> Recovering<T> {
    /// An empty link. Equal seeds and equal calls give equal fates.
    #[must_use]
    pub fn new(conditions: Conditions, timer: Timer, seed: u64) -> Self {
        let mut link = Link::new(conditions, seed);
        link.keep_lost();
        Self {
            link,
            timer,
            sent: 0,
            packets: BTreeMap::new(),
            repeats: BinaryHeap::new(),
            arrived: BTreeMap::new(),
            unacknowledged: 0,
            next: 0,
            handed_out_at: Micros(0),
        }
    }

    /// Adds an outage, to come or beginning now.
    pub fn add(&mut self, outage: Outage) {
        self.link.add(outage);
    }

    /// Sends a packet of that many bytes.
    pub fn send(&mut self, now: Micros, bytes: usize, packet: T) {
        self.advance(now);
        let attempt = Attempt { number: self.sent, bytes, interval_us: self.timer.first_us };
        self.packets.insert(self.sent, packet);
        self.sent += 1;
        self.unacknowledged += bytes;
        self.link.send(now, bytes, attempt);
    }

    /// The next packet, and when it could be handed out.
    pub fn receive(&mut self, now: Micros) -> Option<(Micros, T)> {
        self.advance(now);
        let at = self.arrived.remove(&self.next)?;
        let packet = self.packets.remove(&self.next)?;
        self.next += 1;
        self.handed_out_at = self.handed_out_at.max(at);
        Some((self.handed_out_at, packet))
    }

    /// When to look again, if anything is on its way.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Micros> {
        let repeat = self.repeats.peek().map(|Reverse((at, _))| *at);
        repeat.into_iter().chain(self.link.next_timeout()).min()
    }

    /// Bytes sent and not yet arrived: what a sender's kernel would hold.
    #[must_use]
    pub fn unacknowledged(&self) -> usize {
        self.unacknowledged
    }

    /// What became of the packets of the link below, repetitions included.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.link.counts()
    }

    /// Arrivals, losses and repetitions up to now, in the order of their times.
    fn advance(&mut self, now: Micros) {
        while let Some(due) = self.next_timeout().filter(|due| *due <= now) {
            while let Some((at, attempt)) = self.link.receive(due) {
                self.unacknowledged -= attempt.bytes;
                self.arrived.insert(attempt.number, at);
            }
            for (at, mut attempt) in self.link.take_lost() {
                let repeat_at = at + attempt.interval_us;
                attempt.interval_us = (attempt.interval_us * 2).min(self.timer.longest_us);
                self.repeats.push(Reverse((repeat_at, attempt)));
            }
            while let Some(Reverse((at, attempt))) = self.repeats.peek().copied()
                && at <= due
            {
                self.repeats.pop();
                self.link.send(at, attempt.bytes, attempt);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1000;

    fn run(conditions: Conditions, outages: &[Outage], packets: u64) -> Vec<u64> {
        let mut link = Recovering::new(conditions, Timer::default(), 3);
        for outage in outages {
            link.add(*outage);
        }
        for number in 0..packets {
            link.send(Micros(number * 20 * MS), 250, number);
        }
        let mut arrived = Vec::new();
        while let Some(now) = link.next_timeout() {
            while let Some((at, number)) = link.receive(now) {
                assert_eq!(number, arrived.len() as u64, "in order");
                arrived.push(at.0 / MS);
            }
        }
        assert_eq!((arrived.len() as u64, link.unacknowledged()), (packets, 0), "nothing is lost for good");
        arrived
    }

    #[test]
    fn what_is_lost_comes_later_and_holds_up_what_follows() {
        let conditions = Conditions { delay_us: 5 * MS, ..Conditions::default() };
        // Packets 1 and 2 fall into the dark, and so does the first repetition of 1.
        let dark = Outage::Blackout { from: Micros(15 * MS), until: Micros(45 * MS) };
        assert_eq!(run(conditions, &[dark], 5), [5, 85, 85, 85, 85]);
    }

    #[test]
    fn after_a_long_blackout_everything_comes_within_the_longest_interval() {
        let dark = Outage::Blackout { from: Micros(0), until: Micros(5000 * MS) };
        let arrived = run(Conditions::default(), &[dark], 10);
        assert!(arrived.iter().all(|at| (5000..=6000).contains(at)), "{arrived:?}");
    }

    #[test]
    fn at_two_percent_loss_nearly_everything_is_in_time() {
        let conditions = Conditions { delay_us: 2 * MS, loss: 0.02, ..Conditions::default() };
        let arrived = run(conditions, &[], 5000);
        let late = arrived.iter().enumerate().filter(|(i, at)| **at > *i as u64 * 20 + 60).count();
        assert!(late < 25, "{late} of 5000 more than 60 ms late");
    }
}
