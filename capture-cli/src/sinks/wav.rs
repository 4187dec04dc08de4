//! A WAV file: 16-bit PCM at 48 kHz, mono.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use relay_wire::SAMPLE_RATE;

use super::Sink;
use crate::exit::Failure;

/// The length in the file's header is brought up to date this often, so that a killed program leaves a readable file.
const FLUSH_SAMPLES: usize = SAMPLE_RATE as usize;

/// Writes a WAV file.
pub struct WavSink {
    writer: hound::WavWriter<BufWriter<File>>,
    unflushed: usize,
}

impl WavSink {
    /// Creates the file, or makes an old one empty.
    ///
    /// # Errors
    /// [`Failure::File`] where it cannot be created.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: SAMPLE_RATE,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let writer = hound::WavWriter::create(path, spec)
            .map_err(|e| Failure::File(format!("{}: {}", path.display(), io_error(e))))?;
        Ok(Self { writer, unflushed: 0 })
    }
}

impl Sink for WavSink {
    fn write(&mut self, frame: &[i16]) -> io::Result<()> {
        for &sample in frame {
            self.writer.write_sample(sample).map_err(io_error)?;
        }
        self.unflushed += frame.len();
        if self.unflushed >= FLUSH_SAMPLES {
            self.unflushed = 0;
            self.writer.flush().map_err(io_error)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.writer.finalize().map_err(io_error)
    }
}

fn io_error(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(e) => e,
        e => io::Error::other(e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_readable_while_it_grows_and_complete_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.wav");
        let mut sink = Box::new(WavSink::create(&path).unwrap());
        for _ in 0..150 {
            sink.write(&[5; 480]).unwrap();
        }
        assert_eq!(hound::WavReader::open(&path).unwrap().duration(), 48_000);
        sink.finish().unwrap();
        assert_eq!(crate::sources::wav::read(&path).unwrap(), [5; 72_000]);
    }

    #[test]
    fn a_folder_that_does_not_exist_is_said_by_name() {
        let failure = WavSink::create(Path::new("/nonexistent/out.wav")).err().unwrap();
        assert!(failure.to_string().contains("/nonexistent/out.wav"), "{failure}");
        assert_eq!(failure.code(), 3);
    }
}
