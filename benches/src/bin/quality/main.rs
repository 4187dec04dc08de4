//! Bench `quality`: speech through a real room, a jitter buffer and the listener's playout, in virtual time, rated by PESQ-WB.
//!
//! See `benches/README.md` for the exact definitions.

mod align;
mod pesq;
mod scene;
mod turns;

use std::{process::ExitCode, time::Duration};

use anyhow::{Context as _, Result, ensure};
use benches::{
    progress,
    report::{self, Case, Context, Figures},
    speech, tone,
};

use crate::{
    pesq::Pair,
    scene::{Heard, PTIME, Person, Talkspurt},
};

const CASES: &[Case] = &[
    ("forwarded", |context| measure(context, Other::Silent)),
    ("mixed", |context| measure(context, Other::Throughout)),
    ("switching-2s", |context| measure(context, Other::Alternately(100))),
    ("switching-500ms", |context| measure(context, Other::Alternately(25))),
    ("turns", |context| progress::while_running(context.case, Duration::from_secs(60), || turns::measure(context))),
];

const SPEECH_DBFS: f32 = -26.0;

/// The first sentence begins after so many packets: the room has woken.
const LEAD_IN: usize = 5;

/// Of the packets of a case this share may be of the other kind: mixes before the first word and the like.
const TOLERATED: f64 = 0.02;

/// What the other in the room does while one talks. They say digital silence, which makes a mix and is not heard in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Other {
    /// Never on air.
    Silent,
    /// On air from the first word to the last.
    Throughout,
    /// On air for so many packets, silent for as many, and so on.
    Alternately(usize),
}

fn main() -> ExitCode {
    report::main("quality", CASES, report::no_charts)
}

fn measure(context: &Context, other: Other) -> Result<Figures> {
    progress::while_running(context.case, Duration::from_secs(30), || rate(context.quick, other))
}

/// Rates each sentence at each of some phases of the other's packets.
fn rate(quick: bool, other: Other) -> Result<Figures> {
    let phases: &[usize] = if quick { &[13] } else { &[1, 5, 9, 13, 17] };
    let sentences: Vec<Vec<f32>> =
        speech::sentences()?.iter().map(|sentence| sentence_level(sentence, SPEECH_DBFS)).collect();
    let mut speech = sentences.concat();
    speech.truncate(speech.len() / PTIME.samples() * PTIME.samples());
    let mut pairs = Vec::new();
    let (mut seams, mut moved) = (0, 0);
    for &phase_ms in phases {
        let talker = Talkspurt { from_packet: LEAD_IN, signal: tone::to_pcm(&speech) };
        let people = [
            Person { talkspurts: vec![talker], phase_ms: 7 },
            Person { talkspurts: other.talkspurts(speech.len() / PTIME.samples()), phase_ms },
            Person { phase_ms: 3, ..Person::default() },
        ];
        let heard = scene::play(&people)?.pop().context("there is a listener")?;
        other.check(&heard, speech.len() / PTIME.samples())?;
        seams += heard.seams;
        let signal = tone::from_pcm(&heard.signal);
        let mut from = LEAD_IN * PTIME.samples();
        for sentence in &sentences {
            let found = align::find(&signal, from, sentence)?;
            moved += found.moved;
            pairs.push(Pair { reference: sentence.clone(), heard: found.signal });
            from += sentence.len();
        }
    }
    let scores = pesq::wideband(&pairs)?;
    Ok(Figures::default()
        .with("pesq_wb", scores.iter().sum::<f64>() / scores.len() as f64)
        .with("pesq_wb_worst", scores.iter().copied().fold(f64::INFINITY, f64::min))
        .with("sentences", scores.len() as f64)
        .with("moved_ms", moved as f64 / 48.0 / scores.len() as f64)
        .with("seams", seams as f64))
}

impl Other {
    /// While the talker says so many packets.
    fn talkspurts(self, packets: usize) -> Vec<Talkspurt> {
        let silence = |from: usize, packets: usize| Talkspurt {
            from_packet: LEAD_IN + from,
            signal: vec![0; packets * PTIME.samples()],
        };
        match self {
            Self::Silent => Vec::new(),
            Self::Throughout => vec![silence(0, packets)],
            Self::Alternately(each) => {
                (each..packets).step_by(2 * each).map(|from| silence(from, each.min(packets - from))).collect()
            }
        }
    }

    /// The listener got what the case is about.
    fn check(self, heard: &Heard, packets: usize) -> Result<()> {
        let share = heard.forwarded as f64 / heard.packets as f64;
        let is = |wanted: bool| if wanted { share >= 1.0 - TOLERATED } else { share <= TOLERATED };
        match self {
            Self::Silent => {
                ensure!(is(true), "only {:.0} % of the packets were forwarded", 100.0 * share);
            }
            Self::Throughout => {
                ensure!(is(false), "{:.0} % of the packets were forwarded instead of mixed", 100.0 * share);
            }
            Self::Alternately(each) => {
                let expected = packets / each - 1;
                ensure!(
                    heard.seams >= expected,
                    "{} changes between forwarded and mixed instead of {expected}",
                    heard.seams
                );
            }
        }
        Ok(())
    }
}

/// A sentence at that level over its whole length.
fn sentence_level(sentence: &[f32], rms_dbfs: f32) -> Vec<f32> {
    let gain = tone::amplitude(rms_dbfs - tone::rms_dbfs(sentence));
    sentence.iter().map(|x| x * gain).collect()
}
