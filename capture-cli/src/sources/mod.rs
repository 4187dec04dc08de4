//! Where samples come from: a WAV file paced in real time, raw PCM on standard input, a microphone.

pub mod file;
pub mod pipe;
pub mod wav;

use std::io;

use relay_engine::Micros;

/// Gives samples as they are captured. A source has a thread of its own, so it may block.
pub trait Source: Send {
    /// The owner joined: what is captured from now on counts.
    fn start(&mut self, now: Micros);

    /// Waits for samples and appends them to `samples`; when the last of them was captured, `None` at the end.
    /// It may come back empty-handed, so that its thread can look up whether to stop.
    ///
    /// # Errors
    /// Where there will never be samples again.
    fn read(&mut self, samples: &mut Vec<i16>) -> io::Result<Option<Micros>>;
}
