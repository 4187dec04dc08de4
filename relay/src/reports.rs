//! What a listener was written and has not said it received.
//!
//! Behind a reverse proxy the kernel's queue is empty while the proxy's own grows, so only the listener knows how far
//! the audio has come. Listeners who say so ([`ClientMessage::Received`](relay_wire::ClientMessage::Received)) are
//! sent no more while too much is on its way; of those who never do, nothing is held back.

use std::collections::VecDeque;

use relay_engine::Micros;
use relay_wire::Pace;

/// Reports come this far apart or further, so that much is always on its way unreported.
const BETWEEN_US: u64 = 100_000;
/// A listener who reports more rarely is not waited for.
const LONGEST_BETWEEN_US: u64 = 500_000;
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
    reported_at: Option<Micros>,
    /// About the shortest time between two reports; the gap that a stall makes is forgotten with the next report.
    between_us: Option<u64>,
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
            reported_at: None,
            between_us: None,
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
        let between_us = self.learn_between(now).clamp(BETWEEN_US, LONGEST_BETWEEN_US);
        self.pace.set_budget(between_us + SLACK_US + shortest.min(LONGEST_WAY_US));
        self.arrived(now, at + 1);
    }

    fn learn_between(&mut self, now: Micros) -> u64 {
        let Some(before) = self.reported_at.replace(now) else { return BETWEEN_US };
        let gap_us = now.since(before);
        let between_us = match self.between_us {
            Some(known) if known < gap_us => known + (gap_us - known) / 8,
            _ => gap_us,
        };
        self.between_us = Some(between_us);
        between_us
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

    /// Packets every 20 ms for so long; `report` says after each whether the last one written is reported. How many
    /// were written.
    fn run(reports: &mut Reports, from: u64, packets: u16, report: impl Fn(u16) -> bool) -> usize {
        let mut written = 0;
        let mut last = 0;
        for number in 0..packets {
            let now = Micros(from + u64::from(number) * PTIME);
            if reports.have_room() {
                reports.wrote(now, number, BYTES);
                written += 1;
                last = number;
            }
            if report(number) {
                reports.received(now + 5000, last);
            }
        }
        written
    }

    #[test]
    fn who_never_reports_is_sent_everything() {
        let mut reports = reports();
        assert_eq!(run(&mut reports, 0, 1000, |_| false), 1000);
        assert!(reports.unreported.len() <= MAX_UNREPORTED);
    }

    #[test]
    fn who_reports_ten_times_a_second_is_sent_everything() {
        assert_eq!(run(&mut reports(), 0, 1000, |n| n.is_multiple_of(5)), 1000);
    }

    #[test]
    fn who_reports_twice_a_second_is_hardly_held_up_and_a_stall_does_not_widen_the_bound_for_long() {
        let mut rare = reports();
        let written = run(&mut rare, 0, 1000, |n| n.is_multiple_of(25));
        assert!(written >= 970, "{written}");
        let mut reports = reports();
        run(&mut reports, 0, 100, |n| n.is_multiple_of(5));
        let usual = reports.pace.limit();
        run(&mut reports, 10_000_000, 11, |n| n.is_multiple_of(5));
        assert!(reports.pace.limit() <= usual, "{} and {usual}", reports.pace.limit());
    }

    #[test]
    fn where_reports_stop_coming_little_is_sent_and_an_answered_ping_lets_it_go_on() {
        let mut reports = reports();
        run(&mut reports, 0, 100, |n| n.is_multiple_of(5));
        let written = run(&mut reports, 2_000_000, 100, |_| false);
        assert!((6..=11).contains(&written), "{written}");
        assert!(!reports.have_room());
        reports.answered(Micros(4_010_000), Micros(1_000_000));
        assert!(!reports.have_room(), "a ping from before them says nothing of them");
        reports.answered(Micros(4_020_000), Micros(4_000_000));
        assert!(reports.have_room());
        let written = run(&mut reports, 4_020_000, 100, |_| false);
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
