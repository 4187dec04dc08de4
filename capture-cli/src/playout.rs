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
        let mut deadline = start;
        let mut phase = Phase::default();
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
            deadline = deadline + phase.next_frame_us(pulled.active, listener.excess_us());
        }
        Ok(())
    }
}

/// Where between two arrivals the pulls lie. They begin anywhere, so packets that come every 20 ms wait up to 10 ms for
/// a pull that could as well come right after them. Pulling a little faster until they no longer wait costs nothing
/// that is heard, where removing the same time from the signal would.
#[derive(Debug, Default)]
struct Phase {
    /// By how much the pulls are earlier than the deadlines they began with.
    advanced_us: u64,
}

impl Phase {
    /// A packet that waits this much longer than the jitter buffer wants it to waits for the pull.
    const WORTH_IT_US: i64 = 1_500;
    /// 0.5 % of the time, like a clock that differs a little.
    const STEP_US: u64 = 50;
    /// More than one frame would be the jitter buffer's business.
    const MOST_US: u64 = FRAME_US;

    /// Time to the next pull. In silence the pulls move back, so that there is something to advance by the next time,
    /// and what is written stays as long as the time it was written in.
    fn next_frame_us(&mut self, active: bool, excess_us: i64) -> u64 {
        if active && excess_us > Self::WORTH_IT_US && self.advanced_us < Self::MOST_US {
            self.advanced_us += Self::STEP_US;
            FRAME_US - Self::STEP_US
        } else if !active && self.advanced_us > 0 {
            self.advanced_us -= Self::STEP_US;
            FRAME_US + Self::STEP_US
        } else {
            FRAME_US
        }
    }
}

fn take(listener: &mut Listener, event: AudioEvent) {
    match event {
        AudioEvent::Joined(_, format) => listener.joined(format),
        AudioEvent::Packet(arrived, header, payload) => listener.insert(arrived, header, payload),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pulls_advance_while_packets_wait_by_one_frame_at_most() {
        let mut phase = Phase::default();
        let time: u64 = (0..1000).map(|_| phase.next_frame_us(true, 6_000)).sum();
        assert_eq!(time, 1000 * FRAME_US - FRAME_US);
        assert_eq!(phase.next_frame_us(true, 1_000), FRAME_US, "what the jitter buffer wants is left to it");
    }

    #[test]
    fn what_was_advanced_is_given_back_in_silence() {
        let mut phase = Phase::default();
        let talk: u64 = (0..100).map(|_| phase.next_frame_us(true, 6_000)).sum();
        let silence: u64 = (0..200).map(|_| phase.next_frame_us(false, 6_000)).sum();
        assert_eq!(talk + silence, 300 * FRAME_US);
    }
}
