//! Signals to measure with: markers, correlation and alignment, noise. Shared by the probe, the tests and the benches.

use std::f64::consts::TAU;

use relay_wire::SAMPLE_RATE;

pub use crate::level::dbfs;

/// A linear chirp from `from_hz` to `to_hz` at `level_db` dBFS peak, faded in and out over an eighth of its length each.
#[must_use]
pub fn chirp(samples: usize, from_hz: f64, to_hz: f64, level_db: f64) -> Vec<i16> {
    let seconds = as_f64(samples) / rate();
    let fade = as_f64((samples / 8).max(1));
    let peak = 32767.0 * 10f64.powf(level_db / 20.0);
    (0..samples)
        .map(|i| {
            let t = as_f64(i) / rate();
            let phase = TAU * (from_hz * t + (to_hz - from_hz) * t * t / (2.0 * seconds));
            let edge = as_f64(i.min(samples - 1 - i));
            to_i16(peak * (edge / fade).min(1.0) * phase.sin())
        })
        .collect()
}

/// A sine at `level_db` dBFS peak.
#[must_use]
pub fn sine(samples: usize, hz: f64, level_db: f64) -> Vec<i16> {
    let peak = 32767.0 * 10f64.powf(level_db / 20.0);
    (0..samples).map(|i| to_i16(peak * (TAU * hz * as_f64(i) / rate()).sin())).collect()
}

/// Seeded white noise (xorshift64*), the same on every machine.
#[derive(Debug, Clone)]
pub struct Noise {
    state: u64,
}

impl Noise {
    /// Noise of that seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1 }
    }

    /// The next number in 0..1.
    pub fn unit(&mut self) -> f64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let bits = self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11;
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
        let unit = bits as f64 / (1u64 << 53) as f64;
        unit
    }

    /// The next samples, at `level_db` dBFS; digital silence at −∞.
    pub fn frame(&mut self, samples: usize, level_db: f64) -> Vec<i16> {
        // A uniform distribution of half-width a has the effective value a/√3.
        let width = 32768.0 * 10f64.powf(level_db / 20.0) * 3f64.sqrt();
        (0..samples).map(|_| to_i16((self.unit() * 2.0 - 1.0) * width)).collect()
    }
}

/// Where `marker` begins in `signal`, and how surely: the offset of the highest normalised cross-correlation
/// (0 … 1 of a perfect, scaled copy). `None` where the signal is shorter than the marker.
#[must_use]
pub fn find(marker: &[i16], signal: &[i16]) -> Option<(usize, f64)> {
    let last = signal.len().checked_sub(marker.len())?;
    let marker: Vec<f64> = marker.iter().map(|&s| f64::from(s)).collect();
    let signal: Vec<f64> = signal.iter().map(|&s| f64::from(s)).collect();
    let marker_energy: f64 = marker.iter().map(|s| s * s).sum();
    let mut energy: f64 = signal[..marker.len()].iter().map(|s| s * s).sum();
    let mut best = (0, 0.0);
    for offset in 0..=last {
        let window = &signal[offset..offset + marker.len()];
        let product: f64 = window.iter().zip(&marker).map(|(a, b)| a * b).sum();
        // One step of amplitude a sample is the least energy that counts: silence correlates with nothing.
        let score = product / (marker_energy * energy.max(as_f64(marker.len()))).sqrt().max(1.0);
        if score > best.1 {
            best = (offset, score);
        }
        if let Some(&next) = signal.get(offset + marker.len()) {
            energy = (energy - window[0] * window[0] + next * next).max(0.0);
        }
    }
    Some(best)
}

/// Effective value of each block of `block` samples (the last one may be shorter).
#[must_use]
pub fn envelope(signal: &[i16], block: usize) -> Vec<f64> {
    signal
        .chunks(block)
        .map(|chunk| (chunk.iter().map(|&s| f64::from(s) * f64::from(s)).sum::<f64>() / as_f64(chunk.len())).sqrt())
        .collect()
}

/// Pearson's correlation of two series; 0 where one of them does not vary.
#[must_use]
pub fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().min(b.len());
    let (a, b) = (&a[..n], &b[..n]);
    let mean = |x: &[f64]| x.iter().sum::<f64>() / as_f64(n.max(1));
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        ab += (x - mean_a) * (y - mean_b);
        aa += (x - mean_a).powi(2);
        bb += (y - mean_b).powi(2);
    }
    if aa == 0.0 || bb == 0.0 { 0.0 } else { ab / (aa * bb).sqrt() }
}

/// The delay of `output` behind `input` in milliseconds, by their 1 ms envelopes; at most `max_ms`.
#[must_use]
pub fn align_ms(input: &[i16], output: &[i16], max_ms: usize) -> usize {
    let per_ms = SAMPLE_RATE as usize / 1000;
    let (input, output) = (envelope(input, per_ms), envelope(output, per_ms));
    let score = |lag: usize| -> f64 { input.iter().zip(output.iter().skip(lag)).map(|(a, b)| a * b).sum() };
    (0..=max_ms.min(output.len())).max_by(|&a, &b| score(a).total_cmp(&score(b))).unwrap_or(0)
}

/// Where speech is: some 10 ms of it are louder than −40 dBFS.
pub(crate) const SPEECH: f64 = 327.68;

/// Correlation of the 10 ms envelopes in each second of `input` that holds speech (some 10 ms above −40 dBFS),
/// with `output` advanced by `delay_ms`: pairs of (second, correlation).
#[must_use]
pub fn correlation_by_second(input: &[i16], output: &[i16], delay_ms: usize) -> Vec<(usize, f64)> {
    let per_ms = SAMPLE_RATE as usize / 1000;
    let block = 10 * per_ms;
    let output = output.get(delay_ms * per_ms..).unwrap_or_default();
    let (envelope_in, envelope_out) = (envelope(input, block), envelope(output, block));
    (0..envelope_in.len() / 100)
        .filter(|second| envelope_in[second * 100..(second + 1) * 100].iter().any(|&e| e > SPEECH))
        .map(|second| {
            let (from, to) = (second * 100, (second + 1) * 100);
            let heard = envelope_out.get(from..to.min(envelope_out.len())).unwrap_or_default();
            (second, if heard.len() < 100 { 0.0 } else { correlation(&envelope_in[from..to], heard) })
        })
        .collect()
}

fn rate() -> f64 {
    f64::from(SAMPLE_RATE)
}

fn as_f64(n: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "sample counts stay far below 2^52")]
    let n = n as f64;
    n
}

fn to_i16(value: f64) -> i16 {
    #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, which is what a sample does")]
    let sample = value.round() as i16;
    sample
}

/// The sentences of `samples/speech` at 48 kHz.
#[cfg(test)]
pub(crate) fn test_speech() -> Vec<Vec<i16>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../samples/speech");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "wav"));
    paths.sort();
    paths.iter().map(|path| crate::sources::wav::read(path).unwrap()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_found_to_the_sample_under_noise() {
        let marker = chirp(960, 800.0, 4000.0, -12.0);
        let mut signal = Noise::new(1).frame(9600, -40.0);
        for (sample, m) in signal[4321..].iter_mut().zip(&marker) {
            *sample += m / 2;
        }
        let (offset, score) = find(&marker, &signal).unwrap();
        assert_eq!(offset, 4321);
        assert!(score > 0.9, "{score}");
    }

    #[test]
    fn in_noise_or_nothing_no_marker_is_found() {
        let marker = chirp(960, 800.0, 4000.0, -12.0);
        assert!(find(&marker, &Noise::new(2).frame(9600, -30.0)).unwrap().1 < 0.3);
        assert_eq!(find(&marker, &[0; 9600]).unwrap().1, 0.0);
        assert_eq!(find(&marker, &[0; 10]), None);
    }

    #[test]
    fn a_delayed_copy_aligns_to_the_millisecond_and_correlates() {
        let speech = &test_speech()[0];
        let mut late = vec![0; 48 * 137];
        late.extend(speech);
        assert_eq!(align_ms(speech, &late, 500), 137);
        assert!(correlation_by_second(speech, &late, 137).iter().all(|&(_, c)| c > 0.999));
        assert!(correlation_by_second(speech, &late, 0).iter().any(|&(_, c)| c < 0.9));
    }

    #[test]
    fn noise_has_the_level_it_is_asked_for() {
        let level = dbfs(&Noise::new(3).frame(48_000, -50.0));
        assert!((level + 50.0).abs() < 0.2, "{level}");
    }
}
