//! The largest load that the relay carries: the 99th percentile of the delay that it adds stays under a packet time.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use benches::{
    crowd::{Crowd, Observer},
    listener::Arrival,
    progress,
    relay_process::RelayProcess,
    report::{Context, Figures, LATENESS},
    rng::Rng,
    stats::Delays,
    tone,
    usage::{Usage, percent_of_core},
    voice::Speech,
};

use crate::{
    load::{Load, PTIME, WARM_UP},
    probes::Probes,
    receipts::Receipts,
};

/// The relay takes no more participants.
const LIMIT: usize = 2048;

/// Rooms of two beside the load, in which the delay is measured.
const PROBES: usize = 8;

/// What the probes say, so that no two of their packets are the same.
const NOISE_DBFS: f32 = -40.0;
const NOISE_SECONDS: usize = 10;

/// Finds the largest number of such rooms, up to the relay's own limit.
///
/// # Errors
/// If not even one such room is carried.
pub fn measure(context: &Context, room: Load) -> Result<Figures> {
    let window = Duration::from_secs(if context.quick { 2 } else { 5 });
    let most = (LIMIT - 2 * PROBES) / room.participants;
    let steps = (most as f64).log2().ceil() as u32 + 1;
    progress::while_running(context.case, (window + WARM_UP * 2) * steps, || search(context, room, most, window))
}

fn search(context: &Context, room: Load, most: usize, window: Duration) -> Result<Figures> {
    let mut carried = (0, None);
    let mut too_many = most + 1;
    let mut rooms = most;
    let mut refusal = None;
    while carried.0 + 1 < too_many {
        match carry(context, Load { rooms, ..room }, window) {
            Ok(figures) => carried = (rooms, Some(figures)),
            Err(error) => {
                eprintln!("{}: not {rooms} rooms: {error:#}", context.case);
                too_many = rooms;
                refusal = Some(error);
            }
        }
        rooms = usize::midpoint(carried.0, too_many);
    }
    let Some(figures) = carried.1 else {
        return Err(refusal.context("not one room was tried")?.context("the relay does not carry one room"));
    };
    Ok(figures.with("at_limit", if carried.0 == most { 1.0 } else { 0.0 }))
}

/// Puts that load on a relay.
///
/// # Errors
/// If it is not carried.
fn carry(context: &Context, load: Load, window: Duration) -> Result<Figures> {
    let speech = Speech::read(PTIME)?;
    let mut rng = Rng::new(load.rooms as u64);
    let noise = Speech::of(&tone::noise(NOISE_DBFS, NOISE_SECONDS * relay_wire::SAMPLE_RATE as usize, &mut rng), PTIME);
    let mut crowd = Crowd::new();
    let relay = RelayProcess::start(context.programs()?, false, PTIME)?;
    load.begin(&relay, &mut crowd, &speech)?;
    for probe in 0..PROBES {
        let talker = crowd.join(&relay, &format!("probe-{probe}"))?;
        crowd.join(&relay, &format!("probe-{probe}"))?;
        crowd.talk(talker, noise.voice(probe, Instant::now(), None));
    }
    crowd.run(Instant::now() + WARM_UP, &mut ())?;
    crowd.lateness = Delays::default();
    let mut observers = Both { receipts: Receipts::new(crowd.len()), probes: Probes::new(load.total(), PROBES) };
    let (began, before) = (Instant::now(), Usage::of(relay.pid())?);
    crowd.run(began + window, &mut observers)?;
    let (after, took) = (Usage::of(relay.pid())?, began.elapsed());
    let Both { receipts, probes } = observers;
    receipts.check(PTIME, took, |participant| match participant.checked_sub(load.total()) {
        Some(in_probes) => in_probes % 2 == 1,
        None => load.hears(participant),
    })?;
    let delays = probes.delays().context("the probes")?;
    let p99 = delays.percentile_ms(99.0);
    ensure!(p99 < f64::from(PTIME.ms()), "the 99th percentile of the delay is {p99:.1} ms");
    Ok(Figures::of_delays(delays)
        .with("participants", load.total() as f64)
        .with("talkers", (load.rooms * load.talkers) as f64)
        .with("rooms", load.rooms as f64)
        .with("cpu_percent_of_core", percent_of_core(before.cpu, after.cpu, took))
        .with(LATENESS, crowd.lateness.percentile_ms(99.0)))
}

struct Both {
    receipts: Receipts,
    probes: Probes,
}

impl Observer for Both {
    fn sent(&mut self, participant: usize, payload: &[u8], at: Instant) {
        self.probes.sent(participant, payload, at);
    }

    fn heard(&mut self, participant: usize, arrival: &Arrival) {
        self.receipts.heard(participant, arrival);
        self.probes.heard(participant, arrival);
    }
}
