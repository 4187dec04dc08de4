//! A microphone as a source.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{Device, FromSample, SampleFormat, SizedSample, Stream, StreamConfig};
use relay_engine::Micros;
use relay_wire::SAMPLE_RATE;
use ringbuf::traits::{Consumer, Observer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use super::list::{Way, find};
use super::{Health, RateConverter, choose, error_callback, failed, for_format, name_of, with_small_callbacks};
use crate::exit::Failure;
use crate::sources::Source;
use crate::time::LocalClock;

/// The ring is looked up this often: waking its thread from the callback would be a system call there.
const POLL: Duration = Duration::from_millis(2);

/// After so many looks the thread goes round once, to see whether it is time to stop.
const LOOKS: u32 = 10;

/// A latency the backend claims is believed up to this.
const MOST_LATENCY_US: u32 = 500_000;

/// An opened microphone.
pub struct Microphone {
    /// Its name.
    pub name: String,
    /// Keeps it running.
    pub stream: Stream,
    /// What it gives.
    pub source: DeviceSource,
}

/// Opens a microphone, by name or the default one.
///
/// # Errors
/// [`Failure::Device`].
pub fn open(name: Option<&str>, clock: LocalClock) -> Result<Microphone, Failure> {
    let device = find(name, Way::In)?;
    let failure = |error: &cpal::Error| failed("microphone", &device, error);
    let default = device.default_input_config().map_err(|e| failure(&e))?;
    let supported = device.supported_input_configs().map_err(|e| failure(&e))?;
    let (config, format) = choose(default, supported);
    let health = Arc::new(Health::default());
    let latency_us = Arc::new(AtomicU32::new(0));
    let (stream, samples) = with_small_callbacks(config, |config| {
        let (ring_in, ring) = HeapRb::new(config.sample_rate as usize).split();
        let stream = build(&device, config, format, ring_in, Arc::clone(&latency_us), &health)?;
        Ok((stream, ring))
    })
    .map_err(|e| failure(&e))?;
    stream.play().map_err(|e| failure(&e))?;
    let block = (config.sample_rate / 200) as usize;
    let converter = (config.sample_rate != SAMPLE_RATE)
        .then(|| RateConverter::new(config.sample_rate, SAMPLE_RATE, block))
        .transpose()?;
    let source = DeviceSource {
        samples,
        converter,
        block,
        pending: Vec::with_capacity(config.sample_rate as usize),
        rate: config.sample_rate,
        latency_us,
        health,
        clock,
    };
    Ok(Microphone { name: name_of(&device), stream, source })
}

fn build(
    device: &Device,
    config: StreamConfig,
    format: SampleFormat,
    ring: HeapProd<f32>,
    latency_us: Arc<AtomicU32>,
    health: &Arc<Health>,
) -> Result<Stream, cpal::Error> {
    for_format!(format, build_typed(device, config, ring, latency_us, health))
}

fn build_typed<T>(
    device: &Device,
    config: StreamConfig,
    mut ring: HeapProd<f32>,
    latency_us: Arc<AtomicU32>,
    health: &Arc<Health>,
) -> Result<Stream, cpal::Error>
where
    T: SizedSample,
    f32: FromSample<T>,
{
    let channels = usize::from(config.channels);
    let share = 1.0 / f32::from(config.channels);
    device.build_input_stream(
        config,
        move |data: &[T], info: &cpal::InputCallbackInfo| {
            let at = info.timestamp();
            let age = at.callback.saturating_duration_since(at.capture).as_micros();
            latency_us.store(u32::try_from(age).unwrap_or(0).min(MOST_LATENCY_US), Ordering::Relaxed);
            // What does not fit is lost: its reader has stood still for a second.
            ring.push_iter(
                data.chunks_exact(channels)
                    .map(|frame| frame.iter().map(|&sample| f32::from_sample_(sample)).sum::<f32>() * share),
            );
        },
        error_callback(health),
        None,
    )
}

/// A microphone's samples, mono at 48 kHz.
pub struct DeviceSource {
    samples: HeapCons<f32>,
    converter: Option<RateConverter>,
    /// Samples the converter takes at once.
    block: usize,
    /// Samples at the device's rate that were not converted yet.
    pending: Vec<f32>,
    rate: u32,
    /// Age of the first sample of the last callback when it came.
    latency_us: Arc<AtomicU32>,
    health: Arc<Health>,
    clock: LocalClock,
}

impl DeviceSource {
    fn convert(&mut self, samples: &mut Vec<i16>) {
        let Some(converter) = &mut self.converter else {
            samples.extend(self.pending.drain(..).map(to_i16));
            return;
        };
        let whole = self.pending.len() / self.block * self.block;
        for block in self.pending[..whole].chunks_exact(self.block) {
            samples.extend(converter.convert(block).iter().copied().map(to_i16));
        }
        self.pending.drain(..whole);
    }
}

impl Source for DeviceSource {
    /// What was said before joining is not sent.
    fn start(&mut self, _now: Micros) {
        self.samples.clear();
    }

    fn read(&mut self, samples: &mut Vec<i16>) -> io::Result<Option<Micros>> {
        for _ in 0..LOOKS {
            self.health.check()?;
            let there = self.samples.occupied_len();
            if there > 0 {
                self.pending.extend(self.samples.pop_iter().take(there));
                let waiting_us = self.pending.len() as u64 * 1_000_000 / u64::from(self.rate);
                self.convert(samples);
                // The callback's age is its first sample's; its last one is younger by the callback's length.
                let latency_us = u64::from(self.latency_us.load(Ordering::Relaxed));
                return Ok(Some(self.clock.now() - latency_us.saturating_sub(waiting_us)));
            }
            std::thread::sleep(POLL);
        }
        Ok(Some(self.clock.now()))
    }
}

fn to_i16(sample: f32) -> i16 {
    #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, which is what a sample does")]
    let sample = (sample * 32768.0).round() as i16;
    sample
}
