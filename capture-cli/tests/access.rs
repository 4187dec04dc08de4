//! Proves that the program gets into a room with what its owner has, link, key or PIN, and says what to do where it does not.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod common;

use common::{Program, TestRelay, run};
use relay::{Config, access::Record};

/// A relay that lets in who shows a key, and what lets into its lobby.
fn closed(folder: &tempfile::TempDir) -> (TestRelay, Record, String) {
    let state_dir = Some(folder.path().to_owned());
    let relay = TestRelay::with(Config { plain: true, state_dir, ..Config::default() });
    let access = relay::access::Access::load(Some(folder.path()), false).unwrap();
    let door = access.door();
    (relay, door.book.lobby().clone(), door.host_key().to_string())
}

#[test]
fn the_link_the_key_and_the_pin_let_in() {
    let folder = tempfile::tempdir().unwrap();
    let (relay, lobby, host) = closed(&folder);
    let url = relay.url("lobby");
    for what in [
        format!("--url {url}#{}", lobby.key),
        format!("--url {url} --key {}", lobby.key),
        format!("--url {url} --key {host}"),
        format!("--url {url} --pin {}", lobby.pin),
        format!("--url {url}#an-old-key --key {}", lobby.key),
    ] {
        let ended = run(&format!("listen {what} --out /dev/null --seconds 0.1")).ok();
        assert!(ended.stderr.contains("joined room lobby"), "{what}: {}", ended.stderr);
    }
}

#[test]
fn what_does_not_let_in_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let (relay, lobby, _) = closed(&folder);
    let url = relay.url("lobby");
    let wrong = if lobby.pin.to_string() == "000000" { "000001" } else { "000000" };
    for (what, said) in [
        (format!("--url {url}"), "the whole link"),
        (format!("--url {url}#an-old-key"), "ask for a new link"),
        (format!("--url {url} --pin {wrong}"), "the PIN does not fit"),
        (format!("--url {} --key {}", relay.url("none"), lobby.key), "the key does not fit"),
    ] {
        let ended = run(&format!("listen {what} --out /dev/null --seconds 0.1"));
        assert!(ended.stderr.contains(said), "{what}: {}", ended.stderr);
        assert_eq!((ended.code, ended.stderr.lines().count()), (Some(5), 1), "{what}: {}", ended.stderr);
    }
    for _ in 0..4 {
        run(&format!("listen --url {url} --pin {wrong} --out /dev/null --seconds 0.1"));
    }
    let ended = run(&format!("listen --url {url} --pin {} --out /dev/null --seconds 0.1", lobby.pin));
    assert!(ended.stderr.contains("try again in"), "{}", ended.stderr);
}

#[test]
fn a_notification_shows_the_key_of_the_link() {
    let folder = tempfile::tempdir().unwrap();
    let (relay, lobby, _) = closed(&folder);
    let link = format!("{}#{}", relay.url("lobby"), lobby.key);
    let mut listener = Program::start(&format!("listen --url {link} --out /dev/null"));
    listener.until("joined room");
    let refused = run(&format!("notify --url {} --title Fire", relay.url("lobby")));
    assert!(refused.code == Some(5) && refused.stderr.contains("the whole link"), "{}", refused.stderr);
    run(&format!("notify --url {link} --title Fire")).ok();
    listener.until("Fire").interrupt();
    listener.end().ok();
}
