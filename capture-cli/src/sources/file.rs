//! A file in memory, paced in real time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use relay_engine::Micros;
use relay_engine::time::samples_to_us;

use super::Source;
use crate::time::LocalClock;

/// Samples of one read: 10 ms.
const BLOCK_SAMPLES: usize = 480;

/// After a stall longer than this (a laptop that slept) the file goes on where it was, instead of catching up in a burst.
const STALL_US: u64 = 200_000;

/// Plays samples at their own pace: each block is there when its last sample would have been captured.
pub struct FileSource {
    samples: Vec<i16>,
    looped: bool,
    position: Arc<AtomicUsize>,
    clock: LocalClock,
    /// When sample 0 of the current round was captured.
    began: Micros,
}

impl FileSource {
    /// A source of these samples, over and over if `looped`.
    #[must_use]
    pub fn new(samples: Vec<i16>, looped: bool, clock: LocalClock) -> Self {
        Self { samples, looped, position: Arc::default(), clock, began: clock.now() }
    }

    /// How many samples of the current round were read, for a progress bar.
    #[must_use]
    pub fn position(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.position)
    }
}

impl Source for FileSource {
    fn start(&mut self, now: Micros) {
        self.began = now;
    }

    fn read(&mut self, samples: &mut Vec<i16>) -> io::Result<Option<Micros>> {
        let mut from = self.position.load(Ordering::Relaxed);
        if from == self.samples.len() {
            if !self.looped {
                return Ok(None);
            }
            self.began = self.began + duration_us(from);
            from = 0;
        }
        let to = (from + BLOCK_SAMPLES).min(self.samples.len());
        let mut end = self.began + duration_us(to);
        let late_us = self.clock.now().since(end);
        if late_us > STALL_US {
            self.began = self.began + late_us;
            end = end + late_us;
        }
        self.clock.sleep_until(end);
        samples.extend_from_slice(&self.samples[from..to]);
        self.position.store(to, Ordering::Relaxed);
        Ok(Some(end))
    }
}

fn duration_us(samples: usize) -> u64 {
    samples_to_us(i64::try_from(samples).unwrap_or(i64::MAX / 1000)).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_block_comes_when_its_last_sample_was_captured() {
        let clock = LocalClock::start();
        let mut source = FileSource::new((0..1000).collect(), false, clock);
        let start = clock.now();
        source.start(start);
        let mut samples = Vec::new();
        let mut ends = Vec::new();
        while let Some(end) = source.read(&mut samples).unwrap() {
            assert!(clock.now() >= end, "not before it was captured");
            ends.push(end.since(start));
        }
        assert_eq!(samples, (0..1000).collect::<Vec<i16>>());
        assert_eq!(ends, [10_000, 20_000, 20_833]);
    }

    #[test]
    fn a_looped_file_has_no_end_and_no_seam() {
        let clock = LocalClock::start();
        let mut source = FileSource::new(vec![1; 720], true, clock);
        let start = clock.now();
        source.start(start);
        let mut samples = Vec::new();
        let ends: Vec<u64> = (0..4).map(|_| source.read(&mut samples).unwrap().unwrap().since(start)).collect();
        assert_eq!(ends, [10_000, 15_000, 25_000, 30_000]);
    }
}
