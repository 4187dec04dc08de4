//! Bench `mouth_to_ear`: PCM in to PCM out, through two `capture-cli` processes and the relay.
//!
//! Chirps go in through one pipe and are found at the other by cross-correlation. See `benches/README.md` for the exact definitions.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use benches::{
    chirp::{LENGTH, chirp, locate},
    course::{self, Said},
    pipe::{BLOCK, Ear, Mouth, Recording, wait_for_participants},
    progress,
    relay_process::RelayProcess,
    report::{self, Case, Context, Figures, LATENESS},
    rng::Rng,
    stats::Delays,
    tone,
};
use relay_engine::Ptime;

const CASES: &[Case] = &[
    ("native-20ms", |context| measure(context, Ptime::Ms20)),
    ("native-10ms", |context| measure(context, Ptime::Ms10)),
];

/// A chirp is looked for in what was read up to this long after it was written.
const WITHIN: Duration = Duration::from_millis(500);

/// Chirps are further apart than they are looked for, so none is taken for another.
const SPACING: usize = 28_800;

/// The talker is heard before the first chirp: everyone's buffers have settled.
const LEAD_IN: usize = 72_000;

/// What a microphone hears in a quiet room.
const ROOM_NOISE_DBFS: f32 = -55.0;

/// A worse fit than this is not the chirp.
const LIKENESS: f32 = 0.6;

/// More chirps than this share not found make the figures worthless.
const TOLERATED: f64 = 0.05;

const ROOM: &str = "bench";

/// A talker's session: the talker is a new process in each, begins at another phase of the packet time, and so do the chirps.
struct Session {
    signal: Vec<f32>,
    chirps: Vec<usize>,
    written: Vec<Instant>,
}

fn main() -> ExitCode {
    report::main("mouth_to_ear", CASES, report::no_charts)
}

fn measure(context: &Context, ptime: Ptime) -> Result<Figures> {
    let (sessions, chirps) = if context.quick { (4, 5) } else { (8, 10) };
    let relay = RelayProcess::start(context.programs()?, false, ptime)?;
    let ear = Ear::start(context.programs()?, &relay, ROOM)?;
    wait_for_participants(&relay, 1).with_context(|| ear.said())?;

    let session_time = Duration::from_secs_f64((LEAD_IN + (chirps + 1) * SPACING) as f64 / 48_000.0 + 0.3);
    let mut lateness = Delays::default();
    let epoch = Instant::now();
    let spoken = progress::while_running(context.case, session_time * sessions as u32, || {
        (0..sessions)
            .map(|session| {
                let phase = Duration::from_micros(ptime.micros()) * session as u32 / sessions as u32;
                speak(context, &relay, session * chirps..(session + 1) * chirps, (epoch, phase, ptime), &mut lateness)
            })
            .collect::<Result<Vec<Session>>>()
    })?;
    // Its time counts from its joining, which was just before the epoch.
    let said = ear.said_of_itself()?;
    evaluate(&spoken, &ear.finish(), &said, epoch, &lateness)
}

fn speak(
    context: &Context,
    relay: &RelayProcess,
    chirps: std::ops::Range<usize>,
    (epoch, phase, ptime): (Instant, Duration, Ptime),
    lateness: &mut Delays,
) -> Result<Session> {
    let count = chirps.len();
    let mut signal = tone::noise(ROOM_NOISE_DBFS, LEAD_IN + (count + 1) * SPACING, &mut Rng::new(chirps.start as u64));
    // The golden ratio spreads any number of chirps evenly over the packet.
    let starts: Vec<usize> = chirps
        .enumerate()
        .map(|(i, chirp)| LEAD_IN + i * SPACING + (chirp as f64 * 0.618_034).fract().mul_add(960.0, 0.0) as usize)
        .collect();
    for &start in &starts {
        for (sample, chirp) in signal[start..].iter_mut().zip(chirp()) {
            *sample += chirp;
        }
    }
    let mut mouth = Mouth::start(context.programs()?, relay, ROOM)?;
    wait_for_participants(relay, 2)?;
    // The next instant after the talker is ready that is a whole number of packets and the phase away from the epoch.
    let packet = Duration::from_micros(ptime.micros());
    let packets = (epoch.elapsed() + Duration::from_millis(100)).as_micros().div_ceil(packet.as_micros());
    let start = epoch + packet * u32::try_from(packets)? + phase;
    let written = mouth.speak(&signal, start, lateness)?;
    mouth.finish()?;
    wait_for_participants(relay, 1)?;
    Ok(Session { signal, chirps: starts, written })
}

/// Delay of a chirp = when the block with its first sample was read − when the block with its first sample was written.
fn evaluate(
    sessions: &[Session],
    recording: &Recording,
    said: &[Said],
    epoch: Instant,
    lateness: &Delays,
) -> Result<Figures> {
    let pattern = chirp();
    let (mut delays, mut measured) = (Delays::default(), Vec::new());
    let (mut sent, mut worst_likeness) = (0, 1.0f32);
    for session in sessions {
        for &start in &session.chirps {
            debug_assert!(start + LENGTH <= session.signal.len());
            sent += 1;
            let written = session.written[start / BLOCK];
            let from = recording.sample_at(written);
            let to = recording.sample_at(written + WITHIN).min(recording.signal.len());
            let Some((at, likeness)) = locate(&recording.signal[from..to], &pattern) else { continue };
            worst_likeness = worst_likeness.min(likeness);
            if likeness >= LIKENESS
                && let Some(read) = recording.read_at(from + at)
            {
                delays.record(read - written);
                measured.push(((written - epoch).as_secs_f64(), (read - written).as_secs_f64() * 1000.0));
            }
        }
    }
    let found = delays.count();
    ensure!(
        found > 0 && (sent - found) as f64 <= TOLERATED * sent as f64,
        "of {sent} chirps {found} were found; the worst fit is {worst_likeness:.2}"
    );
    Ok(Figures::of_delays(delays)
        .with_chart(course::beside(measured, said))
        .with("not_found", (sent - found) as f64)
        .with("worst_likeness", f64::from(worst_likeness))
        .with(LATENESS, lateness.percentile_ms(99.0)))
}
