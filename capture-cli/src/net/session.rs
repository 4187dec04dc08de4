//! One session: a socket from its welcome to its end.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use relay_engine::Micros;
use relay_wire::{ClientMessage, DownHeader, ServerMessage, close};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message};

use super::connect::{Entered, Socket};
use super::kernel::KernelQueue;
use super::link::{AudioEvent, LinkEvent, Outlets, Shared, asked, format_of};
use crate::clock::OffsetEstimator;
use crate::roster::escape;

/// A socket that has been silent for so long is dead: the relay pings every second.
const SILENCE: Duration = Duration::from_secs(5);

/// The relay answers a close at once; one that does not is left alone.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// Pings at the start come in this rhythm, so that the offset is good before the first second is over …
const FIRST_PINGS: (u32, Duration) = (8, Duration::from_millis(50));
/// … and later in this.
const PING_EVERY: Duration = Duration::from_secs(3);

/// Reports of what came are this far apart; the relay bounds by them what is on its way through proxies.
const REPORT_EVERY: Duration = Duration::from_millis(100);

/// How often the kernel is asked again while it holds too much.
const RECHECK: Duration = Duration::from_millis(5);

/// How a session ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// As asked.
    Closed,
    /// The relay wants no return.
    ForGood(String),
    /// It broke; coming back makes sense.
    Lost {
        /// Whether there was a welcome.
        joined: bool,
        /// Why.
        reason: String,
    },
}

/// Runs a session to its end.
pub(super) async fn run(
    entered: Entered,
    shared: &Arc<Shared>,
    outlets: &Outlets,
    texts: &mut mpsc::Receiver<ClientMessage>,
    first: bool,
) -> Ended {
    shared.queue().restart();
    shared.stay().begin();
    let (sink, stream) = entered.socket.split();
    let (replies, replies_out) = mpsc::unbounded_channel();
    let mut reader = Reader {
        shared: Arc::clone(shared),
        outlets,
        replies,
        offset: OffsetEstimator::default(),
        joined: false,
        first,
        unreported: None,
        goodbye: None,
    };
    // Both halves run in this one task: neither ever waits for the other, and both end together.
    let reason = tokio::select! {
        reason = reader.run(stream) => reason,
        reason = write(sink, &entered.kernel, shared, replies_out, texts) => reason,
    };
    match (reason, reader.goodbye) {
        (None, _) => Ended::Closed,
        (Some(_), Some((reason, false))) => Ended::ForGood(reason),
        (Some(_), Some((reason, true))) => {
            Ended::Lost { joined: reader.joined, reason: format!("the relay said goodbye: {reason}") }
        }
        (Some(reason), None) => Ended::Lost { joined: reader.joined, reason },
    }
}

struct Reader<'a> {
    shared: Arc<Shared>,
    outlets: &'a Outlets,
    replies: mpsc::UnboundedSender<ClientMessage>,
    offset: OffsetEstimator,
    joined: bool,
    first: bool,
    /// The number of the last packet that came, until it is reported.
    unreported: Option<u16>,
    /// The relay's reason to leave, and whether to come back.
    goodbye: Option<(String, bool)>,
}

impl Reader<'_> {
    /// Reads until the socket ends: `None` if that was asked for, otherwise the reason.
    async fn run(&mut self, mut stream: SplitStream<Socket>) -> Option<String> {
        let mut closing = self.shared.closing.subscribe();
        let mut pings = interval(FIRST_PINGS.1);
        pings.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut pings_sent = 0;
        let mut dead = Instant::now() + SILENCE;
        let mut report_at = Instant::now();
        let shared = Arc::clone(&self.shared);
        // What ends a session after its owner closed it is the end that was asked for, whatever it looks like.
        let unless_closing = |reason: String| (!*shared.closing.borrow()).then_some(reason);
        let mut leaving = false;
        loop {
            tokio::select! {
                message = stream.next() => {
                    let now = self.shared.clock.now();
                    if !leaving {
                        dead = Instant::now() + SILENCE;
                    }
                    match message {
                        Some(Ok(message)) => if let Err(reason) = self.take(now, message) {
                            return unless_closing(reason);
                        },
                        Some(Err(e)) => return unless_closing(lost_reason(&e)),
                        None => return unless_closing("the relay hung up".into()),
                    }
                }
                _ = pings.tick(), if self.joined && !leaving => {
                    self.reply(ClientMessage::Ping { t: self.shared.clock.now().0.cast_signed() });
                    pings_sent += 1;
                    if pings_sent >= FIRST_PINGS.0 {
                        pings.reset_after(PING_EVERY);
                    }
                }
                () = tokio::time::sleep_until(report_at), if self.unreported.is_some() => {
                    self.report();
                    report_at = Instant::now() + REPORT_EVERY;
                }
                () = tokio::time::sleep_until(dead) => {
                    return unless_closing("nothing was heard from the relay for 5 seconds".into());
                }
                () = asked(&mut closing), if !leaving => {
                    leaving = true;
                    dead = Instant::now() + CLOSE_PATIENCE;
                }
            }
        }
    }

    /// An error ends the session.
    fn take(&mut self, now: Micros, message: Message) -> Result<(), String> {
        match message {
            Message::Binary(bytes) => {
                // An unknown kind is of a later version, a broken packet as good as lost.
                if let (Some(audio), Ok((header, payload))) = (&self.outlets.audio, DownHeader::parse(&bytes)) {
                    self.unreported = Some(header.sequence);
                    let _ = audio.send(AudioEvent::Packet(now, header, payload));
                }
                Ok(())
            }
            Message::Text(text) => match ServerMessage::parse(text.as_str()) {
                Ok(Some(message)) => self.text(now, message),
                // A type of a later version, or one that has changed: nothing to stop for.
                Ok(None) | Err(_) => Ok(()),
            },
            Message::Close(frame) => Err(close_reason(frame.as_ref())),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Ok(()),
        }
    }

    fn text(&mut self, now: Micros, message: ServerMessage) -> Result<(), String> {
        match &message {
            ServerMessage::Ping { t } => {
                self.reply(ClientMessage::Pong { t: *t });
                return Ok(());
            }
            ServerMessage::Pong { t, clock_us } => {
                self.offset.pair(Micros(t.unsigned_abs()), now, *clock_us);
                self.shared.relay_clock.set(self.offset.offset_us());
                self.shared.queue().set_round_trip(self.offset.round_trip_us().unwrap_or(0));
                return Ok(());
            }
            ServerMessage::Welcome { ptime_ms, bitrate, .. } => self.welcome(now, *ptime_ms, *bitrate)?,
            ServerMessage::Goodbye { reason, reconnect } => self.goodbye = Some((escape(reason), *reconnect)),
            _ => {}
        }
        // After the deafen of a welcome, which wants to be early.
        let answers = self.shared.stay().hear(&message);
        answers.into_iter().for_each(|answer| self.reply(answer));
        let _ = self.outlets.events.send(LinkEvent::Text(message));
        Ok(())
    }

    fn welcome(&mut self, now: Micros, ptime_ms: u32, bitrate: u32) -> Result<(), String> {
        let format = format_of(ptime_ms, bitrate)
            .ok_or_else(|| format!("the room has packets of {ptime_ms} ms, this program knows 10 and 20"))?;
        self.joined = true;
        self.shared.queue().set_ptime(format.ptime);
        if self.shared.deafened {
            self.reply(ClientMessage::Deafen { deafened: true });
        }
        if let Some(audio) = &self.outlets.audio {
            let _ = audio.send(AudioEvent::Joined(now, format));
        }
        let _ = self.outlets.events.send(LinkEvent::Joined { at: now, format, first: self.first });
        Ok(())
    }

    fn report(&mut self) {
        if let Some(sequence) = self.unreported.take() {
            self.reply(ClientMessage::Received { sequence });
        }
    }

    fn reply(&self, message: ClientMessage) {
        let _ = self.replies.send(message);
    }
}

/// Writes until the socket breaks, and returns why; once closing, it writes the close and leaves the end to the reader.
async fn write(
    mut sink: SplitSink<Socket, Message>,
    kernel: &KernelQueue,
    shared: &Shared,
    mut replies: mpsc::UnboundedReceiver<ClientMessage>,
    texts: &mut mpsc::Receiver<ClientMessage>,
) -> Option<String> {
    let mut closing = shared.closing.subscribe();
    let result = async {
        loop {
            // What is queued and may not go yet waits for the kernel: nobody tells when that is.
            let waiting = !shared.queue().is_empty();
            // Once it is, a reply wakes this loop.
            let welcomed = shared.stay().is_welcomed();
            let closing = tokio::select! {
                biased;
                Some(message) = replies.recv() => {
                    sink.send(Message::text(message.to_json())).await?;
                    false
                }
                () = shared.queued.notified() => false,
                () = sleep(RECHECK), if waiting => false,
                Some(message) = texts.recv(), if welcomed => {
                    let message = shared.stay().say(message);
                    sink.send(Message::text(message.to_json())).await?;
                    false
                }
                () = asked(&mut closing) => true,
            };
            while let Some(message) = next_packet(shared, kernel.held(), closing) {
                sink.send(message).await?;
                shared.queue().filled(shared.clock.now(), kernel.held());
            }
            if closing {
                while let Ok(message) = texts.try_recv() {
                    let message = shared.stay().say(message);
                    sink.send(Message::text(message.to_json())).await?;
                }
                let frame = CloseFrame { code: CloseCode::from(close::NORMAL), reason: "".into() };
                sink.send(Message::Close(Some(frame))).await?;
                return Ok::<(), tungstenite::Error>(());
            }
        }
    };
    match result.await {
        Ok(()) => std::future::pending().await,
        // The reader sees a close that crosses with what we write, and knows its reason.
        Err(
            tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed | tungstenite::Error::Protocol(_),
        ) => timeout(CLOSE_PATIENCE, std::future::pending::<()>()).await.err().map(|_| "the relay hung up".into()),
        Err(e) => Some(lost_reason(&e)),
    }
}

/// A session that closes waits for nothing: its last words may still arrive.
fn next_packet(shared: &Shared, held: usize, closing: bool) -> Option<Message> {
    let held = if closing { 0 } else { held };
    let (sequence, packet) = shared.queue().pop(shared.clock.now(), held)?;
    let header = packet.header(sequence, shared.relay_clock.stamp(packet.captured));
    Some(Message::Binary(header.write(&packet.payload)))
}

fn close_reason(frame: Option<&CloseFrame>) -> String {
    match frame {
        Some(frame) if frame.reason.is_empty() => format!("the relay closed the socket ({})", frame.code),
        Some(frame) => format!("the relay closed the socket: {} ({})", escape(&frame.reason), frame.code),
        None => "the relay closed the socket".into(),
    }
}

fn lost_reason(error: &tungstenite::Error) -> String {
    match error {
        tungstenite::Error::Io(e) => format!("the connection broke: {e}"),
        tungstenite::Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => {
            "the relay hung up".into()
        }
        e => format!("the connection broke: {e}"),
    }
}
