//! Proves that a sender whose clock is off is followed for an hour, in virtual time: the delay stays, and nothing clicks.

use super::tests::Pcm;
use super::{JitterBuffer, Packet};
use crate::time::{Micros, Ptime};

/// What an hour gave.
struct Hour {
    /// Mean delay from capture to ear in the second minute and in the last, milliseconds.
    early_ms: f64,
    late_ms: f64,
    /// Largest difference between two samples that follow each other, after the first second.
    largest_step: i32,
    concealed_ms: u64,
}

const HOUR_US: u64 = 3_600_000_000;
const MINUTE_US: u64 = 60_000_000;
const BLOCK_US: u64 = 10_000;

#[test]
fn a_clock_that_is_off_by_300_ppm_is_followed_for_an_hour_without_a_click() {
    let speech = speech();
    let steady = play(&speech, 0);
    for ppm in [300, -300] {
        let hour = play(&speech, ppm);
        let drifted = hour.late_ms - hour.early_ms;
        eprintln!(
            "{ppm} ppm: delay {:.1} ms in the second minute, {:.1} in the last; largest step {} ({} without drift); {} ms concealed",
            hour.early_ms, hour.late_ms, hour.largest_step, steady.largest_step, hour.concealed_ms
        );
        assert!(drifted.abs() < 10.0, "{ppm} ppm: from {} to {} ms", hour.early_ms, hour.late_ms);
        let (step, least) = (hour.largest_step, steady.largest_step);
        assert!(step <= 3 * least, "{ppm} ppm: a step of {step}, without drift {least}");
        assert!(hour.concealed_ms < 400, "{ppm} ppm: {} ms concealed", hour.concealed_ms);
    }
}

/// Plays the speech over and over for an hour, sent by a clock that runs so much too fast.
fn play(speech: &[i16], ppm: i64) -> Hour {
    let mut buffer = JitterBuffer::new(Pcm, Ptime::Ms20);
    let mut frames = speech.chunks_exact(Ptime::Ms20.samples()).cycle();
    let (mut timestamp, mut captured_us) = (0u32, 0.0);
    let mut hour = Hour { early_ms: 0.0, late_ms: 0.0, largest_step: 0, concealed_ms: 0 };
    let (mut last, mut early, mut late) = (0, 0u32, 0u32);
    for now in (3_000..HOUR_US).step_by(10_000) {
        while captured_us + 20_500.0 <= now as f64 {
            let payload: Vec<u8> = frames.next().expect("speech").iter().flat_map(|s| s.to_le_bytes()).collect();
            let capture_us = captured_us as u64 as u32 | 1;
            let packet = Packet { timestamp, capture_us, payload: payload.into(), ..Packet::default() };
            buffer.insert(Micros((captured_us + 20_500.0) as u64), packet);
            timestamp = timestamp.wrapping_add(960);
            captured_us += 20_000.0 * (1.0 - ppm as f64 / 1e6);
        }
        let mut block = [0; 480];
        let pulled = buffer.pull(Micros(now), &mut block);
        for sample in block {
            if now > 1_000_000 {
                hour.largest_step = hour.largest_step.max((i32::from(sample) - last).abs());
            }
            last = i32::from(sample);
        }
        if !pulled.active {
            continue;
        }
        let age_ms = f64::from(relay_wire::audio::stamp_age_us(pulled.capture_us, now).expect("a stamp")) / 1000.0;
        if (MINUTE_US..2 * MINUTE_US).contains(&now) {
            hour.early_ms += age_ms;
            early += 1;
        } else if now >= HOUR_US - MINUTE_US {
            hour.late_ms += age_ms;
            late += 1;
        }
    }
    assert!(u64::from(early.min(late)) > MINUTE_US / BLOCK_US / 2, "it plays");
    hour.early_ms /= f64::from(early);
    hour.late_ms /= f64::from(late);
    hour.concealed_ms = buffer.stats().concealed_samples / 48;
    hour
}

/// The sentences of `samples/speech` at 48 kHz, by lines from sample to sample.
fn speech() -> Vec<i16> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/speech");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("the samples").map(|f| f.expect("a file").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "wav"));
    files.sort();
    let samples = files.iter().flat_map(|file| {
        let mut reader = hound::WavReader::open(file).expect("a WAV file");
        reader.samples::<i16>().map(|s| i32::from(s.expect("16 bits"))).collect::<Vec<_>>()
    });
    let samples: Vec<i32> = samples.collect();
    let third = |pair: &[i32], n: i32| ((pair[0] * (3 - n) + pair[1] * n) / 3) as i16;
    samples.windows(2).flat_map(|pair| [third(pair, 0), third(pair, 1), third(pair, 2)]).collect()
}
