//! The link to a room: joins, carries both ways, comes back when the connection is lost.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc as std_mpsc};
use std::time::Duration;

use bytes::Bytes;
use relay_engine::{Micros, Ptime};
use relay_wire::{ClientMessage, DisplayName, DownHeader, ServerMessage};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::backoff::{Backoff, random};
use super::connect::{ConnectError, Entered, Target};
use super::session::{self, Ended};
use super::stay::Stay;
use crate::clock::RelayClock;
use crate::exit::Failure;
use crate::queue::{SendQueue, UpPacket};
use crate::talker::Format;
use crate::time::LocalClock;

/// After so long without a connection the link gives up.
const PATIENCE: Duration = Duration::from_secs(120);

/// A session that held for so long was a good one: the pauses begin anew.
const STABLE: Duration = Duration::from_secs(5);

/// So many text messages wait for a connection.
const WAITING_TEXTS: usize = 64;

/// How a link is to be.
#[derive(Debug, Clone)]
pub struct LinkConfig {
    /// Whom to reach.
    pub target: Target,
    /// Under which name.
    pub name: DisplayName,
    /// Asks the relay for no audio.
    pub deafened: bool,
}

/// What happens on a link, for whoever watches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkEvent {
    /// A session began.
    Joined {
        /// When the welcome came.
        at: Micros,
        /// What the room speaks.
        format: Format,
        /// Whether it is the link's first.
        first: bool,
    },
    /// A text message; the welcome is one of them, pings and pongs are not.
    Text(ServerMessage),
    /// The connection is lost; the link tries again.
    Lost {
        /// Why.
        reason: String,
    },
    /// Said once of a connection that is lost: the link has tried several times, and pauses for seconds from now on.
    StillLost {
        /// Why the last attempt failed.
        reason: String,
    },
}

/// What a link tells the playout.
#[derive(Debug, Clone)]
pub enum AudioEvent {
    /// A session began.
    Joined(Micros, Format),
    /// A packet arrived.
    Packet(Micros, DownHeader, Bytes),
}

/// What the link and its owner share.
pub(super) struct Shared {
    pub(super) clock: LocalClock,
    pub(super) relay_clock: RelayClock,
    queue: Mutex<SendQueue>,
    stay: Mutex<Stay>,
    pub(super) queued: Notify,
    pub(super) closing: watch::Sender<bool>,
    pub(super) deafened: bool,
}

/// Where the link's task tells what happens. Only the task holds it, so that its end is seen on the other side.
pub(super) struct Outlets {
    pub(super) events: mpsc::UnboundedSender<LinkEvent>,
    pub(super) audio: Option<std_mpsc::Sender<AudioEvent>>,
}

impl Shared {
    pub(super) fn queue(&self) -> MutexGuard<'_, SendQueue> {
        // A queue is consistent between its calls, so one that a panic left behind is still good.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stay(&self) -> MutexGuard<'_, Stay> {
        self.stay.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends audio on a link, from any thread.
#[derive(Clone)]
pub struct AudioSender {
    shared: Arc<Shared>,
}

impl AudioSender {
    /// Queues packets for sending.
    pub fn send(&self, packets: impl IntoIterator<Item = UpPacket>) {
        let now = self.shared.clock.now();
        let mut queue = self.shared.queue();
        for packet in packets {
            queue.push(now, packet);
        }
        drop(queue);
        self.shared.queued.notify_one();
    }

    /// Packets that have not been sent: discarded, because the link could not take them in time, or waiting still.
    #[must_use]
    pub fn unsent(&self) -> u64 {
        self.shared.queue().unsent()
    }
}

/// A link to a room.
pub struct Link {
    shared: Arc<Shared>,
    texts: mpsc::Sender<ClientMessage>,
    task: JoinHandle<Result<(), Failure>>,
    /// What happens on it.
    pub events: mpsc::UnboundedReceiver<LinkEvent>,
}

impl Link {
    /// Enters the room. Packets go to `audio` as they arrive.
    ///
    /// # Errors
    /// [`Failure::Connect`] where the relay is not reached or refuses; later losses are the link's own business.
    pub async fn open(
        config: LinkConfig,
        clock: LocalClock,
        relay_clock: RelayClock,
        audio: Option<std_mpsc::Sender<AudioEvent>>,
    ) -> Result<Self, Failure> {
        let entered = config.target.enter(&config.name).await.map_err(|e| Failure::Connect(e.to_string()))?;
        let (events_in, events) = mpsc::unbounded_channel();
        let (texts, texts_out) = mpsc::channel(WAITING_TEXTS);
        let shared = Arc::new(Shared {
            clock,
            relay_clock,
            queue: Mutex::default(),
            stay: Mutex::default(),
            queued: Notify::new(),
            closing: watch::Sender::new(false),
            deafened: config.deafened,
        });
        let outlets = Outlets { events: events_in, audio };
        let task = tokio::spawn(run(config, Arc::clone(&shared), outlets, entered, texts_out));
        Ok(Self { shared, texts, task, events })
    }

    /// Where to send audio.
    #[must_use]
    pub fn audio(&self) -> AudioSender {
        AudioSender { shared: Arc::clone(&self.shared) }
    }

    /// Whether another text message may wait. While the connection is lost only so many do.
    #[must_use]
    pub fn takes_text(&self) -> bool {
        self.texts.capacity() > 0
    }

    /// Sends a text message, if the link [takes](Self::takes_text) one; while the connection is lost it waits. A chat line
    /// that has not come back when it is lost is sent again.
    pub fn text(&self, message: ClientMessage) {
        let _ = self.texts.try_send(message);
    }

    /// Sends what still waits, says goodbye and waits for the answer; at once if there is no connection.
    ///
    /// # Errors
    /// [`Failure::Lost`] where there was none.
    pub async fn close(self) -> Result<(), Failure> {
        self.shared.closing.send_replace(true);
        self.finished().await
    }

    /// Waits until the link gives up by itself; reading of [`Link::events`] ends with it.
    ///
    /// # Errors
    /// Why it gave up.
    pub async fn finished(self) -> Result<(), Failure> {
        self.task.await.unwrap_or_else(|e| Err(Failure::Other(format!("the link failed: {e}"))))
    }
}

async fn run(
    config: LinkConfig,
    shared: Arc<Shared>,
    outlets: Outlets,
    entered: Entered,
    mut texts: mpsc::Receiver<ClientMessage>,
) -> Result<(), Failure> {
    let mut entered = Some(entered);
    let mut first = true;
    let mut backoff = Backoff::default();
    loop {
        let connected = match entered.take() {
            Some(entered) => entered,
            None => come_back(&config, &shared, &outlets, &mut backoff).await?,
        };
        let began = Instant::now();
        let ended = session::run(connected, &shared, &outlets, &mut texts, first).await;
        shared.relay_clock.set(None);
        let reason = match ended {
            Ended::Closed => return Ok(()),
            Ended::ForGood(reason) if first => return Err(Failure::Connect(reason)),
            Ended::ForGood(reason) => return Err(Failure::Lost(reason)),
            Ended::Lost { joined: false, reason } if first => return Err(Failure::Connect(reason)),
            Ended::Lost { joined, reason } => {
                first &= !joined;
                reason
            }
        };
        let _ = outlets.events.send(LinkEvent::Lost { reason });
        // A relay that lets in and throws out again must not be knocked at without pause.
        if began.elapsed() > STABLE {
            backoff = Backoff::default();
        }
        if *shared.closing.borrow() {
            return Err(Failure::Lost("the connection was lost before everything was sent".into()));
        }
    }
}

/// Tries until it works, the owner closes, or patience ends.
async fn come_back(
    config: &LinkConfig,
    shared: &Shared,
    outlets: &Outlets,
    backoff: &mut Backoff,
) -> Result<Entered, Failure> {
    let mut closing = shared.closing.subscribe();
    let give_up = Instant::now() + PATIENCE;
    let mut said = false;
    loop {
        let attempt = async {
            tokio::time::sleep(backoff.pause(random())).await;
            take_seat(config, shared).await
        };
        let result = tokio::select! {
            result = attempt => result,
            () = asked(&mut closing) => {
                return Err(Failure::Lost("the connection was lost and had not come back".into()));
            }
        };
        match result {
            Ok(entered) => return Ok(entered),
            Err(e @ ConnectError::Refused(..)) => return Err(Failure::Lost(e.to_string())),
            Err(e) if Instant::now() >= give_up => {
                return Err(Failure::Lost(format!("{e}, for {} seconds", PATIENCE.as_secs())));
            }
            Err(e) if backoff.is_longest() && !said => {
                said = true;
                let _ = outlets.events.send(LinkEvent::StillLost { reason: e.to_string() });
            }
            Err(_) => {}
        }
    }
}

/// Takes the seat again; where that is not to be had, another.
async fn take_seat(config: &LinkConfig, shared: &Shared) -> Result<Entered, ConnectError> {
    let claim = shared.stay().claim();
    if let Some((token, after)) = claim {
        match config.target.come_back(&token, after).await {
            Err(ConnectError::Refused(..)) => shared.stay().forget_token(),
            outcome => return outcome,
        }
    }
    config.target.enter(&config.name).await
}

/// Waits until the owner closes the link.
pub(super) async fn asked(closing: &mut watch::Receiver<bool>) {
    // An error is an owner who is gone, which is the same.
    let _ = closing.wait_for(|&closing| closing).await;
}

/// What the room speaks, from its welcome.
pub(super) fn format_of(ptime_ms: u32, bitrate: u32) -> Option<Format> {
    Ptime::from_ms(ptime_ms).map(|ptime| Format { ptime, bitrate: bitrate.clamp(6_000, 510_000) })
}
