//! Proves what a slow reader gets and costs: late for a second, every text in order exactly once; never reading, a
//! reason and an end; and in both cases nobody else waits.

mod common;

use std::time::Duration;

use common::{Client, Incoming, TestRelay};
use relay::{Config, Limits};
use relay_wire::{ClientMessage, ServerMessage};

/// Reads until the relay has pinged that often: so many seconds have passed, and its texts went out meanwhile.
async fn seconds(guest: &mut Client, count: usize) {
    for _ in 0..count {
        guest.until(|m| matches!(m, ServerMessage::Ping { .. }).then_some(())).await;
    }
}

fn notification(n: usize, chars: usize) -> String {
    format!(r#"{{"title":"{n}","text":"{}"}}"#, "語".repeat(chars))
}

#[tokio::test]
async fn a_reader_that_is_late_for_a_second_loses_no_text() {
    const TEXTS: usize = 300;
    let relay = TestRelay::plain();
    let mut slow = relay.join_narrow("lobby", "slow").await;
    let mut other = relay.join("lobby", "other").await;
    // 720 KB: far more than the kernel takes while nobody reads.
    for n in 0..TEXTS {
        assert_eq!(relay.notify("lobby", &notification(n, 800)).await.status, 202);
    }
    seconds(&mut other, 2).await;
    for expected in 0..TEXTS {
        let (message, title) = slow
            .until(|m| match m {
                ServerMessage::Notification { message, notice, .. } => Some((*message, notice.title.clone())),
                _ => None,
            })
            .await;
        assert_eq!((message, title), (expected as u64 + 1, expected.to_string()));
    }
    slow.chat("all there").await;
    assert_eq!(slow.chat_line().await.1, "all there");
}

#[tokio::test]
async fn a_client_that_never_reads_is_closed_and_the_others_notice_nothing() {
    let relay = TestRelay::plain();
    let never = relay.join_narrow("lobby", "never").await;
    let mut other = relay.join("lobby", "other").await;
    let reader = tokio::spawn(async move {
        let mut notifications = 0;
        loop {
            match other.text().await {
                ServerMessage::Notification { .. } => notifications += 1,
                ServerMessage::Left { .. } => return (other, notifications),
                unexpected => panic!("{unexpected:?}"),
            }
        }
    });
    let mut sent = 0;
    while !reader.is_finished() {
        assert_eq!(relay.notify("lobby", &notification(sent, 800)).await.status, 202);
        sent += 1;
        assert!(sent < 2000, "memory for a client that never reads is bounded");
    }
    let (_other, heard) = reader.await.expect("no panic");
    assert!(heard > 100, "{heard} of {sent} before the end");
    drop(never);
}

#[tokio::test]
async fn a_participant_of_whom_nothing_is_heard_is_told_and_closed() {
    let limits = Limits { silence: Duration::from_secs(3), ..Limits::default() };
    let relay = TestRelay::with(Config { open: true, plain: true, limits, ..Config::default() });
    let mut answering = relay.join("lobby", "answering").await;
    let mut silent = relay.join("lobby", "silent").await;
    let answering = tokio::spawn(async move {
        loop {
            match answering.next().await {
                Incoming::Text(ServerMessage::Ping { t }) => answering.say(&ClientMessage::Pong { t }).await,
                Incoming::Text(ServerMessage::Left { .. }) => return,
                Incoming::Text(_) => {}
                other => panic!("{other:?}"),
            }
        }
    });
    assert_eq!(silent.end().await, (vec!["silent".to_owned()], Some(4001)));
    answering.await.expect("whoever answers stays");
}
