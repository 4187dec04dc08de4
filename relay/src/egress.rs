//! What waits for one listener's socket: text in order, audio while it is young, and how the session ends.
//!
//! The room's thread pushes, the session's task takes. The lock is held for a queue operation and never across
//! anything that waits.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
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
pub struct Egress {
    queues: Mutex<Queues>,
    writer: AtomicWaker,
    closing: AtomicBool,
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
struct Queues {
    /// Nothing is written before the welcome, whoever is quicker.
    welcomed: bool,
    texts: VecDeque<Utf8Bytes>,
    text_bytes: usize,
    audio: AudioQueue,
    close: Option<Close>,
}

impl Egress {
    /// Puts the welcome before everything else.
    pub fn push_welcome(&self, text: Utf8Bytes) {
        let mut queues = self.lock();
        if queues.close.is_some() {
            return;
        }
        queues.welcomed = true;
        queues.text_bytes += text.len();
        queues.texts.push_front(text);
        drop(queues);
        self.writer.wake();
    }

    /// Appends a text message. A participant who lets them pile up is closed with a reason: texts are never skipped.
    pub fn push_text(&self, text: Utf8Bytes) {
        let mut queues = self.lock();
        if queues.close.is_some() {
            return;
        }
        if queues.texts.len() >= MAX_TEXTS || queues.text_bytes + text.len() > MAX_TEXT_BYTES {
            queues.texts.clear();
            queues.text_bytes = 0;
            self.closing.store(true, Ordering::Relaxed);
            queues.end_with(
                error("too_slow", "text messages piled up because they were not read"),
                Close { code: close::TOO_SLOW, reason: "too_slow" },
            );
        } else {
            queues.append(text);
        }
        drop(queues);
        self.writer.wake();
    }

    /// Appends a packet.
    pub fn push_audio(&self, now: Micros, header: DownHeader, payload: Bytes) {
        let mut queues = self.lock();
        if queues.close.is_some() {
            return;
        }
        queues.audio.push(now, header, payload);
        drop(queues);
        self.writer.wake();
    }

    /// Says a last message and ends the session; whoever ends it first has the say.
    pub fn close(&self, last: Utf8Bytes, close: Close) {
        let mut queues = self.lock();
        if queues.close.is_some() {
            return;
        }
        self.closing.store(true, Ordering::Relaxed);
        queues.end_with(last, close);
        drop(queues);
        self.writer.wake();
    }

    /// Registers who is woken when something is pushed. Register, then look.
    pub fn register(&self, writer: &Waker) {
        self.writer.register(writer);
    }

    /// Whether the session is to end; what was pushed before that is still to be written.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// What there is to write now.
    pub fn pending(&self, now: Micros) -> Pending {
        let mut queues = self.lock();
        let audio = queues.close.is_none() && queues.audio.has_packet(now);
        let may_write = queues.welcomed || queues.close.is_some();
        Pending { text: may_write && !queues.texts.is_empty(), audio, close: queues.close }
    }

    /// The next text message.
    pub fn take_text(&self) -> Option<Utf8Bytes> {
        let mut queues = self.lock();
        let text = queues.texts.pop_front()?;
        queues.text_bytes -= text.len();
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

    fn lock(&self) -> MutexGuard<'_, Queues> {
        // Whoever panicked with the lock left whole messages behind: every step below is a single push or pop.
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queues {
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
        let egress = Egress::default();
        for text in ["a", "b", "c"] {
            egress.push_text(text.into());
        }
        let taken: Vec<_> = std::iter::from_fn(|| egress.take_text()).collect();
        assert_eq!(taken, ["a", "b", "c"]);
    }

    #[test]
    fn the_welcome_is_written_before_anything_that_was_quicker() {
        let egress = Egress::default();
        egress.push_text("pong".into());
        assert!(!egress.pending(Micros(0)).text);
        egress.push_welcome("welcome".into());
        assert!(egress.pending(Micros(0)).text);
        let taken: Vec<_> = std::iter::from_fn(|| egress.take_text()).collect();
        assert_eq!(taken, ["welcome", "pong"]);
    }

    #[test]
    fn a_reader_that_takes_nothing_is_closed_with_a_reason() {
        for (text, fits) in [("x".repeat(10), MAX_TEXTS), ("x".repeat(4000), MAX_TEXT_BYTES / 4000)] {
            let egress = Egress::default();
            for _ in 0..fits {
                egress.push_text(text.as_str().into());
            }
            assert_eq!(egress.pending(Micros(0)).close, None);
            egress.push_text(text.as_str().into());
            assert_eq!(egress.pending(Micros(0)).close.map(|c| c.code), Some(close::TOO_SLOW));
            let last: Vec<_> = std::iter::from_fn(|| egress.take_text()).collect();
            assert_eq!(last.len(), 1);
            assert!(last[0].contains("too_slow"));
        }
    }

    #[test]
    fn nothing_follows_the_last_message() {
        let egress = Egress::default();
        egress.push_text("a".into());
        egress.close("bye".into(), Close { code: 1001, reason: "first" });
        egress.close("again".into(), Close { code: 1008, reason: "second" });
        egress.push_text("late".into());
        egress.push_audio(Micros(0), DownHeader::default(), Bytes::from_static(b"x"));
        let pending = egress.pending(Micros(0));
        assert_eq!((pending.audio, pending.close.map(|c| c.reason)), (false, Some("first")));
        let taken: Vec<_> = std::iter::from_fn(|| egress.take_text()).collect();
        assert_eq!(taken, ["a", "bye"]);
    }
}
