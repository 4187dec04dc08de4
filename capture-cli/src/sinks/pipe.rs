//! Raw 16-bit mono PCM at 48 kHz on standard output, written when it would sound.

use std::io::{self, Write};

use super::Sink;

/// Writes PCM to anything, a frame a write, so that a reader never gets half a frame late.
pub struct PipeSink<W> {
    writer: W,
    bytes: Vec<u8>,
}

impl<W: Write + Send> PipeSink<W> {
    /// A sink writing there.
    pub fn new(writer: W) -> Self {
        Self { writer, bytes: Vec::with_capacity(960) }
    }
}

/// Standard output without the line buffer of the standard library, which would cut frames at bytes that look like line ends.
///
/// # Errors
/// Where standard output is closed.
#[cfg(unix)]
pub fn stdout() -> io::Result<impl Write + Send> {
    use std::os::fd::AsFd;
    Ok(std::fs::File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

/// Standard output; each frame is flushed.
///
/// # Errors
/// Never on this system.
#[cfg(not(unix))]
pub fn stdout() -> io::Result<impl Write + Send> {
    Ok(io::stdout())
}

impl<W: Write + Send> Sink for PipeSink<W> {
    fn write(&mut self, frame: &[i16]) -> io::Result<()> {
        self.bytes.clear();
        self.bytes.extend(frame.iter().flat_map(|sample| sample.to_le_bytes()));
        self.writer.write_all(&self.bytes)?;
        self.writer.flush()
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_one_little_endian_write() {
        struct Writes(Vec<Vec<u8>>);
        impl Write for Writes {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.push(bytes.to_vec());
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut sink = PipeSink::new(Writes(Vec::new()));
        sink.write(&[1, -2, 10]).unwrap();
        sink.write(&[256]).unwrap();
        assert_eq!(sink.writer.0, [vec![1, 0, 0xFE, 0xFF, 10, 0], vec![0, 1]]);
    }
}
