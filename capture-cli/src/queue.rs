//! What waits to be sent: bounded by age, so that nothing old is ever played.

use std::collections::VecDeque;

use bytes::Bytes;
use relay_engine::Micros;
use relay_wire::{UpFlags, UpHeader};

/// Audio that could not be sent for this long is discarded: the newest 200 ms are kept.
pub const MAX_AGE_US: u64 = 200_000;

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
#[derive(Debug, Default)]
pub struct SendQueue {
    waiting: VecDeque<(Micros, UpPacket)>,
    sequence: u16,
    marker_owed: bool,
    end_owed: Option<UpPacket>,
    discarded: u64,
}

impl SendQueue {
    /// Queues a packet.
    pub fn push(&mut self, now: Micros, packet: UpPacket) {
        self.discard_stale(now);
        self.waiting.push_back((now, packet));
    }

    /// The next packet to be sent and its sequence number.
    pub fn pop(&mut self, now: Micros) -> Option<(u16, UpPacket)> {
        self.discard_stale(now);
        let mut packet = match self.waiting.pop_front() {
            Some((_, packet)) => packet,
            None => self.end_owed.take()?,
        };
        if !packet.payload.is_empty() {
            packet.flags.marker |= std::mem::take(&mut self.marker_owed);
            // Whoever follows a lost end says by its own marker that a talkspurt ended before it.
            packet.flags.marker |= self.end_owed.take().is_some();
        }
        let sequence = self.sequence;
        self.sequence = self.sequence.wrapping_add(1);
        Some((sequence, packet))
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

    /// Packets that were never sent.
    #[must_use]
    pub fn discarded(&self) -> u64 {
        self.discarded
    }

    fn discard_stale(&mut self, now: Micros) {
        while let Some((queued, _)) = self.waiting.front() {
            if now.since(*queued) <= MAX_AGE_US {
                break;
            }
            let Some((_, packet)) = self.waiting.pop_front() else { break };
            self.discarded += 1;
            self.marker_owed |= packet.flags.marker;
            if packet.flags.end {
                let flags = UpFlags { end: true, ..UpFlags::default() };
                self.end_owed = Some(UpPacket { flags, payload: Bytes::new(), ..packet });
            }
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
    fn the_newest_200_ms_are_kept_and_the_marker_moves_on() {
        let mut queue = SendQueue::default();
        for (i, flags) in ["M", "", "", ""].into_iter().enumerate() {
            let i = u32::try_from(i).unwrap();
            queue.push(Micros(u64::from(i) * 100_000), packet(i * 960, flags));
        }
        assert_eq!(queue.discarded(), 1);
        let rest = sent(&mut queue, Micros(300_000));
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
        queue.pop(Micros(0));
        queue.push(Micros(0), packet(960, ""));
        queue.restart();
        queue.push(Micros(0), packet(1920, ""));
        assert_eq!(sent(&mut queue, Micros(0)), [(0, 1920, "M".into())]);
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
        std::iter::from_fn(|| queue.pop(now))
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
