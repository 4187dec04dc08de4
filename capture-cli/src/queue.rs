//! What waits to be sent: bounded by age, so that nothing old is ever played, and held back while the kernel still
//! has enough to send.

use std::collections::VecDeque;

use bytes::Bytes;
use relay_engine::{Micros, OpusCodec, Ptime};
use relay_wire::audio::HEADER_LEN;
use relay_wire::{Pace, Standing, UpFlags, UpHeader};

/// Audio that could not be sent for this long is discarded: the newest 120 ms are kept, as at the relay.
pub const MAX_AGE_US: u64 = 120_000;
/// The kernel may hold this much audio beyond what a round trip keeps in flight.
const KERNEL_US: u64 = 100_000;
/// A round trip longer than this is not taken for the network's own.
const LONGEST_ROUND_TRIP_US: u64 = 200_000;
/// WebSocket header with mask (RFC 6455 section 5.2) and TLS record (RFC 8446 section 5.2) around a message.
const FRAMING: usize = 8 + 22;

/// A packet ready to be sent, but for its sequence number and the relay's time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpPacket {
    /// Marker, end, pre-roll.
    pub flags: UpFlags,
    /// Media time of the first sample.
    pub timestamp: u32,
    /// When the first sample was captured, on the local clock.
    pub captured: Micros,
    /// Audio level as −dBov.
    pub level: u8,
    /// One Opus packet.
    pub payload: Bytes,
}

impl UpPacket {
    /// The header, with what is only known when it is sent.
    #[must_use]
    pub fn header(&self, sequence: u16, capture_us: u32) -> UpHeader {
        UpHeader { flags: self.flags, sequence, timestamp: self.timestamp, capture_us, level: self.level }
    }
}

/// The send queue. Flags of discarded packets move to the next one.
#[derive(Debug)]
pub struct SendQueue {
    waiting: VecDeque<(Micros, UpPacket)>,
    sequence: u16,
    marker_owed: bool,
    end_owed: Option<UpPacket>,
    discarded: u64,
    pace: Pace,
    standing: Standing,
}

impl Default for SendQueue {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            sequence: 0,
            marker_owed: false,
            end_owed: None,
            discarded: 0,
            pace: pace(Ptime::default()),
            standing: Standing::default(),
        }
    }
}

fn pace(ptime: Ptime) -> Pace {
    let payload = OpusCodec::BITRATE / 8 * ptime.ms() / 1000;
    Pace::new(ptime.micros(), payload as usize + HEADER_LEN + FRAMING, KERNEL_US)
}

impl SendQueue {
    /// Queues a packet.
    pub fn push(&mut self, now: Micros, packet: UpPacket) {
        self.discard_stale(now);
        self.waiting.push_back((now, packet));
    }

    /// The session's packet time is known.
    pub fn set_ptime(&mut self, ptime: Ptime) {
        self.pace = pace(ptime);
    }

    /// The shortest round trip to the relay, in microseconds.
    pub fn set_round_trip(&mut self, round_trip_us: u64) {
        self.pace.set_budget(KERNEL_US + round_trip_us.min(LONGEST_ROUND_TRIP_US));
    }

    /// The next packet to be sent and its sequence number; `None` as well while the kernel, which holds that many
    /// bytes, has enough.
    pub fn pop(&mut self, now: Micros, held: usize) -> Option<(u16, UpPacket)> {
        self.discard_stale(now);
        self.pace.drained(now.0, held);
        if held >= self.pace.limit() {
            return None;
        }
        self.cut_standing(now);
        let mut packet = match self.waiting.pop_front() {
            Some((_, packet)) => packet,
            None => self.end_owed.take()?,
        };
        if !packet.payload.is_empty() {
            packet.flags.marker |= std::mem::take(&mut self.marker_owed);
            // Whoever follows a lost end says by its own marker that a talkspurt ended before it.
            packet.flags.marker |= self.end_owed.take().is_some();
        }
        self.pace.wrote(now.0, packet.payload.len() + HEADER_LEN + FRAMING);
        let sequence = self.sequence;
        self.sequence = self.sequence.wrapping_add(1);
        Some((sequence, packet))
    }

    /// The kernel holds that many bytes after what was popped last was written.
    pub fn filled(&mut self, now: Micros, held: usize) {
        self.pace.filled(now.0, held);
    }

    /// A new session: what waits belongs to the old one, numbers begin again, and whatever comes first begins a talkspurt.
    pub fn restart(&mut self) {
        self.discarded += self.waiting.len() as u64;
        self.waiting.clear();
        self.end_owed = None;
        self.sequence = 0;
        self.marker_owed = true;
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.end_owed.is_none()
    }

    /// Packets that have not been sent: discarded, or waiting still.
    #[must_use]
    pub fn unsent(&self) -> u64 {
        self.discarded + self.waiting.len() as u64
    }

    fn discard_stale(&mut self, now: Micros) {
        while self.waited_us(now) > MAX_AGE_US {
            self.discard_oldest();
        }
    }

    fn cut_standing(&mut self, now: Micros) {
        let longest_us = self.standing.longest_us(now.0, self.waited_us(now));
        while self.waiting.len() > 1 && self.waited_us(now) > longest_us {
            self.discard_oldest();
        }
    }

    fn waited_us(&self, now: Micros) -> u64 {
        self.waiting.front().map_or(0, |(queued, _)| now.since(*queued))
    }

    fn discard_oldest(&mut self) {
        let Some((_, packet)) = self.waiting.pop_front() else { return };
        self.discarded += 1;
        self.marker_owed |= packet.flags.marker;
        if packet.flags.end {
            let flags = UpFlags { end: true, ..UpFlags::default() };
            self.end_owed = Some(UpPacket { flags, payload: Bytes::new(), ..packet });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_fresh_goes_out_in_order_with_rising_numbers() {
        let mut queue = SendQueue::default();
        queue.push(Micros(0), packet(0, "M"));
        queue.push(Micros(10), packet(960, ""));
        assert_eq!(sent(&mut queue, Micros(20)), [(0, 0, "M".into()), (1, 960, String::new())]);
        assert!(queue.is_empty());
    }

    #[test]
    fn the_newest_120_ms_are_kept_and_the_marker_moves_on() {
        let mut queue = SendQueue::default();
        for (i, flags) in ["M", "", "", ""].into_iter().enumerate() {
            let i = u32::try_from(i).unwrap();
            queue.push(Micros(u64::from(i) * 60_000), packet(i * 960, flags));
        }
        assert_eq!(queue.discarded, 1);
        let rest = sent(&mut queue, Micros(180_000));
        assert_eq!(rest, [(0, 960, "M".into()), (1, 1920, String::new()), (2, 2880, String::new())]);
    }

    #[test]
    fn a_discarded_end_is_still_said() {
        let mut queue = SendQueue::default();
        queue.push(Micros(0), packet(0, ""));
        queue.push(Micros(0), packet(960, "E"));
        assert_eq!(sent(&mut queue, Micros(500_000)), [(0, 960, "E0".into())]);
        assert!(queue.is_empty());
    }

    #[test]
    fn after_a_discarded_end_the_next_talkspurt_has_its_marker() {
        let mut queue = SendQueue::default();
        queue.push(Micros(0), packet(0, "E"));
        queue.push(Micros(0), packet(9600, "M"));
        queue.push(Micros(300_000), packet(10_560, ""));
        assert_eq!(sent(&mut queue, Micros(300_000)), [(0, 10_560, "M".into())]);
    }

    #[test]
    fn a_new_session_starts_with_a_marker_and_sequence_zero() {
        let mut queue = SendQueue::default();
        queue.push(Micros(0), packet(0, "M"));
        queue.pop(Micros(0), 0);
        queue.push(Micros(0), packet(960, ""));
        queue.restart();
        queue.push(Micros(0), packet(1920, ""));
        assert_eq!(sent(&mut queue, Micros(0)), [(0, 1920, "M".into())]);
    }

    #[test]
    fn a_kernel_that_does_not_drain_is_given_less_and_less_and_one_that_does_is_given_all() {
        let mut queue = SendQueue::default();
        let (mut held, mut written) = (0, 0);
        for tick in 0..50u32 {
            let now = Micros(u64::from(tick) * 20_000);
            queue.push(now, packet(tick * 960, ""));
            while queue.pop(now, held).is_some() {
                held += 200;
                written += 1;
                queue.filled(now, held);
            }
        }
        assert!((3..=5).contains(&written), "{written} packets in a second");
        assert!(queue.discarded > 30);
        let now = Micros(1_000_000);
        assert!(queue.pop(now, 0).is_some(), "what is fresh goes once the kernel is empty");
        let mut queue = SendQueue::default();
        for tick in 0..50u32 {
            let now = Micros(u64::from(tick) * 20_000);
            queue.push(now, packet(tick * 960, ""));
            assert!(queue.pop(now, 0).is_some());
            queue.filled(now, 200);
        }
    }

    fn packet(timestamp: u32, flags: &str) -> UpPacket {
        UpPacket {
            flags: UpFlags { marker: flags.contains('M'), end: flags.contains('E'), ..UpFlags::default() },
            timestamp,
            captured: Micros(0),
            level: 30,
            payload: Bytes::from_static(b"opus"),
        }
    }

    fn sent(queue: &mut SendQueue, now: Micros) -> Vec<(u16, u32, String)> {
        std::iter::from_fn(|| queue.pop(now, 0))
            .map(|(sequence, packet)| {
                let mut flags = String::new();
                flags.extend(packet.flags.marker.then_some('M'));
                flags.extend(packet.flags.end.then_some('E'));
                flags.extend(packet.payload.is_empty().then_some('0'));
                (sequence, packet.timestamp, flags)
            })
            .collect()
    }
}
