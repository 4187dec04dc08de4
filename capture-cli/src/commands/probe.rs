//! `probe`: measures the delay from mouth to ear through a relay, by what is heard and not by what headers say.

use std::sync::mpsc as std_mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use relay_engine::Micros;
use relay_engine::time::samples_to_us;
use relay_wire::{DisplayName, Role};
use tokio::sync::oneshot;

use crate::capture::Capture;
use crate::cli::ProbeArgs;
use crate::clock::RelayClock;
use crate::console::Meters;
use crate::exit::Failure;
use crate::net::connect::Target;
use crate::net::link::{Link, LinkConfig, LinkEvent};
use crate::playout::{Played, Playout};
use crate::probe::{INTERVAL_US, Markers, Probed, Tape};
use crate::stop::Stop;
use crate::talker::Format;
use crate::time::LocalClock;

/// The first marker waits until the clocks are known and the jitter buffers have settled.
const LEAD_US: u64 = 500_000;

/// After the last marker, so long for it to be heard.
const TRAIL_US: u64 = 600_000;

/// The room's first word takes no longer.
const WELCOME: Duration = Duration::from_secs(6);

/// Measures and prints.
///
/// # Errors
/// [`Failure::Connect`], [`Failure::Lost`], or [`Failure::NotHeard`] where not one marker came back.
pub async fn run(args: ProbeArgs) -> Result<(), Failure> {
    let target = args.room.target(Role::Talker)?;
    let clock = LocalClock::start();
    let count = args.seconds.map_or(args.count, |seconds| markers_in(seconds).max(1));
    let stop = Stop::never(clock);
    let meters = Arc::new(Meters::default());

    let relay_clock = RelayClock::default();
    let (audio_in, audio) = std_mpsc::channel();
    let mut ear = enter(&target, "probe-ear", false, clock, relay_clock.clone(), Some(audio_in)).await?;
    let mut mouth = enter(&target, "probe-mouth", true, clock, RelayClock::default(), None).await?;
    joined(&mut ear).await?;
    let (joined_at, format) = joined(&mut mouth).await?;

    let tape = Tape::new(clock);
    let playout =
        Playout { events: audio, clock, relay_clock, stop: stop.clone(), meters: Arc::clone(&meters), moments: None };
    let (played_in, played) = oneshot::channel();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let sink = Box::new(tape.recorder(Arc::clone(&heard)));
    playout.spawn(sink, played_in).map_err(|e| Failure::Other(format!("no thread: {e}")))?;

    let markers = Markers::new(format.ptime, count, joined_at.max(clock.now()) + LEAD_US);
    let (captured_in, captured) = oneshot::channel();
    let (_formats, formats) = std_mpsc::channel();
    let capture = Capture {
        sender: mouth.audio(),
        format,
        joined: clock.now(),
        formats,
        continuous: true,
        stop: stop.clone(),
        meters,
    };
    let source = Box::new(markers.source(clock));
    capture.spawn(source, captured_in).map_err(|e| Failure::Other(format!("no thread: {e}")))?;

    let bar = progress(&args, count);
    let end = markers.at(count) + TRAIL_US;
    let outcome = tokio::select! {
        () = show(&bar, &markers, clock, end) => Ok(()),
        failure = broken(&mut ear) => Err(failure),
        failure = broken(&mut mouth) => Err(failure),
    };
    bar.finish_and_clear();
    stop.now();
    let _ = captured.await;
    let played = played.await.ok();
    let closed = mouth.close().await.and(ear.close().await);
    outcome.and(closed)?;
    let recording = heard.lock().unwrap_or_else(PoisonError::into_inner);
    report(&args, &target, format, &markers.find_all(&recording), played.as_ref())
}

async fn enter(
    target: &Target,
    name: &str,
    deafened: bool,
    clock: LocalClock,
    relay_clock: RelayClock,
    audio: Option<std_mpsc::Sender<crate::net::link::AudioEvent>>,
) -> Result<Link, Failure> {
    let name = DisplayName::parse(name).map_err(|e| Failure::Other(e.to_string()))?;
    Link::open(LinkConfig { target: target.clone(), name, deafened }, clock, relay_clock, audio).await
}

async fn joined(link: &mut Link) -> Result<(Micros, Format), Failure> {
    let wait = async {
        while let Some(event) = link.events.recv().await {
            if let LinkEvent::Joined { at, format, .. } = event {
                return Ok((at, format));
            }
        }
        Err(Failure::Connect("the relay hung up before it said welcome".into()))
    };
    let silent = |_| Failure::Connect("the relay does not say welcome".into());
    tokio::time::timeout(WELCOME, wait).await.map_err(silent)?
}

/// Returns when a link loses its connection: a measurement over a gap would be none.
async fn broken(link: &mut Link) -> Failure {
    loop {
        match link.events.recv().await {
            Some(LinkEvent::Lost { reason }) => return Failure::Lost(reason),
            Some(_) => {}
            None => return Failure::Lost("the connection was lost".into()),
        }
    }
}

fn markers_in(seconds: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the command line bounds it")]
    let count = (seconds / Duration::from_micros(INTERVAL_US).as_secs_f64()) as u32;
    count
}

fn progress(args: &ProbeArgs, count: u32) -> ProgressBar {
    if args.room.quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::from(count));
    if let Ok(style) = ProgressStyle::with_template("{pos}/{len} chirps {wide_bar:.cyan/blue}") {
        bar.set_style(style);
    }
    bar
}

async fn show(bar: &ProgressBar, markers: &Markers, clock: LocalClock, end: Micros) {
    while clock.now() < end {
        bar.set_position(u64::from(markers.sent_before(clock.now())));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn report(
    args: &ProbeArgs,
    target: &Target,
    format: Format,
    probed: &Probed,
    played: Option<&Played>,
) -> Result<(), Failure> {
    if probed.delays_us.is_empty() {
        return Err(Failure::NotHeard(format!("none of {} chirps was heard: does somebody else talk?", probed.sent)));
    }
    let concealed = played.map_or(0, |played| played.heard.stats.concealed_samples);
    let at = |percentile: f64| ms(probed.delays_us.value_at_percentile(percentile));
    if args.json {
        let json = serde_json::json!({
            "relay": target.address.authority(),
            "room": target.address.room.as_str(),
            "ptime_ms": format.ptime.ms(),
            "sent": probed.sent,
            "heard": probed.delays_us.len(),
            "concealed_samples": concealed,
            "one_way_ms": {
                "min": ms(probed.delays_us.min()), "p50": at(50.0), "p95": at(95.0), "p99": at(99.0),
                "max": ms(probed.delays_us.max()),
            },
        });
        println!("{json:#}");
        return Ok(());
    }
    println!("mouth to ear through {}, one way, {} ms packets", target.address.authority(), format.ptime.ms());
    println!("  chirps heard  {} of {}", probed.delays_us.len(), probed.sent);
    for (name, value) in [("p50", at(50.0)), ("p95", at(95.0)), ("p99", at(99.0)), ("max", ms(probed.delays_us.max()))]
    {
        println!("  {name}           {value:6.1} ms");
    }
    println!("  concealed     {:6.1} ms", ms(samples_to_us(concealed.cast_signed()).unsigned_abs()));
    Ok(())
}

fn ms(us: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a delay is far below 2^52 µs")]
    let ms = us as f64 / 1000.0;
    ms
}
