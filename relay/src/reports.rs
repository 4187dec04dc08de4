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
/// This much more may be, beyond the fastest way there and back: a report that is late by two packets holds nothing up.
const SLACK_US: u64 = 40_000;
/// And this much where ways are usually as much longer than the fastest. More is no jitter but a queue, which the bound
/// is there to keep short; both together are what the kernel may hold too.
const LONGEST_JITTER_US: u64 = 60_000;
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
    /// Whether the listener has ever reported, and how long it takes.
    way: Option<Way>,
}

/// Times from packets to their reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Way {
    shortest_us: u64,
    /// Few are longer.
    usual_us: u64,
}

impl Way {
    fn new(us: u64) -> Self {
        Self { shortest_us: us, usual_us: us }
    }

    /// Longer times count soon and shorter ones slowly; one alone, after a stall, counts little.
    fn and(self, us: u64) -> Self {
        let shortest_us = self.shortest_us.min(us);
        // What stalls add is bounded before it is weighed.
        let us = us.min(shortest_us + 2 * LONGEST_JITTER_US);
        let usual_us = match self.usual_us {
            usual if us > usual => usual + (us - usual) / 4,
            usual => usual - (usual - us) / 32,
        };
        Self { shortest_us, usual_us }
    }

    fn budget_us(self) -> u64 {
        let jitter_us = (self.usual_us - self.shortest_us).min(LONGEST_JITTER_US);
        self.shortest_us.min(LONGEST_WAY_US) + jitter_us
    }
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
            way: None,
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
        let took_us = now.since(self.unreported[at].at);
        let way = self.way.map_or_else(|| Way::new(took_us), |way| way.and(took_us));
        self.way = Some(way);
        let between_us = self.learn_between(now).clamp(BETWEEN_US, LONGEST_BETWEEN_US);
        self.pace.set_budget(between_us + SLACK_US + way.budget_us());
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
        self.way.is_none() || self.unreported_bytes < self.pace.limit()
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
    fn the_way_is_the_shortest_and_its_usual_jitter_without_queues_and_stalls() {
        let learned = |took: &[u64]| {
            let first = Way::new(took[0] * 1000);
            took.iter().cycle().take(300).fold(first, |way, took| way.and(took * 1000)).budget_us() / 1000
        };
        assert_eq!(learned(&[5]), 5);
        assert!((35..=60).contains(&learned(&[5, 60, 20, 45])), "{}", learned(&[5, 60, 20, 45]));
        assert_eq!(learned(&[5, 800, 900]), 65);
        assert_eq!(learned(&[300]), 200);
        assert!(Way::new(5000).and(1_000_000).budget_us() <= 35_000);
        // A queue that was there first is forgotten with the first way without it.
        assert_eq!(Way::new(900_000).and(5000).budget_us(), 65_000);
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
        assert!((3..=5).contains(&written), "{written}");
        assert!(!reports.have_room());
        reports.answered(Micros(4_010_000), Micros(1_000_000));
        assert!(!reports.have_room(), "a ping from before them says nothing of them");
        reports.answered(Micros(4_020_000), Micros(4_000_000));
        assert!(reports.have_room());
        let written = run(&mut reports, 4_020_000, 100, |_| false);
        assert!((5..=8).contains(&written), "{written}");
    }

    #[test]
    fn a_way_whose_length_varies_is_learned_and_hardly_holds_anything_up() {
        let mut noise = 1u64;
        let mut way_us = || {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            20_000 + (noise >> 33) % 30_000
        };
        let mut reports = reports();
        // What is on its way there and back, in order: when it arrives, and the number.
        let (mut there, mut back) = (VecDeque::<(u64, u16)>::new(), VecDeque::<(u64, u16)>::new());
        let (mut due, mut sent, mut held, mut last, mut report_at) = (0u64, 0u16, 0, None, 0);
        for now in (0..20_000_000).step_by(1000) {
            while back.front().is_some_and(|(at, _)| *at <= now) {
                reports.received(Micros(now), back.pop_front().expect("looked").1);
            }
            due += u64::from(now % PTIME == 0);
            while due > 0 && reports.have_room() {
                reports.wrote(Micros(now), sent, BYTES);
                let arrives = (now + way_us()).max(there.back().map_or(0, |(at, _)| *at));
                there.push_back((arrives, sent));
                (sent, due) = (sent + 1, due - 1);
            }
            held += u64::from(due > 0 && now > 1_000_000);
            while there.front().is_some_and(|(at, _)| *at <= now) {
                last = there.pop_front().map(|(_, number)| number);
            }
            if now >= report_at
                && let Some(number) = last.take()
            {
                let arrives = (now + way_us()).max(back.back().map_or(0, |(at, _)| *at));
                back.push_back((arrives, number));
                report_at = now + BETWEEN_US;
            }
        }
        assert!(held <= 19_000 / 100, "{held} of 19000 ms with a packet waiting");
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
        assert_eq!((reports.unreported.len(), reports.way), (7, None));
        reports.received(Micros(2), 65_535);
        reports.received(Micros(3), 65_530);
        assert_eq!(reports.unreported.len(), 1);
    }
}
