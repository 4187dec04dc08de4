//! What the talkers of a sweep send, and when.

use std::time::Duration;

use anyhow::Result;
use benches::{
    drive::Send,
    onset::FREQUENCIES_HZ,
    rng::Rng,
    speech,
    talker::{self, Encoded, Numbering, Talkspurt},
    tone,
};

use crate::sweep::{Background, Sweep};

/// Phases of a talker's packets that are measured, evenly over the packet time. A prime: with [`STRIDES`] every talker goes through all
/// of them, and so does the difference between any two talkers.
pub const PHASES: usize = 23;
const STRIDES: [usize; 3] = [1, 5, 12];

/// Silence between the talkspurts of two phases: longer than any delay that is believed.
const GAP: Duration = Duration::from_millis(400);

/// Bursts of one talker begin this many packets of 20 ms apart, at random so that they drift past the other talkers'.
const BURST_SPACING: std::ops::Range<u64> = 11..17;
const BURST_SAMPLES: usize = 3840;
const BURST_DBFS: f32 = -14.0;

/// Where in its packet a burst begins, as a part of the packet: late enough for the packet before to be free of it, early enough
/// for the codec's look-ahead, twice 2.5 ms, not to push it into the next.
const ONSET_PART: usize = 4;

/// What talkers send between their bursts, so that they stay in the mix.
const BACKGROUND_DBFS: f32 = -40.0;

/// The relay brings quiet speech up to the level of the rest; where bursts or a tone are looked for it has nothing.
pub const SOUGHT_HZ: std::ops::Range<f32> = 400.0..1400.0;

/// What the talkers of a sweep send: a talkspurt for each phase.
pub struct Program {
    sweep: Sweep,
    packets_per_phase: usize,
    talkers: Vec<Talker>,
}

/// One talker's packets for the whole run, and in which of them a burst begins.
struct Talker {
    packets: Vec<Encoded>,
    onset_packets: Vec<usize>,
}

/// When what is sent.
pub struct Plan {
    /// Every message, in order of time.
    pub sends: Vec<Send>,
    /// For each talker the packets with an onset, in order of time.
    pub onsets: Vec<Vec<SentOnset>>,
}

/// A packet with an onset.
#[derive(Debug, Clone, Copy)]
pub struct SentOnset {
    /// In the talkspurt of which phase.
    pub phase: usize,
    /// Its place among the sends.
    pub sending: usize,
}

impl Program {
    /// Makes and encodes the talkers' signals; bursts fall into `body`, which follows the lead-in of each talkspurt.
    ///
    /// # Errors
    /// If there is no speech to be had.
    pub fn new(sweep: Sweep, body: Duration) -> Result<Self> {
        let packets_per_phase = sweep.packets_in(sweep.lead_in + body);
        let mut program = Self { sweep, packets_per_phase, talkers: Vec::new() };
        program.talkers = (0..sweep.talkers).map(|talker| program.talker(talker)).collect::<Result<_>>()?;
        Ok(program)
    }

    /// From the beginning of a phase to that of the next: whole packets, so that phases are what they are called.
    pub fn period(&self) -> Duration {
        let packets = self.packets_per_phase + self.sweep.packets_in(GAP) + 1;
        Duration::from_micros(self.sweep.ptime.micros()) * u32::try_from(packets).expect("a few hundred packets")
    }

    /// How long it all takes.
    pub fn length(&self) -> Duration {
        self.period() * u32::try_from(PHASES).expect("a few phases")
    }

    /// When to send what, with the relay's clock at the start of the run.
    pub fn plan(&self, relay_clock_us: u64) -> Plan {
        let Sweep { ptime, jitter, .. } = self.sweep;
        let period_samples = (self.period().as_micros() * 6 / 125) as u64;
        let mut sends: Vec<(Send, Option<usize>)> = Vec::new();
        for (client, talker) in self.talkers.iter().enumerate() {
            let mut numbering = Numbering::default();
            let mut rng = Rng::new(100 + client as u64);
            for (phase, packets) in talker.packets.chunks_exact(self.packets_per_phase).enumerate() {
                let offset = (phase * STRIDES[client]) % PHASES * ptime.samples() / PHASES;
                let first_sample = period_samples * phase as u64 + offset as u64;
                let talkspurt = Talkspurt { packets, first_sample, relay_clock_us, ptime };
                let numbered =
                    (phase * self.packets_per_phase..).zip(talkspurt.sends(client, &mut numbering, jitter, &mut rng));
                sends.extend(numbered.map(|(packet, send)| {
                    let has_onset = talker.onset_packets.binary_search(&packet).is_ok();
                    (send, has_onset.then_some(phase))
                }));
            }
        }
        sends.sort_by_key(|(send, _)| send.at);
        let mut onsets = vec![Vec::new(); self.talkers.len()];
        for (sending, (send, phase)) in sends.iter().enumerate() {
            onsets[send.client].extend(phase.map(|phase| SentOnset { phase, sending }));
        }
        Plan { sends: sends.into_iter().map(|(send, _)| send).collect(), onsets }
    }

    fn talker(&self, talker: usize) -> Result<Talker> {
        let ptime = self.sweep.ptime;
        let mut rng = Rng::new(1 + talker as u64);
        let samples = PHASES * self.packets_per_phase * ptime.samples();
        let mut signal = match self.sweep.background {
            Background::Noise => tone::noise(BACKGROUND_DBFS, samples, &mut rng),
            Background::Speech => {
                let speech = speech::quiet(talker, BACKGROUND_DBFS, samples)?;
                speech::without_band(&speech, SOUGHT_HZ)
            }
        };
        let onset_packets = if talker < self.sweep.bursting { self.onset_packets(&mut rng) } else { Vec::new() };
        for packet in &onset_packets {
            let start = packet * ptime.samples() + ptime.samples() / ONSET_PART;
            tone::add_burst(&mut signal, start, BURST_SAMPLES, FREQUENCIES_HZ[talker], tone::amplitude(BURST_DBFS));
        }
        Ok(Talker { packets: talker::encode(&signal, ptime), onset_packets })
    }

    /// Packets, counted over all talkspurts, in which a burst begins; none begins where it would not end in its talkspurt.
    fn onset_packets(&self, rng: &mut Rng) -> Vec<usize> {
        let lead_in = self.sweep.packets_in(self.sweep.lead_in);
        let packets_per_20_ms = 20 / self.sweep.ptime.ms() as usize;
        let samples = self.sweep.ptime.samples();
        let burst_packets = (BURST_SAMPLES + samples / ONSET_PART).div_ceil(samples);
        let last = self.packets_per_phase - burst_packets - 1;
        let mut onsets = Vec::new();
        for phase in 0..PHASES {
            let mut at = lead_in + rng.below(6) as usize;
            while at <= last {
                onsets.push(phase * self.packets_per_phase + at);
                let spacing = BURST_SPACING.start + rng.below(BURST_SPACING.end - BURST_SPACING.start);
                at += spacing as usize * packets_per_20_ms;
            }
        }
        onsets
    }
}
