//! The thread of the way down: link → listener → sink, pulled in frames of 10 ms against absolute deadlines.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use relay_engine::Micros;
use tokio::sync::oneshot;

use crate::clock::RelayClock;
use crate::console::Meters;
use crate::level::audio_level;
use crate::listener::{Heard, Listener};
use crate::net::link::AudioEvent;
use crate::priority;
use crate::pulls::Pulls;
use crate::sinks::Sink;
use crate::stats::Moments;
use crate::stop::Stop;
use crate::time::LocalClock;

pub use crate::pulls::FRAME_SAMPLES;

/// What the thread needs beside its sink.
pub struct Playout {
    /// Sessions and packets, as they come.
    pub events: Receiver<AudioEvent>,
    /// The program's clock.
    pub clock: LocalClock,
    /// The relay's clock, for the age of what is heard.
    pub relay_clock: RelayClock,
    /// When to stop.
    pub stop: Stop,
    /// Levels for the terminal.
    pub meters: Arc<Meters>,
    /// Who keeps a record of the jitter buffer.
    pub moments: Option<Moments>,
}

/// A moment is kept each tenth of a second.
const PULLS_A_MOMENT: u64 = 10;

/// How a playout ended.
pub struct Played {
    /// What was heard.
    pub heard: Heard,
    /// Whether the sink took it all.
    pub result: io::Result<()>,
}

impl Playout {
    /// Runs from the first session until it is time to stop or the sink fails; `done` gets the result.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn spawn(self, sink: Box<dyn Sink>, done: oneshot::Sender<Played>) -> io::Result<JoinHandle<()>> {
        std::thread::Builder::new().name("playout".into()).spawn(move || {
            priority::raise();
            let mut listener = Listener::new(self.relay_clock.clone());
            let result = self.run(&mut listener, sink);
            let _ = done.send(Played { heard: listener.heard(), result });
        })
    }

    fn run(self, listener: &mut Listener, mut sink: Box<dyn Sink>) -> io::Result<()> {
        let result = match self.first_session(listener) {
            Some(start) => self.play(start, listener, sink.as_mut()),
            None => Ok(()),
        };
        // Also after an error, so that what was heard until then is kept.
        result.and(sink.finish())
    }

    /// Time joined is counted from the first welcome, and so is the length of what is written.
    fn first_session(&self, listener: &mut Listener) -> Option<Micros> {
        while !self.stop.has_come() {
            match self.events.recv_timeout(Duration::from_millis(10)) {
                Ok(event) => {
                    if let AudioEvent::Joined(at, _) = event {
                        take(listener, event);
                        return Some(at);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        None
    }

    fn play(&self, start: Micros, listener: &mut Listener, sink: &mut dyn Sink) -> io::Result<()> {
        let mut frame = [0; FRAME_SAMPLES];
        let mut pulls = Pulls::new(start, sink.may_wait());
        while pulls.next() < self.stop.time() {
            self.wait(&mut pulls, listener);
            let now = self.clock.now();
            let pulled = listener.pull(now, &mut frame);
            if let Some(moments) = self.moments.as_ref().filter(|_| pulls.count().is_multiple_of(PULLS_A_MOMENT)) {
                moments.push(listener.moment(now.since(start)));
            }
            let length = pulls.length_until(self.stop.time());
            sink.write(&frame[..length])?;
            self.meters.heard(audio_level(&frame), pulled.active);
            pulls.pulled(pulled.active);
        }
        Ok(())
    }

    /// Takes what comes until it is time for the next pull.
    fn wait(&self, pulls: &mut Pulls, listener: &mut Listener) {
        loop {
            let wait = Duration::from_micros(pulls.next().since(self.clock.now()));
            let event = if wait.is_zero() { self.events.try_recv().ok() } else { self.events.recv_timeout(wait).ok() };
            let Some(event) = event else {
                // A link that is gone sends nothing, and time goes on.
                return self.clock.sleep_until(pulls.next());
            };
            if let AudioEvent::Packet(arrived, header, payload) = &event
                && !header.flags.prime
                && !payload.is_empty()
            {
                pulls.packet_came(*arrived, listener.target_us());
            }
            take(listener, event);
        }
    }
}

fn take(listener: &mut Listener, event: AudioEvent) {
    match event {
        AudioEvent::Joined(_, format) => listener.joined(format),
        AudioEvent::Packet(arrived, header, payload) => listener.insert(arrived, header, payload),
    }
}
