//! Proves what the host key opens and nothing else does: rooms, invites, locks, mutes, removals, the end of a room.

mod common;

use common::{Client, Incoming, V1, closed::Closed};
use relay::Limits;
use relay_wire::{ClientMessage, MutedBy, ServerMessage};
use serde_json::json;

async fn joined(closed: &Closed, name: &str, role: &str) -> Client {
    closed.enter(&closed.ticket(name, role).await).await
}

/// The reason, and the close code.
async fn dismissed(client: &mut Client) -> (bool, u16) {
    let reconnect = client
        .until(|m| match m {
            ServerMessage::Goodbye { reconnect, .. } => Some(*reconnect),
            _ => None,
        })
        .await;
    loop {
        match client.next().await {
            Incoming::Closed(code) => return (reconnect, code),
            Incoming::Lost => panic!("no close"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn without_the_host_key_nothing_opens() {
    let closed = Closed::start();
    let invite = format!("Bearer {}", closed.lobby.key);
    for (method, path) in [
        ("GET", "/api/v1/rooms"),
        ("POST", "/api/v1/rooms"),
        ("GET", "/api/v1/rooms/lobby"),
        ("DELETE", "/api/v1/rooms/lobby"),
        ("POST", "/api/v1/rooms/lobby/invite"),
        ("GET", "/api/v1/rooms/lobby/invite.svg"),
        ("POST", "/api/v1/rooms/lobby/lock"),
        ("POST", "/api/v1/rooms/lobby/mute"),
        ("DELETE", "/api/v1/rooms/lobby/participants/1"),
        ("GET", "/api/v1/rooms/none"),
    ] {
        let nothing = closed.relay.http(method, path, &[], "").await;
        assert_eq!((nothing.status, nothing.code().as_str()), (401, "key_needed"), "{method} {path}");
    }
    for expected in [
        (403, "bad_key"),
        (403, "bad_key"),
        (403, "bad_key"),
        (403, "bad_key"),
        (403, "bad_key"),
        (429, "rate_limited"),
    ] {
        let answer = closed.relay.http("GET", "/api/v1/rooms", &[("Authorization", invite.as_str())], "").await;
        assert_eq!((answer.status, answer.code().as_str()), expected, "an invite key opens no host page");
    }
    assert_eq!(closed.host("GET", "", "").await.status, 200, "who has the key is not held up");
    let foreign = [("Authorization", format!("Bearer {}", closed.host_key)), ("Origin", "https://evil.example".into())];
    let foreign = foreign.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(closed.relay.http("GET", "/api/v1/rooms", &foreign, "").await.code(), "bad_origin");
}

#[tokio::test]
async fn rooms_are_made_listed_and_kept() {
    let mut closed = Closed::start();
    let made = closed.host("POST", "", r#"{"room":"stage"}"#).await;
    assert_eq!(made.status, 201);
    let stage = made.json();
    assert_eq!(
        (&stage["room"], &stage["locked"], &stage["participants"]),
        (&json!("stage"), &json!(false), &json!([]))
    );
    assert_eq!(closed.host("POST", "", r#"{"room":"stage"}"#).await.json()["key"], stage["key"], "it is there already");
    assert_eq!(closed.host("POST", "", r#"{"room":"NO"}"#).await.code(), "bad_room");
    assert_eq!(closed.host("GET", "/none", "").await.code(), "no_room");
    let _ann = joined(&closed, "Ann", "talker").await;
    let rooms = closed.host("GET", "", "").await.json();
    let lobby = json!({ "room": "lobby", "key": closed.lobby.key.to_string(), "pin": closed.lobby.pin.to_string(), "locked": false, "participants": 1 });
    assert_eq!(rooms["rooms"][0], lobby);
    assert_eq!((&rooms["rooms"][1]["room"], &rooms["rooms"][1]["participants"]), (&json!("stage"), &json!(0)));

    closed.relay.end();
    let Closed { relay, state, .. } = closed;
    relay.ended().await;
    let again = Closed::in_folder(state, Limits::default());
    assert_eq!(again.host("GET", "/stage", "").await.json(), stage, "over a restart");
}

#[tokio::test]
async fn a_host_sees_who_is_there() {
    let closed = Closed::start();
    let ann = joined(&closed, "Ann", "listener").await;
    let answer = closed.host("GET", "/lobby", "").await.json();
    let listed = json!({ "id": ann.id, "name": "Ann", "colour": 0, "role": "listener", "muted": false, "talking": false, "away": false });
    assert_eq!(answer["participants"], json!([listed]));
}

#[tokio::test]
async fn after_a_new_invite_old_links_are_dead_and_people_stay() {
    let closed = Closed::start();
    let mut ann = joined(&closed, "Ann", "talker").await;
    let mut gone = joined(&closed, "Cid", "talker").await;
    gone.socket.close(None).await.expect("closed");
    ann.until(|m| (*m == ServerMessage::Left { id: gone.id }).then_some(())).await;
    let unused = closed.ticket("Bob", "talker").await;
    let renewed = closed.host("POST", "/lobby/invite", "").await.json();
    let ask = |key: &serde_json::Value| json!({ "room": "lobby", "name": "Bob", "key": key });
    assert_eq!(closed.ask(&ask(&closed.lobby.key.to_string().into())).await, (403, "bad_key".to_owned()));
    assert_eq!(closed.relay.refused(&format!("/ws?ticket={unused}"), V1, None).await.1, "bad_ticket");
    let by_pin = json!({ "room": "lobby", "name": "Bob", "pin": renewed["pin"] });
    assert_eq!(closed.ask(&by_pin).await.0, 200);
    let (status, ticket) = closed.ask(&ask(&renewed["key"])).await;
    assert_eq!(status, 200);
    closed.enter(&ticket).await;
    ann.chat("still here").await;
    let renewed = ann.until(|m| match m {
        ServerMessage::Resume { token } => Some(token.clone()),
        _ => None,
    });
    let renewed = renewed.await;
    assert_eq!(ann.chat_line().await.1, "still here");
    let by_old_token = format!("/ws?resume={}", gone.token());
    assert_eq!(closed.relay.refused(&by_old_token, V1, None).await, (401, "bad_resume".to_owned()), "who has left");
    assert_eq!(closed.relay.resume(&renewed, 0).await.id, ann.id);
}

#[tokio::test]
async fn a_locked_room_takes_hosts_and_those_who_come_back() {
    let closed = Closed::start();
    let mut ann = joined(&closed, "Ann", "talker").await;
    ann.say(&ClientMessage::ResumeReceived {}).await;
    ann.chat("said").await;
    ann.chat_line().await;
    let unused = closed.ticket("Bob", "talker").await;
    assert_eq!(closed.host("POST", "/lobby/lock", r#"{"locked":true}"#).await.json()["locked"], json!(true));
    let ask = json!({ "room": "lobby", "name": "Bob", "key": closed.lobby.key.to_string() });
    assert_eq!(closed.ask(&ask).await, (423, "room_locked".to_owned()));
    assert_eq!(closed.relay.refused(&format!("/ws?ticket={unused}"), V1, None).await.1, "bad_ticket");
    joined(&closed, "Host", "host").await;
    let back = closed.relay.join_at(&format!("/ws?resume={}", ann.token())).await;
    assert_eq!(back.id, ann.id);
    assert_eq!(closed.host("POST", "/lobby/lock", r#"{"locked":false}"#).await.json()["locked"], json!(false));
    assert_eq!(closed.ask(&ask).await.0, 200);
    assert_eq!(closed.host("POST", "/lobby/lock", "{}").await.code(), "bad_message");
}

#[tokio::test]
async fn a_host_mutes_one_and_all() {
    let closed = Closed::start();
    let mut host = joined(&closed, "Host", "host").await;
    let mut ann = joined(&closed, "Ann", "talker").await;
    let mut bob = joined(&closed, "Bob", "talker").await;
    let by_host = |m: &ServerMessage| match m {
        ServerMessage::Muted { id, muted: true, by: Some(MutedBy::Host) } => Some(*id),
        _ => None,
    };
    let one = closed.host("POST", "/lobby/mute", &json!({ "participant": ann.id }).to_string()).await;
    assert_eq!(one.json()["participants"][1]["muted"], json!(true));
    let ann_id = ann.id;
    for client in [&mut host, &mut ann, &mut bob] {
        assert_eq!(client.until(by_host).await, ann_id);
    }
    let all = closed.host("POST", "/lobby/mute", "{}").await.json();
    let muted: Vec<_> = all["participants"].as_array().expect("a list").iter().map(|p| p["muted"].clone()).collect();
    assert_eq!(muted, [json!(false), json!(true), json!(true)], "not the host");
    assert_eq!(host.until(by_host).await, bob.id);
    ann.say(&ClientMessage::Mute { muted: false }).await;
    let unmuted = |m: &ServerMessage| matches!(m, ServerMessage::Muted { muted: false, by: None, .. }).then_some(());
    bob.until(unmuted).await;
    assert_eq!(closed.host("POST", "/lobby/mute", r#"{"participant":99}"#).await.code(), "no_participant");
}

#[tokio::test]
async fn who_is_removed_is_told_and_does_not_come_back_by_token() {
    let closed = Closed::start();
    let mut ann = joined(&closed, "Ann", "talker").await;
    let mut bob = joined(&closed, "Bob", "talker").await;
    for client in [&mut ann, &mut bob] {
        client.say(&ClientMessage::ResumeReceived {}).await;
    }
    bob.chat("both are settled").await;
    ann.chat_line().await;
    let path = format!("/lobby/participants/{}", ann.id);
    assert_eq!(closed.host("DELETE", &path, "").await.json()["participants"].as_array().expect("a list").len(), 1);
    assert_eq!(dismissed(&mut ann).await, (false, 4003));
    let ann_id = ann.id;
    bob.until(|m| (*m == ServerMessage::Left { id: ann_id }).then_some(())).await;
    let refused = closed.relay.refused(&format!("/ws?resume={}", ann.token()), V1, None).await;
    assert_eq!(refused, (401, "bad_resume".to_owned()));
    assert_eq!(closed.host("DELETE", &path, "").await.code(), "no_participant");
    assert_eq!(closed.host("DELETE", "/lobby/participants/x", "").await.code(), "no_participant");
}

#[tokio::test]
async fn when_a_room_is_ended_all_go_and_nothing_old_lets_in() {
    let mut closed = Closed::start();
    let mut guests = [joined(&closed, "Ann", "talker").await, joined(&closed, "Host", "host").await];
    guests[0].say(&ClientMessage::ResumeReceived {}).await;
    let unused = closed.ticket("Bob", "talker").await;
    let ended = closed.host("DELETE", "/lobby", "").await.json();
    assert_ne!(ended["key"], json!(closed.lobby.key.to_string()));
    assert_eq!(ended["participants"], json!([]));
    for guest in &mut guests {
        assert_eq!(dismissed(guest).await, (false, 4004));
    }
    let refused = closed.relay.refused(&format!("/ws?ticket={unused}"), V1, None).await;
    assert_eq!(refused.1, "bad_ticket");
    let old = guests[0].token();
    assert_eq!(closed.relay.refused(&format!("/ws?resume={old}"), V1, None).await.1, "bad_resume");

    closed.relay.end();
    let Closed { relay, state, .. } = closed;
    relay.ended().await;
    let again = Closed::in_folder(state, Limits::default());
    let refused = again.relay.refused(&format!("/ws?resume={old}"), V1, None).await;
    assert_eq!(refused, (401, "bad_resume".to_owned()), "nor after a restart");
}

#[tokio::test]
async fn the_invite_is_drawn() {
    let closed = Closed::start();
    let answer = closed.host("GET", "/lobby/invite.svg", "").await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("<svg") && answer.head.contains("content-type: image/svg+xml"), "{}", answer.head);
    assert!(answer.head.contains("cache-control: no-store"), "{}", answer.head);
}
