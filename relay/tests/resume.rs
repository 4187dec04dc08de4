//! Proves that a seat outlives its socket: who loses the link is away and not gone, comes back as the same participant,
//! reads what was missed, and nobody else comes in that way. Also over a restart of the relay.

mod common;

use std::time::{Duration, Instant};

use common::{Client, Incoming, TestRelay, V1, talk::talk};
use futures_util::SinkExt;
use relay::{Config, Limits};
use relay_wire::{ClientMessage, ServerMessage, close};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// Whether the seat was held, and the id.
fn seat(client: &Client) -> (bool, u32) {
    let ServerMessage::Welcome { id, resumed, .. } = client.welcome else { panic!("{:?}", client.welcome) };
    (resumed, id)
}

/// The next of what is said about who is here.
async fn roster(client: &mut Client) -> ServerMessage {
    use ServerMessage::{Away, Joined, Left};
    client.until(|m| matches!(m, Away { .. } | Joined { .. } | Left { .. }).then(|| m.clone())).await
}

#[tokio::test]
async fn a_lost_link_is_away_and_comes_back_as_the_same_with_what_was_missed() {
    let relay = TestRelay::plain();
    let mut ann = relay.join("lobby", "ann").await;
    let mut bob = relay.join("lobby", "bob").await;
    roster(&mut ann).await;
    ann.chat("before").await;
    assert_eq!(bob.chat_line().await.0, 1);
    let (token, id) = (bob.keep_token().await, bob.id);
    drop(bob);
    assert_eq!(roster(&mut ann).await, ServerMessage::Away { id, away: true });
    for line in ["missed", "missed too"] {
        ann.chat(line).await;
        ann.chat_line().await;
    }

    let mut bob = relay.resume(&token, 1).await;
    assert_eq!(seat(&bob), (true, id));
    assert_eq!(roster(&mut ann).await, ServerMessage::Away { id, away: false });
    ann.chat("new").await;
    let mut read = Vec::new();
    while read.len() < 3 {
        read.push(bob.chat_line().await);
    }
    assert_eq!(read, [(2, "missed".into()), (3, "missed too".into()), (4, "new".into())]);
    // Leaving on purpose is leaving.
    bob.keep_token().await;
    bob.socket.close(Some(CloseFrame { code: 1000.into(), reason: "".into() })).await.expect("closed");
    assert_eq!(roster(&mut ann).await, ServerMessage::Left { id });
}

#[tokio::test]
async fn a_page_that_goes_away_and_a_client_that_gives_the_socket_up_are_awaited() {
    let relay = TestRelay::plain();
    let mut ann = relay.join("lobby", "ann").await;
    for code in [1001, 4000, 4999] {
        let mut bob = relay.join("lobby", "bob").await;
        assert!(matches!(roster(&mut ann).await, ServerMessage::Joined { .. }));
        bob.keep_token().await;
        bob.socket.close(Some(CloseFrame { code: code.into(), reason: "".into() })).await.expect("closed");
        assert_eq!(roster(&mut ann).await, ServerMessage::Away { id: bob.id, away: true }, "{code}");
    }
}

#[tokio::test]
async fn who_talks_when_the_link_breaks_talks_no_more() {
    let relay = TestRelay::plain();
    let mut ann = relay.join("lobby", "ann").await;
    let mut bob = relay.join("lobby", "bob").await;
    let (token, id) = (bob.keep_token().await, bob.id);
    let talking = tokio::spawn(talk(bob, Instant::now()));
    ann.until(|m| (*m == ServerMessage::Talking { id, talking: true }).then_some(())).await;
    talking.abort();
    ann.until(|m| (*m == ServerMessage::Talking { id, talking: false }).then_some(())).await;
    assert_eq!(roster(&mut ann).await, ServerMessage::Away { id, away: true });
    // And heard again, from a new socket whose numbers begin anew.
    let talking = tokio::spawn(talk(relay.resume(&token, 0).await, Instant::now()));
    ann.until(|m| (*m == ServerMessage::Talking { id, talking: true }).then_some(())).await;
    while !matches!(ann.next().await, Incoming::Audio(..)) {}
    talking.abort();
}

#[tokio::test]
async fn the_old_socket_is_evicted_with_a_reason() {
    let relay = TestRelay::plain();
    let mut ann = relay.join("lobby", "ann").await;
    let mut old = relay.join("lobby", "bob").await;
    let token = old.keep_token().await;
    let mut new = relay.resume(&token, 0).await;
    assert_eq!(seat(&new), (true, old.id));
    // What the evicted socket still says is not heard, and its end is no news.
    old.chat("ghost").await;
    let goodbye = |m: &ServerMessage| match m {
        ServerMessage::Goodbye { reconnect, .. } => Some(*reconnect),
        _ => None,
    };
    assert!(!old.until(goodbye).await);
    assert_eq!(old.end().await, (Vec::new(), Some(close::REPLACED)));
    // The relay hangs up when it has read everything.
    assert!(matches!(old.next().await, Incoming::Lost));
    new.chat("alive").await;
    assert_eq!(ann.chat_line().await, (1, "alive".into()));
}

#[tokio::test]
async fn of_two_who_come_back_at_once_exactly_one_stays() {
    let relay = TestRelay::plain();
    let mut ann = relay.join("lobby", "ann").await;
    for _ in 0..20 {
        let mut bob = relay.join("lobby", "bob").await;
        let (token, id) = (bob.keep_token().await, bob.id);
        drop(bob);
        let path = format!("/ws?resume={token}");
        let come = async || relay.upgrade(relay.connect().await, &path).await;
        let (first, second) = tokio::join!(come(), come());
        let mut ends = Vec::new();
        let mut stays = Vec::new();
        for mut client in [first, second] {
            // What the evicted one says is not heard; it may have been evicted before it was welcomed.
            let _ = client.socket.send(ClientMessage::Chat { text: "me".into(), echo: None }.to_json().into()).await;
            loop {
                match client.next().await {
                    Incoming::Text(ServerMessage::Chat { .. }) => break stays.push(client),
                    Incoming::Text(ServerMessage::Welcome { id: again, resumed, .. }) => {
                        assert_eq!((again, resumed), (id, true));
                    }
                    Incoming::Text(_) | Incoming::Audio(..) => {}
                    Incoming::Closed(code) => break ends.push(code),
                    Incoming::Lost => panic!("no close"),
                }
            }
        }
        assert_eq!((ends.as_slice(), stays.len()), ([close::REPLACED].as_slice(), 1));
        let mut stays = stays.pop().expect("one");
        stays.socket.close(None).await.expect("closed");
        ann.until(|m| (*m == ServerMessage::Left { id }).then_some(())).await;
    }
}

#[tokio::test]
async fn the_token_before_counts_until_the_next_is_kept() {
    let relay = TestRelay::plain();
    let mut bob = relay.join("lobby", "bob").await;
    let first = bob.keep_token().await;
    drop(bob);
    // Twice the welcome is lost on the way.
    drop(relay.resume(&first, 0).await);
    let unanswered = relay.resume(&first, 0).await;
    let second = unanswered.token();
    drop(unanswered);
    let mut bob = relay.resume(&second, 0).await;
    assert!(seat(&bob).0);
    let third = bob.keep_token().await;
    drop(bob);
    for dead in [&first, &second] {
        let path = format!("/ws?resume={dead}&after=0");
        assert_eq!(relay.refused(&path, V1, None).await, (401, "bad_resume".into()));
    }
    assert!(seat(&relay.resume(&third, 0).await).0);
}

#[tokio::test]
async fn forged_foreign_and_broken_tokens_are_refused() {
    let (relay, other) = (TestRelay::plain(), TestRelay::plain());
    let bob = relay.join("lobby", "bob").await;
    let foreign = other.join("lobby", "bob").await.token();
    let token = bob.token();
    let forged = token.replacen(token.chars().next().expect("not empty"), "x", 1);
    for wrong in [foreign.as_str(), &forged, "", "x", "a.b", &"y".repeat(2000), "%00", "%F0%9F%98%80"] {
        let path = format!("/ws?resume={wrong}");
        assert_eq!(relay.refused(&path, V1, None).await, (401, "bad_resume".into()), "{wrong}");
    }
    for after in ["x", "-1", "1.5", "99999999999999999999"] {
        let path = format!("/ws?resume={token}&after={after}");
        assert_eq!(relay.refused(&path, V1, None).await, (400, "bad_after".into()), "{after}");
    }
    // Everything else that is wrong is found first, and costs nobody the seat.
    let path = format!("/ws?resume={token}");
    assert_eq!(relay.refused(&path, None, None).await.1, "bad_subprotocol");
    assert_eq!(relay.refused(&path, V1, Some("https://evil.example")).await.1, "bad_origin");
    assert!(seat(&relay.resume(&token, 0).await).0);
}

#[tokio::test]
async fn a_silent_link_is_away_before_it_is_closed_for_good() {
    let limits = Limits { silence: Duration::from_secs(1), ..Limits::default() };
    let relay = TestRelay::with(Config { plain: true, open: true, limits, ..Config::default() });
    let mut bob = relay.join("lobby", "bob").await;
    let token = bob.keep_token().await;
    assert_eq!(bob.end().await, (vec!["silent".into()], Some(close::SILENT)));
    assert_eq!(seat(&relay.resume(&token, 0).await), (true, bob.id));
}

#[tokio::test]
async fn of_whom_nothing_comes_is_shown_as_away_until_something_comes() {
    let limits = Limits { silence: Duration::from_secs(3), ..Limits::default() };
    let relay = TestRelay::with(Config { plain: true, open: true, limits, ..Config::default() });
    let mut ann = relay.join("lobby", "ann").await;
    let mut bob = relay.join("lobby", "bob").await;
    let id = bob.id;
    for away in [true, false] {
        if !away {
            bob.say(&ClientMessage::Mute { muted: true }).await;
        }
        loop {
            match ann.next().await {
                Incoming::Text(ServerMessage::Ping { t }) => ann.say(&ClientMessage::Pong { t }).await,
                Incoming::Text(ServerMessage::Away { id: who, away: state }) => {
                    assert_eq!((who, state), (id, away));
                    break;
                }
                Incoming::Text(ServerMessage::Joined { .. }) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_misbehaving_client_loses_its_seat() {
    let relay = TestRelay::plain();
    let mut ann = relay.join("lobby", "ann").await;
    let mut bob = relay.join("lobby", "bob").await;
    bob.keep_token().await;
    bob.send("not JSON".into()).await;
    let left = ann.until(|m| matches!(m, ServerMessage::Left { .. } | ServerMessage::Away { .. }).then(|| m.clone()));
    assert_eq!(left.await, ServerMessage::Left { id: bob.id });
}

#[tokio::test]
async fn lines_sent_again_after_a_loss_are_said_once() {
    let relay = TestRelay::plain();
    let mut ann = relay.join("lobby", "ann").await;
    let mut bob = relay.join("lobby", "bob").await;
    let token = bob.keep_token().await;
    let lines: Vec<ClientMessage> =
        (1..=3).map(|n| ClientMessage::Chat { text: format!("line {n}"), echo: Some(n) }).collect();
    for line in &lines[..2] {
        bob.say(line).await;
    }
    assert_eq!((ann.chat_line().await.0, ann.chat_line().await.0), (1, 2));
    drop(bob);
    let mut bob = relay.resume(&token, 0).await;
    assert!(matches!(bob.welcome, ServerMessage::Welcome { echo: 2, .. }), "{:?}", bob.welcome);
    // A client that does not look sends all of them again.
    for line in &lines {
        bob.say(line).await;
    }
    assert_eq!(ann.chat_line().await, (3, "line 3".into()));
    for n in 1..=3 {
        let echo = bob.until(|m| match m {
            ServerMessage::Chat { echo, .. } => Some(*echo),
            _ => None,
        });
        assert_eq!(echo.await, Some(n));
    }
}

#[tokio::test]
async fn a_restart_keeps_tokens_ids_and_names() {
    let state = tempfile::tempdir().expect("a folder");
    let config = Config { plain: true, open: true, state_dir: Some(state.path().into()), ..Config::default() };
    let mut relay = TestRelay::with(config.clone());
    let mut tokens = Vec::new();
    let mut boots = Vec::new();
    for name in ["ann", "bob", "cid"] {
        let mut client = relay.join("lobby", name).await;
        tokens.push(client.keep_token().await);
        let ServerMessage::Welcome { boot, .. } = &client.welcome else { panic!("a welcome") };
        boots.push(boot.clone());
    }
    relay.end();
    relay.ended().await;

    let relay = TestRelay::with(config);
    let mut back = Vec::new();
    for (token, id) in tokens.iter().zip([1, 2, 3]).rev() {
        let client = relay.resume(token, 7).await;
        assert_eq!(seat(&client), (false, id));
        back.push(client);
    }
    let ServerMessage::Welcome { participants, boot, .. } = &back[2].welcome else { panic!("a welcome") };
    assert_eq!(participants.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["ann", "bob", "cid"]);
    assert!(boots.iter().all(|earlier| earlier == &boots[0] && earlier != boot), "{boots:?} {boot}");
    assert_eq!(relay.join("lobby", "dee").await.id, 4);

    let stranger = TestRelay::plain();
    let path = format!("/ws?resume={}", tokens[0]);
    assert_eq!(stranger.refused(&path, V1, None).await, (401, "bad_resume".into()), "another key");
}
