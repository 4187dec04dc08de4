//! Proves that somebody's name and colour are theirs to change, by the rules of a ticket's name: everyone is told, old
//! lines keep the old name, and whoever comes back comes back as they were called last, over a restart of the relay too.

mod common;

use common::{Client, Incoming, TestRelay};
use futures_util::SinkExt;
use relay::Config;
use relay_wire::{ClientMessage, Colour, DisplayName, Participant, ServerMessage};

fn called(name: &str) -> ClientMessage {
    ClientMessage::Identity { name: Some(named(name)), colour: None }
}

fn named(name: &str) -> DisplayName {
    DisplayName::parse(name).expect("a good name")
}

fn colour(number: u8) -> Colour {
    Colour::try_from(number).expect("in the palette")
}

/// Who is in the room, by the welcome.
fn listed(client: &Client) -> Vec<(u32, &str, Colour)> {
    let ServerMessage::Welcome { participants, .. } = &client.welcome else { panic!("no welcome") };
    participants.iter().map(|Participant { id, name, colour, .. }| (*id, name.as_str(), *colour)).collect()
}

/// The next chat line: its writer's name and the text.
async fn line(client: &mut Client) -> (String, String) {
    client
        .until(|m| match m {
            ServerMessage::Chat { name, text, .. } => Some((name.as_str().to_owned(), text.clone())),
            _ => None,
        })
        .await
}

/// The token that comes with a change.
async fn renewed(client: &mut Client) -> String {
    client
        .until(|m| match m {
            ServerMessage::Resume { token } => Some(token.clone()),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn everyone_is_told_of_another_name_and_colour_and_old_lines_keep_the_old_one() {
    let relay = TestRelay::plain();
    let mut ann = relay.join("lobby", "ann").await;
    let mut bob = relay.join("lobby", "bob").await;
    assert_eq!(listed(&bob), [(ann.id, "ann", Colour::of(1)), (bob.id, "bob", Colour::of(2))]);
    bob.chat("before").await;
    bob.say(&called(" Zoë ")).await;
    bob.chat("after").await;
    bob.say(&ClientMessage::Identity { name: None, colour: Some(colour(7)) }).await;
    let id = bob.id;
    for guest in [&mut ann, &mut bob] {
        assert_eq!(line(guest).await, ("bob".into(), "before".into()));
        let identity = |colour| ServerMessage::Identity { id, name: named("Zoë"), colour };
        guest.until(|m| (*m == identity(Colour::of(2))).then_some(())).await;
        assert_eq!(line(guest).await, ("Zoë".into(), "after".into()));
        guest.until(|m| (*m == identity(colour(7))).then_some(())).await;
    }
    let cid = relay.join("lobby", "cid").await;
    assert_eq!(listed(&cid)[1], (id, "Zoë", colour(7)));
}

#[tokio::test]
async fn what_changes_nothing_is_not_said() {
    let relay = TestRelay::plain();
    let mut ann = relay.join("lobby", "ann").await;
    ann.say(&ClientMessage::Identity { name: None, colour: None }).await;
    ann.say(&ClientMessage::Identity { name: Some(named("ann")), colour: Some(Colour::of(1)) }).await;
    ann.say(&ClientMessage::Ping { t: 1 }).await;
    assert!(matches!(ann.text().await, ServerMessage::Pong { t: 1, .. }));
}

#[tokio::test]
async fn a_name_or_colour_against_the_rules_is_refused_and_nobody_hears_of_it() {
    let relay = TestRelay::plain();
    let mut ann = relay.join("lobby", "ann").await;
    let mut bob = relay.join("lobby", "bob").await;
    for fields in [
        r#""name":"""#.to_owned(),
        r#""name":"  ""#.to_owned(),
        r#""name":"two\nlines""#.to_owned(),
        r#""name":"a\u202eb""#.to_owned(),
        r#""name":"a\u200bb""#.to_owned(),
        format!(r#""name":"{}""#, "x".repeat(33)),
        r#""name":7"#.to_owned(),
        r#""colour":8"#.to_owned(),
        r#""colour":-1"#.to_owned(),
        r#""name":"fine","colour":"red""#.to_owned(),
    ] {
        bob.send(format!(r#"{{"type":"identity",{fields}}}"#).into()).await;
        let ServerMessage::Error { code, .. } = bob.text().await else { panic!("{fields}") };
        assert_eq!(code, "bad_message", "{fields}");
    }
    bob.chat("still bob").await;
    let told = ann.until(|m| match m {
        ServerMessage::Identity { .. } => Some(None),
        ServerMessage::Chat { name, .. } => Some(Some(name.as_str().to_owned())),
        _ => None,
    });
    assert_eq!(told.await, Some("bob".into()));
}

#[tokio::test]
async fn who_changes_it_all_the_time_is_stopped_like_any_flood() {
    let relay = TestRelay::plain();
    let mut rogue = relay.join("lobby", "rogue").await;
    for n in 0..300 {
        rogue.socket.feed(called(&format!("rogue {n}")).to_json().into()).await.expect("taken");
    }
    rogue.socket.flush().await.expect("sent");
    assert_eq!(rogue.end().await, (vec!["rate_limited".to_owned()], Some(1008)));
}

#[tokio::test]
async fn a_held_seat_has_the_last_name_with_whichever_token_it_is_taken_again() {
    let relay = TestRelay::plain();
    let mut ann = relay.join("lobby", "ann").await;
    let mut bob = relay.join("lobby", "bob").await;
    let (old, id) = (bob.keep_token().await, bob.id);
    bob.say(&ClientMessage::Identity { name: Some(named("Zoë")), colour: Some(colour(5)) }).await;
    let new = renewed(&mut bob).await;
    drop(bob);
    ann.until(|m| (*m == ServerMessage::Away { id, away: true }).then_some(())).await;
    // The new token was not answered, so both count.
    for token in [old, new] {
        let back = relay.resume(&token, 0).await;
        assert_eq!(listed(&back)[1], (id, "Zoë", colour(5)));
        assert!(matches!(back.welcome, ServerMessage::Welcome { resumed: true, .. }));
    }
}

#[tokio::test]
async fn the_last_name_and_colour_outlive_the_relay() {
    let state = tempfile::tempdir().expect("a folder");
    let config = Config { plain: true, open: true, state_dir: Some(state.path().into()), ..Config::default() };
    let mut relay = TestRelay::with(config.clone());
    let mut bob = relay.join("lobby", "bob").await;
    bob.keep_token().await;
    bob.say(&ClientMessage::Identity { name: Some(named("Zoë")), colour: Some(colour(6)) }).await;
    let token = renewed(&mut bob).await;
    relay.end();
    while !matches!(bob.next().await, Incoming::Closed(_)) {}
    relay.ended().await;

    let relay = TestRelay::with(config);
    let back = relay.resume(&token, 0).await;
    assert_eq!(listed(&back), [(1, "Zoë", colour(6))]);
}
