//! Proves that who floods the relay, or sits on it, costs those in a call nothing that they notice, and little memory,
//! which comes back.
#![cfg(target_os = "linux")]

mod common;

use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use common::{
    Client, Incoming, PATIENCE, TestRelay,
    talk::{percentile, punctually, resident_kib, talk, us},
};
use relay::{Config, kernel};
use socket2::{Domain, Socket, Type};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
    time::{sleep, timeout},
};

const SLOW_HEADS: usize = 400;
const IDLE: usize = 1000;
const NEVER_READ: usize = 50;
const FRAGMENTS: usize = 50;
const PINGERS: usize = 20;
const OVERSIZERS: usize = 20;
const LISTENERS: usize = 5;
/// What a connection may cost, whatever it does.
const KIB_EACH: usize = 64;
/// A whole wave again, on memory that came back from the last, may cost each no more than this.
const KIB_EACH_AGAIN: usize = 8;

/// What the call's listeners note just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Settle,
    Calm,
    Flood,
    Over,
}

/// What a listener heard.
#[derive(Debug, Default)]
struct Heard {
    calm_us: Vec<u64>,
    flood_us: Vec<u64>,
    gaps: usize,
}

fn listen(mut client: Client, clock: Instant, phase: watch::Receiver<Phase>) -> JoinHandle<Heard> {
    tokio::spawn(async move {
        let mut heard = Heard::default();
        let mut last: Option<u16> = None;
        loop {
            let Incoming::Audio(header, _) = client.next().await else { continue };
            let age_us = u64::from((us(clock) as u32).wrapping_sub(header.capture_us));
            let now = *phase.borrow();
            heard.gaps +=
                usize::from(now != Phase::Settle && last.is_some_and(|last| last.wrapping_add(1) != header.sequence));
            last = Some(header.sequence);
            match now {
                Phase::Settle => {}
                Phase::Calm => heard.calm_us.push(age_us),
                Phase::Flood => heard.flood_us.push(age_us),
                Phase::Over => return heard,
            }
        }
    })
}

/// How often those who flood were thrown out.
#[derive(Debug, Default)]
struct ThrownOut {
    pingers: usize,
    oversizers: usize,
}

/// Connections that do harm, from 40 addresses in turn.
struct Attacker {
    relay: SocketAddr,
    dialled: u8,
}

impl Attacker {
    fn dial(&mut self, receive_buffer: Option<usize>) -> TcpStream {
        self.dialled = (self.dialled + 1) % 40;
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::from((Ipv4Addr::new(127, 0, 1, 1 + self.dialled), 0)).into()).expect("bound");
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes).expect("set");
        }
        socket.connect(&self.relay.into()).expect("connected");
        socket.into()
    }

    fn enter(&mut self, room: &str, receive_buffer: Option<usize>) -> TcpStream {
        let mut stream = self.dial(receive_buffer);
        let request = format!(
            "GET /ws?room={room}&name=rogue HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: lanline.v1\r\n\r\n",
            self.relay
        );
        stream.write_all(request.as_bytes()).expect("sent");
        let mut status = [0; 12];
        stream.read_exact(&mut status).expect("an answer");
        assert_eq!(&status, b"HTTP/1.1 101");
        stream
    }

    /// All who just sit there.
    fn sit(&mut self) -> Vec<TcpStream> {
        let mut held = Vec::new();
        for _ in 0..SLOW_HEADS {
            let mut stream = self.dial(None);
            stream.write_all(b"GET / HTTP/1.1\r\nHo").expect("sent");
            held.push(stream);
        }
        held.extend((0..IDLE).map(|n| self.enter(&format!("idle-{}", n / 50), None)));
        held.extend((0..NEVER_READ).map(|_| self.enter("lobby", Some(4096))));
        for n in 0..FRAGMENTS {
            let mut stream = self.enter(&format!("fragments-{}", n / 50), None);
            stream.write_all(&frame(0x01, 3000)).expect("sent");
            held.push(stream);
        }
        held
    }

    /// Sends what is not wanted until told to stop; who is thrown out comes back. How often that was of each kind.
    fn flood(&mut self, stop: &AtomicBool) -> ThrownOut {
        let ping = frame(0x89, 100).repeat(100);
        let oversized = frame(0x82, 60_000);
        let mut rogues: Vec<_> = (0..PINGERS + OVERSIZERS).map(|_| self.enter("rogues", None)).collect();
        for rogue in &rogues {
            rogue.set_nonblocking(true).expect("set");
        }
        let mut thrown_out = ThrownOut::default();
        while !stop.load(Ordering::Relaxed) {
            for (at, rogue) in rogues.iter_mut().enumerate() {
                let (bytes, times) = if at < PINGERS {
                    (&ping, &mut thrown_out.pingers)
                } else {
                    (&oversized, &mut thrown_out.oversizers)
                };
                let mut scratch = [0; 4096];
                let sent = rogue.write_all(bytes);
                let over = loop {
                    match rogue.read(&mut scratch) {
                        Ok(0) => break true,
                        Ok(_) => {}
                        Err(e) => break e.kind() != ErrorKind::WouldBlock,
                    }
                };
                if over || sent.is_err_and(|e| e.kind() != ErrorKind::WouldBlock) {
                    *times += 1;
                    *rogue = self.enter("rogues", None);
                    rogue.set_nonblocking(true).expect("set");
                }
            }
            // On the machine of the test the attackers' own work would be what is noticed.
            thread::sleep(Duration::from_millis(10));
        }
        thrown_out
    }
}

/// A frame as a client sends it, masked with zeros.
fn frame(first: u8, length: usize) -> Vec<u8> {
    let mut frame = vec![first];
    match u8::try_from(length).ok().filter(|length| *length < 126) {
        Some(length) => frame.push(0x80 | length),
        None => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(length).expect("fits").to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.resize(frame.len() + length, b'x');
    frame
}

/// A thread of ordinary priority, unlike those of the call; threads get that of who starts them.
#[derive(Clone)]
struct Elsewhere(mpsc::Sender<Box<dyn FnOnce() + Send>>);

impl Elsewhere {
    fn start() -> Self {
        let (jobs, work) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
        thread::spawn(move || work.into_iter().for_each(|job| job()));
        Self(jobs)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let (done, result) = oneshot::channel();
        self.0.send(Box::new(move || drop(done.send(work())))).expect("it runs");
        result.await.expect("no panic")
    }
}

async fn participants(relay: &TestRelay) -> u64 {
    relay.http("GET", "/healthz", &[], "").await.json()["participants"].as_u64().expect("a number")
}

#[test]
fn a_call_notices_nothing_of_a_flood_and_the_memory_comes_back() {
    kernel::raise_open_files();
    let elsewhere = Elsewhere::start();
    punctually(async {
        let relay = TestRelay::with(Config { open: true, plain: true, ..Config::default() });
        let clock = Instant::now();
        let (phase, watched) = watch::channel(Phase::Settle);
        let mut listeners = Vec::new();
        for _ in 0..LISTENERS {
            listeners.push(listen(relay.join("lobby", "listener").await, clock, watched.clone()));
        }
        let talker = tokio::spawn(talk(relay.join("lobby", "talker").await, clock));
        sleep(Duration::from_secs(1)).await;
        phase.send_replace(Phase::Calm);
        sleep(Duration::from_secs(4)).await;

        phase.send_replace(Phase::Flood);
        let (before_kib, address) = (resident_kib(), relay.address);
        let held = elsewhere.run(move || Attacker { relay: address, dialled: 0 }.sit()).await;
        let connections = held.len();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let flooding = elsewhere.clone();
        let flood =
            tokio::spawn(
                async move { flooding.run(move || Attacker { relay: address, dialled: 0 }.flood(&stopped)).await },
            );
        sleep(Duration::from_secs(4)).await;
        stop.store(true, Ordering::Relaxed);
        let thrown_out = flood.await.expect("no panic");
        let first_kib = resident_kib().saturating_sub(before_kib);
        phase.send_replace(Phase::Settle);

        drop(held);
        let gone = async {
            while participants(&relay).await > (LISTENERS + 1) as u64 {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, gone).await.expect("who has left is gone");
        let between_kib = resident_kib();
        let held = elsewhere.run(move || Attacker { relay: address, dialled: 0 }.sit()).await;
        let second_kib = resident_kib().saturating_sub(between_kib.max(before_kib + first_kib));
        drop(held);
        phase.send_replace(Phase::Over);
        let (mut calm_us, mut flood_us, mut gaps) = (Vec::new(), Vec::new(), 0);
        for listener in listeners {
            let heard = listener.await.expect("no panic");
            calm_us.extend(heard.calm_us);
            flood_us.extend(heard.flood_us);
            gaps += heard.gaps;
        }
        talker.abort();

        let (before_us, after_us) = (percentile(&calm_us, 99), percentile(&flood_us, 99));
        eprintln!(
            "p99 {before_us} µs before and {after_us} µs in the flood; {connections} connections cost {first_kib} KiB, the second time \
             {second_kib} KiB more; {thrown_out:?}"
        );
        assert!(calm_us.len() > 500 && flood_us.len() > 500, "{} and {} packets", calm_us.len(), flood_us.len());
        assert_eq!(gaps, 0, "no packet of the call is lost");
        assert!(after_us < before_us + 5000, "p99 went from {before_us} to {after_us} µs");
        assert!(thrown_out.pingers >= PINGERS && thrown_out.oversizers >= OVERSIZERS, "{thrown_out:?}");
        assert!(first_kib < KIB_EACH * connections, "{first_kib} KiB for {connections} connections");
        assert!(second_kib < KIB_EACH_AGAIN * connections, "{second_kib} KiB more for the second wave");
    });
}
