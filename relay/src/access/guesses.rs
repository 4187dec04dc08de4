//! How often somebody may be wrong.

use std::{collections::HashMap, collections::VecDeque, hash::Hash, time::Duration};

use relay_engine::Micros;

/// Who is remembered; beyond that, those whose failures count no more are forgotten, then those who failed least often.
const MAX_REMEMBERED: usize = 4096;

/// So many failures in so long a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// How many pass.
    pub failures: usize,
    /// In which time.
    pub within: Duration,
}

/// Failures of many, each counted alone. Only failures count: who is right is never held up by having been right.
#[derive(Debug)]
pub struct Guesses<K> {
    rule: Rule,
    failures: HashMap<K, VecDeque<Micros>>,
}

impl<K: Hash + Eq + Clone> Guesses<K> {
    /// Nobody has failed yet.
    #[must_use]
    pub fn new(rule: Rule) -> Self {
        Self { rule, failures: HashMap::new() }
    }

    /// How long they have to wait until they may guess again; `None` is not at all.
    #[must_use]
    pub fn wait(&self, now: Micros, who: &K) -> Option<Duration> {
        let times = self.failures.get(who)?;
        let oldest = *times.get(times.len().checked_sub(self.rule.failures)?)?;
        let free_at = oldest.0.saturating_add(self.window());
        (free_at > now.0).then(|| Duration::from_micros(free_at - now.0))
    }

    /// They guessed wrong.
    pub fn failed(&mut self, now: Micros, who: &K) {
        if !self.failures.contains_key(who) && self.failures.len() >= MAX_REMEMBERED {
            self.forget(now);
        }
        let times = self.failures.entry(who.clone()).or_default();
        times.push_back(now);
        if times.len() > self.rule.failures {
            times.pop_front();
        }
    }

    /// Makes place: whose window is over goes, else whoever has failed least often, for they have least to lose.
    fn forget(&mut self, now: Micros) {
        let window = self.window();
        self.failures.retain(|_, times| times.back().is_some_and(|last| now.since(*last) < window));
        if self.failures.len() < MAX_REMEMBERED {
            return;
        }
        let least = self.failures.iter().min_by_key(|(_, times)| (times.len(), times.back().copied()));
        if let Some(who) = least.map(|(who, _)| who.clone()) {
            self.failures.remove(&who);
        }
    }

    fn window(&self) -> u64 {
        u64::try_from(self.rule.within.as_micros()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Rule = Rule { failures: 5, within: Duration::from_secs(60) };

    fn at(seconds: u64) -> Micros {
        Micros(seconds * 1_000_000)
    }

    #[test]
    fn five_a_minute_whatever_the_minute() {
        let mut guesses = Guesses::new(MINUTE);
        let mut failed = Vec::new();
        for second in 0..600 {
            while guesses.wait(at(second), &"somebody").is_none() {
                guesses.failed(at(second), &"somebody");
                failed.push(second);
            }
        }
        assert!(failed.len() >= 50, "{} passed", failed.len());
        for (index, second) in failed.iter().enumerate() {
            let minute = failed[index..].iter().filter(|later| **later < second + 60).count();
            assert!(minute <= 5, "{minute} from second {second}");
        }
    }

    #[test]
    fn the_wait_is_told_and_is_enough() {
        let mut guesses = Guesses::new(MINUTE);
        for second in [0, 10, 20, 30, 40] {
            assert_eq!(guesses.wait(at(second), &1), None);
            guesses.failed(at(second), &1);
        }
        assert_eq!(guesses.wait(at(40), &1), Some(Duration::from_secs(20)));
        assert_eq!(guesses.wait(at(59), &1), Some(Duration::from_secs(1)));
        assert_eq!(guesses.wait(at(60), &1), None);
        assert_eq!(guesses.wait(at(40), &2), None, "others are not held up");
    }

    #[test]
    fn many_names_push_out_no_one_who_is_limited() {
        let mut guesses = Guesses::new(MINUTE);
        for _ in 0..5 {
            guesses.failed(at(0), &usize::MAX);
        }
        for who in 0..3 * MAX_REMEMBERED {
            guesses.failed(at(1), &who);
            assert!(guesses.failures.len() <= MAX_REMEMBERED);
        }
        assert!(guesses.wait(at(2), &usize::MAX).is_some());
        guesses.failed(at(100), &0);
        guesses.failed(at(100), &(4 * MAX_REMEMBERED));
        assert!(guesses.failures.len() < 10, "what is long ago is forgotten");
    }
}
