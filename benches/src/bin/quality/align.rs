//! Where in what was heard a sentence is, though time-scaling has moved its parts against each other.

use anyhow::{Context as _, Result, ensure};
use benches::{chirp::locate, tone};

/// Parts that are looked for by themselves: long enough to be told apart, short enough to be moved as a whole.
const PART: usize = 12_000;

/// A part is heard within half a second of being said.
const WITHIN: usize = 24_000;

/// A part below this is a pause, which fits anywhere.
const PAUSE_DBFS: f32 = -45.0;

/// A worse fit than this is not the part.
const LIKENESS: f32 = 0.6;

/// A sentence as it was heard.
#[derive(Debug)]
pub struct Found {
    /// As long as the sentence, moved as most of its parts are.
    pub signal: Vec<f32>,
    /// The same, moved as the first of its parts is.
    pub by_beginning: Vec<f32>,
    /// From the part that was heard soonest to the one that was heard latest, in samples.
    pub moved: usize,
}

/// Looks for the sentence that was said from that sample on.
///
/// # Errors
/// If most of it is not heard.
pub fn find(heard: &[f32], from: usize, sentence: &[f32]) -> Result<Found> {
    let parts: Vec<(usize, &[f32])> = (0..).step_by(PART).zip(sentence.chunks_exact(PART)).collect();
    let spoken = parts.into_iter().filter(|(_, part)| tone::rms_dbfs(part) > PAUSE_DBFS);
    let mut lags = Vec::new();
    let mut looked_for = 0;
    for (at, part) in spoken {
        looked_for += 1;
        let window =
            heard.get(from + at..heard.len().min(from + at + PART + WITHIN)).context("the scene is too short")?;
        lags.extend(locate(window, part).filter(|found| found.1 >= LIKENESS).map(|found| found.0));
    }
    let first = lags.first().copied().unwrap_or(0);
    lags.sort_unstable();
    ensure!(2 * lags.len() > looked_for, "of {looked_for} parts of a sentence {} are heard", lags.len());
    let from_lag = |lag: usize| -> Result<Vec<f32>> {
        let start = from + lag;
        Ok(heard.get(start..start + sentence.len()).context("the scene is too short")?.to_vec())
    };
    let moved = lags[lags.len() - 1] - lags[0];
    Ok(Found { signal: from_lag(lags[lags.len() / 2])?, by_beginning: from_lag(first)?, moved })
}

#[cfg(test)]
mod tests {
    use benches::rng::Rng;

    use super::*;

    #[test]
    fn a_sentence_is_found_though_a_part_of_it_is_moved() {
        let sentence = tone::noise(-20.0, 96_000, &mut Rng::new(1));
        let mut heard = vec![0.0; 5000];
        heard.extend(&sentence[..24_000]);
        // Something is repeated, and what follows is later by as much.
        heard.extend(&sentence[23_600..]);
        heard.extend([0.0; 48_000]);
        let found = find(&heard, 1000, &sentence).expect("it is there");
        assert_eq!(found.moved, 400);
        assert!(found.signal[40_000..] == sentence[40_000..], "placed as most of it is");
        assert!(found.by_beginning[..24_000] == sentence[..24_000], "placed as its beginning is");
        find(&tone::noise(-20.0, 200_000, &mut Rng::new(2)), 0, &sentence).expect_err("it is not there");
    }
}
