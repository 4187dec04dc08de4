//! What a session writes next, and when: text first but in small portions, audio only while the kernel holds little.
//!
//! What the kernel holds cannot be taken back, so on a link that stalls it would be played late. Keeping it short
//! leaves the rest in the egress queue, which discards what grows old.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use futures_util::SinkExt;
use relay_engine::{Micros, OpusCodec, Ptime};
use relay_wire::{Pace, ServerMessage, audio::HEADER_LEN};
use tokio::time::{Sleep, sleep};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Error, Message, protocol::CloseFrame},
};

use crate::{
    clock::Clock,
    connection::Connection,
    kernel,
    queues::{Close, Queues},
    reports::Reports,
};

/// The kernel may hold this much audio, in time, beyond what a round trip keeps in flight: five packets of 20 ms. A
/// healthy link with delayed acknowledgements (40 ms) holds less.
const KERNEL_US: u64 = 100_000;
/// A round trip longer than this is not taken for the network's own.
const LONGEST_ROUND_TRIP_US: u64 = 200_000;
/// The kernel of a link that keeps up may hold this much text while no audio waits.
const KERNEL_TEXT: usize = 4096;
/// Text written in a row while audio waits.
const TEXT_PORTION: usize = 4096;
/// Messages are gathered up to this size before they are handed to the kernel.
const BATCH: usize = 4096;
/// Text up to this size is written with the packet that comes with it, by whoever brings them.
const TEXT_AT_ONCE: usize = 1024;
/// Packets that were written so shortly ago are likely to be followed by another.
const TALK_US: u64 = 100_000;
/// How often the kernel is asked again while it holds too much.
const RECHECK: Duration = Duration::from_millis(5);
/// And where it has not changed for a while: many stalled listeners must not keep a core busy.
const LONGEST_RECHECK: Duration = Duration::from_millis(20);
/// WebSocket header (RFC 6455 section 5.2) and TLS record (RFC 8446 section 5.2) around a message.
const FRAMING: usize = 4 + 22;

/// Writes one session's queues to its socket.
#[derive(Debug)]
pub struct Writer {
    clock: Clock,
    pace: Pace,
    reports: Reports,
    ping_due: bool,
    /// When a packet was written last.
    talk_at: Micros,
    /// Text since the last packet.
    portion: usize,
    /// A prime was written: what it leads up to belongs to the same burst.
    in_burst: bool,
    unflushed: bool,
    /// What the kernel holds after the flush is not known from what was written.
    look_again: bool,
    recheck: Option<Pin<Box<Sleep>>>,
    recheck_after: Duration,
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    /// The close frame is in the buffers.
    Closing(Close),
    /// Nothing more is written.
    Silent,
    /// The socket takes nothing any more.
    Broken,
}

/// Why no more is put into the socket's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filled {
    /// There is nothing more, or it has to wait for the listener's report.
    Emptied,
    /// The kernel holds too much.
    Gated,
    /// The buffer is full.
    Enough,
}

impl Writer {
    /// A writer to a connection with that round trip.
    #[must_use]
    pub fn new(clock: Clock, ptime: Ptime, round_trip_us: u64) -> Self {
        let packet = OpusCodec::BITRATE as usize / 8 * ptime.ms() as usize / 1000 + HEADER_LEN + FRAMING;
        let kernel_us = KERNEL_US + round_trip_us.min(LONGEST_ROUND_TRIP_US);
        Self {
            clock,
            pace: Pace::new(ptime.micros(), packet, kernel_us),
            reports: Reports::new(ptime.micros(), packet),
            ping_due: false,
            talk_at: Micros(0),
            portion: 0,
            in_burst: false,
            unflushed: false,
            look_again: false,
            recheck: None,
            recheck_after: RECHECK,
            end: End::Open,
        }
    }

    /// Lets a ping go out next; it carries the clock of the moment it is written. In the midst of talk it waits for the next
    /// packet, and costs no write of its own; where that was the last one it goes with the next ping.
    pub fn ping(&mut self) {
        self.ping_due = true;
    }

    /// The listener says that the packet of that number, and all before it, has come.
    pub fn received(&mut self, now: Micros, sequence: u16) {
        self.reports.received(now, sequence);
    }

    /// The listener answers a ping that carried that time.
    pub fn answered(&mut self, now: Micros, ping_at: Micros) {
        self.reports.answered(now, ping_at);
    }

    /// Writes nothing more: the peer has closed.
    pub fn stop(&mut self) {
        self.end = End::Silent;
    }

    /// Writes what may be written now. Ready once the session's close is written.
    ///
    /// # Errors
    /// What broke the socket.
    pub fn poll(
        &mut self,
        cx: &mut Context<'_>,
        queues: &Queues,
        socket: &mut WebSocketStream<Connection>,
    ) -> Poll<Result<Close, Error>> {
        if self.end == End::Silent {
            return Poll::Pending;
        }
        if self.end == End::Broken {
            return Poll::Ready(Err(Error::ConnectionClosed));
        }
        let mut emptied = false;
        loop {
            ready!(self.poll_flush(cx, socket))?;
            if let End::Closing(close) = self.end {
                self.end = End::Silent;
                return Poll::Ready(Ok(close));
            }
            // Whoever has pushed since has written it or wakes the session.
            if emptied {
                return Poll::Pending;
            }
            let filled = self.fill(queues, socket)?;
            emptied = filled == Filled::Emptied;
            if self.unflushed {
                self.recheck_after = RECHECK;
            }
            if filled == Filled::Gated && !self.unflushed {
                ready!(self.poll_recheck(cx));
            } else {
                self.recheck = None;
            }
        }
    }

    /// Writes packets that were just brought, and the few words with them, on a thread that must not be held up. False where
    /// [`poll`](Self::poll) is needed: for words alone, which are seldom urgent and may come in floods, so that many are
    /// written at once; and for what was left before.
    pub fn write_at_once(&mut self, queues: &Queues, socket: &mut WebSocketStream<Connection>) -> bool {
        let pending = queues.pending(self.clock.now());
        if self.end != End::Open || pending.close.is_some() {
            return false;
        }
        if !pending.audio {
            // The session may have been quicker.
            return !pending.text;
        }
        if self.recheck.is_some() {
            // The kernel holds too much, and the session will look again by itself.
            return true;
        }
        if self.unflushed || queues.text_bytes() > TEXT_AT_ONCE {
            return false;
        }
        let filled = self.fill(queues, socket);
        // Who is left unwoken if the socket does not take it is the session; its next poll registers it again.
        let flushed = self.poll_flush(&mut Context::from_waker(Waker::noop()), socket);
        match (filled, flushed) {
            (Ok(filled), Poll::Ready(Ok(()))) => filled == Filled::Emptied,
            (Ok(_), Poll::Pending) => false,
            (Err(_), _) | (_, Poll::Ready(Err(_))) => {
                self.end = End::Broken;
                false
            }
        }
    }

    fn poll_flush(
        &mut self,
        cx: &mut Context<'_>,
        socket: &mut WebSocketStream<Connection>,
    ) -> Poll<Result<(), Error>> {
        if self.unflushed {
            ready!(socket.poll_flush_unpin(cx))?;
            self.unflushed = false;
            if std::mem::take(&mut self.look_again) {
                self.pace.filled(self.clock.now().0, held_by_kernel(socket));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Puts messages into the socket's buffer until nothing is left or enough is in it.
    fn fill(&mut self, queues: &Queues, socket: &mut WebSocketStream<Connection>) -> Result<Filled, Error> {
        let mut held = None;
        let mut batch = 0;
        while batch < BATCH {
            let now = self.clock.now();
            let pending = queues.pending(now);
            let ping = self.ping_due && (pending.audio || now.since(self.talk_at) > TALK_US);
            let text = pending.text || (ping && pending.close.is_none());
            if !text && !pending.audio && pending.close.is_none() {
                return Ok(Filled::Emptied);
            }
            let held = *held.get_or_insert_with(|| {
                // To ask costs as much as the rest of this, and where little was written little is held.
                if !text && self.pace.holds_little() {
                    return self.pace.holds_at_most();
                }
                let held = held_by_kernel(socket);
                self.pace.drained(now.0, held);
                held
            });
            let view = View {
                text,
                audio: pending.audio,
                close: pending.close,
                held: held + batch,
                audio_limit: self.pace.limit(),
                text_limit: if self.pace.keeps_up() { KERNEL_TEXT } else { self.pace.limit() },
                unreported: !self.reports.have_room(),
                portion: self.portion,
                in_burst: self.in_burst,
            };
            let mut sequence = None;
            let message = match decide(view) {
                Turn::WaitForKernel => return Ok(Filled::Gated),
                Turn::WaitForReport => return Ok(Filled::Emptied),
                Turn::Text if ping => {
                    self.ping_due = false;
                    Message::text(ServerMessage::Ping { t: now.0.cast_signed() }.to_json())
                }
                Turn::Text => match queues.take_text() {
                    Some(text) => Message::Text(text),
                    None => continue,
                },
                Turn::Audio => match queues.take_audio(now) {
                    Some((header, payload)) => {
                        self.in_burst = header.flags.prime;
                        sequence = Some(header.sequence);
                        Message::Binary(header.write(&payload))
                    }
                    None => continue,
                },
                Turn::Close(close) => {
                    self.end = End::Closing(close);
                    Message::Close(Some(CloseFrame { code: close.code.into(), reason: close.reason.into() }))
                }
            };
            let bytes = message.len() + FRAMING;
            self.look_again |= sequence.is_none();
            match sequence {
                Some(sequence) => {
                    self.portion = 0;
                    self.talk_at = now;
                    self.pace.wrote(now.0, bytes);
                    self.reports.wrote(now, sequence, bytes);
                }
                None => self.portion += bytes,
            }
            batch += bytes;
            self.unflushed = true;
            socket.start_send_unpin(message)?;
            if self.end != End::Open {
                break;
            }
        }
        Ok(Filled::Enough)
    }

    fn poll_recheck(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.recheck.get_or_insert_with(|| Box::pin(sleep(self.recheck_after)));
        ready!(timer.as_mut().poll(cx));
        self.recheck = None;
        self.recheck_after = (self.recheck_after * 2).min(LONGEST_RECHECK);
        Poll::Ready(())
    }
}

/// A platform that does not tell is taken for one that holds nothing.
fn held_by_kernel(socket: &WebSocketStream<Connection>) -> usize {
    kernel::unacknowledged(socket.get_ref().tcp()).unwrap_or(0)
}

#[derive(Debug, Clone, Copy)]
struct View {
    text: bool,
    audio: bool,
    close: Option<Close>,
    held: usize,
    audio_limit: usize,
    text_limit: usize,
    /// Too much audio is on its way of which the listener has not said that it came.
    unreported: bool,
    portion: usize,
    in_burst: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Text,
    Audio,
    Close(Close),
    WaitForKernel,
    WaitForReport,
}

/// What to write next. Where audio waits, text keeps to audio's limit too, so that it never fills the kernel before
/// it; where nothing is held, one message always goes.
fn decide(view: View) -> Turn {
    let View { text, audio, close, held, audio_limit, text_limit, unreported, portion, in_burst } = view;
    match (text, audio, close) {
        // A session that ends waits for nothing: its last words may still arrive.
        (true, _, Some(_)) => Turn::Text,
        (false, _, Some(close)) => Turn::Close(close),
        (_, true, None) if in_burst => Turn::Audio,
        (_, true, None) if held >= audio_limit => Turn::WaitForKernel,
        (true, true, None) if portion < TEXT_PORTION || unreported => Turn::Text,
        (_, true, None) if unreported => Turn::WaitForReport,
        (_, true, None) => Turn::Audio,
        (_, false, None) if held >= text_limit => Turn::WaitForKernel,
        (_, false, None) => Turn::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_follow_the_table() {
        let end = Close { code: 1001, reason: "goodbye" };
        let base = View {
            text: false,
            audio: false,
            close: None,
            held: 0,
            audio_limit: 1000,
            text_limit: 4096,
            unreported: false,
            portion: 0,
            in_burst: false,
        };
        for (case, view, turn) in [
            ("text alone", View { text: true, ..base }, Turn::Text),
            ("text goes before audio", View { text: true, audio: true, ..base }, Turn::Text),
            ("but only a portion", View { text: true, audio: true, portion: 5000, ..base }, Turn::Audio),
            ("audio alone", View { audio: true, held: 999, ..base }, Turn::Audio),
            ("audio waits for the kernel", View { audio: true, held: 1000, ..base }, Turn::WaitForKernel),
            ("and text with it", View { text: true, audio: true, held: 1000, ..base }, Turn::WaitForKernel),
            ("a burst stays whole", View { audio: true, held: 9000, in_burst: true, ..base }, Turn::Audio),
            ("text alone has more room", View { text: true, held: 1000, ..base }, Turn::Text),
            ("but not for ever", View { text: true, held: 5000, ..base }, Turn::WaitForKernel),
            ("audio waits for a report", View { audio: true, unreported: true, ..base }, Turn::WaitForReport),
            (
                "and text does not",
                View { text: true, audio: true, portion: 5000, unreported: true, ..base },
                Turn::Text,
            ),
            ("the last words come first", View { text: true, close: Some(end), held: 9000, ..base }, Turn::Text),
            ("then the close", View { audio: true, close: Some(end), held: 9000, ..base }, Turn::Close(end)),
        ] {
            assert_eq!(decide(view), turn, "{case}");
        }
    }
}
