//! Proves what the port answers to plain HTTP: the page and its headers, health, notifications, and clear refusals.

mod common;

use std::time::Duration;

use common::{PATIENCE, TestRelay};
use relay::{Config, Limits};
use relay_wire::{ServerMessage, Severity};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

/// All of it: whoever opens it further does so on purpose.
const CONTENT_SECURITY_POLICY: &str = "content-security-policy: default-src 'self'; \
    script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self' data:; \
    media-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

const JSON: (&str, &str) = ("Content-Type", "application/json");

#[tokio::test]
async fn the_page_comes_with_its_guards() {
    let relay = TestRelay::plain();
    for path in ["/", "/r/lobby"] {
        let answer = relay.http("GET", path, &[], "").await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.body.contains("<html"), "{path}");
        for guard in [
            "content-type: text/html; charset=utf-8",
            "cache-control: no-cache",
            "x-content-type-options: nosniff",
            "permissions-policy: microphone=(self)",
        ] {
            assert!(answer.head.contains(guard), "{path}: {guard} in\n{}", answer.head);
        }
        assert!(answer.head.lines().any(|line| line == CONTENT_SECURITY_POLICY), "{path}: {}", answer.head);
    }
    assert_eq!(relay.http("GET", "/r/Not_A_Room", &[], "").await.code(), "bad_room");
}

#[tokio::test]
async fn capital_letters_and_a_slash_behind_lead_to_the_page() {
    let relay = TestRelay::plain();
    for (typed, page) in [
        ("/r/Lobby", "/r/lobby"),
        ("/r/lobby/", "/r/lobby"),
        ("/r/LOBBY/", "/r/lobby"),
        ("/host/", "/host"),
        ("/check/", "/check"),
    ] {
        let answer = relay.http("GET", typed, &[], "").await;
        assert_eq!(answer.status, 308, "{typed}");
        assert!(answer.head.contains(&format!("location: {page}\r\n")), "{typed}: {}", answer.head);
    }
    for wrong in ["/r/Not_A_Room/", "/r/%2F%2Fexample.org/", "/r//", "/r/a//"] {
        assert!([400, 404].contains(&relay.http("GET", wrong, &[], "").await.status), "{wrong}");
    }
}

#[tokio::test]
async fn health_counts_rooms_and_participants() {
    let relay = TestRelay::plain();
    let _guests = [relay.join("a", "x").await, relay.join("a", "y").await, relay.join("b", "z").await];
    let answer = relay.http("GET", "/healthz", &[], "").await;
    let body = answer.json();
    assert_eq!((answer.status, &body["status"]), (200, &"ok".into()));
    assert_eq!((&body["rooms"], &body["participants"]), (&2.into(), &3.into()));
    assert_eq!((&body["discarded"], &body["late"]), (&0.into(), &0.into()));
    assert!(body["version"].is_string());
    assert!(body["help_port"].is_null(), "a plain relay needs no trust");
}

#[tokio::test]
async fn what_is_not_there_is_said_in_json() {
    let relay = TestRelay::plain();
    assert_eq!(relay.http("GET", "/nothing", &[], "").await.status, 404);
    assert_eq!(relay.http("GET", "/assets/../../Cargo.toml", &[], "").await.code(), "not_found");
    assert_eq!(relay.http("DELETE", "/healthz", &[], "").await.code(), "bad_method");
    assert_eq!(relay.http("GET", "/api/v1/rooms/lobby/notifications", &[], "").await.status, 405);
}

#[tokio::test]
async fn a_notification_over_http_reaches_everyone() {
    let relay = TestRelay::plain();
    let mut guests = [relay.join("lobby", "ann").await, relay.join("lobby", "bob").await];
    let body = r#"{"severity":"warning","title":"Rain","text":"at five"}"#;
    let own = format!("http://{}", relay.address);
    let path = "/api/v1/rooms/lobby/notifications";
    for (number, headers) in
        [(1, vec![JSON]), (2, vec![("Content-Type", "application/json; charset=utf-8"), ("Origin", own.as_str())])]
    {
        let answer = relay.http("POST", path, &headers, body).await;
        assert_eq!(answer.status, 202);
        assert_eq!(answer.json(), serde_json::json!({ "message": number, "delivered": 2 }));
    }
    for guest in &mut guests {
        for expected in [1, 2] {
            let (message, id, notice) = guest
                .until(|m| match m {
                    ServerMessage::Notification { message, id, notice, .. } => Some((*message, *id, notice.clone())),
                    _ => None,
                })
                .await;
            assert_eq!((message, id, notice.severity), (expected, None, Severity::Warning));
            assert_eq!((notice.title.as_str(), notice.text.as_str()), ("Rain", "at five"));
        }
    }
}

#[tokio::test]
async fn a_wrong_notification_has_its_answer() {
    let relay = TestRelay::plain();
    let mut ann = relay.join("lobby", "ann").await;
    let good = r#"{"title":"x"}"#;
    let long = format!(r#"{{"title":"{}"}}"#, "x".repeat(81));
    let huge = format!(r#"{{"title":"x","text":"{}"}}"#, "x".repeat(1 << 20));
    let path = "/api/v1/rooms/lobby/notifications";
    for (path, headers, body, status, code) in [
        (path, vec![], good, 415, "bad_content_type"),
        (path, vec![("Content-Type", "text/plain")], good, 415, "bad_content_type"),
        (path, vec![("Content-Type", "application/x-www-form-urlencoded")], "title=x", 415, "bad_content_type"),
        (path, vec![JSON, ("Origin", "https://evil.example")], good, 403, "bad_origin"),
        (path, vec![JSON, ("Origin", "null")], good, 403, "bad_origin"),
        (path, vec![JSON], "not json", 400, "bad_json"),
        (path, vec![JSON], "", 400, "bad_json"),
        (path, vec![JSON], "[]", 400, "bad_message"),
        (path, vec![JSON], r#"{"text":"no title"}"#, 400, "bad_message"),
        (path, vec![JSON], r#"{"title":" "}"#, 400, "bad_message"),
        (path, vec![JSON], r#"{"title":"x","severity":"panic"}"#, 400, "bad_message"),
        (path, vec![JSON], r#"{"title":"\u001b[31m"}"#, 400, "bad_message"),
        (path, vec![JSON], &long, 400, "bad_message"),
        (path, vec![JSON], &huge, 413, "too_big"),
        ("/api/v1/rooms/LOBBY/notifications", vec![JSON], good, 400, "bad_room"),
        ("/api/v1/rooms/empty/notifications", vec![JSON], good, 404, "no_room"),
    ] {
        let answer = relay.http("POST", path, &headers, body).await;
        let short = &body[..body.len().min(60)];
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{path} {headers:?} {short}");
    }
    ann.chat("nothing came through").await;
    assert_eq!(ann.chat_line().await.0, 1, "a refused notification takes no number");
}

#[tokio::test]
async fn a_secure_port_tells_plain_http_where_to_go() {
    let state = tempfile::tempdir().expect("a folder");
    let config = Config { open: true, state_dir: Some(state.path().into()), ..Config::default() };
    let mut relay = TestRelay::with(config);
    let authority = relay.authority.take();
    let answer = relay.http("GET", "/", &[], "").await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "tls_required"));
    relay.authority = authority;
    assert_eq!(relay.http("GET", "/", &[], "").await.status, 200);
}

#[tokio::test]
async fn a_head_that_does_not_end_is_not_waited_for() {
    let limits = Limits { head: Duration::from_millis(100), ..Limits::default() };
    let relay = TestRelay::with(Config { open: true, plain: true, limits, ..Config::default() });
    for beginning in ["", "GET / HTTP/1.1\r\nHost: x\r\n", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"] {
        let mut stream = relay.connect().await;
        stream.write_all(beginning.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the connection ends").expect("cleanly");
    }
}
