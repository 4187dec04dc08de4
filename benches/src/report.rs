//! A bench from its list of cases to its table and JSON file.

use std::{collections::BTreeMap, path::Path, process::ExitCode, sync::OnceLock};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;
use serde::Serialize;

use crate::{
    conditions::Conditions,
    options::Options,
    page::{self, Section},
    plot::Chart,
    relay_process::Programs,
    stats::Delays,
};

/// One case: its name in the JSON and what measures it.
pub type Case = (&'static str, fn(&Context) -> Result<Figures>);

/// What a case is given.
#[derive(Debug)]
pub struct Context {
    /// The case's name.
    pub case: &'static str,
    /// Whether a shorter run is asked for.
    pub quick: bool,
    programs: OnceLock<Programs>,
}

impl Context {
    /// The programs under test, built when they are first asked for.
    ///
    /// # Errors
    /// If they do not build.
    pub fn programs(&self) -> Result<&Programs> {
        if let Some(programs) = self.programs.get() {
            return Ok(programs);
        }
        let programs = Programs::find_or_build()?;
        Ok(self.programs.get_or_init(|| programs))
    }
}

/// Figures of one case by name, in the order of the alphabet.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    delays: Option<Delays>,
    numbers: BTreeMap<String, f64>,
    charts: Vec<Chart>,
}

impl Figures {
    /// The percentiles `p50_ms`, `p95_ms`, `p99_ms`, and `mean_ms`, `max_ms`, `count`.
    #[must_use]
    pub fn of_delays(delays: Delays) -> Self {
        let figures = Self::default()
            .with("p50_ms", delays.percentile_ms(50.0))
            .with("p95_ms", delays.percentile_ms(95.0))
            .with("p99_ms", delays.percentile_ms(99.0))
            .with("mean_ms", delays.mean_ms())
            .with("max_ms", delays.max_ms())
            .with("count", delays.count() as f64);
        Self { delays: Some(delays), ..figures }
    }

    /// Delays to plot, whose percentiles are not figures.
    #[must_use]
    pub fn plotting(mut self, delays: Delays) -> Self {
        self.delays = Some(delays);
        self
    }

    /// One chart more for the case's section of the HTML report. Delays are plotted without.
    #[must_use]
    pub fn with_chart(mut self, chart: Chart) -> Self {
        self.charts.push(chart);
        self
    }

    /// The figure of that name; not a number where there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> f64 {
        self.numbers.get(name).copied().unwrap_or(f64::NAN)
    }

    /// One figure more.
    #[must_use]
    pub fn with(mut self, name: &str, number: f64) -> Self {
        self.numbers.insert(name.to_owned(), (number * 1000.0).round() / 1000.0);
        self
    }
}

/// Name of the figure that says how late the bench itself was in writing or sending, p99 in milliseconds.
pub const LATENESS: &str = "bench_late_p99_ms";

/// A bench that is later than this itself measures a busy machine.
const BUSY_MS: f64 = 2.0;

/// Charts about all cases together, made of the figure of a case by the names of both.
pub type Charts = fn(&dyn Fn(&str, &str) -> Option<f64>) -> Vec<Chart>;

/// Runs the cases asked for on the command line; says what failed and is then no success.
#[must_use]
pub fn main(bench: &str, cases: &[Case], charts: Charts) -> ExitCode {
    match run(bench, cases, charts, &Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{bench}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Where the cases speak for themselves.
#[must_use]
pub fn no_charts(_: &dyn Fn(&str, &str) -> Option<f64>) -> Vec<Chart> {
    Vec::new()
}

fn run(bench: &str, cases: &[Case], charts: Charts, options: &Options) -> Result<()> {
    for wanted in &options.cases {
        let names: Vec<&str> = cases.iter().map(|case| case.0).collect();
        ensure!(names.contains(&wanted.as_str()), "there is no case \"{wanted}\"; there are {}", names.join(", "));
    }
    let conditions = Conditions::now(bench);
    let mut context = Context { case: "", quick: options.quick, programs: OnceLock::new() };
    let mut report = Report { bench, conditions: &conditions, cases: Vec::new() };
    let mut failed = Vec::new();
    for &(name, measure) in cases.iter().filter(|case| options.wants(case.0)) {
        context.case = name;
        match measure(&context) {
            Ok(figures) => report.cases.push(Measured::new(name, figures)),
            Err(error) => {
                eprintln!("{bench}: case {name}: {error:#}");
                failed.push(name);
            }
        }
    }
    print!("{}", report.table());
    if let Some(path) = &options.json {
        report.write(path, charts)?;
    }
    if !failed.is_empty() {
        bail!("no figures for {}", failed.join(", "));
    }
    Ok(())
}

/// Writes figures to a file in the form of every bench, and their page beside it, for one whose cases are not known ahead.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, conditions: &Conditions, bench: &str, cases: Vec<(String, Figures)>) -> Result<()> {
    let cases = cases.into_iter().map(|(name, figures)| Measured::new(&name, figures)).collect();
    Report { bench, conditions, cases }.write(path, no_charts)
}

/// Writes the page alone, for a bench whose JSON another program writes; `charts` are about all cases together.
///
/// # Errors
/// If the file cannot be written.
pub fn write_page(
    path: &Path,
    conditions: &Conditions,
    bench: &str,
    cases: Vec<(String, Figures)>,
    charts: &[Chart],
) -> Result<()> {
    let cases = cases.into_iter().map(|(name, figures)| Measured::new(&name, figures)).collect();
    write_file(path, &Report { bench, conditions, cases }.page(charts))
}

fn write_file(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    bench: &'a str,
    conditions: &'a Conditions,
    cases: Vec<Measured>,
}

#[derive(Debug, Serialize)]
struct Measured {
    name: String,
    figures: BTreeMap<String, f64>,
    #[serde(skip)]
    delays: Option<Delays>,
    #[serde(skip)]
    charts: Vec<Chart>,
}

impl Measured {
    fn new(name: &str, figures: Figures) -> Self {
        Self { name: name.to_owned(), figures: figures.numbers, delays: figures.delays, charts: figures.charts }
    }
}

impl Report<'_> {
    fn table(&self) -> String {
        let mut lines = vec![format!(
            "\n{:24}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}",
            "delay, ms", "p1", "p50", "p95", "p99", "p99.9", "max", "count"
        )];
        for case in &self.cases {
            let Some(delays) = &case.delays else { continue };
            let percentiles = [1.0, 50.0, 95.0, 99.0, 99.9, 100.0].map(|p| format!("{:9.2}", delays.percentile_ms(p)));
            lines.push(format!("{:24}{}{:9}", case.name, percentiles.concat(), delays.count()));
        }
        for case in &self.cases {
            let shown = ["p50_ms", "p95_ms", "p99_ms", "max_ms", "count"];
            let others = case.figures.iter().filter(|(name, _)| !shown.contains(&name.as_str()));
            let others: Vec<String> = others.map(|(name, figure)| format!("{name} {figure}")).collect();
            lines.push(format!("{:24} {}", case.name, others.join(", ")));
        }
        for case in &self.cases {
            let late = case.figures.get(LATENESS).copied().unwrap_or(0.0);
            if late > BUSY_MS {
                lines.push(format!("{:24} the machine is busy: the bench itself was {late} ms late (p99)", case.name));
            }
        }
        let c = self.conditions;
        lines.push(format!("\n{}, {} cores, {}, load {}", c.cpu, c.cores, c.kernel, c.load_average));
        lines.push(format!("commit {}, {}, {}\n{}\n", c.commit, c.rustc, c.date, c.command));
        lines.join("\n")
    }

    /// Writes the JSON to `path` and the page beside it.
    fn write(&self, path: &Path, charts: Charts) -> Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        }
        let json = serde_json::to_string_pretty(self)? + "\n";
        write_file(path, &json)?;
        let figure = |case: &str, figure: &str| {
            self.cases.iter().find(|measured| measured.name == case)?.figures.get(figure).copied()
        };
        write_file(&path.with_extension("html"), &self.page(&charts(&figure)))
    }

    fn page(&self, charts: &[Chart]) -> String {
        let sections: Vec<Section<'_>> = self
            .cases
            .iter()
            .map(|Measured { name, figures, delays, charts }| Section {
                name,
                figures,
                delays: delays.as_ref(),
                charts,
            })
            .collect();
        page::write(self.bench, self.conditions, &sections, charts)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_json_has_the_agreed_form() {
        let mut delays = Delays::default();
        delays.record(Duration::from_micros(1500));
        let figures = Figures::of_delays(delays).with("bad_slots", 2.0);
        let conditions = Conditions::now("relay_delay");
        let cases = vec![Measured::new("jitter60-n4", figures)];
        let json =
            serde_json::to_value(Report { bench: "relay_delay", conditions: &conditions, cases }).expect("plain data");
        assert_eq!(json["bench"], "relay_delay");
        assert!(json["conditions"]["command"].as_str().is_some_and(|c| c.contains("cargo run --release -p benches")));
        assert_eq!(json["cases"][0]["name"], "jitter60-n4");
        assert_eq!(json["cases"][0]["figures"]["bad_slots"], 2.0);
        assert_eq!(json["cases"][0]["figures"]["p50_ms"], 1.5);
        assert_eq!(json["cases"][0]["figures"]["count"], 1.0);
    }
}
