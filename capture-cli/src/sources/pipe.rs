//! Raw 16-bit mono PCM at 48 kHz on standard input, taken as it comes: the writer paces.

use std::io::{self, Read};
use std::time::Duration;

use relay_engine::Micros;
use relay_engine::time::samples_to_us;

use super::Source;
use crate::time::LocalClock;

/// One read takes what is there, up to 40 ms.
const READ_BYTES: usize = 3840;

/// A writer who runs ahead of real time by more than this does not pace; then reading does, and the pipe holds them back.
const AHEAD_US: u64 = 500_000;

/// Reads PCM from anything.
pub struct PipeSource<R> {
    reader: R,
    clock: LocalClock,
    /// The first byte of a sample whose second has not come yet.
    odd: Option<u8>,
    /// When the writer's first sample would have been captured, if they paced.
    began: Option<Micros>,
    taken: u64,
}

impl<R: Read + Send> PipeSource<R> {
    /// A source reading from there.
    pub fn new(reader: R, clock: LocalClock) -> Self {
        Self { reader, clock, odd: None, began: None, taken: 0 }
    }

    fn hold_back(&mut self, samples: usize) {
        let now = self.clock.now();
        self.taken += samples as u64;
        let taken_us = samples_to_us(self.taken.cast_signed()).unsigned_abs();
        let began = *self.began.get_or_insert(now);
        let due = began + taken_us;
        let ahead_us = due.since(now);
        if ahead_us > AHEAD_US {
            std::thread::sleep(Duration::from_micros(ahead_us - AHEAD_US));
        } else if due < now {
            // A pause is no credit: after it the writer has to pace again.
            self.began = Some(began + now.since(due));
        }
    }
}

impl<R: Read + Send> Source for PipeSource<R> {
    fn start(&mut self, _now: Micros) {}

    fn read(&mut self, samples: &mut Vec<i16>) -> io::Result<Option<Micros>> {
        let mut bytes = [0; READ_BYTES];
        let read = match self.reader.read(&mut bytes) {
            Ok(0) => return Ok(None),
            Ok(read) => read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => return Ok(Some(self.clock.now())),
            Err(e) => return Err(e),
        };
        let arrived = self.clock.now();
        let before = samples.len();
        let mut bytes = bytes[..read].iter().copied();
        while let Some(low) = self.odd.take().or_else(|| bytes.next()) {
            match bytes.next() {
                Some(high) => samples.push(i16::from_le_bytes([low, high])),
                None => {
                    self.odd = Some(low);
                    break;
                }
            }
        }
        self.hold_back(samples.len() - before);
        Ok(Some(arrived))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its pieces one read at a time.
    struct Pieces(Vec<Vec<u8>>);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            let piece = self.0.remove(0);
            buffer[..piece.len()].copy_from_slice(&piece);
            Ok(piece.len())
        }
    }

    #[test]
    fn samples_come_as_they_are_written_also_in_halves() {
        let mut source =
            PipeSource::new(Pieces(vec![vec![1, 0, 2], vec![0], vec![3], vec![1, 0xFF, 0xFF]]), LocalClock::start());
        let mut samples = Vec::new();
        let mut reads = Vec::new();
        while source.read(&mut samples).unwrap().is_some() {
            reads.push(samples.len());
        }
        assert_eq!(samples, [1, 2, 259, -1]);
        assert_eq!(reads, [1, 2, 2, 4]);
    }

    #[test]
    fn a_writer_who_does_not_pace_is_held_back() {
        let clock = LocalClock::start();
        let pieces = (0..20).map(|_| vec![0; 3840]).collect();
        let mut source = PipeSource::new(Pieces(pieces), clock);
        let start = clock.now();
        while source.read(&mut Vec::new()).unwrap().is_some() {}
        assert!(clock.now().since(start) >= 299_000, "800 ms at once, 500 ms of them ahead");
    }
}
