//! Audio that waits for a listener's socket: the newest 120 ms are kept, the oldest is discarded.

use std::collections::VecDeque;

use bytes::Bytes;
use relay_engine::Micros;
use relay_wire::{DownFlags, DownHeader, Standing};

/// What is older is not worth hearing any more.
pub const MAX_AGE_US: u64 = 120_000;
/// Bounds memory, not time: more packets than the longest burst that a talker's own queues let through at once.
const MAX_PACKETS: usize = 64;

/// Packets for one listener, oldest first.
///
/// A burst is kept whole: what counts is how long a packet has waited here, not how many there are. Primes go with the
/// packet they lead up to.
/// What a discarded packet's flags say still has to reach the listener: *marker* and *cross-fade* move to the next
/// playable packet. *End* moves too, unless the next packet begins a talkspurt, which says it already; with no
/// next packet an empty one carries it.
#[derive(Debug, Default)]
pub struct AudioQueue {
    packets: VecDeque<Queued>,
    /// Packets in the queue that are not primes.
    playable: usize,
    orphaned: DownFlags,
    orphaned_end: Option<DownHeader>,
    standing: Standing,
    discarded: u64,
}

#[derive(Debug)]
struct Queued {
    header: DownHeader,
    payload: Bytes,
    at: Micros,
}

impl AudioQueue {
    /// Appends a packet and discards what is too old now.
    pub fn push(&mut self, now: Micros, header: DownHeader, payload: Bytes) {
        self.playable += usize::from(!header.flags.prime);
        self.packets.push_back(Queued { header, payload, at: now });
        while self.packets.len() > MAX_PACKETS {
            self.discard_oldest();
        }
        self.discard_stale(now);
    }

    /// Whether [`take`](Self::take) would give a packet; discards what is too old.
    pub fn has_packet(&mut self, now: Micros) -> bool {
        self.discard_stale(now);
        !self.packets.is_empty() || self.orphaned_end.is_some()
    }

    /// The oldest packet that is young enough.
    pub fn take(&mut self, now: Micros) -> Option<(DownHeader, Bytes)> {
        if !self.has_packet(now) {
            return None;
        }
        self.cut_standing(now);
        let Some(Queued { header, payload, .. }) = self.packets.pop_front() else {
            self.orphaned = DownFlags::default();
            return self.orphaned_end.take().map(|header| (header, Bytes::new()));
        };
        self.playable -= usize::from(!header.flags.prime);
        Some((header, payload))
    }

    /// How many packets were discarded in all.
    #[must_use]
    pub fn discarded(&self) -> u64 {
        self.discarded
    }

    fn discard_stale(&mut self, now: Micros) {
        while self.waited_us(now) > MAX_AGE_US {
            self.discard_oldest();
        }
        self.adopt();
    }

    fn cut_standing(&mut self, now: Micros) {
        let longest_us = self.standing.longest_us(now.0, self.waited_us(now));
        while self.playable > 1 && self.waited_us(now) > longest_us {
            self.discard_oldest();
        }
        self.adopt();
    }

    /// How long the oldest has waited.
    fn waited_us(&self, now: Micros) -> u64 {
        self.packets.front().map_or(0, |oldest| now.since(oldest.at))
    }

    /// Discards one playable packet and the primes before it.
    fn discard_oldest(&mut self) {
        while let Some(Queued { header, .. }) = self.packets.pop_front() {
            self.discarded += 1;
            if header.flags.prime {
                continue;
            }
            self.playable -= 1;
            self.orphaned.marker |= header.flags.marker;
            self.orphaned.cross_fade |= header.flags.cross_fade;
            self.orphaned_end = header
                .flags
                .end
                .then(|| DownHeader { flags: DownFlags { end: true, ..DownFlags::default() }, ..header });
            return;
        }
    }

    /// Gives the flags of discarded packets to the next playable one.
    fn adopt(&mut self) {
        if self.orphaned == DownFlags::default() && self.orphaned_end.is_none() {
            return;
        }
        let Some(next) = self.packets.iter_mut().find(|queued| !queued.header.flags.prime) else {
            return;
        };
        let flags = &mut next.header.flags;
        flags.end |= self.orphaned_end.take().is_some() && !flags.marker;
        flags.marker |= self.orphaned.marker;
        flags.cross_fade |= self.orphaned.cross_fade;
        self.orphaned = DownFlags::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: u64 = 20_000;

    fn packet(sequence: u16, flags: DownFlags) -> DownHeader {
        DownHeader { sequence, flags, timestamp: u32::from(sequence) * 960, ..DownHeader::default() }
    }

    fn plain() -> DownFlags {
        DownFlags::default()
    }

    /// One packet each tick, then everything that is left `after` the last one was queued.
    fn run(flags: &[DownFlags], after: u64) -> Vec<(u16, DownFlags, usize)> {
        let mut queue = AudioQueue::default();
        let mut now = Micros(0);
        for (sequence, flags) in (0..).zip(flags) {
            now = Micros(u64::from(sequence) * TICK);
            queue.push(now, packet(sequence, *flags), Bytes::from_static(b"opus"));
        }
        let now = now + after;
        std::iter::from_fn(|| queue.take(now)).map(|(h, payload)| (h.sequence, h.flags, payload.len())).collect()
    }

    #[test]
    fn order_and_flags_survive_when_nothing_waits_long() {
        let marker = DownFlags { marker: true, ..plain() };
        let end = DownFlags { end: true, ..plain() };
        assert_eq!(run(&[marker, plain(), end], 0), [(0, marker, 4), (1, plain(), 4), (2, end, 4)]);
    }

    #[test]
    fn the_newest_120_ms_are_kept_and_marker_and_cross_fade_move_on() {
        let first = DownFlags { marker: true, cross_fade: true, ..plain() };
        let mut flags = [plain(); 10];
        flags[0] = first;
        let left = run(&flags, 0);
        assert_eq!(left.iter().map(|p| p.0).collect::<Vec<_>>(), [3, 4, 5, 6, 7, 8, 9]);
        assert_eq!((left[0].1, left[1].1), (first, plain()));
    }

    #[test]
    fn packets_grow_old_where_nothing_follows_them() {
        assert_eq!(run(&[plain(); 4], 100_000), [(2, plain(), 4), (3, plain(), 4)]);
        assert_eq!(run(&[plain(); 4], 500_000), []);
    }

    #[test]
    fn an_end_is_said_even_when_the_whole_talkspurt_is_discarded() {
        let end = DownFlags { end: true, ..plain() };
        assert_eq!(run(&[DownFlags { marker: true, ..plain() }, end], 500_000), [(1, end, 0)]);
    }

    #[test]
    fn a_new_talkspurt_says_by_itself_that_the_last_one_ended() {
        let marker = DownFlags { marker: true, ..plain() };
        let mut queue = AudioQueue::default();
        queue.push(Micros(0), packet(0, DownFlags { end: true, ..plain() }), Bytes::from_static(b"a"));
        queue.push(Micros(500_000), packet(1, marker), Bytes::from_static(b"b"));
        let taken: Vec<_> = std::iter::from_fn(|| queue.take(Micros(500_000))).map(|(h, _)| h).collect();
        assert_eq!(taken, [packet(1, marker)]);
    }

    #[test]
    fn a_burst_is_kept_whole_and_its_memory_is_bounded() {
        let burst = |packets: u16| {
            let mut queue = AudioQueue::default();
            for sequence in 0..packets {
                queue.push(Micros(0), packet(sequence, plain()), Bytes::from_static(b"x"));
            }
            std::iter::from_fn(|| queue.take(Micros(5000))).map(|(h, _)| h.sequence).collect::<Vec<_>>()
        };
        assert_eq!(burst(20), (0..20).collect::<Vec<_>>());
        assert_eq!(burst(400), (336..400).collect::<Vec<_>>());
    }

    #[test]
    fn primes_go_with_the_packet_they_lead_up_to() {
        let prime = DownFlags { prime: true, ..plain() };
        let fade = DownFlags { cross_fade: true, ..plain() };
        let mut queue = AudioQueue::default();
        for (sequence, flags) in (0..).zip([prime, prime, prime, prime, fade]) {
            queue.push(Micros(0), packet(sequence, flags), Bytes::from_static(b"x"));
        }
        queue.push(Micros(TICK), packet(5, plain()), Bytes::from_static(b"x"));
        let left: Vec<_> =
            std::iter::from_fn(|| queue.take(Micros(130_000))).map(|(h, _)| (h.sequence, h.flags)).collect();
        assert_eq!(left, [(5, fade)], "the cross-fade moves to the packet that is left");
        assert_eq!(queue.discarded(), 5);
    }

    /// A packet each tick and a link that takes one each `every`; how long each taken had waited, in ms.
    fn waits(every: u64, ticks: u16) -> Vec<u64> {
        let mut queue = AudioQueue::default();
        let mut waits = Vec::new();
        for step in 0..u64::from(ticks) * 4 {
            let now = Micros(step * TICK / 4);
            if now.0.is_multiple_of(TICK) {
                queue.push(now, packet((now.0 / TICK) as u16, plain()), Bytes::from_static(b"x"));
            }
            if now.0.is_multiple_of(every)
                && let Some((header, _)) = queue.take(now)
            {
                waits.push(now.since(Micros(u64::from(header.sequence) * TICK)) / 1000);
            }
        }
        waits
    }

    #[test]
    fn a_queue_that_stands_is_cut_short_and_one_that_does_not_is_left_alone() {
        let slow = waits(60_000, 100);
        assert!(slow[..6].iter().any(|wait| *wait > 60), "{slow:?}");
        assert!(slow[15..].iter().all(|wait| *wait <= 40), "{slow:?}");
        assert!(waits(20_000, 100).iter().all(|wait| *wait == 0));
    }

    #[test]
    fn what_a_stall_has_left_is_sent() {
        let mut queue = AudioQueue::default();
        for sequence in 0..50u16 {
            queue.push(Micros(u64::from(sequence) * TICK), packet(sequence, plain()), Bytes::from_static(b"x"));
        }
        let kept: Vec<u16> =
            (0..6).filter_map(|n| queue.take(Micros(980_000 + n * 5000))).map(|(h, _)| h.sequence).collect();
        assert_eq!(kept, [43, 44, 45, 46, 47, 48]);
    }

    #[test]
    fn ten_millisecond_packets_have_the_same_bound_in_time() {
        let mut queue = AudioQueue::default();
        for sequence in 0..100u16 {
            queue.push(Micros(u64::from(sequence) * 10_000), packet(sequence, plain()), Bytes::from_static(b"x"));
        }
        assert_eq!(std::iter::from_fn(|| queue.take(Micros(990_000))).count(), 13);
    }
}
