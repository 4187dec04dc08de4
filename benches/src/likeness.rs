//! How much of a voice is left after its time was changed: the pitch, and the distance of its spectra, both at 16 kHz.

use realfft::RealFftPlanner;

/// Signals are at 16 kHz here.
const RATE: f32 = 16_000.0;

/// A spectrum every 10 ms, of 32 ms.
const HOP: usize = 160;
const WINDOW: usize = 512;

/// Bands of the mel scale between these frequencies; speech at 16 kHz has nothing above.
const BANDS: usize = 40;
const LOWEST_HZ: f32 = 60.0;
const HIGHEST_HZ: f32 = 7600.0;

/// Spectra have a floor of −80 dBFS: below, there is nothing to be heard.
const FLOOR_DB: f32 = -80.0;

/// Pitch of a human voice, and how periodic a frame must be to have one.
const LOWEST_PITCH_HZ: f32 = 60.0;
const HIGHEST_PITCH_HZ: f32 = 400.0;
const VOICED: f32 = 0.6;

/// Log-mel spectra, decibels, one every 10 ms.
#[must_use]
pub fn log_mel(signal: &[f32]) -> Vec<[f32; BANDS]> {
    let fft = RealFftPlanner::<f32>::new().plan_fft_forward(WINDOW);
    let mut spectrum = fft.make_output_vec();
    let edges: Vec<f32> = (0..BANDS + 2).map(edge_bin).collect();
    let hann = |n: usize| 0.5 - 0.5 * (std::f32::consts::TAU * n as f32 / WINDOW as f32).cos();
    let frames = signal.windows(WINDOW).step_by(HOP);
    frames
        .map(|frame| {
            let mut windowed: Vec<f32> = frame.iter().enumerate().map(|(n, x)| x * hann(n)).collect();
            fft.process(&mut windowed, &mut spectrum).expect("lengths are those of the plan");
            let power: Vec<f32> = spectrum.iter().map(|bin| bin.norm_sqr() / (WINDOW * WINDOW) as f32).collect();
            std::array::from_fn(|band| {
                (10.0 * in_band(&power, &edges[band..band + 3]).max(1e-12).log10()).max(FLOOR_DB)
            })
        })
        .collect()
}

/// Distance of two sequences of spectra after dynamic time warping: root mean square over the bands, mean along the path,
/// decibels.
#[must_use]
pub fn distance_db(a: &[[f32; BANDS]], b: &[[f32; BANDS]]) -> f32 {
    let apart = |x: &[f32; BANDS], y: &[f32; BANDS]| {
        (x.iter().zip(y).map(|(x, y)| (x - y).powi(2)).sum::<f32>() / BANDS as f32).sqrt()
    };
    // Sum of the distances on the best path to each place, and the length of that path.
    let nowhere = (f32::INFINITY, 0u32);
    let mut before = vec![nowhere; b.len() + 1];
    before[0] = (0.0, 0);
    for x in a {
        let mut row = vec![nowhere; b.len() + 1];
        for (n, y) in b.iter().enumerate() {
            let steps = [before[n], before[n + 1], row[n]];
            let (sum, length) =
                steps.into_iter().reduce(|s, t| if t.0 < s.0 { t } else { s }).expect("there are three");
            row[n + 1] = (sum + apart(x, y), length + 1);
        }
        before = row;
    }
    let (sum, length) = before[b.len()];
    sum / length.max(1) as f32
}

/// Median pitch of the voiced frames of all these signals, Hz; not a number where there is none.
#[must_use]
pub fn median_pitch_hz<'a>(signals: impl Iterator<Item = &'a [f32]>) -> f32 {
    let frames = signals.flat_map(|signal| signal.windows(2 * WINDOW).step_by(HOP));
    let mut pitches: Vec<f32> = frames.filter_map(pitch_hz).collect();
    pitches.sort_by(f32::total_cmp);
    pitches.get(pitches.len() / 2).copied().unwrap_or(f32::NAN)
}

/// Pitch of one frame, by normalised autocorrelation with the peak interpolated.
fn pitch_hz(frame: &[f32]) -> Option<f32> {
    let rms = (frame.iter().map(|x| x * x).sum::<f32>() / frame.len() as f32).sqrt();
    if rms < 0.003 {
        return None;
    }
    let (shortest, longest) = ((RATE / HIGHEST_PITCH_HZ) as usize, (RATE / LOWEST_PITCH_HZ) as usize);
    let length = frame.len() - longest;
    let like = |lag: usize| {
        let (a, b) = (&frame[..length], &frame[lag..lag + length]);
        let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt().max(1e-9)
    };
    let likes: Vec<f32> = (shortest - 1..=longest).map(like).collect();
    let highest = likes.iter().copied().fold(0.0, f32::max);
    // The first peak that is nearly the highest: its multiples are as high.
    let peak = (1..likes.len() - 1)
        .find(|&n| likes[n] >= 0.95 * highest && likes[n] >= likes[n - 1] && likes[n] > likes[n + 1])?;
    let (left, top, right) = (likes[peak - 1], likes[peak], likes[peak + 1]);
    let fraction = 0.5 * (left - right) / (left - 2.0 * top + right);
    (top >= VOICED).then(|| RATE / ((shortest - 1 + peak) as f32 + fraction))
}

/// Power in a triangular band between three bins.
fn in_band(power: &[f32], edges: &[f32]) -> f32 {
    let (from, to) = (edges[0].ceil() as usize, edges[2].floor() as usize);
    let weight = |bin: f32| {
        let (rising, falling) = ((bin - edges[0]) / (edges[1] - edges[0]), (edges[2] - bin) / (edges[2] - edges[1]));
        rising.min(falling).max(0.0)
    };
    (from..=to).map(|bin| weight(bin as f32) * power[bin]).sum()
}

/// The n-th edge of the bands, in bins: evenly spread on the mel scale.
fn edge_bin(n: usize) -> f32 {
    let mel = |hertz: f32| 2595.0 * (1.0 + hertz / 700.0).log10();
    let (lowest, highest) = (mel(LOWEST_HZ), mel(HIGHEST_HZ));
    let at = lowest + (highest - lowest) * n as f32 / (BANDS + 1) as f32;
    700.0 * (10f32.powf(at / 2595.0) - 1.0) * WINDOW as f32 / RATE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hum(hertz: f32, samples: usize) -> Vec<f32> {
        let wave =
            |t: f32| (1..9).map(|n| (std::f32::consts::TAU * hertz * n as f32 * t).sin() / n as f32).sum::<f32>();
        (0..samples).map(|n| 0.1 * wave(n as f32 / RATE)).collect()
    }

    #[test]
    fn the_pitch_of_a_hum_is_found_to_a_thousandth() {
        for hertz in [83.0, 120.0, 211.0, 333.0] {
            let pitch = median_pitch_hz([&hum(hertz, 8_000)[..]].into_iter());
            assert!((pitch / hertz - 1.0).abs() < 0.001, "{pitch} of {hertz} Hz");
        }
        assert!(median_pitch_hz([&[0.0; 8_000][..]].into_iter()).is_nan());
    }

    #[test]
    fn speech_that_the_jitter_buffer_makes_a_tenth_longer_or_shorter_keeps_its_pitch_and_its_sound() {
        let sentences = crate::speech::sentences().expect("the samples are in the repository");
        for (percent, most_db) in [(-10, 1.1), (10, 1.0)] {
            let (mut before, mut after, mut db) = (Vec::new(), Vec::new(), 0.0);
            for sentence in &sentences {
                let pcm = crate::tone::to_pcm(sentence);
                let scaled = relay_engine::jitter::time_scaled(&pcm, percent);
                let tenth = 100.0 * (scaled.len() as f32 / pcm.len() as f32 - 1.0);
                assert!((tenth / percent as f32 - 1.0).abs() < 0.3, "{tenth} %");
                let [original, scaled] =
                    [sentence, &crate::tone::from_pcm(&scaled)].map(|signal| crate::speech::downsample(signal));
                db += distance_db(&log_mel(&original), &log_mel(&scaled)) / sentences.len() as f32;
                before.push(original);
                after.push(scaled);
            }
            let pitch = |of: &[Vec<f32>]| median_pitch_hz(of.iter().map(Vec::as_slice));
            let change = pitch(&after) / pitch(&before) - 1.0;
            assert!(change.abs() < 0.01 && db < most_db, "{percent} %: pitch {change}, {db} dB away");
        }
    }

    #[test]
    fn what_only_takes_longer_is_near_and_what_is_another_sound_is_far() {
        let (low, high) = (hum(120.0, 8_000), hum(211.0, 8_000));
        let there_and_back = |middle: usize| log_mel(&[&low[..], &high[..middle], &low[..]].concat());
        let near = distance_db(&there_and_back(4_800), &there_and_back(6_400));
        let far = distance_db(&log_mel(&low), &log_mel(&high));
        assert!(near < 0.1 && far > 3.0, "{near} {far}");
    }
}
