//! Proves that what cannot work ends at once, with a sentence that says why and the exit code of the table.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod common;

use std::io::{Read, Write};
use std::net::TcpListener;

use common::{TestRelay, run, speech_path};
use tempfile::tempdir;

#[track_caller]
fn assert_fails(arguments: &str, code: i32, part: &str) {
    let ended = run(arguments);
    assert_eq!(ended.code, Some(code), "{arguments}: {}", ended.stderr);
    assert!(ended.stderr.contains(part), "{arguments}: {}", ended.stderr);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}

#[test]
fn a_wrong_command_line_is_code_2() {
    assert_fails("talk --room a --file -", 2, "--url");
    assert_fails("talk --url ws://h:1 --room UPPER --file -", 2, "a-z");
    assert_fails("talk --url h:1 --room a --file -", 2, "join link");
    assert_fails("talk --url ws://h:1 --file -", 2, "--room");
    assert_fails("listen --url ws://h:1 --room a --out - --seconds=-3", 2, "seconds");
    assert_fails("notify --url ws://h:1 --room a --title \u{202E}", 2, "control");
}

#[test]
fn a_file_that_is_no_sound_is_code_3_before_anything_is_joined() {
    let folder = tempdir().unwrap();
    let bad = folder.path().join("bad.wav");
    std::fs::write(&bad, "this is not a WAV file").unwrap();
    let nowhere = "--url ws://127.0.0.1:1 --room a";
    assert_fails(&format!("talk {nowhere} --file {}", bad.display()), 3, "not a WAV file");
    assert_fails(&format!("talk {nowhere} --file {}", folder.path().display()), 3, "");
    assert_fails(&format!("talk {nowhere} --file {}/missing.wav", folder.path().display()), 3, "missing.wav");
    assert_fails(&format!("listen {nowhere} --out {}/no/out.wav", folder.path().display()), 3, "out.wav");
    let ca = format!("--url https://127.0.0.1:1/r/a --ca {}", bad.display());
    assert_fails(&format!("listen {ca} --out /dev/null"), 3, "no certificate");
}

#[test]
fn a_relay_that_is_not_there_is_code_5() {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let there = format!("--url ws://127.0.0.1:{port} --room a");
    let file = speech_path(880);
    assert_fails(&format!("talk {there} --file {}", file.display()), 5, "nobody listens there");
    assert_fails(&format!("listen {there} --out /dev/null"), 5, "nobody listens there");
    assert_fails(&format!("notify {there} --title T"), 5, "nobody listens there");
    assert_fails(&format!("probe {there}"), 5, "nobody listens there");
}

#[test]
fn a_server_that_is_no_relay_is_code_5() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut socket in server.incoming().flatten() {
            let _ = socket.read(&mut [0; 1024]);
            let _ = socket.write_all(b"220 mail.example ready\r\n");
        }
    });
    assert_fails(&format!("listen --url ws://{address} --room a --out /dev/null"), 5, "not a relay");
    assert_fails(&format!("listen --url wss://{address} --room a --out /dev/null"), 5, "does not speak TLS");
    assert_fails(&format!("notify --url ws://{address} --room a --title T"), 5, "not a relay");
}

#[test]
fn a_room_where_nobody_is_gets_no_notification() {
    let relay = TestRelay::plain();
    assert_fails(&format!("notify --url {} --title T", relay.url("empty")), 5, "refused");
}

#[test]
fn a_name_the_relay_would_refuse_is_refused_before_it_is_asked() {
    assert_fails("listen --url ws://h:1 --room a --out - --name \u{202E}x", 2, "--name");
}
