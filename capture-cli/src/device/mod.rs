//! Microphones and speakers, through cpal.
//!
//! Between a device's callback and the thread of its codec stands a ring: the callback only moves samples. It takes no
//! lock, allocates nothing, logs nothing and calls no system.

pub mod capture;
pub mod drift;
pub mod list;
pub mod playback;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use cpal::{BufferSize, Device, ErrorKind, SampleFormat, StreamConfig, SupportedStreamConfig};
use relay_wire::SAMPLE_RATE;
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Adjustable, Async, FixedAsync, Resampler, SincInterpolationParameters, SincInterpolationType, WindowFunction,
};

use crate::exit::Failure;

/// What a device's callbacks want: 10 ms, where the system lets one choose.
const CALLBACK_MS: u32 = 10;

/// What the error callback says, for the thread beside it. The backend may call it a thousand times a second, on the
/// thread of the data callback, so it only counts; what ends the stream is kept once.
#[derive(Debug, Default)]
pub struct Health {
    ended: OnceLock<String>,
    hiccups: AtomicU64,
}

impl Health {
    /// Takes an error of the stream.
    fn note(&self, error: &cpal::Error) {
        match error.kind() {
            ErrorKind::DeviceNotAvailable | ErrorKind::StreamInvalidated | ErrorKind::HostUnavailable => {
                let _ = self.ended.set(error.to_string());
            }
            _ => {
                self.hiccups.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// An error once the stream has ended.
    ///
    /// # Errors
    /// The reason it ended.
    pub fn check(&self) -> io::Result<()> {
        match self.ended.get() {
            Some(reason) => Err(io::Error::other(format!("the device is gone: {reason}"))),
            None => Ok(()),
        }
    }

    /// Errors the stream survived: underruns and overruns, mostly.
    #[must_use]
    pub fn hiccups(&self) -> u64 {
        self.hiccups.load(Ordering::Relaxed)
    }
}

/// A format of a device: 48 kHz where it has that, otherwise its default.
fn choose(
    default: SupportedStreamConfig,
    supported: impl Iterator<Item = cpal::SupportedStreamConfigRange>,
) -> (StreamConfig, SampleFormat) {
    let format = default.sample_format();
    let at_our_rate = supported
        .filter(|range| range.channels() == default.channels() && range.sample_format() == format)
        .find_map(|range| range.try_with_sample_rate(SAMPLE_RATE));
    (at_our_rate.unwrap_or(default).config(), format)
}

/// Builds a stream with small callbacks, or with those the system likes if it takes no others.
fn with_small_callbacks<S>(
    mut config: StreamConfig,
    mut build: impl FnMut(StreamConfig) -> Result<S, cpal::Error>,
) -> Result<S, cpal::Error> {
    config.buffer_size = BufferSize::Fixed(config.sample_rate * CALLBACK_MS / 1000);
    build(config).or_else(|_| {
        config.buffer_size = BufferSize::Default;
        build(config)
    })
}

/// The name of a device, fit to be shown.
fn name_of(device: &Device) -> String {
    crate::roster::escape(&device.to_string())
}

fn failed(what: &str, device: &Device, error: &cpal::Error) -> Failure {
    Failure::Device(format!("{what} {:?}: {error}", name_of(device)))
}

/// Converts a stream of samples from one rate to another, a little faster or slower on demand.
struct RateConverter {
    resampler: Async<f32>,
    output: Vec<f32>,
}

impl RateConverter {
    /// A converter that takes blocks of `block` samples.
    fn new(from: u32, to: u32, block: usize) -> Result<Self, Failure> {
        // 32/128 linear: 8.7 µs per 10 ms, 0.35 ms of delay, and nothing a loudspeaker shows of it.
        let parameters = SincInterpolationParameters {
            sinc_len: 32,
            f_cutoff: None,
            oversampling_factor: 128,
            interpolation: SincInterpolationType::Linear,
            window: WindowFunction::BlackmanHarris2,
        };
        let ratio = f64::from(to) / f64::from(from);
        let resampler = Async::new_sinc(ratio, 1.0 + 2.0 * drift::MOST, &parameters, block, 1, FixedAsync::Input)
            .map_err(|e| Failure::Device(format!("no conversion from {from} to {to} Hz: {e}")))?;
        let output = vec![0.0; resampler.output_frames_max()];
        Ok(Self { resampler, output })
    }

    /// Runs at `relative` times the nominal ratio from now on.
    fn set_relative(&mut self, relative: f64) {
        // Out of range only if the bound given above were smaller than the controller's.
        let _ = self.resampler.set_resample_ratio_relative(relative, true);
    }

    /// Converts one block.
    fn convert(&mut self, block: &[f32]) -> &[f32] {
        let capacity = self.output.len();
        let written = InterleavedSlice::new(block, 1, block.len()).ok().and_then(|input| {
            let mut output = InterleavedSlice::new_mut(&mut self.output, 1, capacity).ok()?;
            Some(self.resampler.process_into_buffer(&input, &mut output, None).ok()?.1)
        });
        &self.output[..written.unwrap_or(0)]
    }
}

/// Calls a generic function with the sample type of a format.
macro_rules! for_format {
    ($format:expr, $function:ident($($argument:expr),*)) => {
        match $format {
            SampleFormat::I8 => $function::<i8>($($argument),*),
            SampleFormat::I16 => $function::<i16>($($argument),*),
            SampleFormat::I24 => $function::<cpal::I24>($($argument),*),
            SampleFormat::I32 => $function::<i32>($($argument),*),
            SampleFormat::U8 => $function::<u8>($($argument),*),
            SampleFormat::U16 => $function::<u16>($($argument),*),
            SampleFormat::U32 => $function::<u32>($($argument),*),
            SampleFormat::F32 => $function::<f32>($($argument),*),
            SampleFormat::F64 => $function::<f64>($($argument),*),
            other => Err(cpal::Error::with_message(
                cpal::ErrorKind::UnsupportedConfig,
                format!("samples of the format {other} are not supported"),
            )),
        }
    };
}
use for_format;

/// An error callback for a stream.
fn error_callback(health: &Arc<Health>) -> impl FnMut(cpal::Error) + Send + 'static {
    let health = Arc::clone(health);
    move |error| health.note(&error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::sine;

    #[test]
    fn a_storm_of_errors_is_counted_and_the_end_is_said_once() {
        let health = Health::default();
        for _ in 0..10_000 {
            health.note(&ErrorKind::Xrun.into());
        }
        assert_eq!(health.hiccups(), 10_000);
        assert!(health.check().is_ok());
        health.note(&ErrorKind::DeviceNotAvailable.into());
        health.note(&ErrorKind::StreamInvalidated.into());
        assert!(health.check().is_err());
    }

    #[test]
    fn a_converted_tone_keeps_pitch_and_level() {
        let mut converter = RateConverter::new(44_100, 48_000, 441).unwrap();
        let tone: Vec<f32> = (0u16..44_100).map(|i| (f32::from(i) * 0.0626).sin() * 0.5).collect();
        let mut out = Vec::new();
        for block in tone.chunks_exact(441) {
            out.extend(converter.convert(block).iter().map(|s| (s * 32768.0) as i16));
        }
        assert!(out.len().abs_diff(48_000) < 60, "{}", out.len());
        let expected = sine(out.len(), 0.0626 / std::f64::consts::TAU * 44_100.0, -6.02);
        let (_, score) = crate::signal::find(&expected[4_000..8_000], &out[3_900..12_000]).unwrap();
        assert!(score > 0.9999, "{score}");
    }
}
