//! Proves what becomes of a connection: trusted or not, lost and restored, lost for good.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod common;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::Instant;

use common::{Program, TestRelay, alone, ear::Ear, read, run, speech_path};
use relay::Config;
use tempfile::tempdir;

#[test]
fn a_certificate_is_believed_when_told_so_and_not_otherwise() {
    let state = tempdir().unwrap();
    let relay = TestRelay::with(Config { open: true, state_dir: Some(state.path().into()), ..Config::default() });
    let listen = format!("listen --url https://{}/r/a --out /dev/null --seconds 0.2", relay.address);
    let ended = run(&listen);
    assert_eq!(ended.code, Some(5), "{}", ended.stderr);
    assert!(ended.stderr.contains("not trusted") && ended.stderr.contains("--ca"), "{}", ended.stderr);
    run(&format!("{listen} --insecure")).ok();
    run(&format!("{listen} --ca {}", state.path().join("ca.pem").display())).ok();
    let notify = format!("notify --url https://{}/r/a --title T --insecure", relay.address);
    assert!(run(&notify).stderr.contains("refused"), "HTTP goes over the same TLS");
}

#[test]
fn a_relay_that_comes_back_is_joined_again_and_the_talk_goes_on() {
    let _alone = alone();
    let relay = TestRelay::plain();
    let bind: SocketAddr = relay.address;
    let url = relay.url("a");
    let mut ear = Ear::start(&format!("--url {url} --name ear"));
    ear.program.until("joined room");
    let mut talker =
        Program::start(&format!("talk --url {url} --loop --file {} --name mouth", speech_path(880).display()));
    talker.until("joined room");
    ear.sounds_after(Instant::now());
    relay.end();
    ear.program.until("coming back");
    talker.until("coming back");

    let relay = TestRelay::with(Config { open: true, plain: true, bind: Some(bind), ..Config::default() });
    ear.program.until("the connection is back");
    talker.until("the connection is back");
    ear.sounds_after(Instant::now());
    talker.interrupt();
    talker.end().ok();
    ear.program.interrupt();
    ear.program.end().ok();
    drop(relay);
}

#[test]
fn who_leaves_while_the_relay_is_away_keeps_the_recording_and_ends_with_code_6() {
    let folder = tempdir().unwrap();
    let out = folder.path().join("out.wav");
    let relay = TestRelay::plain();
    let mut listener = Program::start(&format!("listen --url {} --out {}", relay.url("a"), out.display()));
    listener.until("joined room");
    relay.end();
    listener.until("coming back").interrupt();
    let ended = listener.end();
    assert_eq!(ended.code, Some(6), "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("shutting down").count(), 1, "said once: {}", ended.stderr);
    assert!(!read(&out).is_empty(), "the file is complete");
}

#[test]
fn a_socket_that_falls_silent_is_given_up_after_five_seconds() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for mut socket in server.incoming().flatten() {
            let mut request = [0; 2048];
            let read = socket.read(&mut request).unwrap();
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap_or_default();
            let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.trim().as_bytes());
            let answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: lanline.v1\r\n\r\n"
            );
            socket.write_all(answer.as_bytes()).unwrap();
            kept.push(socket);
        }
    });
    let ended = run(&format!("listen --url ws://{address} --room a --out /dev/null"));
    assert_eq!(ended.code, Some(5), "it never said welcome: {}", ended.stderr);
    assert!(ended.stderr.contains("5 seconds"), "{}", ended.stderr);
}
