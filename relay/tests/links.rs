//! Proves what a listener on a bad link hears: real sockets over emulated air. Needs root for network namespaces;
//! where there are none, the tests skip.
#![cfg(target_os = "linux")]

mod common;

use std::{
    io::{Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use common::{
    Client, Incoming, TestRelay,
    talk::{percentile, punctually, talk, us},
};
use relay::{Config, Limits};
use relay_netem::{
    Conditions,
    namespace::Namespace,
    proxy::Proxy,
    wire::{Direction, NEAR, Wire},
};
use relay_wire::{ClientMessage, ServerMessage};
use tokio::{
    net::TcpListener,
    runtime::Handle,
    task::JoinHandle,
    time::{sleep, sleep_until},
};

const MS: u64 = 1000;
/// Older audio is of no use to anybody.
const STALE_US: u64 = 200 * MS;

/// A quiet radio link: 2 ms each way.
fn quiet() -> Conditions {
    Conditions { delay_us: 2 * MS, ..Conditions::default() }
}

fn lay(out: Conditions) -> Option<Wire> {
    match Wire::lay(out, quiet(), 1) {
        Ok(wire) => Some(wire),
        Err(e) if relay_netem::is_not_to_be_had(&e) => {
            eprintln!("skipped: network namespaces and TUN need root and a kernel that has them ({e})");
            None
        }
        Err(e) => panic!("no wire: {e}"),
    }
}

/// Whether the kernel has `TCP_RTO_MAX_MS` (Linux 6.15), without which the pauses between repetitions double on.
fn retransmission_is_bounded() -> bool {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map_while(|number| number.parse().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (6, 15)
}

/// How the listener reaches the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Plain,
    Tls,
    /// Through a proxy at the near end of the wire, which takes all that the relay gives it.
    Proxy {
        reports: bool,
    },
}

/// One talks beside the relay, one listens at the far end of the wire.
struct Talk {
    wire: Wire,
    relay: TestRelay,
    clock: Instant,
    talker: JoinHandle<()>,
    listener: Client,
    /// When the next report may go, if there are any.
    reports: Option<tokio::time::Instant>,
    /// The last packet that came, until it is reported.
    unreported: Option<u16>,
    _proxy: Option<Proxy>,
}

/// A packet or a text as it came, by the clock of the test.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    at_us: u64,
    /// From capture to arrival; `None` is a text.
    age_us: Option<u64>,
}

impl Talk {
    async fn begin(wire: Wire, way: Way) -> Self {
        let limits = Limits { silence: Duration::from_secs(600), ..Limits::default() };
        let config = Config { open: true, plain: way != Way::Tls, limits, ..Config::default() };
        let clock = Instant::now();
        let (relay, proxy) = if let Way::Proxy { .. } = way {
            let relay = TestRelay::with(config);
            let front = wire.near.run(|| std::net::TcpListener::bind((NEAR, 0)).expect("bound"));
            front.set_nonblocking(true).expect("set");
            let front = TcpListener::from_std(front).expect("registered");
            let proxy = Proxy::start(front, relay.address).expect("started");
            (relay, Some(proxy))
        } else {
            let runtime = Handle::current();
            let bind = Some(SocketAddr::from((NEAR, 0)));
            let state_dir = (way == Way::Tls).then(|| tempfile::tempdir().expect("a folder").keep());
            let relay = wire.near.run(move || {
                let _entered = runtime.enter();
                TestRelay::with(Config { bind, state_dir, ..config })
            });
            (relay, None)
        };
        let address = proxy.as_ref().map_or(relay.address, Proxy::address);
        let listener = relay.join_from(connect(&wire.far, address), "lobby", "listener").await;
        let talker = tokio::spawn(talk(join_beside(&relay, &wire, way, "talker").await, clock));
        let reports = (way == Way::Proxy { reports: true }).then(tokio::time::Instant::now);
        Self { wire, relay, clock, talker, listener, reports, unreported: None, _proxy: proxy }
    }

    /// Listens for so long.
    async fn listen(&mut self, length: Duration) -> Vec<Arrival> {
        let mut arrivals = Vec::new();
        let over = sleep(length);
        tokio::pin!(over);
        loop {
            let may_report = self.reports.filter(|_| self.unreported.is_some());
            let incoming = tokio::select! {
                () = &mut over => return arrivals,
                () = async { sleep_until(may_report.expect("checked")).await }, if may_report.is_some() => {
                    let sequence = self.unreported.take().expect("checked");
                    self.listener.say(&ClientMessage::Received { sequence }).await;
                    self.reports = Some(tokio::time::Instant::now() + Duration::from_millis(100));
                    continue;
                }
                incoming = self.listener.next() => incoming,
            };
            let at_us = us(self.clock);
            match incoming {
                Incoming::Audio(header, _) => {
                    self.unreported = Some(header.sequence);
                    let age_us = Some(u64::from((at_us as u32).wrapping_sub(header.capture_us)));
                    arrivals.push(Arrival { at_us, age_us });
                }
                Incoming::Text(ServerMessage::Chat { .. }) => arrivals.push(Arrival { at_us, age_us: None }),
                Incoming::Text(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.talker.abort();
    }
}

fn connect(end: &Namespace, address: SocketAddr) -> std::net::TcpStream {
    end.run(move || std::net::TcpStream::connect(address).expect("connected"))
}

fn http_get(address: SocketAddr, path: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).expect("connected");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("read");
    answer
}

/// A participant whose link is perfect.
async fn join_beside(relay: &TestRelay, wire: &Wire, way: Way, name: &str) -> Client {
    match way {
        Way::Proxy { .. } => relay.join("lobby", name).await,
        Way::Plain | Way::Tls => relay.join_from(connect(&wire.near, relay.address), "lobby", name).await,
    }
}

fn ages(arrivals: &[Arrival]) -> Vec<u64> {
    arrivals.iter().filter_map(|arrival| arrival.age_us).collect()
}

/// Stale packets that arrived, and how long after the outage's end the first fresh one did.
fn after_outage(arrivals: &[Arrival], end_us: u64) -> (usize, u64) {
    let stale = ages(arrivals).iter().filter(|age| **age > STALE_US).count();
    let fresh = arrivals.iter().find(|a| a.at_us >= end_us && a.age_us.is_some_and(|age| age <= STALE_US));
    (stale, fresh.expect("audio comes back").at_us - end_us)
}

#[test]
fn after_a_stall_of_a_second_little_is_stale_and_audio_is_back_at_once() {
    punctually(async {
        for way in [Way::Plain, Way::Tls] {
            let Some(wire) = lay(quiet()) else { return };
            let mut talk = Talk::begin(wire, way).await;
            talk.listen(Duration::from_secs(1)).await;
            talk.wire.stall(Duration::from_secs(1));
            let end_us = us(talk.clock) + 1000 * MS;
            let arrivals = talk.listen(Duration::from_secs(3)).await;
            let (stale, back_us) = after_outage(&arrivals, end_us);
            eprintln!("stall, {way:?}: {stale} stale, back after {} ms", back_us / MS);
            assert!(stale <= 6, "{stale} stale packets");
            assert!(back_us <= 500 * MS, "back after {} ms", back_us / MS);
        }
    });
}

#[test]
fn after_a_blackout_of_five_seconds_little_is_stale_and_audio_is_back_soon() {
    punctually(async {
        let Some(wire) = lay(quiet()) else { return };
        let mut talk = Talk::begin(wire, Way::Plain).await;
        talk.listen(Duration::from_secs(1)).await;
        talk.wire.blackout(Duration::from_secs(5));
        let end_us = us(talk.clock) + 5000 * MS;
        let arrivals = talk.listen(Duration::from_secs(8)).await;
        let (stale, back_us) = after_outage(&arrivals, end_us);
        eprintln!("blackout: {stale} stale, back after {} ms", back_us / MS);
        assert!(stale <= 6, "{stale} stale packets");
        let within_ms = if retransmission_is_bounded() { 1200 } else { 2000 };
        assert!(back_us <= within_ms * MS, "back after {} ms", back_us / MS);
    });
}

#[test]
fn on_a_link_slower_than_the_stream_audio_is_late_by_little_and_text_arrives() {
    punctually(async {
        const LINES: usize = 5;
        let slow = Conditions { bits_per_second: Some(30_000), ..quiet() };
        let Some(wire) = lay(quiet()) else { return };
        let mut talk = Talk::begin(wire, Way::Plain).await;
        talk.wire.change(Direction::Out, slow);
        let mut arrivals = Vec::new();
        let mut writer = join_beside(&talk.relay, &talk.wire, Way::Plain, "writer").await;
        for line in 0..LINES {
            writer.chat(&format!("line {line}")).await;
            arrivals.extend(talk.listen(Duration::from_secs(2)).await);
        }
        let ages = ages(&arrivals);
        let texts = arrivals.iter().filter(|arrival| arrival.age_us.is_none()).count();
        let (p50, p95) = (percentile(&ages, 50), percentile(&ages, 95));
        eprintln!("30 kbit/s: {} packets, p50 {} ms, p95 {} ms, {texts} texts", ages.len(), p50 / MS, p95 / MS);
        assert_eq!(texts, LINES);
        let health = talk.wire.near.run({
            let address = talk.relay.address;
            move || http_get(address, "/healthz")
        });
        let discarded =
            health.split("\"discarded\":").nth(1).and_then(|rest| rest.split(['}', ',']).next()?.parse().ok());
        assert!(discarded.is_some_and(|packets: u64| packets > 200), "what is discarded is counted: {health}");
        assert!(ages.len() >= 100, "{} packets in ten seconds", ages.len());
        assert!(p50 <= 300 * MS, "p50 {} ms", p50 / MS);
    });
}

#[test]
fn on_a_healthy_link_nothing_is_lost_or_held_up() {
    punctually(async {
        let away = |ms| Conditions { delay_us: ms * MS, ..Conditions::default() };
        let jittered = Conditions { jitter_us: 30 * MS, ..away(20) };
        // The second is a round trip longer than what the kernel may hold of a short one.
        for (out, back) in [(jittered, jittered), (away(180), quiet())] {
            for way in [Way::Plain, Way::Proxy { reports: true }] {
                let Some(wire) = lay(out) else { return };
                let mut talk = Talk::begin(wire, way).await;
                talk.wire.change(Direction::Back, back);
                talk.listen(Duration::from_secs(1)).await;
                let ages = ages(&talk.listen(Duration::from_secs(4)).await);
                let (p50, p95) = (percentile(&ages, 50) / MS, percentile(&ages, 95) / MS);
                let case = format!("{} ms away, {way:?}", out.delay_us / MS);
                eprintln!("{case}: {} packets, p50 {p50} ms, p95 {p95} ms", ages.len());
                assert!((190..=201).contains(&ages.len()), "{case}: {} packets", ages.len());
                let latest = (out.delay_us + out.jitter_us) / MS;
                assert!(p50 <= latest + 5 && p95 <= latest + 20, "{case}: p50 {p50} ms, p95 {p95} ms");
            }
        }
    });
}

#[test]
fn behind_a_proxy_the_reports_of_a_listener_bound_what_is_stale() {
    punctually(async {
        let mut stale_of = Vec::new();
        for reports in [false, true] {
            let Some(wire) = lay(quiet()) else { return };
            let mut talk = Talk::begin(wire, Way::Proxy { reports }).await;
            let before = ages(&talk.listen(Duration::from_secs(2)).await).len();
            assert!((95..=101).contains(&before), "{before} packets in two seconds");
            talk.wire.stall(Duration::from_secs(1));
            let end_us = us(talk.clock) + 1000 * MS;
            let arrivals = talk.listen(Duration::from_secs(3)).await;
            let (stale, back_us) = after_outage(&arrivals, end_us);
            eprintln!("stall behind a proxy, reports {reports}: {stale} stale, back after {} ms", back_us / MS);
            assert!(back_us <= 500 * MS, "back after {} ms", back_us / MS);
            stale_of.push(stale);
        }
        assert!(stale_of[1] <= 8 && stale_of[0] > 2 * stale_of[1], "{stale_of:?}");
    });
}

#[test]
fn behind_a_proxy_a_slow_link_delays_by_little_where_the_listener_reports() {
    punctually(async {
        let Some(wire) = lay(quiet()) else { return };
        let mut talk = Talk::begin(wire, Way::Proxy { reports: true }).await;
        talk.listen(Duration::from_secs(1)).await;
        talk.wire.change(Direction::Out, Conditions { bits_per_second: Some(30_000), ..quiet() });
        talk.listen(Duration::from_secs(2)).await;
        let ages = ages(&talk.listen(Duration::from_secs(8)).await);
        let (p50, p95) = (percentile(&ages, 50), percentile(&ages, 95));
        eprintln!("30 kbit/s behind a proxy: {} packets, p50 {} ms, p95 {} ms", ages.len(), p50 / MS, p95 / MS);
        assert!(ages.len() >= 80, "{} packets in eight seconds", ages.len());
        assert!(p50 <= 400 * MS, "p50 {} ms", p50 / MS);
    });
}
