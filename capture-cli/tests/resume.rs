//! Proves that the program finds its way back: to the same seat over a broken link, and into the room after the relay was
//! killed and started again.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Program, TestRelay, alone, speech_path, write};
use relay::authority::Authority;
use relay::{Config, Relay};
use relay_netem::proxy::{Proxy, Treatment};
use tempfile::tempdir;
use tokio::net::TcpListener;

#[test]
fn over_a_broken_link_the_seat_is_kept_and_nothing_typed_is_lost_or_doubled() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let allow_hosts = vec![Authority::parse(&listener.local_addr().unwrap().to_string()).unwrap()];
    let relay = TestRelay::with(Config { plain: true, open: true, allow_hosts, ..Config::default() });
    let proxy = runtime.block_on(async { Proxy::start(listener, relay.address).unwrap() });
    let mut bob = Program::start(&format!("listen --name bob --url {} --out /dev/null", relay.url("a")));
    bob.until("joined room");
    let folder = tempdir().unwrap();
    let silence = folder.path().join("silence.wav");
    write(&silence, &[0; 4800]);
    let mut command = Program::command();
    command.args(["join", "--chat", "--name", "ann", "--loop", "--out", "/dev/null"]);
    command.arg("--url").arg(format!("http://{}/r/a", proxy.address())).arg("--file").arg(&silence);
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    let mut ann = Program::spawn(command);
    ann.until("joined room");
    let say = |ann: &mut Program, line: &str| writeln!(ann.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    for round in 0..3 {
        say(&mut ann, &format!("before {round}"));
        // One may be on its way when the link breaks.
        say(&mut ann, &format!("just before {round}"));
        bob.until(&format!("ann: before {round}"));
        proxy.treat(Treatment::Reset);
        ann.again("coming back");
        bob.again("ann is away");
        say(&mut ann, &format!("while away {round}"));
        proxy.treat(Treatment::Pass);
        ann.again("the connection is back");
        bob.again("ann is back");
        bob.until(&format!("ann: while away {round}"));
    }
    ann.until("ann: while away 2").interrupt();
    ann.end().ok();
    bob.until("ann left").interrupt();
    let said = bob.end().ok().stderr;
    assert_eq!((said.matches("ann came").count(), said.matches("ann left").count()), (1, 1), "{said}");
    let lines: Vec<&str> = said.lines().filter_map(|line| line.split_once("ann: ")).map(|(_, line)| line).collect();
    let expected: Vec<String> =
        (0..3).flat_map(|n| ["before", "just before", "while away"].map(|line| format!("{line} {n}"))).collect();
    assert_eq!(lines, expected, "{said}");
}

#[test]
fn a_relay_that_is_killed_in_mid_talk_and_started_again_has_everybody_back_within_five_seconds() {
    let _alone = alone();
    let state = tempdir().unwrap();
    let mut relay = Process::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), state.path());
    let url = format!("http://{}/r/a", relay.address);
    let mut listener = Program::start(&format!("listen --name ear --url {url} --out /dev/null"));
    listener.until("joined room");
    let file = speech_path(880);
    let mut talker = Program::start(&format!("talk --name mouth --url {url} --loop --file {}", file.display()));
    talker.until("joined room");
    listener.until("mouth came");
    relay.kill();
    // Until the pauses between attempts are the longest.
    listener.until("trying every few seconds");
    talker.until("trying every few seconds");

    let started = Instant::now();
    let relay = Process::start(relay.address, state.path());
    listener.until("the connection is back");
    talker.until("the connection is back");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    for program in [talker, listener] {
        program.interrupt();
        program.end().ok();
    }
    drop(relay);
}

/// A relay in a process of its own, which can be killed.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    fn start(bind: SocketAddr, state: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "a_relay_until_it_is_killed", "--ignored", "--nocapture"]);
        command.env(BIND, bind.to_string()).env(STATE, state);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.into_iter().find_map(|line| line.split_once(ADDRESS)?.1.parse().ok());
        Self { child, address: address.expect("it says where it listens") }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const BIND: &str = "LANLINE_TEST_BIND";
const STATE: &str = "LANLINE_TEST_STATE";
const ADDRESS: &str = "listens on ";

#[test]
#[ignore = "it is the relay of another test"]
fn a_relay_until_it_is_killed() {
    let (Ok(bind), Ok(state)) = (std::env::var(BIND), std::env::var(STATE)) else { return };
    let config = Config {
        plain: true,
        open: true,
        bind: Some(bind.parse().unwrap()),
        state_dir: Some(state.into()),
        ..Config::default()
    };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let relay = Relay::start(&config).unwrap();
        println!("{ADDRESS}{}", relay.address());
        relay.serve(std::future::pending()).await;
    });
}
