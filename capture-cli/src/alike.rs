//! How alike what was said and what was heard are, where the delay moves in mid-speech.
//!
//! Playout that follows a link stretches and shortens what it plays: that is no fault, and a comparison at one delay would
//! take all that follows for one. What is missing, broken or in another's place is a fault.

use crate::signal::{SPEECH, correlation, envelope};

/// Envelopes are of 10 ms; what was heard is looked for every 2.5 ms, up to 200 ms from where the whole of it is.
const BLOCK: usize = 480;
const FINE: usize = BLOCK / 4;
const SPREAD: usize = 80;
const PLACES: usize = 2 * SPREAD + 1;

/// What it costs to move on by one place, where the mean square of an envelope is 1, and by any number of places.
const STEP: f64 = 0.1;
const JUMP: f64 = 2.0;

/// Correlation of the 10 ms envelopes in each second of `said` that holds speech, along the best path through `heard` near
/// `delay_ms` (Viterbi): pairs of (second, correlation).
#[must_use]
pub fn alike_by_second(said: &[i16], heard: &[i16], delay_ms: usize) -> Vec<(usize, f64)> {
    let wanted = envelope(said, BLOCK);
    // Silence before and after, as far as one may look.
    let from = delay_ms * 48 / FINE;
    let there: Vec<f64> = std::iter::repeat_n(0.0, SPREAD)
        .chain(
            (0..heard.len() / FINE)
                .map(|place| envelope(&heard[place * FINE..][..BLOCK.min(heard.len() - place * FINE)], BLOCK)[0]),
        )
        .skip(from)
        .chain(std::iter::repeat(0.0))
        .take(4 * wanted.len() + PLACES)
        .collect();
    let path = best_path(&wanted, &there);
    let aligned: Vec<f64> = path.iter().enumerate().map(|(n, place)| there[4 * n + place]).collect();
    (0..wanted.len() / 100)
        .map(|second| (second, second * 100..(second + 1) * 100))
        .filter(|(_, blocks)| wanted[blocks.clone()].iter().any(|&e| e > SPEECH))
        .map(|(second, blocks)| (second, correlation(&wanted[blocks.clone()], &aligned[blocks])))
        .collect()
}

/// For each block a place, so that blocks are alike and places move little.
fn best_path(wanted: &[f64], there: &[f64]) -> Vec<usize> {
    let (a, b) = (normal(wanted), normal(there));
    let mut costs = [0.0; PLACES];
    let mut came = Vec::with_capacity(a.len());
    for (n, x) in a.iter().enumerate() {
        // The cheapest way to each place: from the left, from the right, or from anywhere.
        let mut from: [usize; PLACES] = std::array::from_fn(|place| place);
        let mut arrive = |costs: &mut [f64; PLACES], before: usize, place: usize, cost: f64| {
            if costs[before] + cost < costs[place] {
                costs[place] = costs[before] + cost;
                from[place] = from[before];
            }
        };
        (1..PLACES).for_each(|place| arrive(&mut costs, place - 1, place, STEP));
        (0..PLACES - 1).rev().for_each(|place| arrive(&mut costs, place + 1, place, STEP));
        let least = cheapest(&costs);
        (0..PLACES).for_each(|place| arrive(&mut costs, least, place, JUMP));
        came.push(from);
        for (place, cost) in costs.iter_mut().enumerate() {
            *cost += (x - b[4 * n + place]).powi(2);
        }
    }
    let mut at = cheapest(&costs);
    let mut path: Vec<usize> = Vec::with_capacity(came.len());
    for from in came.iter().rev() {
        path.push(at);
        at = from[at];
    }
    path.reverse();
    path
}

fn cheapest(costs: &[f64; PLACES]) -> usize {
    (0..PLACES).min_by(|&a, &b| costs[a].total_cmp(&costs[b])).unwrap_or(0)
}

/// Scaled to a mean square of 1.
fn normal(envelope: &[f64]) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a few thousand blocks")]
    let level = (envelope.iter().map(|x| x * x).sum::<f64>() / envelope.len().max(1) as f64).sqrt();
    envelope.iter().map(|x| if level > 0.0 { x / level } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{align_ms, test_speech};

    fn least(said: &[i16], heard: &[i16]) -> f64 {
        let heard = [heard, &[0; 96_000]].concat();
        let seconds = alike_by_second(said, &heard, align_ms(said, &heard, 1_000));
        seconds.iter().map(|&(_, correlation)| correlation).fold(1.0, f64::min)
    }

    #[test]
    fn softer_later_and_with_a_delay_that_changes_in_mid_speech_it_is_still_what_was_said() {
        let said = &test_speech()[0];
        let half = said.len() / 2;
        let heard = [&vec![0; 14_400][..], &said[..half], &vec![0; 4_800], &said[half..]].concat();
        let softer: Vec<i16> = heard.iter().map(|x| x / 3).collect();
        assert!(least(said, said) > 0.999);
        // The second in which the delay grows by 100 ms has a hole of that length.
        assert!(least(said, &softer) > 0.9, "{}", least(said, &softer));
    }

    #[test]
    fn it_is_not_where_something_is_missing_or_broken_or_something_else_is_said() {
        let speech = test_speech();
        let said = &speech[0];
        let without = [&said[..96_000], &vec![0; 48_000], &said[144_000..]].concat();
        let hole = [&said[..96_000], &vec![0; 14_400], &said[110_400..]].concat();
        let chopped: Vec<i16> = said.iter().enumerate().map(|(n, &x)| if n % 4_800 < 2_400 { x } else { 0 }).collect();
        let swapped = [&said[96_000..144_000], &said[48_000..96_000], &said[..48_000], &said[144_000..]].concat();
        for (name, heard) in
            [("without", without), ("chopped", chopped), ("swapped", swapped), ("other", speech[2].clone())]
        {
            assert!(least(said, &heard) < 0.9, "{name}: {}", least(said, &heard));
        }
        assert!(least(said, &hole) < 0.95, "a hole of 300 ms: {}", least(said, &hole));
        assert!(least(said, &[]) < 0.5);
    }
}
