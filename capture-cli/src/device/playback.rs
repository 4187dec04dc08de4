//! A speaker as a sink.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{Device, FromSample, SampleFormat, SizedSample, Stream, StreamConfig};
use relay_wire::SAMPLE_RATE;
use ringbuf::traits::{Consumer, Observer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use super::drift::Drift;
use super::list::{Way, find};
use super::{Health, RateConverter, choose, error_callback, failed, for_format, name_of, with_small_callbacks};
use crate::exit::Failure;
use crate::playout::FRAME_SAMPLES;
use crate::sinks::Sink;

/// What the ring holds beyond one callback when a frame is added, so that a thread that wakes late starves nobody …
const MARGIN_MS: usize = 3;
/// … more by this after each time it did …
const MARGIN_STEP_MS: usize = 2;
/// … up to this.
const MOST_MARGIN_MS: usize = 60;

/// A ring fuller than wanted by so much belongs to a speaker that stood still: what is new is thrown away, not queued.
const EXCESS_MS: usize = 60;

/// An opened speaker.
pub struct Speaker {
    /// Its name.
    pub name: String,
    /// Keeps it running.
    pub stream: Stream,
    /// What it takes.
    pub sink: DeviceSink,
}

/// Opens a speaker, by name or the default one.
///
/// # Errors
/// [`Failure::Device`].
pub fn open(name: Option<&str>) -> Result<Speaker, Failure> {
    let device = find(name, Way::Out)?;
    let failure = |error: &cpal::Error| failed("speaker", &device, error);
    let default = device.default_output_config().map_err(|e| failure(&e))?;
    let supported = device.supported_output_configs().map_err(|e| failure(&e))?;
    let (config, format) = choose(default, supported);
    let health = Arc::new(Health::default());
    let callback = Arc::new(AtomicUsize::new(0));
    let (stream, ring) = with_small_callbacks(config, |config| {
        let (ring, ring_out) = HeapRb::new(config.sample_rate as usize).split();
        let stream = build(&device, config, format, ring_out, Arc::clone(&callback), &health)?;
        Ok((stream, ring))
    })
    .map_err(|e| failure(&e))?;
    stream.play().map_err(|e| failure(&e))?;
    let sink = DeviceSink {
        ring,
        converter: RateConverter::new(SAMPLE_RATE, config.sample_rate, FRAME_SAMPLES)?,
        drift: Drift::default(),
        margin_ms: MARGIN_MS,
        started: false,
        per_ms: config.sample_rate as usize / 1000,
        callback,
        health,
        floats: Vec::with_capacity(FRAME_SAMPLES),
    };
    Ok(Speaker { name: name_of(&device), stream, sink })
}

fn build(
    device: &Device,
    config: StreamConfig,
    format: SampleFormat,
    ring: HeapCons<f32>,
    callback: Arc<AtomicUsize>,
    health: &Arc<Health>,
) -> Result<Stream, cpal::Error> {
    for_format!(format, build_typed(device, config, ring, callback, health))
}

fn build_typed<T>(
    device: &Device,
    config: StreamConfig,
    mut ring: HeapCons<f32>,
    callback: Arc<AtomicUsize>,
    health: &Arc<Health>,
) -> Result<Stream, cpal::Error>
where
    T: SizedSample + FromSample<f32>,
{
    let channels = usize::from(config.channels);
    device.build_output_stream(
        config,
        move |data: &mut [T], _: &cpal::OutputCallbackInfo| {
            callback.fetch_max(data.len() / channels, Ordering::Relaxed);
            let mut samples = ring.pop_iter();
            for frame in data.chunks_exact_mut(channels) {
                // An empty ring sounds like silence.
                frame.fill(T::from_sample_(samples.next().unwrap_or(0.0)));
            }
        },
        error_callback(health),
        None,
    )
}

/// Feeds a speaker: converts to its rate, follows its clock.
pub struct DeviceSink {
    ring: HeapProd<f32>,
    converter: RateConverter,
    drift: Drift,
    margin_ms: usize,
    started: bool,
    /// Samples per millisecond at the device's rate.
    per_ms: usize,
    /// The longest callback so far, in samples.
    callback: Arc<AtomicUsize>,
    health: Arc<Health>,
    floats: Vec<f32>,
}

impl Sink for DeviceSink {
    fn write(&mut self, frame: &[i16]) -> io::Result<()> {
        self.health.check()?;
        let wanted =
            self.callback.load(Ordering::Relaxed).min(self.ring.capacity().get() / 4) + self.margin_ms * self.per_ms;
        let there = self.ring.occupied_len();
        if there == 0 {
            self.refill(wanted);
        } else if there > wanted + EXCESS_MS * self.per_ms {
            return Ok(());
        } else {
            let rate = self.drift.follow(self.seconds(wanted), self.seconds(there), 0.01);
            self.converter.set_relative(rate);
        }
        self.floats.clear();
        self.floats.extend(frame.iter().map(|&sample| f32::from(sample) / 32768.0));
        self.ring.push_slice(self.converter.convert(&self.floats));
        Ok(())
    }

    fn may_wait(&self) -> bool {
        false
    }

    /// What is in the ring still sounds; the stream is stopped by whoever holds it.
    fn finish(self: Box<Self>) -> io::Result<()> {
        let left_ms = self.ring.occupied_len() / self.per_ms.max(1);
        std::thread::sleep(std::time::Duration::from_millis(left_ms as u64));
        Ok(())
    }
}

impl DeviceSink {
    /// The ring ran dry, or is new: silence up to the level it is to have, and after an underrun a little more.
    fn refill(&mut self, wanted: usize) {
        if self.started {
            self.margin_ms = (self.margin_ms + MARGIN_STEP_MS).min(MOST_MARGIN_MS);
        }
        self.started = true;
        self.ring.push_iter(std::iter::repeat_n(0.0, wanted));
        self.drift.settled();
    }

    fn seconds(&self, samples: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a ring holds a second")]
        let seconds = samples as f64 / (self.per_ms * 1000) as f64;
        seconds
    }
}
