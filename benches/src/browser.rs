//! What the bench of the page measured, which is written in TypeScript: from its JSON to figures and charts as the other benches have.

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::{
    conditions::Conditions,
    course::{self, Said},
    plot::{Chart, Scale, stacked},
    report::{self, Figures},
    stats::Delays,
};

/// A look is once a second; its bar leaves a gap to the next one.
const BAR_S: f64 = 0.9;

/// Of the place of a case, where its bar begins and ends.
const BAR_SIDE: f64 = 0.3;

#[derive(Debug, Deserialize)]
struct Run {
    bench: String,
    conditions: Conditions,
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
struct Case {
    name: String,
    figures: BTreeMap<String, f64>,
    /// Medians; none where nobody says.
    stages: Option<Stages>,
    delays: Vec<Delay>,
    looks: Vec<Look>,
}

/// A chirp's, from mouth to ear.
#[derive(Debug, Deserialize)]
struct Delay {
    at_s: f64,
    ms: f64,
}

/// What the page said of itself.
#[derive(Debug, Deserialize)]
struct Look {
    at_s: f64,
    /// Its delay.
    shown_ms: f64,
    /// What its jitter buffer aimed at, and what it held.
    target_ms: f64,
    level_ms: f64,
    stages: Stages,
}

/// Where the time goes, ms: the stages of the page (`web/src/ui/stages.ts`), in the order in which the sound passes them.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stages {
    capture: f64,
    packet: f64,
    uplink: f64,
    buffer: f64,
    mix: f64,
    downlink: f64,
    jitter: f64,
    device: f64,
}

/// Writes the page of such a JSON file beside it.
///
/// # Errors
/// If the file is not of this kind, or its page cannot be written.
pub fn write(json: &Path) -> Result<()> {
    let text = std::fs::read_to_string(json).with_context(|| format!("reading {}", json.display()))?;
    let run: Run = serde_json::from_str(&text).with_context(|| format!("reading {}", json.display()))?;
    let cases = run.cases.iter().map(|case| (case.name.clone(), figures(case))).collect();
    report::write_page(&json.with_extension("html"), &run.conditions, &run.bench, cases, &[overview(&run.cases)])
}

fn figures(case: &Case) -> Figures {
    let mut delays = Delays::default();
    for Delay { ms, .. } in &case.delays {
        delays.record(Duration::from_secs_f64(ms.max(0.0) / 1000.0));
    }
    let figures = case.figures.iter().fold(Figures::default(), |figures, (name, figure)| figures.with(name, *figure));
    figures.plotting(delays).with_chart(course(case)).with_chart(stages_over_time(&case.looks))
}

/// What was measured, beside what the page said at that time.
fn course(case: &Case) -> Chart {
    let said = |look: &Look| Said {
        at_s: look.at_s,
        delay_ms: Some(look.shown_ms),
        target_ms: look.target_ms,
        level_ms: look.level_ms,
    };
    let measured = case.delays.iter().map(|delay| (delay.at_s, delay.ms)).collect();
    course::beside(measured, &case.looks.iter().map(said).collect::<Vec<_>>())
}

fn stages_over_time(looks: &[Look]) -> Chart {
    let bars: Vec<(f64, f64)> = looks.iter().map(|look| (look.at_s, look.at_s + BAR_S)).collect();
    let stages: Vec<Stages> = looks.iter().map(|look| look.stages).collect();
    let series = stacked(&bars, &layers(&stages));
    let title = "Where the time goes, as the page says".into();
    Chart { title, x: "time, s".into(), scale: Scale::Linear, y: "ms".into(), series }
}

/// The medians of the cases side by side.
fn overview(cases: &[Case]) -> Chart {
    let (names, stages): (Vec<String>, Vec<Stages>) =
        cases.iter().filter_map(|case| Some((case.name.clone(), case.stages?))).unzip();
    let bars: Vec<(f64, f64)> = (0..names.len()).map(|n| (n as f64 - BAR_SIDE, n as f64 + BAR_SIDE)).collect();
    let series = stacked(&bars, &layers(&stages));
    let title = "Where the time goes, medians".into();
    Chart { title, x: "case".into(), scale: Scale::Named(names), y: "ms".into(), series }
}

fn layers(bars: &[Stages]) -> [(&'static str, Vec<f64>); 8] {
    let layer = |of: fn(&Stages) -> f64| bars.iter().map(of).collect();
    [
        ("microphone", layer(|stages| stages.capture)),
        ("packet and codec", layer(|stages| stages.packet)),
        ("way up", layer(|stages| stages.uplink)),
        ("jitter buffer in the relay", layer(|stages| stages.buffer)),
        ("wait for the mix", layer(|stages| stages.mix)),
        ("way down", layer(|stages| stages.downlink)),
        ("jitter buffer of the page", layer(|stages| stages.jitter)),
        ("sound output", layer(|stages| stages.device)),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::plot::Shape;

    fn stages(jitter: f64) -> Value {
        let (capture, packet, uplink, downlink, device) = (0.0, 12.5, 2.0, 0.5, 27.0);
        json!({ "capture": capture, "packet": packet, "uplink": uplink, "buffer": 0.0, "mix": 0.0, "downlink": downlink,
            "jitter": jitter, "device": device })
    }

    fn run() -> Value {
        let look = |n: u32| json!({ "at_s": n, "shown_ms": 72.0, "target_ms": 22.0, "level_ms": 30.0, "stages": stages(30.0 + f64::from(n)) });
        let delays: Vec<Value> = (0..4).map(|n| json!({ "at_s": n, "ms": 70.0 + f64::from(n) })).collect();
        let figures = json!({ "p50_ms": 71.0 });
        json!({
            "bench": "browser_mouth_to_ear",
            "conditions": Conditions { browser: Some("Chromium 1".into()), ..Conditions::now("report") },
            "cases": [
                { "name": "ours", "microphone": "gain", "figures": figures, "stages": stages(31.0), "delays": delays,
                  "looks": [look(0), look(1), look(2)] },
                { "name": "theirs", "microphone": "gain", "figures": figures, "stages": null, "delays": delays, "looks": [] },
            ],
        })
    }

    #[test]
    fn the_page_shows_distributions_courses_and_stages_and_stages_only_where_somebody_says() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("browser.json");
        std::fs::write(&file, run().to_string()).expect("a file");
        write(&file).expect("a page");
        let page = std::fs::read_to_string(file.with_extension("html")).expect("beside it");
        // All distributions and all medians, then histogram, course and stages, then histogram and course.
        assert_eq!(page.matches("<svg").count(), 2 + 3 + 2);
        assert!(page.contains("<dt>Browser</dt><dd>Chromium 1</dd>") && page.contains("<dt>p50 ms</dt><dd>71</dd>"));
        for shown in ["jitter buffer: target", "sound output", "theirs"] {
            assert!(page.contains(shown), "{shown}");
        }
    }

    #[test]
    fn the_topmost_edge_of_the_bars_is_the_whole_delay() {
        let run: Run = serde_json::from_value(run()).expect("the agreed form");
        let chart = stages_over_time(&run.cases[0].looks);
        let Shape::Bars(bars) = &chart.series[0].shape else { panic!("bars") };
        assert_eq!(bars.iter().map(|bar| bar.2).collect::<Vec<_>>(), [72.0, 73.0, 74.0]);
    }

    #[test]
    fn a_stage_that_is_not_known_is_an_error() {
        let mut run = run();
        run["cases"][0]["stages"]["teleport"] = json!(1.0);
        assert!(serde_json::from_value::<Run>(run).is_err());
    }
}
