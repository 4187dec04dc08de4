//! What listeners got, and whether it is what the load should have given them.

use std::{ops::Range, time::Duration};

use anyhow::{Context, Result, ensure};
use benches::{
    crowd::Observer,
    listener::{self, Arrival, Joined},
    tone,
};
use relay_engine::Ptime;
use relay_wire::DownFlags;

/// More or fewer packets than this share of what was expected make the figures worthless.
const TOLERATED: f64 = 0.02;

/// Speech at −26 dBFS with its pauses is far above this.
const HEARD_DBFS: f32 = -45.0;

/// Messages that a participant got.
#[derive(Debug, Clone, Default)]
struct Got {
    playable: u64,
    primes: u64,
    /// What the first who hears something got, to listen to.
    kept: Vec<Arrival>,
}

/// What a crowd got.
#[derive(Debug)]
pub struct Receipts {
    got: Vec<Got>,
    /// Whose packets are kept.
    ear: Option<usize>,
}

impl Receipts {
    /// Nothing yet, for so many participants.
    pub fn new(participants: usize) -> Self {
        Self { got: vec![Got::default(); participants], ear: None }
    }

    /// Packets to be played, all listeners together.
    pub fn playable(&self) -> u64 {
        self.got.iter().map(|got| got.playable).sum()
    }

    /// Packets that only prepare a decoder.
    pub fn primes(&self) -> u64 {
        self.got.iter().map(|got| got.primes).sum()
    }

    /// Who hears somebody got a packet each packet time, the others none, and there is speech in them.
    ///
    /// # Errors
    /// Says who got what instead.
    pub fn check(&self, ptime: Ptime, took: Duration, hears: impl Fn(usize) -> bool) -> Result<()> {
        let each = took.as_secs_f64() / Duration::from_micros(ptime.micros()).as_secs_f64();
        for (participant, got) in self.got.iter().enumerate() {
            let expected = if hears(participant) { each } else { 0.0 };
            // At each edge of the window a packet may fall to either side.
            let tolerated = TOLERATED * expected + if expected > 0.0 { 2.0 } else { 0.0 };
            ensure!(
                (got.playable as f64 - expected).abs() <= tolerated,
                "participant {participant} got {} packets instead of {expected:.0}: the load was not real",
                got.playable
            );
        }
        self.check_sound(ptime)
    }

    /// Everyone of those got packets.
    ///
    /// # Errors
    /// Says who did not.
    pub fn check_all_heard(&self, participants: Range<usize>) -> Result<()> {
        for participant in participants {
            ensure!(
                self.got[participant].playable > 0,
                "participant {participant} heard nobody: the load was not real"
            );
        }
        Ok(())
    }

    /// The one to whom this listens heard speech.
    fn check_sound(&self, ptime: Ptime) -> Result<()> {
        let Some(ear) = self.ear else { return Ok(()) };
        let heard = listener::decode(&self.got[ear].kept, ptime).with_context(|| format!("participant {ear}"))?;
        let level = tone::rms_dbfs(&Joined::new(&heard).signal);
        ensure!(level > HEARD_DBFS, "what participant {ear} heard is at {level:.0} dBFS: the load was not real");
        Ok(())
    }
}

impl Observer for Receipts {
    fn heard(&mut self, participant: usize, arrival: &Arrival) {
        let got = &mut self.got[participant];
        let prime =
            arrival.message.get(1).is_some_and(|&bits| DownFlags::from_bits(bits).is_ok_and(|flags| flags.prime));
        if prime {
            got.primes += 1;
        } else {
            got.playable += 1;
        }
        if *self.ear.get_or_insert(participant) == participant {
            got.kept.push(arrival.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use benches::{speech, voice::Speech};
    use relay_wire::{DownHeader, UpHeader};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// What a listener gets whose relay forwards `packets` of real speech, and a prime before them.
    fn receipts(packets: usize, signal_dbfs: Option<f32>) -> Receipts {
        let speech = match signal_dbfs {
            None => {
                Speech::of(&speech::quiet(0, -26.0, 96_000).expect("the samples are in the repository"), Ptime::Ms20)
            }
            Some(level) => Speech::of(&tone::sine(440.0, tone::amplitude(level), 48_000), Ptime::Ms20),
        };
        let mut voice = speech.voice(0, Instant::now(), None);
        let mut receipts = Receipts::new(2);
        for packet in 0..=packets {
            let (_, payload) = UpHeader::parse(&voice.next(|_| 1)).expect("well formed");
            let flags = DownFlags { prime: packet == 0, ..DownFlags::default() };
            let message = DownHeader { flags, ..DownHeader::default() }.write(&payload);
            receipts.heard(1, &Arrival { at: Instant::now(), message });
        }
        receipts
    }

    #[test]
    fn a_packet_each_packet_time_is_a_real_load() {
        let receipts = receipts(50, None);
        receipts.check(Ptime::Ms20, SECOND, |participant| participant == 1).expect("a real load");
        assert_eq!((receipts.playable(), receipts.primes()), (50, 1));
        receipts.check_all_heard(1..2).expect("participant 1 heard something");
    }

    #[test]
    fn packets_that_are_missing_or_come_to_the_wrong_one_are_none() {
        let missing =
            receipts(45, None).check(Ptime::Ms20, SECOND, |participant| participant == 1).expect_err("45 of 50");
        assert!(missing.to_string().contains("participant 1 got 45 packets instead of 50"), "{missing}");
        receipts(50, None).check(Ptime::Ms20, SECOND, |_| false).expect_err("nobody should hear anything");
        receipts(50, None).check(Ptime::Ms20, SECOND, |_| true).expect_err("participant 0 hears nothing");
        receipts(50, None).check_all_heard(0..2).expect_err("participant 0 hears nothing");
    }

    #[test]
    fn packets_of_silence_are_none() {
        let silence = receipts(50, Some(-70.0)).check(Ptime::Ms20, SECOND, |participant| participant == 1);
        assert!(silence.expect_err("hardly a sound").to_string().contains("dBFS"));
    }
}
