//! Proves that without `--open` nobody comes in without a ticket, and that a ticket lets in once, soon, into its room,
//! under its name and in its role.

mod common;

use std::net::{Ipv4Addr, SocketAddr};

use common::{Incoming, TestRelay, V1, closed::Closed};
use relay::Limits;
use relay_wire::{Role, ServerMessage, UpFlags, UpHeader};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn nobody_comes_in_without_a_ticket() {
    let closed = Closed::start();
    let refused = |path| closed.relay.refused(path, V1, None);
    assert_eq!(refused("/ws?room=lobby&name=Ann").await, (401, "ticket_needed".to_owned()));
    assert_eq!(refused("/ws?ticket=").await, (401, "bad_ticket".to_owned()));
    assert_eq!(refused("/ws?ticket=AAAAAAAAAAAAAAAAAAAAAA").await, (401, "bad_ticket".to_owned()));
}

#[tokio::test]
async fn a_ticket_lets_in_once_as_it_says() {
    let closed = Closed::start();
    for role in [Role::Talker, Role::Listener, Role::Host] {
        let ticket = closed.ticket("Zoë", role.as_str()).await;
        let guest = closed.enter(&ticket).await;
        let ServerMessage::Welcome { id, role: own, participants, room, .. } = &guest.welcome else { unreachable!() };
        assert_eq!((*own, room.as_str()), (role, "lobby"));
        let listed = participants.iter().find(|p| p.id == *id).expect("oneself");
        assert_eq!((listed.name.as_str(), listed.role), ("Zoë", role));
        let again = closed.relay.refused(&format!("/ws?ticket={ticket}"), V1, None).await;
        assert_eq!(again, (401, "bad_ticket".to_owned()), "used");
    }
}

#[tokio::test]
async fn what_the_address_says_beside_a_ticket_is_what_the_ticket_says() {
    let closed = Closed::start();
    let ticket = closed.ticket("Ann", "listener").await;
    for wrong in ["room=other", "name=Bob", "role=talker", "role=host", "room=lobby&name=Ann&role=talker"] {
        let refused = closed.relay.refused(&format!("/ws?ticket={ticket}&{wrong}"), V1, None).await;
        assert_eq!(refused, (403, "ticket_mismatch".to_owned()), "{wrong}");
    }
    let guest = closed.relay.join_at(&format!("/ws?ticket={ticket}&room=lobby&name=Ann&role=listener")).await;
    assert!(matches!(guest.welcome, ServerMessage::Welcome { role: Role::Listener, .. }), "it was not used up");
}

#[tokio::test]
async fn a_wrong_request_for_a_ticket_has_its_answer() {
    let closed = Closed::start();
    let (key, pin) = (closed.lobby.key.to_string(), closed.lobby.pin.to_string());
    let wrong_pin = if pin == "000000" { "000001" } else { "000000" };
    for (body, status, code) in [
        (json!({ "room": "lobby", "name": "Ann" }), 401, "key_needed"),
        (json!({ "room": "lobby", "name": "Ann", "key": "x" }), 403, "bad_key"),
        (json!({ "room": "lobby", "name": "Ann", "pin": wrong_pin }), 403, "bad_pin"),
        (json!({ "room": "none", "name": "Ann", "pin": pin }), 403, "bad_pin"),
        (json!({ "room": "none", "name": "Ann", "key": key }), 403, "bad_key"),
        (json!({ "room": "lobby", "name": "Ann", "key": key, "role": "host" }), 403, "not_allowed"),
        (json!({ "room": "lobby", "name": "Ann", "key": key, "role": "king" }), 400, "bad_role"),
        (json!({ "room": "LOBBY", "name": "Ann", "key": key }), 400, "bad_room"),
        (json!({ "room": "lobby", "name": " ", "key": key }), 400, "bad_name"),
        (json!({ "room": "lobby", "name": 7, "key": key }), 400, "bad_message"),
        (json!({ "name": "Ann", "key": key }), 400, "bad_message"),
    ] {
        assert_eq!(closed.ask(&body).await, (status, code.to_owned()), "{body}");
    }
    assert_eq!(closed.ask(&json!({ "room": "lobby", "name": "Ann", "pin": pin })).await.0, 200);
}

#[tokio::test]
async fn who_guesses_pins_waits_and_who_has_the_link_does_not() {
    let closed = Closed::start();
    let key = closed.lobby.key.to_string();
    let wrong = if closed.lobby.pin.to_string() == "000000" { "000001" } else { "000000" };
    let guess = json!({ "room": "lobby", "name": "Eve", "pin": wrong }).to_string();
    let mut codes = Vec::new();
    let json = [("Content-Type", "application/json")];
    for _ in 0..7 {
        let answer = closed.relay.http("POST", "/api/v1/tickets", &json, &guess).await;
        codes.push(answer.code());
        if answer.status == 429 {
            let wait = answer.head.lines().find_map(|line| line.strip_prefix("retry-after: "));
            assert!((1..=60).contains(&wait.expect("told").parse::<u64>().expect("seconds")));
        }
    }
    assert_eq!(codes, ["bad_pin", "bad_pin", "bad_pin", "bad_pin", "bad_pin", "rate_limited", "rate_limited"]);
    assert_eq!(closed.ask(&json!({ "room": "lobby", "name": "Ann", "key": key })).await.0, 200);
}

/// Guesses on one connection, from that address: how many were compared with the PIN, and how many refused unseen.
async fn guess(address: SocketAddr, from: Ipv4Addr, body: String, guesses: usize) -> (usize, usize) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((from, 0).into()).expect("bound");
    let mut stream = socket.connect(address).await.expect("connected");
    let request = format!(
        "POST /api/v1/tickets HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (mut compared, mut refused) = (0, 0);
    let mut answers = Vec::new();
    for _ in 0..guesses {
        stream.write_all(request.as_bytes()).await.expect("sent");
        answers.clear();
        // The body of a refusal ends with the sentence.
        while !answers.ends_with(b"\"}") {
            assert_ne!(stream.read_buf(&mut answers).await.expect("read"), 0, "the connection stays");
        }
        match &answers[..12] {
            b"HTTP/1.1 403" => compared += 1,
            b"HTTP/1.1 429" => refused += 1,
            other => panic!("{}", String::from_utf8_lossy(other)),
        }
    }
    (compared, refused)
}

#[tokio::test]
async fn ten_thousand_guesses_are_held_up_while_a_class_joins_by_link() {
    let closed = Closed::start();
    let wrong = if closed.lobby.pin.to_string() == "000000" { "000001" } else { "000000" };
    let body = json!({ "room": "lobby", "name": "Eve", "pin": wrong }).to_string();
    let guessing: Vec<_> = (1..=20)
        .map(|n| tokio::spawn(guess(closed.relay.address, Ipv4Addr::new(127, 0, 2, n), body.clone(), 500)))
        .collect();
    let mut class = Vec::new();
    for n in 0..30 {
        class.push(closed.enter(&closed.ticket(&format!("pupil-{n}"), "talker").await).await);
    }
    let (mut compared, mut refused) = (0, 0);
    for attacker in guessing {
        let counts = attacker.await.expect("no panic");
        compared += counts.0;
        refused += counts.1;
    }
    assert_eq!((compared, refused), (30, 9970), "thirty in five minutes");
    class[0].chat("all here").await;
    assert_eq!(class[29].chat_line().await.1, "all here");
}

#[tokio::test]
async fn a_full_room_takes_no_ticket_and_gives_none() {
    let closed = Closed::with(Limits { per_room: 1, ..Limits::default() });
    let (first, second) = (closed.ticket("Ann", "talker").await, closed.ticket("Bob", "talker").await);
    let mut ann = closed.enter(&first).await;
    let path = format!("/ws?ticket={second}");
    assert_eq!(closed.relay.refused(&path, V1, None).await, (503, "full".to_owned()));
    let key = closed.lobby.key.to_string();
    assert_eq!(closed.ask(&json!({ "room": "lobby", "name": "Cid", "key": key })).await, (503, "full".to_owned()));
    ann.socket.close(None).await.expect("closed");
    while !matches!(ann.next().await, Incoming::Lost) {}
    closed.enter(&second).await;
}

#[tokio::test]
async fn a_listener_may_write_and_not_talk() {
    let closed = Closed::start();
    let mut listener = closed.enter(&closed.ticket("Lis", "listener").await).await;
    let mut talker = closed.enter(&closed.ticket("Tom", "talker").await).await;
    for sequence in 0..3 {
        let header = UpHeader {
            flags: UpFlags { marker: sequence == 0, ..UpFlags::default() },
            sequence,
            ..UpHeader::default()
        };
        listener.send(Message::Binary(header.write(&[0xF8, 0xFF, 0xFE]))).await;
    }
    listener.chat("hello").await;
    let mut refusals = 0;
    loop {
        match listener.text().await {
            ServerMessage::Error { code, .. } => {
                assert_eq!(code, "not_allowed");
                refusals += 1;
            }
            ServerMessage::Chat { .. } => break,
            ServerMessage::Talking { .. } => panic!("a listener is heard"),
            _ => {}
        }
    }
    assert_eq!(refusals, 1);
    assert_eq!(talker.chat_line().await.1, "hello");
}

#[tokio::test]
async fn notifications_need_a_key() {
    let closed = Closed::start();
    let _ann = closed.enter(&closed.ticket("Ann", "talker").await).await;
    let [invite, host] = [closed.lobby.key.to_string(), closed.host_key.clone()].map(|key| format!("Bearer {key}"));
    for (authorization, status) in [("", 401), ("Bearer x", 403), ("Basic x", 401), (&*invite, 202), (&*host, 202)] {
        let headers = [("Content-Type", "application/json"), ("Authorization", authorization)];
        let path = "/api/v1/rooms/lobby/notifications";
        let answer = closed.relay.http("POST", path, &headers, r#"{"title":"Rain"}"#).await;
        assert_eq!(answer.status, status, "{authorization} {}", answer.body);
    }
}

#[tokio::test]
async fn an_open_relay_gives_tickets_for_nothing_but_not_to_hosts() {
    let relay = TestRelay::plain();
    let json = [("Content-Type", "application/json")];
    let ask = |role| json!({ "room": "any", "name": "Ann", "role": role }).to_string();
    let answer = relay.http("POST", "/api/v1/tickets", &json, &ask("listener")).await;
    let ticket = answer.json()["ticket"].as_str().expect("a ticket").to_owned();
    relay.join_at(&format!("/ws?ticket={ticket}")).await;
    assert_eq!(relay.http("POST", "/api/v1/tickets", &json, &ask("host")).await.code(), "key_needed");
    assert_eq!(relay.refused("/ws?room=any&name=Ann&role=host", V1, None).await.1, "not_allowed");
    let listener = relay.join_at("/ws?room=any&name=Ann&role=listener").await;
    assert!(matches!(listener.welcome, ServerMessage::Welcome { role: Role::Listener, .. }));
}
