//! Bench `capacity`: processor time and memory of the relay against participants and talkers.
//!
//! A crowd of participants in this process talks and listens; the relay is looked at from outside. See `benches/README.md` for the
//! exact definitions.

mod largest;
mod load;
mod memory;
mod probes;
mod receipts;

use std::process::ExitCode;

use benches::{
    plot::{Chart, Scale, Series, Shape},
    report::{self, Case},
};

use crate::load::Load;

/// A name for the JSON, and what measures it. Each starts a relay of its own.
const CASES: &[Case] = &[
    ("one-of-2", |context| Load::room(2, 1).measure(context)),
    ("one-of-5", |context| Load::room(5, 1).measure(context)),
    ("one-of-10", |context| Load::room(10, 1).measure(context)),
    ("one-of-25", |context| Load::room(25, 1).measure(context)),
    ("one-of-50", |context| Load::room(50, 1).measure(context)),
    ("one-of-100", |context| Load::room(100, 1).measure(context)),
    ("all-of-2", |context| Load::room(2, 2).measure(context)),
    ("all-of-5", |context| Load::room(5, 5).measure(context)),
    ("all-of-10", |context| Load::room(10, 10).measure(context)),
    ("all-of-25", |context| Load::room(25, 25).measure(context)),
    ("all-of-50", |context| Load::room(50, 50).measure(context)),
    ("all-of-100", |context| Load::room(100, 100).measure(context)),
    ("rooms-10x5", |context| Load { rooms: 10, ..Load::room(5, 5) }.measure(context)),
    ("rooms-1000-silent", |context| Load { rooms: 1000, ..Load::room(1, 0) }.measure(context)),
    ("memory", memory::measure),
    ("largest-one-of-50", |context| largest::measure(context, Load::room(50, 1))),
    ("largest-all-of-10", |context| largest::measure(context, Load::room(10, 10))),
];

fn main() -> ExitCode {
    report::main("capacity", CASES, charts)
}

/// Processor time and memory against participants, for one and for all who talk.
fn charts(figure: &dyn Fn(&str, &str) -> Option<f64>) -> Vec<Chart> {
    let line = |name: &str, talkers: &str, wanted: &str| {
        let cases = CASES.iter().map(|case| case.0).filter(|case| case.starts_with(talkers));
        let points = cases.filter_map(|case| Some((figure(case, "participants")?, figure(case, wanted)?))).collect();
        Series { name: name.to_owned(), shape: Shape::Marked(points) }
    };
    let against_participants = |title: &str, y: &str, wanted: &str| Chart {
        title: title.to_owned(),
        x: "participants in the room".to_owned(),
        scale: Scale::Linear,
        y: y.to_owned(),
        series: vec![line("one talks", "one-of-", wanted), line("all talk", "all-of-", wanted)],
    };
    vec![
        against_participants("Processor time", "% of a core", "cpu_percent_of_core"),
        against_participants("Memory of a connection", "KiB", "rss_kib_per_connection"),
    ]
}
