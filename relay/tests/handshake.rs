//! Proves that the door is guarded: whatever is wrong with a handshake is refused before the upgrade, with the
//! status and the code of PROTOCOL.md, and a right one is let in, with and without TLS.

mod common;

use common::{TestRelay, V1};
use relay::{Config, Limits};
use relay_wire::{Role, ServerMessage};

#[tokio::test]
async fn each_wrong_handshake_has_its_answer() {
    let relay = TestRelay::plain();
    let own = format!("http://{}", relay.address);
    for (path, protocol, origin, status, code) in [
        ("/ws", V1, None, 400, "bad_room"),
        ("/ws?room=&name=x", V1, None, 400, "bad_room"),
        ("/ws?room=Lobby&name=x", V1, None, 400, "bad_room"),
        ("/ws?room=../etc&name=x", V1, None, 400, "bad_room"),
        ("/ws?room=a%20b&name=x", V1, None, 400, "bad_room"),
        ("/ws?room=a&room=b&name=x", V1, None, 400, "bad_room"),
        ("/ws?room=012345678901234567890123456789012&name=x", V1, None, 400, "bad_room"),
        ("/ws?room=lobby", V1, None, 400, "bad_name"),
        ("/ws?room=lobby&name=%20", V1, None, 400, "bad_name"),
        ("/ws?room=lobby&name=a%0Ab", V1, None, 400, "bad_name"),
        ("/ws?room=lobby&name=a%E2%80%AEb", V1, None, 400, "bad_name"),
        ("/ws?room=lobby&name=012345678901234567890123456789012", V1, None, 400, "bad_name"),
        ("/ws?room=lobby&name=x", None, None, 400, "bad_subprotocol"),
        ("/ws?room=lobby&name=x", Some("lanline.v2"), None, 400, "bad_subprotocol"),
        ("/ws?room=lobby&name=x", V1, Some("https://evil.example"), 403, "bad_origin"),
        ("/ws?room=lobby&name=x", V1, Some("null"), 403, "bad_origin"),
    ] {
        assert_eq!(
            relay.refused(path, protocol, origin).await,
            (status, code.to_owned()),
            "{path} {protocol:?} {origin:?}"
        );
    }
    assert_eq!(relay.refused("/ws?room=UP&name=x", V1, Some(&own)).await.1, "bad_room", "the own origin passes");
}

#[tokio::test]
async fn a_request_that_is_no_websocket_is_told_to_upgrade() {
    let relay = TestRelay::plain();
    let answer = relay.http("GET", "/ws?room=lobby&name=x", &[], "").await;
    assert_eq!((answer.status, answer.code().as_str()), (426, "upgrade_required"));
    let old = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "8"),
        ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
    ];
    assert_eq!(relay.http("GET", "/ws?room=lobby&name=x", &old, "").await.status, 426);
}

#[tokio::test]
async fn a_full_room_and_a_full_relay_say_so() {
    let limits = Limits { participants: 3, per_room: 2, ..Limits::default() };
    let relay = TestRelay::with(Config { open: true, plain: true, limits, ..Config::default() });
    let mut guests = vec![relay.join("a", "one").await, relay.join("a", "two").await];
    let full = (503, "full".to_owned());
    assert_eq!(relay.refused("/ws?room=a&name=x", V1, None).await, full);
    guests.push(relay.join("b", "three").await);
    assert_eq!(relay.refused("/ws?room=c&name=x", V1, None).await, full);
    drop(guests.remove(0));
    guests[0].until(|m| matches!(m, ServerMessage::Left { .. }).then_some(())).await;
    relay.join("a", "four").await;
}

#[tokio::test]
async fn the_same_door_stands_behind_tls() {
    let state = tempfile::tempdir().expect("a folder");
    let relay = TestRelay::with(Config { open: true, state_dir: Some(state.path().into()), ..Config::default() });
    assert_eq!(relay.refused("/ws?room=LOBBY&name=x", V1, None).await, (400, "bad_room".to_owned()));
    let mut guest = relay.join("lobby", "guest").await;
    guest.chat("through TLS").await;
    assert_eq!(guest.chat_line().await, (1, "through TLS".to_owned()));
}

#[tokio::test]
async fn the_welcome_says_what_the_room_is_like() {
    let relay =
        TestRelay::with(Config { open: true, plain: true, ptime: relay_engine::Ptime::Ms10, ..Config::default() });
    let guest = relay.join("lobby", "%20Zo%C3%AB%20").await;
    let ServerMessage::Welcome {
        version, room, role, ptime_ms, sample_rate, bitrate, clock_us, participants, id, ..
    } = guest.welcome
    else {
        panic!("{:?}", guest.welcome)
    };
    assert_eq!((version, room.as_str(), ptime_ms, sample_rate, bitrate), (1, "lobby", 10, 48_000, 64_000));
    assert!(clock_us > 0 && participants.len() == 1 && role == Role::Talker);
    assert_eq!((participants[0].id, participants[0].name.as_str()), (id, "Zoë"));
}
