//! Many participants on one thread: sends what is due, takes what comes, keeps nothing.

use std::{cmp::Reverse, collections::BinaryHeap, net::TcpStream, time::Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use relay_wire::audio::HEADER_LEN;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Resource, getrlimit, setrlimit},
};

use crate::{client::Client, listener::Arrival, relay_process::RelayProcess, stats::Delays, voice::Voice};

/// Who looks on while a crowd talks and listens.
pub trait Observer {
    /// A participant's packet was handed to the kernel at that time.
    fn sent(&mut self, _participant: usize, _payload: &[u8], _at: Instant) {}
    /// A participant got an audio message.
    fn heard(&mut self, _participant: usize, _arrival: &Arrival) {}
}

/// Looks on and remembers nothing.
impl Observer for () {}

/// Participants in the order in which they joined.
#[derive(Debug, Default)]
pub struct Crowd {
    clients: Vec<Client>,
    voices: Vec<Option<Voice>>,
    /// Earliest first; one entry for each voice.
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    /// How late packets were sent: it is no part of the relay's delay.
    pub lateness: Delays,
}

impl Crowd {
    /// Nobody yet. Allows this process, and those it starts from now on, as many sockets as the system lets it.
    #[must_use]
    pub fn new() -> Self {
        let limit = getrlimit(Resource::Nofile);
        // Where it is refused, joining says what is missing.
        let _ = setrlimit(Resource::Nofile, rustix::process::Rlimit { current: limit.maximum, ..limit });
        Self::default()
    }

    /// Somebody joins; returns their number.
    ///
    /// # Errors
    /// If the relay does not let them.
    pub fn join(&mut self, relay: &RelayProcess, room: &str) -> Result<usize> {
        let number = self.clients.len();
        let client = Client::join(relay.address(), relay.tls(), room, &format!("participant-{number}"))
            .with_context(|| format!("participant {number} joins {room}"))?;
        self.clients.push(client);
        self.voices.push(None);
        Ok(number)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.clients.len()
    }

    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    /// How many of the relay's pings were answered, by all together.
    #[must_use]
    pub fn pings(&self) -> u64 {
        self.clients.iter().map(Client::pings).sum()
    }

    /// A participant who does not talk begins to.
    pub fn talk(&mut self, participant: usize, voice: Voice) {
        self.due.extend(voice.due().map(|due| Reverse((due, participant))));
        self.voices[participant] = Some(voice);
    }

    /// Lets everyone talk and listen until then.
    ///
    /// # Errors
    /// If a connection is lost, or the relay complains.
    pub fn run(&mut self, until: Instant, observer: &mut impl Observer) -> Result<()> {
        let sockets =
            self.clients.iter().map(|client| client.tcp().try_clone()).collect::<Result<Vec<TcpStream>, _>>()?;
        let mut polled: Vec<PollFd<'_>> = sockets.iter().map(|socket| PollFd::new(socket, PollFlags::IN)).collect();
        loop {
            let wake = self.send_due(until, observer)?;
            let now = Instant::now();
            if now >= until {
                return Ok(());
            }
            let left = wake.saturating_duration_since(now);
            poll(&mut polled, Some(&Timespec::try_from(left).expect("less than a day")))?;
            for (participant, polled) in
                polled.iter_mut().enumerate().filter(|(_, polled)| !polled.revents().is_empty())
            {
                polled.clear_revents();
                self.clients[participant]
                    .receive(|arrival| observer.heard(participant, &arrival))
                    .with_context(|| format!("participant {participant}"))?;
            }
        }
    }

    /// Sends what is due by now; returns when the next is, or `until`.
    fn send_due(&mut self, until: Instant, observer: &mut impl Observer) -> Result<Instant> {
        while let Some(&Reverse((due, participant))) = self.due.peek() {
            let now = Instant::now();
            if due > now || due >= until {
                return Ok(due.min(until));
            }
            self.due.pop();
            let (client, Some(voice)) = (&mut self.clients[participant], &mut self.voices[participant]) else {
                continue;
            };
            let message: Bytes = voice.next(|at| client.relay_clock_us(at));
            client.send(message.clone()).with_context(|| format!("participant {participant}"))?;
            observer.sent(participant, &message[HEADER_LEN..], now);
            self.lateness.record(now - due);
            self.due.extend(voice.due().map(|due| Reverse((due, participant))));
        }
        Ok(until)
    }
}
