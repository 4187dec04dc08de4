//! Bench `relay_delay`: what the relay adds, from socket in to socket out.
//!
//! Talkers send tone bursts; listeners find them by decoding. See `benches/README.md` for the exact definitions.

mod held;
mod matching;
mod program;
mod steady;
mod sweep;

use std::{process::ExitCode, time::Duration};

use anyhow::Result;
use benches::report::{self, Case, Context, Figures};
use relay_engine::Ptime;

use crate::sweep::{Background, From, Sweep};

/// A name for the JSON, and what measures it. Each starts a relay of its own.
const CASES: &[Case] = &[
    ("one-talks-n10", |context| PLAIN.measure(context)),
    ("one-talks-n100", |context| Sweep { participants: 100, ..PLAIN }.measure(context)),
    ("three-talk-n10", |context| Sweep { talkers: 3, ..PLAIN }.measure(context)),
    ("three-talk-n10-10ms", |context| Sweep { talkers: 3, ptime: Ptime::Ms10, ..PLAIN }.measure(context)),
    ("three-talk-n10-tls", |context| Sweep { talkers: 3, tls: true, ..PLAIN }.measure(context)),
    ("jitter60-n4", jitter60),
];

/// All but what a case varies.
const PLAIN: Sweep = Sweep {
    participants: 10,
    talkers: 1,
    bursting: 3,
    tls: false,
    ptime: Ptime::Ms20,
    jitter: Duration::ZERO,
    background: Background::Noise,
    from: From::Sending,
    lead_in: Duration::from_millis(500),
};

const JITTER: Duration = Duration::from_millis(60);

fn jitter60(context: &Context) -> Result<Figures> {
    let delays = Sweep {
        participants: 4,
        talkers: 3,
        bursting: 1,
        jitter: JITTER,
        background: Background::Speech,
        from: From::Capture,
        lead_in: Duration::from_secs(2),
        ..PLAIN
    };
    let figures = delays.measure(context)?;
    let slots = steady::measure(context, JITTER)?;
    Ok(figures
        .with("bad_slots", slots.bad as f64)
        .with("slots", slots.total as f64)
        .with("late_packets", slots.late as f64))
}

fn main() -> ExitCode {
    report::main("relay_delay", CASES, report::no_charts)
}
