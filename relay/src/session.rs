//! One participant's socket: parses what arrives and tells the room, writes what the room has for them and has not
//! written itself.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::StreamExt;
use relay_engine::{Micros, Ptime};
use relay_wire::{ClientMessage, MAX_MESSAGE, ParseError, Role, ServerMessage, TextError, UpHeader, close, toc};
use tokio::time::{Instant, Interval, MissedTickBehavior, Sleep, interval_at, sleep};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use crate::{
    clock::Clock,
    closing,
    connection::Connection,
    egress::{Egress, Link},
    handshake::Via,
    kernel,
    queues::{self, Close},
    rate::RateLimiter,
    registry::{Seat, Unheard},
    room::{self, Event, Greeting},
    writer::Writer,
};

const PING_EVERY: Duration = Duration::from_secs(1);
/// Sessions ping on a grid of the relay clock, some of them together: a thousand who are silent wake the relay and
/// themselves less often, and the few sends in a row delay a packet by less than a millisecond.
const PING_GRID_US: u64 = 50_000;
/// After this part of the silence that ends a session, 5 s of 15, the others are told that the link seems gone.
const QUIET_SHARE: u32 = 3;
/// How long a session that ends waits for its last words to be taken and for the peer's own close.
const LINGER: Duration = Duration::from_secs(2);

/// Why there is one.
const HAS_SOCKET: &str = "the session has its socket until it is over";

/// What a session needs to know of its relay.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// The relay clock.
    pub clock: Clock,
    /// Packet time of the room.
    pub ptime: Ptime,
    /// A participant of whom nothing is heard for this long is gone.
    pub silence: Duration,
}

/// One participant's socket.
#[derive(Debug)]
pub struct Session {
    config: Config,
    reading: Reading,
    /// Has the socket until the session is over.
    egress: Arc<Egress>,
    /// Empty once the session is ending: the others need not wait for its close handshake.
    seat: Option<Seat>,
    role: Role,
    told_not_allowed: bool,
    rate: RateLimiter,
    heard_at: Micros,
    /// The others were told that the link seems gone.
    quiet: bool,
    /// Packets discarded in the egress that the relay's count has.
    discarded: u64,
    second: Interval,
    linger: Option<Pin<Box<Sleep>>>,
    ended: Option<Close>,
    via: Via,
}

/// What is done with bytes that arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Messages,
    /// The stream is beyond understanding. It is still emptied, or the system would reset the connection and the
    /// peer lose the reason.
    Nothing,
}

#[derive(Debug)]
enum Step {
    Message(Message),
    Unreadable(tungstenite::Error),
    Second,
    Written(Close),
    Gone,
}

impl Session {
    /// A session on an upgraded connection.
    #[must_use]
    pub fn new(config: Config, socket: WebSocketStream<Connection>, seat: Seat, via: Via) -> Self {
        let now = config.clock.now();
        let round_trip_us = kernel::round_trip_us(socket.get_ref().tcp()).unwrap_or(0);
        let past_grid = Duration::from_micros(now.0 % PING_GRID_US);
        let mut second = interval_at(Instant::now() + PING_EVERY - past_grid, PING_EVERY);
        second.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let writer = Writer::new(config.clock, config.ptime, round_trip_us);
        Self {
            config,
            reading: Reading::Messages,
            egress: Arc::new(Egress::to(Link { socket, writer })),
            role: seat.role(),
            seat: Some(seat),
            told_not_allowed: false,
            rate: RateLimiter::new(now),
            heard_at: now,
            quiet: false,
            discarded: 0,
            second,
            linger: None,
            ended: None,
            via,
        }
    }

    /// Takes the seat, and serves until the socket is done. `after` is the number of the last message that somebody who
    /// comes back has.
    pub async fn run(mut self, after: u64) {
        let seat = self.seat.as_ref().expect("a session begins with a seat");
        let (room, id, name, held) = (seat.room().clone(), seat.id().0, seat.name().clone(), seat.was_held());
        let (role, colour) = (seat.role(), seat.colour());
        tracing::info!(%room, id, name = ?name.as_str(), %role, peer = %self.via.peer, held, "joined");
        let (boot, token) = (seat.boot().to_owned(), seat.token().to_owned());
        let greeting = Greeting { egress: Arc::clone(&self.egress), boot, token, missed_all: seat.missed_all() };
        let event = match held {
            true => Event::Return { id: seat.id(), after, greeting },
            false => Event::Join { id: seat.id(), name, colour, role, greeting },
        };
        self.heard(seat.arrive(self.config.clock.now(), event));
        loop {
            match poll_fn(|cx| self.poll(cx)).await {
                Step::Message(message) => self.take(message),
                Step::Unreadable(error) => {
                    if !self.refuse_unreadable(&error) {
                        break;
                    }
                }
                Step::Second => self.each_second(),
                Step::Written(close) => {
                    self.ended.get_or_insert(close);
                    self.part(close.code);
                    if self.reading == Reading::Nothing {
                        // The peer's close will not be understood, so ours is all there is.
                        closing::shut(|cx| self.with_link(|link| link.poll_shutdown(cx))).await;
                    }
                }
                Step::Gone => break,
            }
        }
        match self.egress.queues().pending(self.config.clock.now()).close {
            Some(close) => self.part(close.code),
            None => self.lose(),
        }
        let reason = self.ended.map_or("connection lost", |close| close.reason);
        tracing::info!(%room, id, reason, discarded = self.egress.queues().discarded(), "left");
        let Some(mut link) = self.egress.link().take() else { return };
        match self.linger {
            // They had their time.
            Some(linger) if linger.is_elapsed() => closing::shut(|cx| link.poll_shutdown(cx)).await,
            _ => closing::hang_up(link.socket.get_mut()).await,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        self.egress.register(cx.waker());
        let mut link = self.egress.link();
        let Link { socket, writer } = link.as_mut().expect(HAS_SOCKET);
        match writer.poll(cx, self.egress.queues(), socket) {
            Poll::Ready(Ok(close)) => return Poll::Ready(Step::Written(close)),
            Poll::Ready(Err(_)) => return Poll::Ready(Step::Gone),
            Poll::Pending => {}
        }
        if self.linger.is_none() && (self.ended.is_some() || self.egress.queues().is_closing()) {
            self.linger = Some(Box::pin(sleep(LINGER)));
        }
        if self.linger.as_mut().is_some_and(|linger| linger.as_mut().poll(cx).is_ready()) {
            return Poll::Ready(Step::Gone);
        }
        if self.second.poll_tick(cx).is_ready() {
            return Poll::Ready(Step::Second);
        }
        match self.reading {
            Reading::Messages => socket.poll_next_unpin(cx).map(|next| match next {
                Some(Ok(message)) => {
                    if message.is_close() {
                        // The reply is already on its way; nothing may follow it, of the room's either.
                        writer.stop();
                    }
                    Step::Message(message)
                }
                Some(Err(error)) => Step::Unreadable(error),
                None => Step::Gone,
            }),
            Reading::Nothing => closing::poll_discard(Pin::new(socket.get_mut()), cx).map(|()| Step::Gone),
        }
    }

    /// Does something with the socket, which is there until the session is over.
    fn with_link<R>(&self, act: impl FnOnce(&mut Link) -> R) -> R {
        act(self.egress.link().as_mut().expect(HAS_SOCKET))
    }

    fn take(&mut self, message: Message) {
        let now = self.config.clock.now();
        self.heard_at = now;
        self.set_quiet(false);
        if let Message::Close(frame) = &message {
            self.ended.get_or_insert(Close { code: close::NORMAL, reason: "closed by the participant" });
            match frame {
                None | Some(CloseFrame { code: CloseCode::Normal, .. }) => self.leave(),
                // A page that is reloaded says that it goes away, and one that gives a socket up has its own codes.
                Some(_) => self.lose(),
            }
        }
        if self.ended.is_some() {
            return;
        }
        if !self.rate.allow(now, message.is_text()) {
            return self.refuse("rate_limited", "too many messages", close::POLICY);
        }
        match message {
            Message::Binary(message) => self.take_packet(now, &message),
            Message::Text(text) => self.take_text(now, text.as_str()),
            _ => {}
        }
    }

    fn take_packet(&mut self, now: Micros, message: &Bytes) {
        let (header, payload) = match UpHeader::parse(message) {
            Ok(parsed) => parsed,
            Err(ParseError::UnknownKind(_)) => return,
            Err(e) => return self.refuse("bad_packet", e.to_string(), close::PROTOCOL),
        };
        let samples = self.config.ptime.samples();
        if !payload.is_empty() && toc::packet_samples(&payload).map(|s| s as usize) != Some(samples) {
            let sentence = format!("this room takes packets of {} ms", self.config.ptime.ms());
            return self.refuse("bad_duration", sentence, close::POLICY);
        }
        if !self.role.may_talk() {
            if !std::mem::replace(&mut self.told_not_allowed, true) {
                let sentence = "a listener does not talk; more packets are not mentioned";
                self.egress.queues().push_text(queues::error("not_allowed", sentence));
            }
            return;
        }
        // A copy, because a slice would keep the whole read buffer while it waits in the jitter buffer.
        let payload = Bytes::copy_from_slice(&payload);
        self.tell_at(now, |id| Event::Packet(id, header, payload));
    }

    fn take_text(&mut self, now: Micros, text: &str) {
        match ClientMessage::parse(text) {
            Ok(Some(message)) => self.take_message(now, message),
            Ok(None) => {}
            Err(e @ TextError::NotJson(_)) => self.refuse("bad_json", e.to_string(), close::INVALID_PAYLOAD),
            Err(e) => self.egress.queues().push_text(queues::error("bad_message", e.to_string())),
        }
    }

    fn take_message(&mut self, now: Micros, message: ClientMessage) {
        match message {
            ClientMessage::Chat { text, echo } => self.tell_at(now, |id| Event::Chat(id, text, echo)),
            ClientMessage::Notify { notice, echo } => {
                self.tell_at(now, |id| Event::Notify { from: Some(id), notice, echo, reply: None });
            }
            ClientMessage::Mute { muted } => self.tell_at(now, |id| Event::Mute(id, muted)),
            ClientMessage::Identity { name, colour } => {
                if let Some(seat) = &self.seat {
                    seat.identify(name, colour);
                }
            }
            ClientMessage::Microphone { delay_ms } => self.tell_at(now, |id| Event::Microphone(id, delay_ms)),
            ClientMessage::Deafen { deafened } => self.tell_at(now, |id| Event::Deafen(id, deafened)),
            ClientMessage::Gain { participant, db } => {
                self.tell_at(now, |id| Event::Gain(id, relay_engine::ParticipantId(participant), db));
            }
            ClientMessage::ResumeReceived {} => {
                if let Some(seat) = &mut self.seat {
                    seat.keep_token();
                }
            }
            ClientMessage::Ping { t } => {
                self.egress.queues().push_text(ServerMessage::Pong { t, clock_us: now.0 }.to_json().into());
            }
            ClientMessage::Received { sequence } => self.with_link(|link| link.writer.received(now, sequence)),
            ClientMessage::Pong { t } => {
                let ping_at = Micros(u64::try_from(t).unwrap_or(0));
                self.with_link(|link| link.writer.answered(now, ping_at));
            }
        }
    }

    fn each_second(&mut self) {
        self.count_discarded();
        let silence = Duration::from_micros(self.config.clock.now().since(self.heard_at));
        if silence > self.config.silence {
            let sentence = format!("nothing was heard for {} seconds", silence.as_secs());
            self.refuse("silent", sentence, close::SILENT);
        } else {
            self.set_quiet(silence > self.config.silence / QUIET_SHARE);
            self.with_link(|link| link.writer.ping());
        }
    }

    fn set_quiet(&mut self, quiet: bool) {
        if std::mem::replace(&mut self.quiet, quiet) != quiet {
            self.tell_at(self.config.clock.now(), |id| Event::Quiet(id, quiet));
        }
    }

    /// Says why and ends the session.
    fn refuse(&mut self, code: &'static str, sentence: impl Into<String>, close: u16) {
        let close = Close { code: close, reason: code };
        self.egress.queues().close(queues::error(code, sentence), close);
        self.ended.get_or_insert(close);
        self.part(close.code);
    }

    /// Ends the session over a stream that cannot be read; false when there is nobody to tell.
    fn refuse_unreadable(&mut self, error: &tungstenite::Error) -> bool {
        let Some((code, close)) = closing::verdict(error) else { return false };
        let sentence = match error {
            tungstenite::Error::Capacity(_) => format!("a message has at most {MAX_MESSAGE} bytes"),
            _ => error.to_string(),
        };
        self.reading = Reading::Nothing;
        self.refuse(code, sentence, close);
        true
    }

    fn tell_at(&self, at: Micros, event: impl FnOnce(relay_engine::ParticipantId) -> Event) {
        let Some(seat) = &self.seat else { return };
        self.heard(seat.tell(at, event(seat.id())));
    }

    /// Ends the session if the room did not hear it.
    fn heard(&self, outcome: Result<(), Unheard>) {
        match outcome {
            Ok(()) => {}
            // The room tells who had the seat, but not who lost it again before it heard of them.
            Err(Unheard::Replaced) => room::replace(&self.egress),
            Err(Unheard::Gone) => room::fail(&self.egress),
        }
    }

    fn count_discarded(&mut self) {
        let discarded = self.egress.queues().discarded();
        let news = discarded - self.discarded;
        if let Some(seat) = self.seat.as_ref().filter(|_| news > 0) {
            seat.count_discarded(news);
            self.discarded = discarded;
            tracing::debug!(room = %seat.room(), id = seat.id().0, packets = news, "audio grew too old for a slow link");
        }
    }

    /// The relay ends the session with that code.
    fn part(&mut self, code: u16) {
        match code {
            // A link that is gone or too slow may come back.
            close::SILENT | close::TOO_SLOW => self.lose(),
            _ => self.leave(),
        }
    }

    /// Gives the seat up.
    fn leave(&mut self) {
        self.count_discarded();
        if let Some(seat) = self.seat.take() {
            seat.leave();
        }
    }

    /// Leaves the seat to who comes back for it.
    fn lose(&mut self) {
        self.count_discarded();
        self.seat = None;
    }
}
