//! What a listener was written and has not said it received.
//!
//! Behind a reverse proxy the kernel's queue is empty while the proxy's own grows, so only the listener knows how far
//! the audio has come. Listeners who say so ([`ClientMessage::Received`](relay_wire::ClientMessage::Received)) are
//! sent no more while too much is on its way; of those who never do, nothing is held back.

use std::collections::VecDeque;

use relay_engine::Micros;
use relay_wire::Pace;

/// Reports come this far apart, so that much is always on its way unreported.
const BETWEEN_US: u64 = 100_000;
/// This much more may be, beyond the fastest way there and back: what the kernel may hold too.
const SLACK_US: u64 = 100_000;
/// A way longer than this is not taken for the network's own.
const LONGEST_WAY_US: u64 = 200_000;
/// More packets than are ever on their way with reports; without reports the oldest are forgotten.
const MAX_UNREPORTED: usize = 128;

/// The packets on their way to one listener.
#[derive(Debug)]
pub struct Reports {
    pace: Pace,
    unreported: VecDeque<Written>,
    unreported_bytes: usize,
    /// Whether the listener has ever reported, and the shortest time from a packet to its report.
    shortest_way_us: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Written {
    sequence: u16,
    bytes: usize,
    at: Micros,
}

impl Reports {
    /// Nothing is on its way; packets have that duration and about that size as sent.
    #[must_use]
    pub fn new(ptime_us: u64, packet_bytes: usize) -> Self {
        Self {
            pace: Pace::new(ptime_us, packet_bytes, BETWEEN_US + SLACK_US),
            unreported: VecDeque::new(),
            unreported_bytes: 0,
            shortest_way_us: None,
        }
    }

    /// A packet was written.
    pub fn wrote(&mut self, now: Micros, sequence: u16, bytes: usize) {
        if self.unreported.len() >= MAX_UNREPORTED {
            self.forget_oldest();
        }
        self.unreported.push_back(Written { sequence, bytes, at: now });
        self.unreported_bytes += bytes;
        self.pace.wrote(now.0, bytes);
    }

    /// The listener says that the packet of that number has come, and so has all before it. Numbers of packets that
    /// are not on their way are ignored.
    pub fn received(&mut self, now: Micros, sequence: u16) {
        let Some(at) = self.unreported.iter().rposition(|written| written.sequence == sequence) else { return };
        let way_us = now.since(self.unreported[at].at);
        let shortest = self.shortest_way_us.map_or(way_us, |shortest| shortest.min(way_us));
        self.shortest_way_us = Some(shortest);
        self.pace.set_budget(BETWEEN_US + SLACK_US + shortest.min(LONGEST_WAY_US));
        self.arrived(now, at + 1);
    }

    /// The listener has answered a ping that was written then: all that was written before it has come too. So who
    /// stops reporting is not cut off.
    pub fn answered(&mut self, now: Micros, ping_at: Micros) {
        let come = self.unreported.partition_point(|written| written.at <= ping_at);
        if come > 0 {
            self.arrived(now, come);
        }
    }

    /// Whether another packet may be written.
    #[must_use]
    pub fn have_room(&self) -> bool {
        self.shortest_way_us.is_none() || self.unreported_bytes < self.pace.limit()
    }

    fn arrived(&mut self, now: Micros, packets: usize) {
        for _ in 0..packets {
            self.forget_oldest();
        }
        self.pace.drained(now.0, self.unreported_bytes);
    }

    fn forget_oldest(&mut self) {
        if let Some(oldest) = self.unreported.pop_front() {
            self.unreported_bytes -= oldest.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PTIME: u64 = 20_000;
    const BYTES: usize = 200;

    fn reports() -> Reports {
        Reports::new(PTIME, BYTES)
    }

    /// Packets every 20 ms for so long; `report` says after each which number is reported, if any. How many were
    /// written.
    fn run(reports: &mut Reports, from: u64, packets: u16, report: impl Fn(u16) -> Option<u16>) -> usize {
        let mut written = 0;
        for number in 0..packets {
            let now = Micros(from + u64::from(number) * PTIME);
            if reports.have_room() {
                reports.wrote(now, number, BYTES);
                written += 1;
            }
            if let Some(sequence) = report(number) {
                reports.received(now + 5000, sequence);
            }
        }
        written
    }

    #[test]
    fn who_never_reports_is_sent_everything() {
        let mut reports = reports();
        assert_eq!(run(&mut reports, 0, 1000, |_| None), 1000);
        assert!(reports.unreported.len() <= MAX_UNREPORTED);
    }

    #[test]
    fn who_reports_ten_times_a_second_is_sent_everything() {
        assert_eq!(run(&mut reports(), 0, 1000, |n| (n % 5 == 0).then_some(n)), 1000);
    }

    #[test]
    fn where_reports_stop_coming_little_is_sent_and_an_answered_ping_lets_it_go_on() {
        let mut reports = reports();
        run(&mut reports, 0, 100, |n| (n % 5 == 0).then_some(n));
        let written = run(&mut reports, 2_000_000, 100, |_| None);
        assert!((6..=11).contains(&written), "{written}");
        assert!(!reports.have_room());
        reports.answered(Micros(4_010_000), Micros(1_000_000));
        assert!(!reports.have_room(), "a ping from before them says nothing of them");
        reports.answered(Micros(4_020_000), Micros(4_000_000));
        assert!(reports.have_room());
        let written = run(&mut reports, 4_020_000, 100, |_| None);
        assert!((5..=11).contains(&written), "{written}");
    }

    #[test]
    fn a_slow_way_holds_what_it_brings_in_the_budget() {
        // A packet every 80 ms comes through; each is reported.
        let mut reports = reports();
        let (mut sent, mut come, mut most) = (0u16, 0u16, 0);
        for step in 0..1000u64 {
            let now = Micros(step * PTIME);
            if reports.have_room() {
                reports.wrote(now, sent, BYTES);
                sent += 1;
            }
            if step % 4 == 3 && come < sent {
                reports.received(now, come);
                come += 1;
            }
            if step > 100 {
                most = most.max(sent - come);
            }
        }
        assert!(most <= 6, "{most} packets on their way, 80 ms each");
        assert!(come >= 240, "{come} of 250 that fit");
    }

    #[test]
    fn numbers_that_were_never_sent_or_are_old_change_nothing() {
        let mut reports = reports();
        for number in 65_530..=65_535 {
            reports.wrote(Micros(0), number, BYTES);
        }
        reports.wrote(Micros(0), 0, BYTES);
        for stranger in [1, 7, 65_529] {
            reports.received(Micros(1), stranger);
        }
        assert_eq!((reports.unreported.len(), reports.shortest_way_us), (7, None));
        reports.received(Micros(2), 65_535);
        reports.received(Micros(3), 65_530);
        assert_eq!(reports.unreported.len(), 1);
    }
}
