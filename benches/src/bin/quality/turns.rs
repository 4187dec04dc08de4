//! Two talk in turns: is the beginning of each turn heard?

use anyhow::{Context as _, Result};
use benches::{
    report::{Context, Figures},
    speech, tone,
};

use crate::{
    SPEECH_DBFS, align,
    pesq::{self, Pair},
    scene::{self, PTIME, Person, Talkspurt},
    sentence_level,
};

/// The first syllable lies within this.
const BEGINNING: usize = 300 * 48;

/// A window of 10 ms of it is missing when it is this much softer than what was said…
const MISSING_DB: f32 = 10.0;

/// …and what was said is speech.
const SPEECH_WINDOW_DBFS: f32 = -45.0;
const WINDOW: usize = 480;

/// How a turn follows the one before, in packets: after a pause, at once, or while the other still speaks.
const FOLLOWS: [isize; 3] = [15, 0, -10];

/// Two who hear each other, and a third who hears both; turn after turn, at each of some phases.
///
/// # Errors
/// If something does not encode, or is not heard at all.
pub fn measure(context: &Context) -> Result<Figures> {
    let phases: &[usize] = if context.quick { &[13] } else { &[1, 5, 9, 13, 17] };
    let sentences: Vec<Vec<f32>> =
        speech::sentences()?.iter().map(|sentence| sentence_level(sentence, SPEECH_DBFS)).collect();
    let mut missing_ms = Vec::new();
    let mut pairs = Vec::new();
    for &phase_ms in phases {
        for follows in FOLLOWS {
            let turns = turns(&sentences, follows);
            let mut people =
                vec![Person { phase_ms: 7, ..Person::default() }, Person { phase_ms, ..Person::default() }];
            for (n, (from_packet, sentence)) in turns.iter().enumerate() {
                let signal = tone::to_pcm(sentence);
                people[n % 2].talkspurts.push(Talkspurt { from_packet: *from_packet, signal });
            }
            people.push(Person { phase_ms: 3, ..Person::default() });
            let heard: Vec<Vec<f32>> =
                scene::play(&people)?.iter().map(|heard| tone::from_pcm(&heard.signal)).collect();
            for (n, (from_packet, sentence)) in turns.iter().enumerate() {
                // Where turns overlap, a third hears a sum.
                let third = (follows >= 0).then_some(2);
                for listener in [Some(1 - n % 2), third].into_iter().flatten() {
                    let found =
                        align::find(&heard[listener], from_packet * PTIME.samples(), sentence).with_context(|| {
                            format!("listener {listener}, turn {n}, {follows} packets after the one before")
                        })?;
                    missing_ms.push(missing(sentence, &found.by_beginning));
                    pairs.push(Pair { reference: sentence.clone(), heard: found.signal });
                }
            }
        }
    }
    let clipped = missing_ms.iter().filter(|&&ms| ms > 0).count();
    let scores = pesq::wideband(&pairs)?;
    Ok(Figures::default()
        .with("pesq_wb", scores.iter().sum::<f64>() / scores.len() as f64)
        .with("pesq_wb_worst", scores.iter().copied().fold(f64::INFINITY, f64::min))
        .with("turns_heard", missing_ms.len() as f64)
        .with("clipped_turns", clipped as f64)
        .with("worst_missing_ms", missing_ms.iter().copied().max().unwrap_or(0) as f64))
}

/// The packet with which each turn begins, and the sentence, in whole packets.
fn turns(sentences: &[Vec<f32>], follows: isize) -> Vec<(usize, Vec<f32>)> {
    let mut next = 5;
    let turns = sentences.iter().map(|sentence| {
        let packets = sentence.len() / PTIME.samples();
        let turn = (next, sentence[..packets * PTIME.samples()].to_vec());
        next = (next + packets).saturating_add_signed(follows);
        turn
    });
    turns.collect()
}

/// Milliseconds of the beginning that were said and not heard.
fn missing(said: &[f32], heard: &[f32]) -> usize {
    let first_word =
        said.windows(WINDOW).step_by(WINDOW).position(|w| tone::rms_dbfs(w) > SPEECH_WINDOW_DBFS).unwrap_or(0) * WINDOW;
    let windows = |signal: &[f32]| -> Vec<f32> {
        signal[first_word..].chunks_exact(WINDOW).take(BEGINNING / WINDOW).map(tone::rms_dbfs).collect()
    };
    let softer = windows(said)
        .into_iter()
        .zip(windows(heard))
        .filter(|&(said, heard)| said > SPEECH_WINDOW_DBFS && heard < said - MISSING_DB);
    softer.count() * WINDOW / 48
}

#[cfg(test)]
mod tests {
    use benches::rng::Rng;

    use super::*;

    #[test]
    fn what_is_cut_off_at_the_beginning_is_missing() {
        let mut said = tone::noise(-70.0, 48_000, &mut Rng::new(1));
        for (sample, noise) in said[9600..].iter_mut().zip(tone::noise(-20.0, 38_400, &mut Rng::new(2))) {
            *sample = noise;
        }
        assert_eq!(missing(&said, &said), 0);
        let mut clipped = said.clone();
        clipped[..9600 + 60 * 48].fill(0.0);
        assert_eq!(missing(&said, &clipped), 60);
    }
}
