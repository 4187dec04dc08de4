//! What waits for one listener's socket: text in order, audio while it is young, and how the session ends.
//!
//! The lock is held for a queue operation and never across anything that waits.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use relay_engine::Micros;
use relay_wire::{DownHeader, ServerMessage, close};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::audio_queue::AudioQueue;

/// Text that may wait: one second of a full room talking at the limit of its rate fits, and a reader that takes
/// nothing for minutes does not.
const MAX_TEXTS: usize = 4096;
/// The same in bytes; the texts of a room are shared by its listeners, so this is not per listener.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// The queues of one session.
#[derive(Debug, Default)]
pub struct Queues {
    waiting: Mutex<Waiting>,
}

/// How a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Close {
    /// WebSocket close code.
    pub code: u16,
    /// A word for the log and the close frame.
    pub reason: &'static str,
}

/// What there is to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// There is a text message.
    pub text: bool,
    /// There is a packet.
    pub audio: bool,
    /// Nothing will be added, and the session ends when the text is written.
    pub close: Option<Close>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Nothing is written before the welcome, whoever is quicker.
    welcomed: bool,
    texts: VecDeque<Utf8Bytes>,
    text_bytes: usize,
    audio: AudioQueue,
    close: Option<Close>,
}

impl Queues {
    /// Puts the welcome before everything else.
    pub fn push_welcome(&self, text: Utf8Bytes) {
        let mut waiting = self.lock();
        if waiting.close.is_some() {
            return;
        }
        waiting.welcomed = true;
        waiting.text_bytes += text.len();
        waiting.texts.push_front(text);
    }

    /// Appends a text message. A participant who lets them pile up is closed with a reason: texts are never skipped.
    pub fn push_text(&self, text: Utf8Bytes) {
        let mut waiting = self.lock();
        if waiting.close.is_some() {
            return;
        }
        if waiting.texts.len() >= MAX_TEXTS || waiting.text_bytes + text.len() > MAX_TEXT_BYTES {
            waiting.texts.clear();
            waiting.text_bytes = 0;
            waiting.end_with(
                error("too_slow", "text messages piled up because they were not read"),
                Close { code: close::TOO_SLOW, reason: "too_slow" },
            );
        } else {
            waiting.append(text);
        }
    }

    /// Appends a packet.
    pub fn push_audio(&self, now: Micros, header: DownHeader, payload: Bytes) {
        let mut waiting = self.lock();
        if waiting.close.is_some() {
            return;
        }
        waiting.audio.push(now, header, payload);
    }

    /// Says a last message and ends the session; whoever ends it first has the say.
    pub fn close(&self, last: Utf8Bytes, close: Close) {
        let mut waiting = self.lock();
        if waiting.close.is_some() {
            return;
        }
        waiting.end_with(last, close);
    }

    /// Whether the session is to end; what was pushed before that is still to be written.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.lock().close.is_some()
    }

    /// How much text there is to write.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        self.lock().text_bytes
    }

    /// What there is to write now.
    pub fn pending(&self, now: Micros) -> Pending {
        let mut waiting = self.lock();
        let audio = waiting.close.is_none() && waiting.audio.has_packet(now);
        let may_write = waiting.welcomed || waiting.close.is_some();
        Pending { text: may_write && !waiting.texts.is_empty(), audio, close: waiting.close }
    }

    /// The next text message.
    pub fn take_text(&self) -> Option<Utf8Bytes> {
        let mut waiting = self.lock();
        let text = waiting.texts.pop_front()?;
        waiting.text_bytes -= text.len();
        Some(text)
    }

    /// The oldest packet that is young enough.
    pub fn take_audio(&self, now: Micros) -> Option<(DownHeader, Bytes)> {
        self.lock().audio.take(now)
    }

    /// How many packets grew too old here.
    #[must_use]
    pub fn discarded(&self) -> u64 {
        self.lock().audio.discarded()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Whoever panicked with the lock left whole messages behind: every step below is a single push or pop.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn append(&mut self, text: Utf8Bytes) {
        self.text_bytes += text.len();
        self.texts.push_back(text);
    }

    fn end_with(&mut self, last: Utf8Bytes, close: Close) {
        self.append(last);
        self.close = Some(close);
    }
}

/// An `error` message.
#[must_use]
pub fn error(code: &str, message: impl Into<String>) -> Utf8Bytes {
    ServerMessage::Error { code: code.to_owned(), message: message.into() }.to_json().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_out_in_order() {
        let queues = Queues::default();
        for text in ["a", "b", "c"] {
            queues.push_text(text.into());
        }
        let taken: Vec<_> = std::iter::from_fn(|| queues.take_text()).collect();
        assert_eq!(taken, ["a", "b", "c"]);
    }

    #[test]
    fn the_welcome_is_written_before_anything_that_was_quicker() {
        let queues = Queues::default();
        queues.push_text("pong".into());
        assert!(!queues.pending(Micros(0)).text);
        queues.push_welcome("welcome".into());
        assert!(queues.pending(Micros(0)).text);
        let taken: Vec<_> = std::iter::from_fn(|| queues.take_text()).collect();
        assert_eq!(taken, ["welcome", "pong"]);
    }

    #[test]
    fn a_reader_that_takes_nothing_is_closed_with_a_reason() {
        for (text, fits) in [("x".repeat(10), MAX_TEXTS), ("x".repeat(4000), MAX_TEXT_BYTES / 4000)] {
            let queues = Queues::default();
            for _ in 0..fits {
                queues.push_text(text.as_str().into());
            }
            assert_eq!(queues.pending(Micros(0)).close, None);
            queues.push_text(text.as_str().into());
            assert_eq!(queues.pending(Micros(0)).close.map(|c| c.code), Some(close::TOO_SLOW));
            let last: Vec<_> = std::iter::from_fn(|| queues.take_text()).collect();
            assert_eq!(last.len(), 1);
            assert!(last[0].contains("too_slow"));
        }
    }

    #[test]
    fn nothing_follows_the_last_message() {
        let queues = Queues::default();
        queues.push_text("a".into());
        queues.close("bye".into(), Close { code: 1001, reason: "first" });
        queues.close("again".into(), Close { code: 1008, reason: "second" });
        queues.push_text("late".into());
        queues.push_audio(Micros(0), DownHeader::default(), Bytes::from_static(b"x"));
        let pending = queues.pending(Micros(0));
        assert_eq!((pending.audio, pending.close.map(|c| c.reason)), (false, Some("first")));
        let taken: Vec<_> = std::iter::from_fn(|| queues.take_text()).collect();
        assert_eq!(taken, ["a", "bye"]);
    }
}
