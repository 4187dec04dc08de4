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
use crate::sinks::Sink;
use crate::stop::Stop;
use crate::time::LocalClock;

/// One pull.
pub const FRAME_SAMPLES: usize = 480;
/// Time between two pulls.
pub const FRAME_US: u64 = 10_000;

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
}

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
        let mut deadline = start;
        while deadline < self.stop.time() {
            self.clock.sleep_until(deadline);
            while let Ok(event) = self.events.try_recv() {
                take(listener, event);
            }
            // After a late wake-up several frames are due at once. The jitter buffer is told the time each should have
            // sounded, not before what it was told last: its packets may have come after that.
            let pulled = listener.pull(self.clock.now(), &mut frame);
            sink.write(&frame)?;
            self.meters.heard(audio_level(&frame), pulled.active);
            deadline = deadline + FRAME_US;
        }
        Ok(())
    }
}

fn take(listener: &mut Listener, event: AudioEvent) {
    match event {
        AudioEvent::Joined(_, format) => listener.joined(format),
        AudioEvent::Packet(arrived, header, payload) => listener.insert(arrived, header, payload),
    }
}
