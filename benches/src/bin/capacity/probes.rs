//! Delays in rooms of two. There each hears the other's own packets, payload untouched: it is found again byte for byte.

use std::{collections::HashMap, time::Instant};

use anyhow::{Result, ensure};
use benches::{crowd::Observer, listener::Arrival, stats::Delays};
use relay_wire::audio::HEADER_LEN;

/// More packets than this share lost, or changed, make the figures worthless.
const TOLERATED: f64 = 0.02;

/// Payloads that were sent and have not come, and when.
type Underway = HashMap<Box<[u8]>, Instant>;

/// The rooms, whose talker joined first.
#[derive(Debug)]
pub struct Probes {
    first: usize,
    rooms: Vec<Underway>,
    sent: u64,
    delays: Delays,
}

impl Probes {
    /// So many rooms of two, whose participants count from `first` on.
    pub fn new(first: usize, rooms: usize) -> Self {
        Self { first, rooms: vec![Underway::new(); rooms], sent: 0, delays: Delays::default() }
    }

    /// From handing a packet to the kernel until the read that brings its payload.
    ///
    /// # Errors
    /// If payloads did not come, or came changed.
    pub fn delays(self) -> Result<Delays> {
        let (sent, came) = (self.sent, self.delays.count());
        // The last of each room may still be on the way.
        let missing = sent.saturating_sub(came + self.rooms.len() as u64);
        ensure!(
            came > 0 && missing as f64 <= TOLERATED * sent as f64,
            "of {sent} packets sent {came} came through unchanged"
        );
        Ok(self.delays)
    }

    /// The room of a participant, and whether they are its talker.
    fn room(&mut self, participant: usize) -> Option<(&mut Underway, bool)> {
        let number = participant.checked_sub(self.first)?;
        self.rooms.get_mut(number / 2).map(|room| (room, number % 2 == 0))
    }
}

impl Observer for Probes {
    fn sent(&mut self, participant: usize, payload: &[u8], at: Instant) {
        if let Some((room, true)) = self.room(participant) {
            room.insert(payload.into(), at);
            self.sent += 1;
        }
    }

    fn heard(&mut self, participant: usize, arrival: &Arrival) {
        let Some((room, false)) = self.room(participant) else { return };
        if let Some(sent) = arrival.message.get(HEADER_LEN..).and_then(|payload| room.remove(payload)) {
            self.delays.record(arrival.at.saturating_duration_since(sent));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use relay_wire::DownHeader;

    use super::*;

    fn run(change: impl Fn(usize) -> Option<u8>) -> Result<Delays> {
        let start = Instant::now();
        let mut probes = Probes::new(4, 2);
        for n in 0..100 {
            let (sent, payload) = (start + Duration::from_millis(20) * n as u32, [1, n as u8]);
            probes.sent(6, &payload, sent);
            probes.sent(0, &payload, start);
            if let Some(byte) = change(n) {
                let message = DownHeader::default().write(&[byte, n as u8]);
                probes.heard(7, &Arrival { at: sent + Duration::from_millis(3), message });
            }
        }
        probes.delays()
    }

    #[test]
    fn a_relay_of_known_delay_measures_as_that() {
        let delays = run(|_| Some(1)).expect("all came");
        assert_eq!(delays.count(), 100);
        assert!((delays.percentile_ms(99.0) - 3.0).abs() < 0.01);
    }

    #[test]
    fn lost_and_changed_payloads_are_no_figures() {
        run(|n| (n % 10 != 0).then_some(1)).expect_err("a tenth is lost");
        run(|n| Some(if n % 10 == 0 { 2 } else { 1 })).expect_err("a tenth is changed");
    }
}
