//! Proves that listeners who stop reading cost the others nothing and the relay little.

mod common;

use std::time::{Duration, Instant};

use common::{
    Client, Incoming, TestRelay,
    talk::{percentile, punctually, resident_kib, talk, us},
};
use tokio::{sync::watch, task::JoinHandle, time::sleep};

const LISTENERS: usize = 10;
const STUCK: usize = 10;
/// More than that would be noticed.
const NOTICEABLE_US: u64 = 1000;

/// What the listeners do just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Packets come, and nothing is measured.
    Settle,
    /// All read.
    All,
    /// The stuck ones hold their sockets and read no more.
    Some,
    /// It is over.
    Over,
}

/// How old the packets were when they came, while all read and while some do not.
fn listen(mut client: Client, clock: Instant, phase: watch::Receiver<Phase>, stuck: bool) -> JoinHandle<[Vec<u64>; 2]> {
    tokio::spawn(async move {
        let mut ages = [Vec::new(), Vec::new()];
        loop {
            let Incoming::Audio(header, _) = client.next().await else { continue };
            let age_us = u64::from((us(clock) as u32).wrapping_sub(header.capture_us));
            let now = *phase.borrow();
            match now {
                Phase::Settle => {}
                Phase::All => ages[0].push(age_us),
                Phase::Some if stuck => std::future::pending().await,
                Phase::Some => ages[1].push(age_us),
                Phase::Over => return ages,
            }
        }
    })
}

#[test]
#[cfg(target_os = "linux")]
fn listeners_who_stop_reading_delay_nobody_and_their_memory_is_bounded() {
    punctually(async {
        let relay = TestRelay::plain();
        let clock = Instant::now();
        let (phase, watched) = watch::channel(Phase::Settle);
        let mut listeners = Vec::new();
        for _ in 0..LISTENERS {
            let client = relay.join("lobby", "listener").await;
            listeners.push(listen(client, clock, watched.clone(), false));
        }
        let mut stuck = Vec::new();
        for _ in 0..STUCK {
            let client = relay.join_narrow("lobby", "stuck").await;
            stuck.push(listen(client, clock, watched.clone(), true));
        }
        let talker = tokio::spawn(talk(relay.join("lobby", "talker").await, clock));
        sleep(Duration::from_secs(1)).await;
        phase.send_replace(Phase::All);
        sleep(Duration::from_secs(3)).await;
        let before_kib = resident_kib();
        phase.send_replace(Phase::Some);
        sleep(Duration::from_secs(6)).await;
        let grown_kib = resident_kib().saturating_sub(before_kib);
        phase.send_replace(Phase::Over);
        let (mut all, mut some) = (Vec::new(), Vec::new());
        for listener in listeners {
            let [before, after] = listener.await.expect("no panic");
            all.extend(before);
            some.extend(after);
        }
        talker.abort();
        let (before_us, after_us) = (percentile(&all, 99), percentile(&some, 99));
        eprintln!("p99 {before_us} µs while all read, {after_us} µs while half do not; {grown_kib} KiB more");
        assert!(all.len() > 1000 && some.len() > 2000, "{} and {} packets", all.len(), some.len());
        assert!(after_us < before_us + NOTICEABLE_US, "p99 went from {before_us} to {after_us} µs");
        assert!(grown_kib < 1024, "{grown_kib} KiB more");
        assert!(stuck.iter().all(|task| !task.is_finished()), "who is stuck stays in the room for now");
    });
}
