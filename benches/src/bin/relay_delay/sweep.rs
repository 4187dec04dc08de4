//! Delays of tone bursts, with the talkers' phases swept over the packet time.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use benches::{
    client::Client,
    drive::{self, Run, Send},
    jitter::in_order,
    listener::{self, Joined},
    onset::{FREQUENCIES_HZ, onsets},
    progress,
    relay_process::RelayProcess,
    report::{Context, Figures},
    rng::Rng,
    speech,
    stats::Delays,
    talker::{self, Encoded, Numbering, Talkspurt},
    tone,
};
use relay_engine::Ptime;

use crate::matching::pair;

/// Phases of a talker's packets that are measured, evenly over the packet time. A prime: with [`STRIDES`] every talker goes through all
/// of them, and so does the difference between any two talkers.
const PHASES: usize = 23;
const STRIDES: [usize; 3] = [1, 5, 12];

/// Silence between the talkspurts of two phases: longer than any delay that is believed.
const GAP: Duration = Duration::from_millis(400);

/// Bursts of one talker begin this many packets of 20 ms apart, at random so that they drift past the other talkers'.
const BURST_SPACING: std::ops::Range<u64> = 11..17;
const BURST_SAMPLES: usize = 3840;
const BURST_DBFS: f32 = -14.0;

/// Where in its packet a burst begins: late enough for the packet before to be free of it, early enough for the codec's
/// look-ahead, twice 2.5 ms, not to push it into the next.
const ONSET_SAMPLES: usize = 240;

/// What talkers send between their bursts, so that they stay in the mix.
const BACKGROUND_DBFS: f32 = -40.0;

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

/// A packet with an onset, by its place in the plan.
struct SentOnset {
    phase: usize,
    sending: usize,
    captured: Duration,
}

/// One talker's packets for the whole run.
struct Part {
    packets: Vec<Encoded>,
    onset_packets: Vec<usize>,
}

impl Sweep {
    /// Measures the case.
    ///
    /// # Errors
    /// If the relay does not do its part, or the bursts do not come through.
    pub fn measure(&self, context: &Context) -> Result<Figures> {
        let body = Duration::from_millis(if context.quick { 800 } else { 3000 });
        let parts = self.parts(body)?;
        let relay = RelayProcess::start(&context.programs, self.tls, self.ptime)?;
        let mut clients = (0..self.participants)
            .map(|i| Client::join(relay.address(), self.tls, "bench", &format!("participant-{i}")))
            .collect::<Result<Vec<_>>>()?;
        ensure!(clients[0].ptime_ms() == self.ptime.ms(), "the room's packet time is {} ms", clients[0].ptime_ms());

        let start = Instant::now() + SETTLE;
        let (plan, onsets) = self.plan(&parts, body, clients[0].relay_clock_us(start));
        let length = self.period(body) * u32::try_from(PHASES).expect("a few phases");
        let run = progress::while_running(context.case, length, || drive::drive(&mut clients, &plan, start, length))?;
        self.evaluate(&run, &onsets, body)
    }

    /// From the beginning of a phase's talkspurt to that of the next: whole packets.
    fn period(&self, body: Duration) -> Duration {
        self.lead_in + body + GAP + Duration::from_micros(self.ptime.micros())
    }

    fn packets_in(&self, time: Duration) -> usize {
        usize::try_from(time.as_micros() / u128::from(self.ptime.micros())).expect("fits")
    }

    fn parts(&self, body: Duration) -> Result<Vec<Part>> {
        (0..self.talkers)
            .map(|talker| {
                let mut rng = Rng::new(1 + talker as u64);
                let per_phase = self.packets_in(self.lead_in + body);
                let samples = PHASES * per_phase * self.ptime.samples();
                let mut signal = match self.background {
                    Background::Noise => tone::noise(BACKGROUND_DBFS, samples, &mut rng),
                    Background::Speech => speech::quiet(talker, BACKGROUND_DBFS, samples)?,
                };
                let onset_packets =
                    if talker < self.bursting { self.onset_packets(body, &mut rng) } else { Vec::new() };
                for packet in &onset_packets {
                    let start = packet * self.ptime.samples() + ONSET_SAMPLES;
                    let amplitude = tone::amplitude(BURST_DBFS);
                    tone::add_burst(&mut signal, start, BURST_SAMPLES, FREQUENCIES_HZ[talker], amplitude);
                }
                Ok(Part { packets: talker::encode(&signal, self.ptime), onset_packets })
            })
            .collect()
    }

    /// Packets, counted over all talkspurts, in which a burst begins; none begins where it would not end in its talkspurt.
    fn onset_packets(&self, body: Duration, rng: &mut Rng) -> Vec<usize> {
        let per_phase = self.packets_in(self.lead_in + body);
        let packets_per_20_ms = 20 / self.ptime.ms() as usize;
        let last = per_phase - (BURST_SAMPLES + ONSET_SAMPLES) / self.ptime.samples() - 2;
        let mut onsets = Vec::new();
        for phase in 0..PHASES {
            let mut at = self.packets_in(self.lead_in) + rng.below(6) as usize;
            while at <= last {
                onsets.push(phase * per_phase + at);
                let spacing = BURST_SPACING.start + rng.below(BURST_SPACING.end - BURST_SPACING.start);
                at += spacing as usize * packets_per_20_ms;
            }
        }
        onsets
    }

    /// Every message in order of time, and for each talker where its onsets are among them.
    fn plan(&self, parts: &[Part], body: Duration, relay_clock_us: u64) -> (Vec<Send>, Vec<Vec<SentOnset>>) {
        let per_phase = self.packets_in(self.lead_in + body);
        let mut plan: Vec<(Send, Duration, Option<usize>)> = Vec::new();
        for (talker, part) in parts.iter().enumerate() {
            let mut numbering = Numbering::default();
            let mut rng = Rng::new(100 + talker as u64);
            for (phase, packets) in part.packets.chunks_exact(per_phase).enumerate() {
                let offset = (phase * STRIDES[talker]) % PHASES * self.ptime.samples() / PHASES;
                let first_sample = sample_of(self.period(body)) * phase as u64 + offset as u64;
                let talkspurt = Talkspurt { packets, first_sample, relay_clock_us, ptime: self.ptime };
                let captured: Vec<Duration> =
                    (0..per_phase).map(|i| time_of(first_sample + (i * self.ptime.samples()) as u64)).collect();
                let due: Vec<Duration> =
                    captured.iter().map(|at| *at + Duration::from_micros(self.ptime.micros())).collect();
                let leaving = in_order(&due, self.jitter, &mut rng);
                for (i, (message, at)) in talkspurt.messages(&mut numbering).into_iter().zip(leaving).enumerate() {
                    let onset = part.onset_packets.binary_search(&(phase * per_phase + i)).ok().map(|_| phase);
                    plan.push((Send { at, client: talker, message }, captured[i], onset));
                }
            }
        }
        plan.sort_by_key(|(send, ..)| send.at);
        let mut onsets: Vec<Vec<SentOnset>> = parts.iter().map(|_| Vec::new()).collect();
        for (sending, (send, captured, onset)) in plan.iter().enumerate() {
            if let Some(phase) = *onset {
                onsets[send.client].push(SentOnset { phase, sending, captured: *captured });
            }
        }
        (plan.into_iter().map(|(send, ..)| send).collect(), onsets)
    }

    /// Pools the delays of every burst at every listener.
    fn evaluate(&self, run: &Run, sent: &[Vec<SentOnset>], body: Duration) -> Result<Figures> {
        let mut delays = Delays::default();
        let (mut expected, mut heard_at_all) = (0, 0);
        for (listener, arrivals) in run.arrivals.iter().enumerate() {
            let decoded = listener::decode(arrivals, self.ptime).with_context(|| format!("participant {listener}"))?;
            let joined = Joined::new(&decoded);
            for (talker, sent) in sent.iter().enumerate().take(self.bursting) {
                let heard: Vec<Instant> =
                    onsets(&joined.signal, FREQUENCIES_HZ[talker]).into_iter().map(|at| joined.arrival(at)).collect();
                if talker == listener {
                    ensure!(heard.is_empty(), "participant {listener} hears themselves: {} bursts", heard.len());
                    continue;
                }
                expected += sent.len();
                heard_at_all += heard.len();
                for delay in self.delays_of(sent, &heard, run, body) {
                    delays.record(delay);
                }
            }
        }
        let found = delays.count() as usize;
        ensure!(
            within(found, expected) && within(heard_at_all, expected),
            "of {expected} bursts sent {found} were found at listeners, who heard {heard_at_all}"
        );
        Ok(Figures::of_delays(delays)
            .with("not_found", (expected - found) as f64)
            .with("phases", PHASES as f64)
            .with("sent_late_p99_ms", run.lateness.percentile_ms(99.0)))
    }

    fn delays_of(&self, sent: &[SentOnset], heard: &[Instant], run: &Run, body: Duration) -> Vec<Duration> {
        let phase_of = |at: Instant| ((at - run.start).as_micros() / self.period(body).as_micros()) as usize;
        let from = |onset: &SentOnset| match self.from {
            From::Sending => run.sent[onset.sending],
            From::Capture => run.start + onset.captured,
        };
        (0..PHASES)
            .flat_map(|phase| {
                let sent: Vec<Instant> = sent.iter().filter(|onset| onset.phase == phase).map(from).collect();
                let heard: Vec<Instant> = heard.iter().copied().filter(|&at| phase_of(at) == phase).collect();
                pair(&sent, &heard)
            })
            .map(|(sent, heard)| heard - sent)
            .collect()
    }
}

fn within(found: usize, expected: usize) -> bool {
    expected > 0 && found.abs_diff(expected) as f64 <= TOLERATED * expected as f64
}

fn sample_of(time: Duration) -> u64 {
    u64::try_from(time.as_micros() * 6 / 125).expect("less than a day")
}

fn time_of(sample: u64) -> Duration {
    Duration::from_nanos(sample * 62_500 / 3)
}
