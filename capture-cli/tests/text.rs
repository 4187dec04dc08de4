//! Proves that text reaches the terminal of everyone, at once and without playing tricks on it.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod common;

use std::io::Write;
use std::process::Stdio;

use common::{Program, TestRelay, run};

#[test]
fn a_notification_reaches_a_listener_and_the_sender_learns_where_it_went() {
    let relay = TestRelay::plain();
    let mut listener = Program::start(&format!("listen --url {} --out /dev/null", relay.url("a")));
    listener.until("joined room");
    let sent = run(&format!("notify --url {} --severity critical --title Fire Leave", relay.url("a"))).ok();
    assert!(sent.stderr.contains("sent to 1 participant in room a"), "{}", sent.stderr);
    listener.until("[CRITICAL] Fire: Leave").interrupt();
    listener.end().ok();
}

#[test]
fn lines_typed_on_the_terminal_are_chat() {
    let relay = TestRelay::plain();
    let mut listener = Program::start(&format!("listen --url {} --out /dev/null", relay.url("a")));
    listener.until("joined room");
    let folder = tempfile::tempdir().unwrap();
    let silence = folder.path().join("silence.wav");
    common::write(&silence, &[0; 4800]);
    let mut command = Program::command();
    command.args([
        "join",
        "--chat",
        "--name",
        "ann",
        "--loop",
        "--out",
        "/dev/null",
        "--url",
        &relay.url("a"),
        "--file",
    ]);
    command.arg(&silence).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut ann = Program::spawn(command);
    ann.until("joined room");
    // The line between is of a terminal that does not speak UTF-8, and has a mark that reorders text.
    let typed = b"hello \x1b[31mroom\nol\xe9 \xe2\x80\xaeagain\nand again\n";
    ann.child.stdin.as_mut().unwrap().write_all(typed).unwrap();
    listener.until("ann: hello [31mroom").until("ann: ol\u{fffd} again").until("ann: and again");
    ann.until("ann: and again").interrupt();
    ann.end().ok();
    listener.until("ann left");
}

#[test]
fn quiet_says_nothing_when_all_goes_well() {
    let relay = TestRelay::plain();
    let ended = run(&format!("listen --quiet --url {} --out /dev/null --seconds 0.2", relay.url("a"))).ok();
    assert_eq!(ended.stderr, "");
}

#[test]
fn help_shows_no_key_of_the_environment() {
    for command in ["join", "talk", "listen", "notify", "probe"] {
        let mut program = Program::command();
        program.args([command, "--help"]);
        program.envs([("LANLINE_URL", "https://h/r/a#SECRET"), ("LANLINE_KEY", "SECRET"), ("LANLINE_PIN", "SECRET")]);
        let help = program.output().unwrap();
        let help = String::from_utf8(help.stdout).unwrap();
        assert!(help.contains("LANLINE_URL") && !help.contains("SECRET"), "{help}");
    }
}
