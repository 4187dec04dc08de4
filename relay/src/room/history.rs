//! What a room has said of late, for those who missed it.

use std::collections::VecDeque;

use tokio_tungstenite::tungstenite::Utf8Bytes;

/// More than a held seat misses in a lively room.
const MAX_MESSAGES: usize = 256;
/// The memory that a room may take for it.
const MAX_BYTES: usize = 64 * 1024;

/// Numbers chat lines and notifications, and keeps the last of them as they were sent.
#[derive(Debug, Default)]
pub struct History {
    last: u64,
    /// The last one at the end, its number is `last`.
    kept: VecDeque<Utf8Bytes>,
    bytes: usize,
}

impl History {
    /// The number of the last message, 0 before the first.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Adds the next message, which is made with its number.
    pub fn add(&mut self, message: impl FnOnce(u64) -> Utf8Bytes) -> Utf8Bytes {
        self.last += 1;
        let text = message(self.last);
        self.bytes += text.len();
        self.kept.push_back(text.clone());
        while self.kept.len() > MAX_MESSAGES || self.bytes > MAX_BYTES {
            self.bytes -= self.kept.pop_front().map_or(0, |text| text.len());
        }
        text
    }

    /// The messages after that number, as far as they are kept, in order.
    pub fn after(&self, number: u64) -> impl Iterator<Item = &Utf8Bytes> {
        let missed = usize::try_from(self.last.saturating_sub(number)).unwrap_or(usize::MAX);
        self.kept.range(self.kept.len().saturating_sub(missed)..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(history: &History, number: u64) -> Vec<&str> {
        history.after(number).map(Utf8Bytes::as_str).collect()
    }

    #[test]
    fn what_was_missed_comes_in_order() {
        let mut history = History::default();
        assert!(after(&history, 0).is_empty());
        for _ in 0..3 {
            history.add(|number| format!("line {number}").into());
        }
        assert_eq!(after(&history, 1), ["line 2", "line 3"]);
        assert_eq!(after(&history, 0).len(), 3);
        for beyond in [3, 4, u64::MAX] {
            assert!(after(&history, beyond).is_empty(), "{beyond}");
        }
    }

    #[test]
    fn messages_and_bytes_are_bounded_and_the_newest_are_kept() {
        for (text, kept) in [("x".to_owned(), MAX_MESSAGES), ("x".repeat(4096), MAX_BYTES / 4096)] {
            let mut history = History::default();
            for _ in 0..1000 {
                history.add(|_| text.as_str().into());
            }
            assert_eq!(history.after(0).count(), kept);
            assert_eq!(history.after(998).count(), 2);
        }
    }
}
