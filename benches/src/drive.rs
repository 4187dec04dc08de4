//! Carries out a plan: sends each message at its time and stamps what arrives. One thread, one wait for all sockets and the clock.

use std::{
    net::TcpStream,
    time::{Duration, Instant},
};

use anyhow::Result;
use bytes::Bytes;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::{client::Client, listener::Arrival, stats::Delays};

/// A message to send.
#[derive(Debug, Clone)]
pub struct Send {
    /// When, since the start of the run.
    pub at: Duration,
    /// Who.
    pub client: usize,
    /// What.
    pub message: Bytes,
    /// When the first sample in it was captured, since the start of the run.
    pub captured: Duration,
}

/// What happened.
#[derive(Debug)]
pub struct Run {
    /// When the run started.
    pub start: Instant,
    /// When each message of the plan was handed to the kernel, in the plan's order.
    pub sent: Vec<Instant>,
    /// The audio messages that each client got.
    pub arrivals: Vec<Vec<Arrival>>,
    /// How late the messages were sent; it is no part of any delay, as those start when a message is really sent.
    pub lateness: Delays,
}

/// Sends `plan`, which is in order of time, from `start` on and receives until `end` after it.
///
/// # Errors
/// If a connection is lost, or the relay complains.
pub fn drive(clients: &mut [Client], plan: &[Send], start: Instant, end: Duration) -> Result<Run> {
    let sockets = clients.iter().map(|client| client.tcp().try_clone()).collect::<Result<Vec<TcpStream>, _>>()?;
    let mut polled: Vec<PollFd<'_>> = sockets.iter().map(|socket| PollFd::new(socket, PollFlags::IN)).collect();
    let mut run = Run {
        start,
        sent: Vec::with_capacity(plan.len()),
        arrivals: clients.iter().map(|_| Vec::with_capacity(plan.len())).collect(),
        lateness: Delays::default(),
    };
    loop {
        let now = start.elapsed();
        if now >= end {
            return Ok(run);
        }
        let wake = match plan.get(run.sent.len()) {
            Some(due) if due.at <= now => {
                let sending = Instant::now();
                clients[due.client].send(due.message.clone())?;
                run.sent.push(sending);
                run.lateness.record((sending - start).saturating_sub(due.at));
                continue;
            }
            Some(due) => due.at,
            None => end,
        };
        // Rounded up by the kernel's timer slack (50 µs), which shows as lateness.
        let timeout = Timespec::try_from(wake.min(end) - now).expect("less than a day");
        poll(&mut polled, Some(&timeout))?;
        for (client, polled) in polled.iter_mut().enumerate() {
            if !polled.revents().is_empty() {
                polled.clear_revents();
                clients[client].receive(|arrival| run.arrivals[client].push(arrival))?;
            }
        }
    }
}

/// Sleeps until then; returns at once if it is past.
pub fn sleep_until(at: Instant) {
    std::thread::sleep(at.saturating_duration_since(Instant::now()));
}
