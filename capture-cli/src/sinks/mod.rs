//! Where samples go: a WAV file, raw PCM on standard output, a speaker.

pub mod pipe;
pub mod wav;

use std::io;

/// Takes samples when they would sound. A sink has a thread of its own, so it may block.
pub trait Sink: Send {
    /// Takes a frame of at most 10 ms.
    ///
    /// # Errors
    /// Where nothing can be written any more; [`io::ErrorKind::BrokenPipe`] is a reader who has left.
    fn write(&mut self, frame: &[i16]) -> io::Result<()>;

    /// Whether a frame may come a few milliseconds before or after its turn. Not where a device counts on it.
    fn may_wait(&self) -> bool {
        true
    }

    /// Brings what was written into its final form.
    ///
    /// # Errors
    /// Where that fails.
    fn finish(self: Box<Self>) -> io::Result<()>;
}
