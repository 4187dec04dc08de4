//! The thread of the way up: source → talker → link.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::thread::JoinHandle;

use relay_engine::Micros;
use tokio::sync::oneshot;

use crate::console::Meters;
use crate::net::link::AudioSender;
use crate::priority;
use crate::sources::Source;
use crate::stop::Stop;
use crate::talker::{Format, Talker};

/// What the thread needs beside its source.
pub struct Capture {
    /// Where packets go.
    pub sender: AudioSender,
    /// What the room speaks, and when its session began.
    pub format: Format,
    /// When the first session began.
    pub joined: Micros,
    /// What later sessions speak.
    pub formats: Receiver<Format>,
    /// No silence suppression.
    pub continuous: bool,
    /// When to stop.
    pub stop: Stop,
    /// Levels for the terminal.
    pub meters: Arc<Meters>,
}

impl Capture {
    /// Runs until the source ends or it is time to stop; `done` tells which.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn spawn(self, source: Box<dyn Source>, done: oneshot::Sender<io::Result<()>>) -> io::Result<JoinHandle<()>> {
        std::thread::Builder::new().name("capture".into()).spawn(move || {
            priority::raise();
            let _ = done.send(self.run(source));
        })
    }

    fn run(self, mut source: Box<dyn Source>) -> io::Result<()> {
        let mut talker: Talker = Talker::new(self.format, self.continuous);
        let mut format = self.format;
        let mut samples = Vec::with_capacity(4096);
        let mut packets = Vec::new();
        source.start(self.joined);
        while !self.stop.has_come() {
            let Some(end) = source.read(&mut samples)? else { break };
            match self.formats.try_recv() {
                Ok(new) if new != format => {
                    format = new;
                    talker.reformat(&format.codec(), format.ptime);
                }
                Ok(_) | Err(TryRecvError::Empty | TryRecvError::Disconnected) => {}
            }
            if samples.is_empty() {
                continue;
            }
            talker.push(&samples, end, &mut packets);
            samples.clear();
            self.meters.sent(talker.level(), talker.is_talking());
            self.sender.send(packets.drain(..));
        }
        talker.finish(&mut packets);
        self.sender.send(packets);
        Ok(())
    }
}
