//! Delays of tone bursts, with the talkers' phases swept over the packet time.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use benches::{
    client::Client,
    drive::{self, Run},
    listener::{self, Joined},
    onset::{FREQUENCIES_HZ, onsets},
    progress,
    relay_process::RelayProcess,
    report::{Context, Figures, LATENESS},
    stats::Delays,
};
use relay_engine::Ptime;

use crate::{
    held,
    matching::pair,
    program::{PHASES, Plan, Program, SentOnset},
};

/// More onsets than this share not found, or found and not sent, make the figures worthless.
const TOLERATED: f64 = 0.02;

/// Between joining and the first packet.
const SETTLE: Duration = Duration::from_millis(500);

/// A room whose talkers send bursts in one talkspurt for each phase.
#[derive(Debug, Clone, Copy)]
pub struct Sweep {
    /// In the room.
    pub participants: usize,
    /// Of those, how many talk.
    pub talkers: usize,
    /// Of those, how many send bursts; the others send background alone.
    pub bursting: usize,
    /// Whether over TLS.
    pub tls: bool,
    /// Packet time of the room.
    pub ptime: Ptime,
    /// Packets leave a uniform 0 … this later than they should, in order.
    pub jitter: Duration,
    /// What is beneath and between the bursts.
    pub background: Background,
    /// Where a delay begins.
    pub from: From,
    /// The first part of each talkspurt holds no burst: the relay gets to know the link.
    pub lead_in: Duration,
}

/// What talkers send all the time.
#[derive(Debug, Clone, Copy)]
pub enum Background {
    /// White noise.
    Noise,
    /// Speech.
    Speech,
}

/// Where the delay of an onset begins.
#[derive(Debug, Clone, Copy)]
pub enum From {
    /// When its packet was handed to the kernel.
    Sending,
    /// When its packet's first sample was captured: a packet time before it was due to be sent.
    Capture,
}

impl Sweep {
    /// Measures the case.
    ///
    /// # Errors
    /// If the relay does not do its part, or the bursts do not come through.
    pub fn measure(&self, context: &Context) -> Result<Figures> {
        let body = Duration::from_millis(if context.quick { 800 } else { 3000 });
        let program = Program::new(*self, body)?;
        let relay = RelayProcess::start(context.programs()?, self.tls, self.ptime)?;
        let mut clients = (0..self.participants)
            .map(|i| Client::join(relay.address(), self.tls, "bench", &format!("participant-{i}")))
            .collect::<Result<Vec<_>>>()?;
        ensure!(clients[0].ptime_ms() == self.ptime.ms(), "the room's packet time is {} ms", clients[0].ptime_ms());

        let start = Instant::now() + SETTLE;
        let plan = program.plan(clients[0].relay_clock_us(start));
        let length = program.length();
        let drive = || drive::drive(&mut clients, &plan.sends, start, length);
        let run = progress::while_running(context.case, length + SETTLE, drive)?;
        self.evaluate(&run, &plan, program.period())
    }

    /// Packets in a stretch of time, rounded down.
    pub fn packets_in(&self, time: Duration) -> usize {
        usize::try_from(time.as_micros() / u128::from(self.ptime.micros())).expect("a number of packets")
    }

    /// Pools the delays of every burst at every listener.
    fn evaluate(&self, run: &Run, plan: &Plan, period: Duration) -> Result<Figures> {
        let mut delays = Delays::default();
        let (mut expected, mut heard_at_all) = (0, 0);
        for (listener, arrivals) in run.arrivals.iter().enumerate() {
            let decoded = listener::decode(arrivals, self.ptime).with_context(|| format!("participant {listener}"))?;
            let joined = Joined::new(&decoded);
            for (talker, sent) in plan.onsets.iter().enumerate().take(self.bursting) {
                let heard: Vec<Instant> =
                    onsets(&joined.signal, FREQUENCIES_HZ[talker]).into_iter().map(|at| joined.arrival(at)).collect();
                if talker == listener {
                    ensure!(heard.is_empty(), "participant {listener} hears themselves: {} bursts", heard.len());
                    continue;
                }
                expected += sent.len();
                heard_at_all += heard.len();
                let begin = |onset: &SentOnset| match self.from {
                    From::Sending => run.sent[onset.sending],
                    From::Capture => run.start + plan.sends[onset.sending].captured,
                };
                for phase in 0..PHASES {
                    let sent: Vec<Instant> = sent.iter().filter(|onset| onset.phase == phase).map(begin).collect();
                    let during = run.start + period * phase as u32..run.start + period * (phase as u32 + 1);
                    let heard: Vec<Instant> = heard.iter().copied().filter(|at| during.contains(at)).collect();
                    for (sent, heard) in pair(&sent, &heard) {
                        delays.record_at(sent - run.start, heard - sent);
                    }
                }
            }
        }
        let found = delays.count() as usize;
        ensure!(
            within(found, expected) && within(heard_at_all, expected),
            "of {expected} bursts sent {found} were found at listeners, who heard {heard_at_all}"
        );
        Ok(Figures::of_delays(delays)
            .with_chart(held::course(run))
            .with("not_found", (expected - found) as f64)
            .with("phases", PHASES as f64)
            .with(LATENESS, run.lateness.percentile_ms(99.0)))
    }
}

fn within(found: usize, expected: usize) -> bool {
    expected > 0 && found.abs_diff(expected) as f64 <= TOLERATED * expected as f64
}

#[cfg(test)]
mod tests {
    use benches::{listener::Arrival, report::Figures};
    use relay_wire::{DownFlags, DownHeader, UpHeader};

    use super::*;

    const ONE_TALKS: Sweep = Sweep {
        participants: 2,
        talkers: 1,
        bursting: 1,
        tls: false,
        ptime: Ptime::Ms20,
        jitter: Duration::ZERO,
        background: Background::Noise,
        from: From::Sending,
        lead_in: Duration::from_millis(100),
    };

    /// A relay in virtual time that hands the talker's packets on to participant `listener` after `delay`.
    fn forward(sweep: Sweep, listener: usize, delay: Duration) -> Result<Figures> {
        let program = Program::new(sweep, Duration::from_millis(800)).expect("noise is always to be had");
        let plan = program.plan(0);
        let start = Instant::now();
        let sent: Vec<Instant> = plan.sends.iter().map(|send| start + send.at).collect();
        let mut arrivals = vec![Vec::new(); sweep.participants];
        for (send, sent) in plan.sends.iter().zip(&sent) {
            let (up, payload) = UpHeader::parse(&send.message).expect("well formed");
            let flags = DownFlags { marker: up.flags.marker, end: up.flags.end, ..DownFlags::default() };
            let down = DownHeader { flags, timestamp: up.timestamp, ..DownHeader::default() };
            arrivals[listener].push(Arrival { at: *sent + delay, message: down.write(&payload) });
        }
        let run = Run { start, sent, arrivals, lateness: Delays::default() };
        sweep.evaluate(&run, &plan, program.period())
    }

    #[test]
    fn a_relay_of_known_delay_measures_as_that() {
        let figures = forward(ONE_TALKS, 1, Duration::from_millis(7)).expect("all bursts come through");
        for figure in ["p50_ms", "p99_ms", "max_ms"] {
            assert!((figures.get(figure) - 7.0).abs() < 0.02, "{figure} {}", figures.get(figure));
        }
        assert!(figures.get("not_found") == 0.0 && figures.get("count") >= 23.0 * 2.0);
    }

    #[test]
    fn from_capture_the_packet_time_is_part_of_the_delay() {
        let sweep = Sweep { from: From::Capture, ..ONE_TALKS };
        let figures = forward(sweep, 1, Duration::from_millis(130)).expect("all bursts come through");
        assert!((figures.get("p50_ms") - 150.0).abs() < 0.2, "{}", figures.get("p50_ms"));
    }

    #[test]
    fn what_comes_back_to_the_talker_or_not_at_all_is_no_figure() {
        let to_self = forward(ONE_TALKS, 0, Duration::from_millis(7)).expect_err("an echo");
        assert!(to_self.to_string().contains("hears themselves"), "{to_self}");
        let to_nobody =
            forward(Sweep { participants: 3, ..ONE_TALKS }, 1, Duration::ZERO).expect_err("one hears nothing");
        assert!(to_nobody.to_string().contains("were found"), "{to_nobody}");
    }
}
