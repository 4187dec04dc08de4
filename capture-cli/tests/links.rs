//! Proves what the program does about a bad link, up and down: real sockets over emulated air. Needs root for network
//! namespaces; where there are none, the tests skip.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod common;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use common::{Program, TestRelay, alone, ear::Ear, speech_path};
use relay::Config;
use relay_netem::Conditions;
use relay_netem::namespace::Namespace;
use relay_netem::wire::{Direction, NEAR, Wire};

/// A quiet radio link: 2 ms each way.
fn quiet() -> Conditions {
    Conditions { delay_us: 2000, ..Conditions::default() }
}

/// A wire with a relay at its near end.
fn lay() -> Option<(Wire, TestRelay)> {
    match Wire::lay(quiet(), quiet(), 1) {
        Ok(wire) => {
            let bind = Some(SocketAddr::from((NEAR, 0)));
            let relay =
                wire.near.run(move || TestRelay::with(Config { open: true, plain: true, bind, ..Config::default() }));
            Some((wire, relay))
        }
        Err(e) if relay_netem::is_not_to_be_had(&e) => {
            eprintln!("skipped: network namespaces and TUN need root and a kernel that has them ({e})");
            None
        }
        Err(e) => panic!("no wire: {e}"),
    }
}

fn start(end: &Namespace, arguments: String) -> Program {
    end.run(move || Program::start(&arguments))
}

/// The numbers of a summary's `mouth to ear p50 …, p95 …, p99 …`, in ms.
fn mouth_to_ear(summary: &str) -> Vec<f64> {
    let part = summary.split("mouth to ear ").nth(1).unwrap_or_else(|| panic!("no delay in: {summary}"));
    part.split(", ").take(3).map(|p| p.split(' ').nth(1).and_then(|ms| ms.parse().ok()).expect("a number")).collect()
}

#[test]
fn up_a_link_slower_than_the_stream_speech_is_late_by_little() {
    let _alone = alone();
    let Some((wire, relay)) = lay() else { return };
    let mut listener = start(&wire.near, format!("listen --url {} --out /dev/null --name ear", relay.url("a")));
    listener.until("joined room");
    let file = speech_path(870);
    let talk = format!("talk --url {} --loop --continuous --file {} --name mouth", relay.url("a"), file.display());
    let mut talker = start(&wire.far, talk);
    talker.until("joined room");
    wire.change(Direction::Back, Conditions { bits_per_second: Some(30_000), ..quiet() });
    std::thread::sleep(Duration::from_secs(10));
    listener.interrupt();
    let said = listener.end().ok().stderr;
    let delays = mouth_to_ear(&said);
    eprintln!("30 kbit/s up: {delays:?}; {said}");
    assert!(delays[0] <= 500.0, "{said}");
    talker.interrupt();
    let said = talker.end().ok().stderr;
    assert!(said.contains("not sent, "), "what is discarded is counted: {said}");
}

#[test]
fn a_listener_whose_link_stalls_or_goes_dark_hears_again_soon_after() {
    let _alone = alone();
    let Some((wire, relay)) = lay() else { return };
    let url = relay.url("a");
    let file = speech_path(870);
    let mut talker = start(&wire.near, format!("talk --url {url} --loop --file {} --name mouth", file.display()));
    talker.until("joined room");
    let ear = wire.far.run(move || Ear::start(&format!("--url {url} --name ear")));
    ear.sounds_after(Instant::now());
    for (what, seconds, within_ms) in [("stall", 1, 500), ("blackout", 5, 2000)] {
        let length = Duration::from_secs(seconds);
        if what == "stall" {
            wire.stall(length);
        } else {
            wire.blackout(length);
        }
        let back = ear.sounds_after(Instant::now() + length);
        eprintln!("sound is back {back:?} after a {what} of {seconds} s");
        assert!(back <= Duration::from_millis(within_ms), "{back:?} after a {what}");
        ear.sounds_after(Instant::now() + Duration::from_secs(1));
    }
}
