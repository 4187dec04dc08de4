//! The probe's marker: what it is, when it is sent, and finding it again in what was heard.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use hdrhistogram::Histogram;
use relay_engine::time::{samples_to_us, us_to_samples};
use relay_engine::{Micros, Ptime};

use crate::signal::{chirp, find};
use crate::sinks::Sink;
use crate::sources::Source;
use crate::time::LocalClock;

/// Two markers are this far apart, but for the sweep. A marker that takes 200 ms or more is not found.
pub const INTERVAL_US: u64 = 250_000;

/// 20 ms from 600 to 4000 Hz: short beside the interval, and unlike speech or noise.
const MARKER_SAMPLES: usize = 960;

/// A correlation below this is no marker: noise stays under 0.3, a coded marker comes out above 0.9.
const FOUND: f64 = 0.6;

/// The sweep visits each phase of the packet time once in so many markers; a prime number of steps walks evenly
/// whatever the count.
const PHASES: u64 = 23;

/// When each marker is sent.
#[derive(Debug, Clone)]
pub struct Markers {
    count: u32,
    first: Micros,
    ptime: Ptime,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Probed {
    /// Markers sent.
    pub sent: u32,
    /// Delays of those that were heard.
    pub delays_us: Histogram<u64>,
}

/// Frames and when the first sample of each sounded.
pub type Recording = Vec<(Micros, Vec<i16>)>;

impl Markers {
    /// So many markers, from that time on.
    #[must_use]
    pub fn new(ptime: Ptime, count: u32, first: Micros) -> Self {
        Self { count, first, ptime }
    }

    /// When the first sample of a marker is captured.
    #[must_use]
    pub fn at(&self, index: u32) -> Micros {
        let index = u64::from(index);
        // Steps of 9 in 23 are far apart, so that neighbours differ and the sweep stays even over any stretch.
        let phase_us = index * 9 % PHASES * self.ptime.micros() / PHASES;
        self.first + index * INTERVAL_US + phase_us
    }

    /// How many have been sent before a time.
    #[must_use]
    pub fn sent_before(&self, now: Micros) -> u32 {
        let past = now.since(self.first) / INTERVAL_US;
        u32::try_from(past).unwrap_or(u32::MAX).min(self.count)
    }

    /// A source that is silent but for the markers.
    #[must_use]
    pub fn source(&self, clock: LocalClock) -> MarkerSource {
        MarkerSource { markers: self.clone(), marker: marker(), clock, began: clock.now(), taken: 0 }
    }

    /// Looks for each marker in what was heard after it was sent.
    #[must_use]
    pub fn find_all(&self, recording: &Recording) -> Probed {
        let mut delays_us = Histogram::new_with_bounds(1, 60_000_000, 3).expect("constant bounds are in range");
        let marker = marker();
        for index in 0..self.count {
            let sent = self.at(index);
            if let Some(heard) = heard_after(sent, &marker, recording) {
                delays_us.saturating_record(heard.since(sent));
            }
        }
        Probed { sent: self.count, delays_us }
    }
}

fn marker() -> Vec<i16> {
    chirp(MARKER_SAMPLES, 600.0, 4000.0, -12.0)
}

/// When the marker that was sent then sounded.
fn heard_after(sent: Micros, marker: &[i16], recording: &Recording) -> Option<Micros> {
    let window = recording
        .iter()
        .skip_while(|(at, _)| *at + 10_000 < sent)
        .take_while(|(at, _)| at.since(sent) < INTERVAL_US - 30_000);
    let frames: Vec<&(Micros, Vec<i16>)> = window.collect();
    let samples: Vec<i16> = frames.iter().flat_map(|(_, frame)| frame.iter().copied()).collect();
    let (offset, score) = find(marker, &samples)?;
    if score < FOUND {
        return None;
    }
    let frame = offset / frames.first()?.1.len();
    let (at, samples) = frames.get(frame)?;
    let within = i64::try_from(offset - frame * samples.len()).ok()?;
    Some(*at + samples_to_us(within).unsigned_abs())
}

/// Silence and markers, paced in real time.
pub struct MarkerSource {
    markers: Markers,
    marker: Vec<i16>,
    clock: LocalClock,
    began: Micros,
    taken: i64,
}

impl Source for MarkerSource {
    fn start(&mut self, now: Micros) {
        self.began = now;
    }

    fn read(&mut self, samples: &mut Vec<i16>) -> io::Result<Option<Micros>> {
        let from = self.taken;
        self.taken += 480;
        let end = self.began + samples_to_us(self.taken).unsigned_abs();
        self.clock.sleep_until(end);
        samples.extend((from..self.taken).map(|sample| self.sample(sample)));
        Ok(Some(end))
    }
}

impl MarkerSource {
    fn sample(&self, sample: i64) -> i16 {
        let since_first = sample - us_to_samples(self.markers.first.signed_since(self.began));
        let near = since_first.div_euclid(us_to_samples(INTERVAL_US.cast_signed()));
        let Some(index) = u32::try_from(near).ok().filter(|&index| index < self.markers.count) else { return 0 };
        let start = us_to_samples(self.markers.at(index).signed_since(self.began));
        usize::try_from(sample - start).ok().and_then(|i| self.marker.get(i)).copied().unwrap_or(0)
    }
}

/// Records what sounds, and when.
#[derive(Debug, Clone, Copy)]
pub struct Tape {
    clock: LocalClock,
}

impl Tape {
    /// A tape on that clock.
    #[must_use]
    pub fn new(clock: LocalClock) -> Self {
        Self { clock }
    }

    /// A sink that records.
    #[must_use]
    pub fn recorder(self, recording: Arc<Mutex<Recording>>) -> impl Sink {
        Recorder { clock: self.clock, recording }
    }
}

struct Recorder {
    clock: LocalClock,
    recording: Arc<Mutex<Recording>>,
}

impl Sink for Recorder {
    fn write(&mut self, frame: &[i16]) -> io::Result<()> {
        let now = self.clock.now();
        self.recording.lock().unwrap_or_else(PoisonError::into_inner).push((now, frame.to_vec()));
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_sweep_the_packet_time_evenly() {
        let markers = Markers::new(Ptime::Ms20, 46, Micros(1_000_000));
        let mut phases: Vec<u64> = (0..46).map(|i| markers.at(i).0 % 20_000 * 23 / 20_000).collect();
        phases.sort_unstable();
        let twice_each: Vec<u64> = (0..46).map(|i| i / 2).collect();
        // The interval is no multiple of the packet time, which rotates the sweep and leaves it even.
        assert_eq!(phases.len(), twice_each.len());
        let widest = phases.windows(2).map(|p| p[1] - p[0]).max().unwrap();
        assert!(widest <= 2, "{phases:?}");
    }

    #[test]
    fn a_delay_is_found_to_a_tenth_of_a_millisecond() {
        let clock = LocalClock::start();
        let markers = Markers::new(Ptime::Ms20, 3, Micros(1_100_000));
        let mut source = markers.source(clock);
        source.began = Micros(1_000_000);
        // Heard 47.3 ms after it was captured, in frames of 10 ms.
        let recording: Recording = (0..100)
            .map(|frame: i64| {
                let samples = (frame * 480..(frame + 1) * 480).map(|i| source.sample(i) / 3).collect();
                (Micros(1_047_300) + frame.unsigned_abs() * 10_000, samples)
            })
            .collect();
        let probed = markers.find_all(&recording);
        assert_eq!(probed.delays_us.len(), 3);
        assert!(probed.delays_us.max().abs_diff(47_300) < 100, "{}", probed.delays_us.max());
    }

    #[test]
    fn silence_is_no_marker() {
        let markers = Markers::new(Ptime::Ms20, 3, Micros(1_000_000));
        let recording: Recording = (0..100).map(|i| (Micros(1_000_000 + i * 10_000), vec![0; 480])).collect();
        assert_eq!(markers.find_all(&recording).delays_us.len(), 0);
    }
}
