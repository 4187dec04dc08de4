//! Proves what a handshake must have before its ticket counts: with one thing wrong it is refused with its status, and
//! the same request with that one thing put right is let in by the same ticket.

mod common;

use common::{Answer, PATIENCE, TestRelay, closed::Closed};
use relay::{Config, Limits, authority::Authority, turnstile::PerAddress};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

/// A handshake, line by line.
struct Handshake {
    target: String,
    headers: Vec<(&'static str, String)>,
}

impl Handshake {
    fn good(closed: &Closed, ticket: &str) -> Self {
        let headers = [
            ("Host", closed.relay.address.to_string()),
            ("Origin", format!("http://{}", closed.relay.address)),
            ("Connection", "Upgrade".to_owned()),
            ("Upgrade", "websocket".to_owned()),
            ("Sec-WebSocket-Version", "13".to_owned()),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==".to_owned()),
            ("Sec-WebSocket-Protocol", "lanline.v1".to_owned()),
        ];
        Self { target: format!("/ws?ticket={ticket}"), headers: headers.into() }
    }

    /// With another value of a header, or without it.
    fn with(mut self, name: &str, value: Option<&str>) -> Self {
        let at = self.headers.iter().position(|(known, _)| *known == name).expect("there");
        match value {
            Some(value) => self.headers[at].1 = value.to_owned(),
            None => drop(self.headers.remove(at)),
        }
        self
    }

    /// Status, and code of the refusal.
    async fn knock(&self, relay: &TestRelay) -> (u16, String) {
        let lines: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let mut stream = relay.connect().await;
        stream.write_all(format!("GET {} HTTP/1.1\r\n{lines}\r\n", self.target).as_bytes()).await.expect("sent");
        let mut head = Vec::new();
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            assert_ne!(timeout(PATIENCE, stream.read_buf(&mut head)).await.expect("in time").expect("read"), 0);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        if status == 101 {
            return (101, String::new());
        }
        let code = head.split("\"error\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        (status, code.to_owned())
    }
}

#[tokio::test]
async fn one_thing_wrong_is_refused_and_put_right_is_let_in() {
    let closed = Closed::start();
    let port = closed.relay.address.port();
    let own = format!("http://{}", closed.relay.address);
    let cases: Vec<(&str, Option<String>, u16, &str)> = vec![
        ("Host", Some("evil.example".into()), 421, "bad_host"),
        ("Host", Some(format!("evil.example:{port}")), 421, "bad_host"),
        ("Host", Some(format!("127.0.0.1.evil.example:{port}")), 421, "bad_host"),
        ("Host", Some("127.0.0.1".into()), 421, "bad_host"),
        ("Host", Some(format!("127.0.0.2:{port}")), 421, "bad_host"),
        ("Origin", Some("https://evil.example".into()), 403, "bad_origin"),
        ("Origin", Some("null".into()), 403, "bad_origin"),
        ("Origin", Some(format!("{own}.evil.example")), 403, "bad_origin"),
        ("Origin", Some(format!("http://evil.example/{own}")), 403, "bad_origin"),
        ("Origin", Some(own.replace("127.0.0.1", "127.0.0.1.evil.example")), 403, "bad_origin"),
        ("Origin", Some("http://127.0.0.1:1".into()), 403, "bad_origin"),
        ("Upgrade", None, 426, "upgrade_required"),
        ("Connection", Some("close".into()), 426, "upgrade_required"),
        ("Sec-WebSocket-Version", Some("8".into()), 426, "upgrade_required"),
        ("Sec-WebSocket-Key", None, 426, "upgrade_required"),
        ("Sec-WebSocket-Protocol", None, 400, "bad_subprotocol"),
        ("Sec-WebSocket-Protocol", Some("lanline.v2".into()), 400, "bad_subprotocol"),
        ("Sec-WebSocket-Protocol", Some("LANLINE.V1".into()), 400, "bad_subprotocol"),
    ];
    for (name, value, status, code) in cases {
        let ticket = closed.ticket("Ann", "talker").await;
        let wrong = Handshake::good(&closed, &ticket).with(name, value.as_deref());
        assert_eq!(wrong.knock(&closed.relay).await, (status, code.to_owned()), "{name}: {value:?}");
        let right = Handshake::good(&closed, &ticket);
        assert_eq!(right.knock(&closed.relay).await.0, 101, "after {name}: {value:?}");
        assert_eq!(right.knock(&closed.relay).await, (401, "bad_ticket".to_owned()), "it is used up now");
    }
}

#[tokio::test]
async fn the_ticket_is_the_one_thing_wrong() {
    let closed = Closed::start();
    let listener = closed.ticket("Ann", "listener").await;
    for (query, status, code) in [
        ("".to_owned(), 401, "ticket_needed"),
        ("?ticket=AAAAAAAAAAAAAAAAAAAAAA".to_owned(), 401, "bad_ticket"),
        (format!("?ticket={listener}A"), 401, "bad_ticket"),
        (format!("?ticket={listener}&room=stage"), 403, "ticket_mismatch"),
        (format!("?ticket={listener}&role=talker"), 403, "ticket_mismatch"),
        (format!("?ticket={listener}&name=Bob"), 403, "ticket_mismatch"),
    ] {
        let mut handshake = Handshake::good(&closed, "");
        handshake.target = format!("/ws{query}");
        assert_eq!(handshake.knock(&closed.relay).await, (status, code.to_owned()), "{query}");
    }
    assert_eq!(Handshake::good(&closed, &listener).knock(&closed.relay).await.0, 101);
}

#[tokio::test]
async fn programs_need_no_origin() {
    let closed = Closed::start();
    let ticket = closed.ticket("Ann", "talker").await;
    assert_eq!(Handshake::good(&closed, &ticket).with("Origin", None).knock(&closed.relay).await.0, 101);
}

#[tokio::test]
async fn a_foreign_host_gets_nothing_at_all() {
    let relay = TestRelay::plain();
    for path in ["/", "/r/lobby", "/healthz", "/api/v1/rooms", "/assets/none"] {
        let answer: Answer = common::get(relay.address, path, &[("Host", "evil.example")]).await;
        assert_eq!((answer.status, answer.code().as_str()), (421, "bad_host"), "{path}");
    }
}

#[tokio::test]
async fn allowed_hosts_and_origins_pass() {
    let relay = TestRelay::with(Config {
        open: true,
        plain: true,
        allow_hosts: vec![Authority::parse("voice.example").expect("an authority")],
        allow_origins: vec!["https://other.example".into()],
        ..Config::default()
    });
    for (host, origin, status) in [
        ("voice.example", "https://voice.example", 202),
        ("voice.example", "https://other.example", 202),
        ("voice.example", "https://third.example", 403),
        ("other.example", "https://other.example", 421),
    ] {
        let mut guest = relay.join("lobby", "guest").await;
        let body = r#"{"title":"x"}"#;
        let request = format!(
            "POST /api/v1/rooms/lobby/notifications HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let mut stream = relay.connect().await;
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("in time").expect("read");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{host} {origin}: {answer}");
        guest.socket.close(None).await.expect("closed");
    }
}

#[tokio::test]
async fn sockets_of_one_address_are_bounded_and_come_back() {
    let closed = Closed::with(Limits { per_address: PerAddress::from_anywhere(2), ..Limits::default() });
    let mut guests = vec![
        closed.enter(&closed.ticket("a", "talker").await).await,
        closed.enter(&closed.ticket("b", "talker").await).await,
    ];
    let ticket = closed.ticket("c", "talker").await;
    let third = Handshake::good(&closed, &ticket);
    assert_eq!(third.knock(&closed.relay).await, (429, "too_many_sockets".to_owned()));
    let check = closed.relay.refused("/check/socket", Some("lanline.check"), None).await;
    assert_eq!(check, (429, "too_many_sockets".to_owned()), "sockets of the device check count too");
    let mut leaver = guests.pop().expect("two");
    leaver.socket.close(None).await.expect("closed");
    while !matches!(leaver.next().await, common::Incoming::Lost) {}
    // The place is free once the relay has let the connection go, which it does without telling.
    timeout(PATIENCE, async { while third.knock(&closed.relay).await.0 != 101 {} }).await.expect("let in");
}

#[tokio::test]
async fn connections_that_ask_for_nothing_do_not_keep_others_out() {
    // A quarter of the eight is for one address.
    let limits = Limits {
        handshakes: 8,
        head: std::time::Duration::from_secs(60),
        per_address: PerAddress::from_anywhere(64),
        ..Limits::default()
    };
    let relay = TestRelay::with(Config { open: true, plain: true, limits, ..Config::default() });
    let mut slow = vec![relay.connect().await, relay.connect().await];
    for stream in &mut slow {
        stream.write_all(b"GET / HTTP/1.1\r\nHo").await.expect("sent");
    }
    let mut third = relay.connect().await;
    let mut nothing = [0; 1];
    let outcome = timeout(PATIENCE, third.read(&mut nothing)).await.expect("closed at once");
    assert!(matches!(outcome, Ok(0) | Err(_)), "{outcome:?}");

    let elsewhere = tokio::net::TcpSocket::new_v4().expect("a socket");
    elsewhere.bind(([127, 0, 0, 9], 0).into()).expect("bound");
    let tcp = elsewhere.connect(relay.address).await.expect("connected").into_std().expect("plain");
    relay.join_from(tcp, "lobby", "elsewhere").await;
    drop(slow);
    timeout(PATIENCE, async {
        let mut answer = Vec::new();
        while !answer.starts_with(b"HTTP/1.1 200") {
            answer.clear();
            let mut stream = relay.connect().await;
            let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", relay.address);
            // A connection that is refused may be so before or after the request is written.
            let _ = stream.write_all(request.as_bytes()).await;
            let _ = stream.read_to_end(&mut answer).await;
        }
    })
    .await
    .expect("places come back");
}
