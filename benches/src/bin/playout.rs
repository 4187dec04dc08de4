//! Bench `playout`: arrival traces through the real jitter buffer in virtual time.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use benches::{
    bound,
    conditions::Conditions,
    course,
    playout::{Summary, play, rating, schedule, summarise},
    plot::Chart,
    report::{self, Figures},
    stats::Delays,
    trace::{self, packet_time},
};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

/// Arrival traces through the real jitter buffer, in virtual time, beside what is possible for one who knows the trace.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// A trace, CSV with the columns send_ms and arrive_ms, and seq if there is one; may be given more than once. Default: those of samples/traces.
    #[arg(long = "trace", value_name = "FILE")]
    traces: Vec<PathBuf>,
    /// Play only the trace of this name (its file's, without the ending); may be given more than once.
    #[arg(long = "case", value_name = "NAME")]
    cases: Vec<String>,
    /// Write what became of each packet of the one trace to this file.
    #[arg(long, value_name = "FILE")]
    schedule: Option<PathBuf>,
    /// Write the figures to this file as JSON, a case for each trace.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Leave out the offline bound, which takes longer than all the rest.
    #[arg(long, visible_alias = "quick")]
    no_bound: bool,
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

/// What one trace gave.
struct Case {
    name: String,
    summary: Summary,
    delays: Delays,
    course: Chart,
    bound: Option<Bound>,
}

/// The offline bound of a trace.
struct Bound {
    /// Mean delay at the same share of bad time, milliseconds; infinite where no buffer does as well.
    mean_ms: f64,
    /// The highest rating.
    r: f64,
}

fn run(options: Options) -> Result<()> {
    let conditions = Conditions::now("playout");
    let mut traces = if options.traces.is_empty() { samples()? } else { options.traces };
    if !options.cases.is_empty() {
        let names: Vec<String> = traces.iter().map(|path| case_name(path)).collect();
        for wanted in &options.cases {
            ensure!(names.contains(wanted), "there is no trace \"{wanted}\"; there are {}", names.join(", "));
        }
        traces.retain(|path| options.cases.contains(&case_name(path)));
    }
    ensure!(!traces.is_empty(), "there is no trace to play");
    ensure!(options.schedule.is_none() || traces.len() == 1, "--schedule goes with one --trace");
    let bar = ProgressBar::new(traces.len() as u64);
    bar.set_style(ProgressStyle::with_template("{msg:20} {wide_bar} {pos} of {len} traces, {elapsed}")?);
    let mut cases = Vec::new();
    for path in &traces {
        let name = case_name(path);
        bar.set_message(name.clone());
        bar.tick();
        cases.push(measure(name, path, !options.no_bound, options.schedule.as_deref())?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    print!("{}", table(&cases));
    let Some(file) = &options.json else { return Ok(()) };
    let cases = cases.into_iter().map(|case| (case.name.clone(), figures(case))).collect();
    report::write(file, &conditions, "playout", cases)
}

/// A link on which even the fastest packet takes longer is two clocks that differ.
const MOST_ON_THE_WAY_MS: f64 = 1000.0;

fn measure(name: String, path: &Path, with_bound: bool, schedule_file: Option<&Path>) -> Result<Case> {
    let trace = trace::read(path)?;
    let ptime = packet_time(&trace).with_context(|| path.display().to_string())?;
    let fates = play(&trace)?;
    if let Some(file) = schedule_file {
        fs::write(file, schedule(&trace, &fates)).with_context(|| format!("writing {}", file.display()))?;
    }
    let summary = summarise(&trace, &fates, ptime);
    let bound = with_bound.then(|| {
        let delays: Vec<f64> = trace.iter().map(|passage| passage.arrive_ms - passage.send_ms).collect();
        // The bound looks at delays from 0 up, whatever two clocks have between them.
        let least_ms = delays.iter().copied().fold(f64::INFINITY, f64::min);
        let offset_ms = if (0.0..MOST_ON_THE_WAY_MS).contains(&least_ms) { 0.0 } else { least_ms };
        let delays: Vec<f64> = delays.iter().map(|delay_ms| delay_ms - offset_ms).collect();
        let mut hull = bound::hull(&delays, f64::from(ptime.ms()));
        hull.iter_mut().for_each(|point| point.mean_ms += offset_ms);
        let bad = (summary.concealed_percent + summary.discarded_percent) / 100.0;
        let r = hull.iter().map(|point| rating(point.mean_ms, point.bad)).fold(f64::NEG_INFINITY, f64::max);
        Bound { mean_ms: bound::mean_at(&hull, bad), r }
    });
    let mut delays = Delays::default();
    for (passage, fate) in trace.iter().zip(&fates) {
        if let Some(play_ms) = fate.play_ms {
            delays.record(Duration::from_secs_f64((play_ms - passage.send_ms).max(0.0) / 1000.0));
        }
    }
    Ok(Case { name, summary, delays, course: course::chart(&trace, &fates), bound })
}

fn figures(case: Case) -> Figures {
    let Summary { mean_ms, p99_ms, concealed_percent, discarded_percent, r } = case.summary;
    let figures = Figures::default()
        .with("mean_ms", mean_ms)
        .with("p99_ms", p99_ms)
        .with("concealed_percent", concealed_percent)
        .with("discarded_percent", discarded_percent)
        .with("r", r);
    let figures = figures.plotting(case.delays).with_chart(case.course);
    let Some(bound) = &case.bound else { return figures };
    let figures = figures.with("bound_r", bound.r);
    if bound.mean_ms.is_finite() { figures.with("bound_mean_ms", bound.mean_ms) } else { figures }
}

fn table(cases: &[Case]) -> String {
    let mut lines = vec![format!(
        "{:24}{:>9}{:>9}{:>9}{:>9}{:>8}{:>12}{:>9}",
        "trace", "mean ms", "p99 ms", "conc %", "disc %", "R", "bound ms", "bound R"
    )];
    for Case { name, summary: s, bound, .. } in cases {
        let bound = bound.as_ref().map(|bound| format!("{:12.1}{:9.2}", bound.mean_ms, bound.r)).unwrap_or_default();
        lines.push(format!(
            "{name:24}{:9.1}{:9.1}{:9.2}{:9.2}{:8.2}{bound}",
            s.mean_ms, s.p99_ms, s.concealed_percent, s.discarded_percent, s.r
        ));
    }
    let mean =
        |r: &dyn Fn(&Case) -> Option<f64>| cases.iter().map(r).sum::<Option<f64>>().map(|sum| sum / cases.len() as f64);
    let bound =
        mean(&|case| Some(case.bound.as_ref()?.r)).map(|r| format!(", of the bound {r:.2}")).unwrap_or_default();
    lines.push(format!("mean R {:.2}{bound}\n", mean(&|case| Some(case.summary.r)).unwrap_or(f64::NAN)));
    lines.join("\n")
}

fn case_name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
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
