//! Proves how a relay begins and ends: the authority is kept, what is in the way is one clear sentence, and the end
//! is said to everyone.

mod common;

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Output, Stdio},
};

use common::{Incoming, TestRelay};
use relay::{Config, Relay, StartError};
use relay_wire::ServerMessage;

#[tokio::test]
async fn everyone_hears_goodbye() {
    let mut relay = TestRelay::plain();
    let mut guests = vec![relay.join("a", "ann").await, relay.join("a", "bob").await, relay.join("b", "cid").await];
    relay.end();
    for guest in &mut guests {
        let reconnect = guest
            .until(|m| match m {
                ServerMessage::Goodbye { reconnect, .. } => Some(*reconnect),
                _ => None,
            })
            .await;
        assert!(reconnect);
        // The others leave while one is still being told.
        while let Incoming::Text(ServerMessage::Left { .. }) = match guest.next().await {
            Incoming::Closed(code) => {
                assert_eq!(code, 1001);
                Incoming::Lost
            }
            other => other,
        } {}
    }
    drop(guests);
    relay.ended().await;
}

#[tokio::test]
async fn the_end_does_not_wait_for_those_who_do_not_answer() {
    let mut relay = TestRelay::plain();
    let _mute = relay.join("a", "mute").await;
    let _silent = relay.connect().await;
    relay.end();
    relay.ended().await;
}

#[tokio::test]
async fn the_authority_survives_a_restart() {
    let state = tempfile::tempdir().expect("a folder");
    let config = Config { open: true, state_dir: Some(state.path().into()), ..Config::default() };
    let mut authorities = Vec::new();
    for _ in 0..2 {
        let mut relay = TestRelay::with(config.clone());
        relay.join("lobby", "ann").await;
        authorities.push(relay.authority.clone().expect("TLS"));
        relay.end();
        relay.ended().await;
    }
    assert_eq!(authorities[0], authorities[1]);
}

#[tokio::test]
async fn a_port_in_use_and_a_folder_out_of_reach_are_named() {
    let relay = TestRelay::plain();
    let taken = Config { open: true, plain: true, bind: Some(relay.address), ..Config::default() };
    let error = Relay::start(&taken).err().expect("refused");
    assert!(matches!(error, StartError::InUse(_)), "{error}");
    assert!(error.to_string().contains(&relay.address.port().to_string()), "{error}");

    let file = tempfile::NamedTempFile::new().expect("a file");
    for plain in [true, false] {
        let bind = Some(([127, 0, 0, 1], 0).into());
        let config =
            Config { open: true, plain, bind, state_dir: Some(file.path().join("state")), ..Config::default() };
        let error = Relay::start(&config).err().expect("refused");
        assert!(matches!(error, StartError::StateDir { .. }), "{error}");
    }
}

fn relay(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relay"));
    command.args(args).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// One sentence on standard error, nothing on standard output, and failure.
fn sentence(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
fn the_program_says_in_one_sentence_what_is_in_the_way() {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = socket.local_addr().expect("an address").to_string();
    let in_use = relay(&["--plain", "--open", "--bind", &taken]).output().expect("runs");
    assert!(sentence(&in_use).contains("in use"));

    let file = tempfile::NamedTempFile::new().expect("a file");
    let folder = file.path().join("state").display().to_string();
    let unwritable = relay(&["--open", "--bind", "127.0.0.1:0", "--state-dir", &folder]).output().expect("runs");
    assert!(sentence(&unwritable).contains(&folder));

    let state = tempfile::tempdir().expect("a folder");
    std::fs::write(state.path().join("rooms.json"), "{").expect("written");
    let folder = state.path().display().to_string();
    let spoiled = relay(&["--plain", "--bind", "127.0.0.1:0", "--state-dir", &folder]).output().expect("runs");
    assert!(sentence(&spoiled).contains("rooms.json"));
}

#[test]
fn help_names_every_flag_and_its_variable() {
    let output = relay(&["--help"]).output().expect("runs");
    let help = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success());
    for word in ["--bind", "--plain", "--open", "--state-dir", "--room-ptime", "LANLINE_BIND", "LANLINE_STATE_DIR"] {
        assert!(help.contains(word), "{word} in\n{help}");
    }
    assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
}

/// The program, and what it printed up to the first join link.
fn run(args: &[&str]) -> (Child, String, String) {
    let mut child = relay(args).spawn().expect("runs");
    let mut printed = String::new();
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let link = loop {
        let mut line = String::new();
        assert_ne!(stdout.read_line(&mut line).expect("text"), 0, "no link in\n{printed}");
        printed += &line;
        if let Some(at) = line.find("http") {
            break line[at..].trim().to_owned();
        }
    };
    // The rest is short enough for the pipe, so the program does not wait for a reader.
    child.stdout = Some(stdout.into_inner());
    (child, link, printed)
}

#[cfg(unix)]
#[test]
fn the_program_prints_its_links_and_ends_well_when_asked() {
    let state = tempfile::tempdir().expect("a folder");
    let folder = state.path().display().to_string();
    for signal in ["TERM", "INT"] {
        let (mut child, link, _) = run(&["--open", "--bind", "127.0.0.1:0", "--state-dir", &folder]);
        assert!(link.starts_with("https://127.0.0.1:") && link.ends_with("/r/lobby"), "{link}");
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().expect("kill runs").success());
        let mut log = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut log).expect("text");
        assert_eq!(child.wait().expect("ends").code(), Some(0), "{log}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn settings_come_from_the_environment_too() {
    let mut child = relay(&[])
        .envs([
            ("LANLINE_PLAIN", "1"),
            ("LANLINE_OPEN", "true"),
            ("LANLINE_BIND", "127.0.0.1:0"),
            ("LANLINE_ROOM_PTIME", "10"),
        ])
        .spawn()
        .expect("runs");
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    while !line.contains("http://127.0.0.1:") {
        line.clear();
        assert_ne!(stdout.read_line(&mut line).expect("text"), 0, "no link");
    }
    child.kill().expect("killed");
    child.wait().expect("ends");
}
