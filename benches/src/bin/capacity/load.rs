//! A steady load: so many rooms with so many participants each, of whom so many talk without a pause.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use benches::{
    crowd::Crowd,
    progress,
    relay_process::RelayProcess,
    report::{Context, Figures, LATENESS},
    stats::Delays,
    usage::{Usage, percent_of_core},
    voice::Speech,
};
use relay_engine::Ptime;

use crate::receipts::Receipts;

/// Packet time of every room.
pub const PTIME: Ptime = Ptime::Ms20;

/// Between the first packet and the measurement: levels and jitter buffers have settled, the allocator has what it needs.
pub const WARM_UP: Duration = Duration::from_secs(3);

/// Who talks and who listens.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Rooms alike.
    pub rooms: usize,
    /// Participants in each.
    pub participants: usize,
    /// Of those, how many talk.
    pub talkers: usize,
}

impl Load {
    /// One room.
    pub const fn room(participants: usize, talkers: usize) -> Self {
        Self { rooms: 1, participants, talkers }
    }

    /// Everyone in every room.
    pub fn total(self) -> usize {
        self.rooms * self.participants
    }

    /// Whether somebody else than that participant talks in their room.
    pub fn hears(self, participant: usize) -> bool {
        let talks = participant % self.participants < self.talkers;
        self.talkers > usize::from(talks)
    }

    /// Everyone joins, and those who talk begin.
    ///
    /// # Errors
    /// If the relay does not take them.
    pub fn begin(self, relay: &RelayProcess, crowd: &mut Crowd, speech: &Speech) -> Result<()> {
        let first = crowd.len();
        for participant in 0..self.total() {
            crowd.join(relay, &format!("room-{}", (first + participant) / self.participants))?;
        }
        let now = Instant::now();
        let talkers = (0..self.total()).filter(|participant| participant % self.participants < self.talkers);
        for (n, talker) in talkers.enumerate() {
            crowd.talk(first + talker, speech.voice(n, now, None));
        }
        Ok(())
    }

    /// Measures the relay under this load.
    ///
    /// # Errors
    /// If the load is not real: the relay does not take it, or listeners do not get what they should.
    pub fn measure(self, context: &Context) -> Result<Figures> {
        let window = Duration::from_secs(if context.quick { 5 } else { 20 });
        let speech = Speech::read(PTIME)?;
        let mut crowd = Crowd::new();
        let relay = RelayProcess::start(context.programs()?, false, PTIME)?;
        let empty = Usage::of(relay.pid())?;
        progress::while_running(context.case, WARM_UP + window, || {
            self.begin(&relay, &mut crowd, &speech)?;
            crowd.run(Instant::now() + WARM_UP, &mut ())?;
            crowd.lateness = Delays::default();
            let pings = crowd.pings();
            let mut receipts = Receipts::new(self.total());
            let (began, before, own) = (Instant::now(), Usage::of(relay.pid())?, Usage::own()?);
            crowd.run(began + window, &mut receipts)?;
            let (after, own_after, took) = (Usage::of(relay.pid())?, Usage::own()?, began.elapsed());
            receipts.check(PTIME, took, |participant| self.hears(participant))?;
            self.check_pings(crowd.pings() - pings, took)?;
            Ok(Figures::default()
                .with("participants", self.total() as f64)
                .with("talkers", (self.rooms * self.talkers) as f64)
                .with("cpu_percent_of_core", percent_of_core(before.cpu, after.cpu, took))
                .with("cpu_percent_mixers", percent_of_core(before.mixers, after.mixers, took))
                .with("rss_kib_per_connection", per_connection(empty, after, self.total()))
                .with("packets_per_second", receipts.playable() as f64 / took.as_secs_f64())
                .with("primes_per_second", receipts.primes() as f64 / took.as_secs_f64())
                .with("bench_cpu_percent_of_core", percent_of_core(own.cpu, own_after.cpu, took))
                .with(LATENESS, crowd.lateness.percentile_ms(99.0)))
        })
    }

    /// The relay pings each participant every second.
    fn check_pings(self, answered: u64, took: Duration) -> Result<()> {
        let expected = self.total() as f64 * took.as_secs_f64();
        // At the edges of the window one more or less for each.
        ensure!(
            (answered as f64 - expected).abs() <= self.total() as f64 * 1.1,
            "of {expected:.0} pings {answered} came: the participants were not all there"
        );
        Ok(())
    }
}

/// What each connection adds to the memory of an empty relay.
pub fn per_connection(before: Usage, after: Usage, connections: usize) -> f64 {
    after.rss_kib.saturating_sub(before.rss_kib) as f64 / connections as f64
}

#[cfg(test)]
mod tests {
    use super::Load;

    #[test]
    fn who_talks_alone_hears_nobody_and_all_others_hear_somebody() {
        let hearing = |load: Load| (0..load.total()).filter(|&p| load.hears(p)).collect::<Vec<_>>();
        assert_eq!(hearing(Load::room(3, 1)), [1, 2]);
        assert_eq!(hearing(Load { rooms: 2, ..Load::room(2, 2) }), [0, 1, 2, 3]);
        assert!(hearing(Load { rooms: 4, ..Load::room(1, 0) }).is_empty());
    }
}
