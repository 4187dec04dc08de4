//! Bench `playout`: arrival traces through the real jitter buffer in virtual time.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, ensure};
use benches::playout::{play, read, schedule, summarise};
use clap::Parser;

/// Arrival traces through the real jitter buffer, in virtual time.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// A trace, CSV with the columns send_ms and arrive_ms; may be given more than once. Default: those of samples/traces.
    #[arg(long = "trace", value_name = "FILE")]
    traces: Vec<PathBuf>,
    /// Write what became of each packet of the one trace to this file.
    #[arg(long, value_name = "FILE")]
    schedule: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("playout: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<()> {
    let traces = if options.traces.is_empty() { samples()? } else { options.traces };
    ensure!(options.schedule.is_none() || traces.len() == 1, "--schedule goes with one --trace");
    let mut sum = 0.0;
    println!("{:24}{:>9}{:>9}{:>9}{:>9}{:>8}", "trace", "mean ms", "p99 ms", "conc %", "disc %", "R");
    for path in &traces {
        let trace = read(path)?;
        let fates = play(&trace)?;
        let summary = summarise(&trace, &fates);
        sum += summary.r;
        println!(
            "{:24}{:9.1}{:9.1}{:9.2}{:9.2}{:8.2}",
            path.file_stem().unwrap_or_default().to_string_lossy(),
            summary.mean_ms,
            summary.p99_ms,
            summary.concealed_percent,
            summary.discarded_percent,
            summary.r
        );
        if let Some(file) = &options.schedule {
            fs::write(file, schedule(&trace, &fates)).with_context(|| format!("writing {}", file.display()))?;
        }
    }
    println!("mean R {:.2}", sum / traces.len() as f64);
    Ok(())
}

fn samples() -> Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/traces");
    let mut traces: Vec<PathBuf> = fs::read_dir(&folder)
        .with_context(|| format!("reading {}", folder.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
        .collect();
    traces.sort();
    Ok(traces)
}
