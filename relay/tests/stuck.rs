//! Proves that listeners who stop reading cost the others nothing and the relay little.

mod common;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use common::{
    Client, Incoming, PATIENCE, TestRelay,
    talk::{percentile, punctually, resident_kib, talk, us},
};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

const LISTENERS: usize = 10;
const STUCK: usize = 10;
/// More than that would be noticed.
const NOTICEABLE_US: u64 = 1000;

const PACKET_US: u64 = 20_000;
const TIMES: usize = 3;
/// No packet comes this late to those who read; and to those who do not it may.
const STALE_US: u64 = 500_000;

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

/// When packets came, by the test's clock, and how old they were then.
type Ages = Vec<(u64, u64)>;

/// The packets while all read and while some do not.
fn listen(mut client: Client, clock: Instant, mut phase: watch::Receiver<Phase>, stuck: bool) -> JoinHandle<[Ages; 2]> {
    tokio::spawn(async move {
        let mut ages = [Vec::new(), Vec::new()];
        loop {
            let header = match client.next().await {
                Incoming::Audio(header, _) => header,
                Incoming::Text(_) => continue,
                end => panic!("out of the room: {end:?}"),
            };
            let at_us = us(clock);
            let age = (at_us, u64::from((at_us as u32).wrapping_sub(header.capture_us)));
            let now = *phase.borrow();
            match now {
                Phase::Settle => {}
                Phase::All => ages[0].push(age),
                Phase::Some if stuck => drop(phase.wait_for(|phase| *phase == Phase::Over).await),
                // It reads on, up to what is said now.
                Phase::Over if stuck && age.1 > STALE_US => {}
                Phase::Some => ages[1].push(age),
                Phase::Over => return ages,
            }
        }
    })
}

/// Listeners of a room in which somebody talks.
struct Room {
    listeners: Vec<JoinHandle<[Ages; 2]>>,
    talker: JoinHandle<()>,
}

impl Room {
    /// Packets are sent so long after each multiple of their duration: those of two rooms are not to meet.
    async fn with(relay: &TestRelay, clock: Instant, phase: &watch::Receiver<Phase>, offset_us: u64) -> Self {
        let mut tasks = Vec::new();
        for _ in 0..LISTENERS {
            tasks.push(listen(relay.join("lobby", "listener").await, clock, phase.clone(), false));
        }
        let talker = relay.join("lobby", "talker").await;
        sleep(Duration::from_micros(PACKET_US + offset_us - us(clock) % PACKET_US)).await;
        let talker = tokio::spawn(talk(talker, clock));
        Self { listeners: tasks, talker }
    }

    /// The usual p99 of both phases.
    async fn end(self) -> [u64; 2] {
        let (mut all, mut some) = (Vec::new(), Vec::new());
        for listener in self.listeners {
            let [before, after] = listener.await.expect("no panic");
            all.extend(before);
            some.extend(after);
        }
        self.talker.abort();
        let worst_us = some.iter().map(|(_, age_us)| *age_us).max();
        assert!(worst_us < Some(STALE_US), "{worst_us:?} µs at worst");
        assert!(all.len() > 1000 && some.len() > 2000, "{} and {} packets", all.len(), some.len());
        [usual_p99_us(&all), usual_p99_us(&some)]
    }
}

/// The median of the p99 of each second: one in which the machine was elsewhere does not count.
fn usual_p99_us(ages: &Ages) -> u64 {
    let mut seconds: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for (at_us, age_us) in ages {
        seconds.entry(at_us / 1_000_000).or_default().push(*age_us);
    }
    let each: Vec<u64> = seconds.values().map(|ages| percentile(ages, 99)).collect();
    percentile(&each, 50)
}

/// Measures once; true where those who stop reading delay nobody. A second relay beside it, whose listeners all read all the
/// time, tells what the machine does meanwhile.
async fn is_unnoticed() -> bool {
    let (relay, undisturbed) = (TestRelay::plain(), TestRelay::plain());
    let clock = Instant::now();
    let (phase, watched) = watch::channel(Phase::Settle);
    let mut stuck = Vec::new();
    for _ in 0..STUCK {
        let client = relay.join_narrow("lobby", "stuck").await;
        stuck.push(listen(client, clock, watched.clone(), true));
    }
    let room = Room::with(&relay, clock, &watched, 0).await;
    let beside = Room::with(&undisturbed, clock, &watched, PACKET_US / 2).await;
    sleep(Duration::from_secs(1)).await;
    phase.send_replace(Phase::All);
    sleep(Duration::from_secs(3)).await;
    let before_kib = resident_kib();
    phase.send_replace(Phase::Some);
    sleep(Duration::from_secs(6)).await;
    let grown_kib = resident_kib().saturating_sub(before_kib);
    phase.send_replace(Phase::Over);
    for task in stuck {
        timeout(PATIENCE, task).await.expect("who read no more hears what is said now").expect("still in the room");
    }
    let ([before_us, after_us], [_, beside_us]) = (room.end().await, beside.end().await);
    eprintln!(
        "p99 {before_us} µs while all read, {after_us} µs while half do not, {beside_us} µs beside it then; {grown_kib} KiB more"
    );
    assert!(grown_kib < 1024, "{grown_kib} KiB more");
    after_us < before_us.max(beside_us) + NOTICEABLE_US
}

/// What the machine does to one room alone is not there again the next time; what stuck listeners do is.
#[test]
#[cfg(target_os = "linux")]
fn listeners_who_stop_reading_delay_nobody_and_their_memory_is_bounded() {
    punctually(async {
        for _ in 0..TIMES {
            if is_unnoticed().await {
                return;
            }
        }
        panic!("the p99 of the others has grown by {NOTICEABLE_US} µs, {TIMES} times out of {TIMES}");
    });
}
