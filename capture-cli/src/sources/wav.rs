//! WAV files in: any rate, any common sample format, any number of channels.

use std::path::Path;

use relay_wire::SAMPLE_RATE;
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler};

use crate::exit::Failure;

/// Reads a whole file as mono at 48 kHz.
///
/// # Errors
/// [`Failure::File`] where it is missing, not a WAV file, of an unusual format, or empty.
pub fn read(path: &Path) -> Result<Vec<i16>, Failure> {
    let failure = |what: String| Failure::File(format!("{}: {what}", path.display()));
    let mut reader = hound::WavReader::open(path).map_err(|e| failure(reason(&e)))?;
    let spec = reader.spec();
    if spec.channels == 0 || !(4_000..=768_000).contains(&spec.sample_rate) {
        return Err(failure(format!("{} channels at {} Hz make no sense", spec.channels, spec.sample_rate)));
    }
    let samples = read_samples(&mut reader).map_err(|e| failure(reason(&e)))?;
    let mono: Vec<f32> = samples
        .chunks_exact(usize::from(spec.channels))
        .map(|frame| frame.iter().sum::<f32>() / f32::from(spec.channels))
        .collect();
    if mono.is_empty() {
        return Err(failure("there is no sound in it".into()));
    }
    let mono = resample(mono, spec.sample_rate).map_err(failure)?;
    Ok(mono.into_iter().map(to_i16).collect())
}

fn read_samples(reader: &mut hound::WavReader<impl std::io::Read>) -> Result<Vec<f32>, hound::Error> {
    let spec = reader.spec();
    match spec.sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().collect(),
        hound::SampleFormat::Int => {
            #[expect(clippy::cast_possible_truncation, reason = "a power of two up to 2^31 is exact")]
            let scale = (0.5f64.powi(i32::from(spec.bits_per_sample) - 1)) as f32;
            #[expect(clippy::cast_precision_loss, reason = "24 significant bits are more than 16 bits out need")]
            let samples = reader.samples::<i32>().map(|s| s.map(|s| s as f32 * scale)).collect();
            samples
        }
    }
}

fn resample(mono: Vec<f32>, rate: u32) -> Result<Vec<f32>, String> {
    if rate == SAMPLE_RATE {
        return Ok(mono);
    }
    let wrong = |e: &dyn std::fmt::Display| format!("cannot resample from {rate} Hz: {e}");
    let mut resampler =
        Fft::<f32>::new(rate as usize, SAMPLE_RATE as usize, 1024, 1, FixedSync::Both).map_err(|e| wrong(&e))?;
    let input = InterleavedSlice::new(&mono, 1, mono.len()).map_err(|e| wrong(&e))?;
    let output = resampler.process_all(&input, mono.len(), None).map_err(|e| wrong(&e))?;
    Ok(output.take_data())
}

/// Full scale is 32768 steps, so that 16-bit files come through unchanged.
fn to_i16(sample: f32) -> i16 {
    #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, which is what a sample does")]
    let sample = (sample * 32768.0).round() as i16;
    sample
}

fn reason(error: &hound::Error) -> String {
    match error {
        hound::Error::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => "it ends too early".into(),
        hound::Error::IoError(e) => e.to_string(),
        hound::Error::FormatError(e) => format!("not a WAV file ({e})"),
        hound::Error::Unsupported => "a WAV file of a kind that is not supported (try 16-bit PCM)".into(),
        e => e.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::sine;

    #[test]
    fn any_rate_and_format_gives_the_same_tone_at_48_khz() {
        let folder = tempfile::tempdir().unwrap();
        let expected = sine(48_000, 440.0, -6.0);
        for rate in [8_000, 11_025, 16_000, 44_100, 48_000, 96_000] {
            for (bits, format) in
                [(16, hound::SampleFormat::Int), (24, hound::SampleFormat::Int), (32, hound::SampleFormat::Float)]
            {
                let path = folder.path().join("tone.wav");
                let spec =
                    hound::WavSpec { channels: 2, sample_rate: rate, bits_per_sample: bits, sample_format: format };
                let mut writer = hound::WavWriter::create(&path, spec).unwrap();
                for i in 0..rate {
                    let value = 0.501_187 * (std::f64::consts::TAU * 440.0 * f64::from(i) / f64::from(rate)).sin();
                    for _ in 0..2 {
                        match format {
                            hound::SampleFormat::Float => writer.write_sample(value as f32).unwrap(),
                            hound::SampleFormat::Int => {
                                writer.write_sample((value * f64::from(1i32 << (bits - 1))) as i32).unwrap();
                            }
                        }
                    }
                }
                writer.finalize().unwrap();
                let read = read(&path).unwrap();
                assert!(read.len().abs_diff(48_000) <= 1, "{rate}: {}", read.len());
                // A resampler's delay is a whole number of samples at the lower rate only, so allow one of those.
                let worst = |shift: usize| {
                    (2_000..46_000)
                        .map(|i| (i32::from(read[i + shift]) - i32::from(expected[i + 6])).abs())
                        .max()
                        .unwrap()
                };
                let least = (0..=12).map(worst).min().unwrap();
                assert!(least < 600, "{rate} Hz, {bits} bits: off by {least}");
            }
        }
    }

    #[test]
    fn what_is_no_wav_file_is_refused_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.wav");
        assert!(read(&path).unwrap_err().to_string().contains("No such file"));
        std::fs::write(&path, b"").unwrap();
        assert!(read(&path).is_err());
        std::fs::write(&path, vec![7; 5000]).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("not a WAV file"));
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 48_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        hound::WavWriter::create(&path, spec).unwrap().finalize().unwrap();
        let empty = read(&path).unwrap_err();
        assert!(empty.to_string().contains("no sound"), "{empty}");
        assert_eq!(empty.code(), 3);
    }
}
