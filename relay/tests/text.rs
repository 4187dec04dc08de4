//! Proves that text reaches everyone in the room, in one order, exactly once: roster, chat, notifications.

mod common;

use common::TestRelay;
use relay_wire::{ClientMessage, Notice, ServerMessage, Severity};

#[tokio::test]
async fn who_comes_mutes_and_goes_is_told_to_the_others() {
    let relay = TestRelay::plain();
    let mut ann = relay.join("lobby", "ann").await;
    let bob = relay.join("lobby", "bob").await;
    let ServerMessage::Joined { participant } = ann.text().await else { panic!("bob joined") };
    assert_eq!((participant.id, participant.name.as_str(), participant.muted), (bob.id, "bob", false));

    let ServerMessage::Welcome { participants, .. } = &bob.welcome else { panic!("a welcome") };
    assert_eq!(participants.iter().map(|p| p.id).collect::<Vec<_>>(), [ann.id, bob.id]);

    let mut bob = bob;
    bob.say(&ClientMessage::Mute { muted: true }).await;
    assert_eq!(ann.text().await, ServerMessage::Muted { id: bob.id, muted: true, by: None });
    let cid = relay.join("lobby", "cid").await;
    let ServerMessage::Welcome { participants, .. } = &cid.welcome else { panic!("a welcome") };
    assert_eq!(participants.iter().filter(|p| p.muted).map(|p| p.id).collect::<Vec<_>>(), [bob.id]);
    ann.text().await;

    bob.socket.close(None).await.expect("closed");
    assert_eq!(ann.text().await, ServerMessage::Left { id: bob.id });
    drop(cid);
    assert!(matches!(ann.text().await, ServerMessage::Left { .. }), "a lost connection leaves too");
}

#[tokio::test]
async fn everyone_reads_the_same_lines_in_the_same_order() {
    const EACH: usize = 100;
    let relay = TestRelay::plain();
    let mut guests = Vec::new();
    for name in ["ann", "bob", "cid", "dee"] {
        guests.push(relay.join("lobby", name).await);
    }
    let ids: Vec<u32> = guests.iter().map(|g| g.id).collect();
    let talk = guests.into_iter().map(|mut guest| {
        tokio::spawn(async move {
            let mut lines = Vec::new();
            for n in 0..EACH {
                guest.chat(&format!("{} says {n}", guest.id)).await;
            }
            while lines.len() < 4 * EACH {
                lines.push(guest.chat_line().await);
            }
            lines
        })
    });
    let mut heard = Vec::new();
    for task in talk.collect::<Vec<_>>() {
        heard.push(task.await.expect("no panic"));
    }
    assert!(heard.iter().all(|lines| *lines == heard[0]), "one order for all");
    assert!(heard[0].iter().map(|line| line.0).eq(1..=4 * EACH as u64), "numbered without a gap");
    for id in ids {
        let own = heard[0].iter().filter_map(|(_, text)| text.strip_prefix(&format!("{id} says ")));
        assert!(own.map(|n| n.parse::<usize>().expect("a number")).eq(0..EACH), "each writer's lines in order");
    }
}

#[tokio::test]
async fn rooms_do_not_hear_each_other() {
    let relay = TestRelay::plain();
    let mut ann = relay.join("red", "ann").await;
    let mut bob = relay.join("blue", "bob").await;
    ann.chat("in red").await;
    bob.chat("in blue").await;
    assert_eq!(ann.chat_line().await, (1, "in red".to_owned()));
    assert_eq!(bob.chat_line().await, (1, "in blue".to_owned()));
    // Had the other room's line been on its way, it would come before the answer to this.
    for guest in [&mut ann, &mut bob] {
        guest.say(&ClientMessage::Ping { t: 1 }).await;
        assert!(matches!(guest.text().await, ServerMessage::Pong { .. }));
    }
}

#[tokio::test]
async fn a_notification_from_a_socket_reaches_all() {
    let relay = TestRelay::plain();
    let mut ann = relay.join("lobby", "ann").await;
    let mut bob = relay.join("lobby", "bob").await;
    let notice = Notice { severity: Severity::Critical, title: "Fire".into(), text: "Leave\nnow".into() };
    bob.say(&ClientMessage::Notify { notice: notice.clone(), echo: None }).await;
    for guest in [&mut ann, &mut bob] {
        let got = guest
            .until(|m| match m {
                ServerMessage::Notification { message, id, notice, .. } => Some((*message, *id, notice.clone())),
                _ => None,
            })
            .await;
        assert_eq!(got, (1, Some(2), notice.clone()));
    }
}

#[tokio::test]
async fn pings_go_both_ways_and_carry_the_clock() {
    let relay = TestRelay::plain();
    let mut ann = relay.join("lobby", "ann").await;
    let ServerMessage::Welcome { clock_us: joined_us, .. } = ann.welcome else { panic!("a welcome") };
    ann.say(&ClientMessage::Ping { t: -7 }).await;
    let ServerMessage::Pong { t: -7, clock_us } = ann.text().await else { panic!("a pong") };
    assert!(clock_us >= joined_us);
    let ping = |m: &ServerMessage| match m {
        ServerMessage::Ping { t } => Some(*t),
        _ => None,
    };
    let (first, second) = (ann.until(ping).await, ann.until(ping).await);
    assert!((900_000..1_500_000).contains(&(second - first)), "a ping each second, not {}", second - first);
}

#[tokio::test]
async fn types_nobody_knows_are_ignored() {
    let relay = TestRelay::plain();
    let mut ann = relay.join("lobby", "ann").await;
    ann.send(r#"{"type":"wave","at":"bob"}"#.into()).await;
    ann.send(r#"{"type":"chat","text":"hi","colour":"red"}"#.into()).await;
    assert_eq!(ann.chat_line().await, (1, "hi".to_owned()));
}
