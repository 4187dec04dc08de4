//! Bench `time_scale`: speech made a tenth longer and shorter by the jitter buffer's means, beside ffmpeg's `atempo`.

use std::{io::Write as _, path::PathBuf, process::Command, process::ExitCode, process::Stdio};

use anyhow::{Context, Result, ensure};
use benches::{
    conditions::Conditions,
    likeness::{distance_db, log_mel, median_pitch_hz},
    report::{self, Figures},
    speech, tone,
};
use clap::Parser;
use relay_engine::jitter::time_scaled;

/// Speech made a tenth longer and shorter by the jitter buffer's means, beside ffmpeg's atempo.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// Write the figures to this file as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("time_scale: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let conditions = Conditions::now("time_scale");
    println!(
        "{:16}{:>10}{:>14}{:>14}{:>14}{:>12}",
        "sentence", "length", "pitch change", "atempo's", "distance dB", "atempo's"
    );
    let mut cases = Vec::new();
    let sentences = speech::sentences()?;
    for (name, percent) in [("shorter", -10), ("longer", 10)] {
        let mut all = Vec::new();
        for (n, sentence) in sentences.iter().enumerate() {
            let figures = compare(sentence, percent)?;
            print_row(&format!("{name} {n}"), &figures);
            all.push(figures);
        }
        let mean = |of: fn(&Compared) -> f32| all.iter().map(of).sum::<f32>() / all.len() as f32;
        // One sentence has too few voiced frames for a median that stands still: pitch wanders more from word to word.
        let pitch = |of: fn(&Compared) -> &Vec<f32>| median_pitch_hz(all.iter().map(of).map(Vec::as_slice));
        let pitch_percent = 100.0 * (pitch(|c| &c.ours) / pitch(|c| &c.original) - 1.0);
        let atempo_percent = 100.0 * (pitch(|c| &c.theirs) / pitch(|c| &c.original) - 1.0);
        let (ours, theirs) = (mean(|c| c.distance_db), mean(|c| c.atempo_db));
        println!("{name:16}{:10}{pitch_percent:13.2}%{atempo_percent:13.2}%{ours:14.3}{theirs:12.3}", "");
        let figures = Figures::default()
            .with("pitch_change_percent", f64::from(pitch_percent))
            .with("atempo_pitch_change_percent", f64::from(atempo_percent))
            .with("distance_db", f64::from(ours))
            .with("atempo_distance_db", f64::from(theirs));
        cases.push((name.to_owned(), figures));
    }
    options.json.as_ref().map_or(Ok(()), |file| report::write(file, &conditions, "time_scale", cases))
}

/// One sentence, changed by us and by atempo, at 16 kHz.
struct Compared {
    original: Vec<f32>,
    ours: Vec<f32>,
    theirs: Vec<f32>,
    /// Distance of ours to the original.
    distance_db: f32,
    /// Distance of atempo's to the original.
    atempo_db: f32,
}

fn compare(sentence: &[f32], percent: i64) -> Result<Compared> {
    let pcm = tone::to_pcm(sentence);
    let ours = tone::from_pcm(&time_scaled(&pcm, percent));
    // Asked to be as fast as ours came out to be.
    let theirs = tone::from_pcm(&atempo(&pcm, pcm.len() as f32 / ours.len() as f32)?);
    let [original, ours, theirs] = [sentence, &ours, &theirs].map(speech::downsample);
    let spectra = log_mel(&original);
    let (distance_db, atempo_db) = (distance_db(&spectra, &log_mel(&ours)), distance_db(&spectra, &log_mel(&theirs)));
    Ok(Compared { original, ours, theirs, distance_db, atempo_db })
}

fn print_row(name: &str, compared: &Compared) {
    let Compared { original, ours, theirs, distance_db, atempo_db } = compared;
    let length_percent = 100.0 * ours.len() as f32 / original.len() as f32;
    let before = median_pitch_hz([&original[..]].into_iter());
    let [ours, theirs] = [ours, theirs].map(|s| 100.0 * (median_pitch_hz([&s[..]].into_iter()) / before - 1.0));
    println!("{name:16}{length_percent:9.1}%{ours:13.2}%{theirs:13.2}%{distance_db:14.3}{atempo_db:12.3}");
}

/// The speech at another tempo, by ffmpeg.
fn atempo(pcm: &[i16], tempo: f32) -> Result<Vec<i16>> {
    let raw = ["-f", "s16le", "-ar", "48000", "-ac", "1"];
    let mut ffmpeg = Command::new("ffmpeg")
        .args(["-v", "error"])
        .args(raw)
        .args(["-i", "-", "-af", &format!("atempo={tempo}")])
        .args(raw)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting ffmpeg, which this bench compares with")?;
    let bytes: Vec<u8> = pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let mut input = ffmpeg.stdin.take().context("ffmpeg has no standard input")?;
    let writer = std::thread::spawn(move || input.write_all(&bytes));
    let output = ffmpeg.wait_with_output().context("waiting for ffmpeg")?;
    writer.join().expect("writing does not panic").context("writing to ffmpeg")?;
    ensure!(output.status.success(), "ffmpeg failed");
    Ok(output.stdout.chunks_exact(2).map(|sample| i16::from_le_bytes([sample[0], sample[1]])).collect())
}
