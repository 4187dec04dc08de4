//! Jitter as TCP has it: packets come late, never out of order.

use std::time::Duration;

use crate::rng::Rng;

/// When packets leave that were due at `due`: each delayed by a uniform 0 … `span`, none before the one ahead of it.
#[must_use]
pub fn in_order(due: &[Duration], span: Duration, rng: &mut Rng) -> Vec<Duration> {
    let span_us = u64::try_from(span.as_micros()).expect("a jitter of less than 500,000 years");
    let mut previous = Duration::ZERO;
    due.iter()
        .map(|&at| {
            previous = previous.max(at + Duration::from_micros(rng.below(span_us + 1)));
            previous
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_keep_their_order_and_none_is_early_or_later_than_the_span() {
        let due: Vec<Duration> = (0..5000).map(|i| Duration::from_millis(20 * i)).collect();
        let span = Duration::from_millis(60);
        let sent = in_order(&due, span, &mut Rng::new(1));
        assert!(sent.is_sorted());
        assert!(due.iter().zip(&sent).all(|(due, sent)| sent >= due && *sent <= *due + span));
        // The larger of a packet's own delay and what the ones ahead leave of theirs: more than the mean of the draw.
        let mean = due.iter().zip(&sent).map(|(due, sent)| (*sent - *due).as_secs_f64()).sum::<f64>() / 5000.0;
        assert!((0.030..0.045).contains(&mean), "{mean}");
    }
}
