//! Which onset heard is which onset sent.

use std::time::{Duration, Instant};

/// With some onsets not found, order alone no longer tells: then only one that comes within this is taken. Bursts of one talker
/// are at least this far apart.
const WITHIN: Duration = Duration::from_millis(200);

/// Pairs the onsets sent in one talkspurt, in order, with the arrivals of those heard from it.
///
/// As many as were sent: they are paired in order, however late. Otherwise each sent is paired with the first arrival after
/// it that is near enough.
#[must_use]
pub fn pair(sent: &[Instant], heard: &[Instant]) -> Vec<(Instant, Instant)> {
    if sent.len() == heard.len() {
        return sent.iter().copied().zip(heard.iter().copied()).filter(|(sent, heard)| heard >= sent).collect();
    }
    let near = |sent: Instant| heard.iter().copied().find(|&heard| heard >= sent && heard - sent < WITHIN);
    sent.iter().filter_map(|&sent| near(sent).map(|heard| (sent, heard))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, ms: &[u64]) -> Vec<Instant> {
        ms.iter().map(|&ms| start + Duration::from_millis(ms)).collect()
    }

    #[test]
    fn all_found_are_paired_in_order_even_where_the_delay_is_longer_than_the_gap() {
        let start = Instant::now();
        let (sent, heard) = (at(start, &[0, 200, 420]), at(start, &[300, 500, 720]));
        assert_eq!(pair(&sent, &heard), sent.into_iter().zip(heard).collect::<Vec<_>>());
    }

    #[test]
    fn one_not_found_leaves_the_others_with_their_own() {
        let start = Instant::now();
        let (sent, heard) = (at(start, &[0, 200, 420]), at(start, &[10, 431]));
        assert_eq!(pair(&sent, &heard), [(sent[0], heard[0]), (sent[2], heard[1])]);
    }

    #[test]
    fn what_is_heard_before_it_was_sent_is_no_pair() {
        let start = Instant::now();
        assert_eq!(pair(&at(start, &[100]), &at(start, &[50])), []);
    }
}
