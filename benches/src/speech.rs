//! Speech from `samples/speech`, as a quiet background that keeps a talker selected.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use realfft::{RealFftPlanner, num_complex::Complex};

use crate::tone;

/// Samples at 48 kHz for each of a file's at 16 kHz.
const UPSAMPLING: usize = 3;

/// The sentences of `samples/speech` at 48 kHz.
///
/// # Errors
/// If the files are not there, or not 16-bit mono at 16 kHz.
pub fn sentences() -> Result<Vec<Vec<f32>>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/speech");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .with_context(|| format!("reading {}", folder.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "wav"))
        .collect();
    ensure!(!files.is_empty(), "no WAV file in {}", folder.display());
    files.sort();
    files.iter().map(|file| Ok(upsample(&read(file)?))).collect()
}

/// The sentences of `samples/speech`, from number `first` on and over again, at `rms_dbfs` over speech and its pauses.
///
/// # Errors
/// As [`sentences`].
pub fn quiet(first: usize, rms_dbfs: f32, samples: usize) -> Result<Vec<f32>> {
    let mut sentences = sentences()?;
    let count = sentences.len();
    sentences.rotate_left(first % count);
    let speech = sentences.concat();
    let gain = tone::amplitude(rms_dbfs - tone::rms_dbfs(&speech));
    Ok(speech.iter().map(|x| x * gain).cycle().take(samples).collect())
}

/// The signal without what lies between two frequencies, where a bench looks for something else.
#[must_use]
pub fn without_band(signal: &[f32], hertz: std::ops::Range<f32>) -> Vec<f32> {
    let bin = |hertz: f32| (hertz / crate::RATE * signal.len() as f32) as usize;
    through_spectrum(signal, signal.len(), |spectrum| {
        let to = bin(hertz.end).min(spectrum.len());
        spectrum[bin(hertz.start).min(to)..to].fill(Complex::default());
    })
}

/// A third of the rate, 16 kHz: the spectrum without what is above the new half rate.
#[must_use]
pub fn downsample(signal: &[f32]) -> Vec<f32> {
    let whole = &signal[..signal.len() / UPSAMPLING * UPSAMPLING];
    resample(whole, whole.len() / UPSAMPLING)
}

fn read(path: &Path) -> Result<Vec<f32>> {
    let mut reader = hound::WavReader::open(path).with_context(|| format!("opening {}", path.display()))?;
    let spec = reader.spec();
    ensure!(
        spec.sample_rate as usize * UPSAMPLING == relay_wire::SAMPLE_RATE as usize && spec.channels == 1,
        "{} is not mono at 16 kHz",
        path.display()
    );
    let pcm = reader.samples::<i16>().collect::<Result<Vec<i16>, _>>()?;
    Ok(tone::from_pcm(&pcm))
}

/// Three times the rate: the spectrum, with nothing above the old half rate.
fn upsample(signal: &[f32]) -> Vec<f32> {
    resample(signal, signal.len() * UPSAMPLING)
}

/// The same signal in another number of samples, by way of its spectrum.
fn resample(signal: &[f32], samples: usize) -> Vec<f32> {
    through_spectrum(signal, samples, |_| ())
}

fn through_spectrum(signal: &[f32], samples: usize, change: impl FnOnce(&mut [Complex<f32>])) -> Vec<f32> {
    let mut planner = RealFftPlanner::<f32>::new();
    let forward = planner.plan_fft_forward(signal.len());
    let inverse = planner.plan_fft_inverse(samples);
    let mut spectrum = forward.make_output_vec();
    forward.process(&mut signal.to_vec(), &mut spectrum).expect("lengths are those of the plan");
    change(&mut spectrum);
    spectrum.truncate(samples / 2 + 1);
    // The bin at half the lower rate stands for two at the higher, and the outermost must be real.
    if let Some(last) = spectrum.last_mut() {
        *last = Complex::default();
    }
    spectrum.resize(samples / 2 + 1, Complex::default());
    let mut out = inverse.make_output_vec();
    inverse.process(&mut spectrum, &mut out).expect("lengths are those of the plan");
    let scale = 1.0 / signal.len() as f32;
    out.iter().map(|x| x * scale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    #[test]
    fn upsampling_keeps_a_tone_as_it_is() {
        let at = |rate: f32, n: usize| (n as f32 * 1000.0 / rate * std::f32::consts::TAU).sin();
        let low: Vec<f32> = (0..1600).map(|n| at(16_000.0, n)).collect();
        for (n, x) in upsample(&low).iter().enumerate() {
            assert!((x - at(48_000.0, n)).abs() < 0.01, "{n}");
        }
    }

    #[test]
    fn down_is_the_way_back_from_up() {
        let noise = tone::noise(-20.0, 4800, &mut Rng::new(1));
        let low = downsample(&noise);
        assert_eq!(low.len(), 1600);
        let again = downsample(&upsample(&low));
        assert!(low.iter().zip(&again).all(|(a, b)| (a - b).abs() < 1e-5));
    }

    #[test]
    fn a_band_is_taken_out_and_the_rest_stays() {
        let tones: Vec<Vec<f32>> = [300.0, 800.0, 2000.0].map(|hertz| tone::sine(hertz, 0.1, 48_000)).into();
        let sum: Vec<f32> = (0..48_000).map(|n| tones.iter().map(|tone| tone[n]).sum()).collect();
        for (n, x) in without_band(&sum, 400.0..1400.0).iter().enumerate() {
            assert!((x - tones[0][n] - tones[2][n]).abs() < 1e-3, "{n}");
        }
    }

    #[test]
    fn the_speech_is_as_long_and_as_loud_as_asked() {
        let speech = quiet(1, -40.0, 20 * 48_000).expect("the samples are in the repository");
        assert_eq!(speech.len(), 960_000);
        assert!((tone::rms_dbfs(&speech) + 40.0).abs() < 2.0, "{}", tone::rms_dbfs(&speech));
        assert_ne!(speech[..48_000], quiet(2, -40.0, 48_000).expect("the samples are in the repository")[..]);
    }
}
