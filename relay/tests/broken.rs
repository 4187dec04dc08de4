//! Proves that a session survives the smallest segments, and that one whose connection breaks ends for everyone else.

mod common;

use std::{
    net::{Ipv4Addr, TcpStream},
    time::{Duration, Instant},
};

use common::{
    Client, Incoming, TestRelay,
    talk::{talk, us},
};
use relay::{Config, Limits};
use relay_netem::proxy::{Proxy, Treatment};
use relay_wire::{ServerMessage, toc};
use tokio::net::TcpListener;

/// A proxy in front of the relay.
async fn proxy(relay: &TestRelay) -> Proxy {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("bound");
    Proxy::start(listener, relay.address).expect("started")
}

async fn join(relay: &TestRelay, proxy: &Proxy, name: &str) -> Client {
    let tcp = TcpStream::connect(proxy.address()).expect("connected");
    relay.join_from(tcp, "lobby", name).await
}

async fn leaving(other: &mut Client) -> u32 {
    other
        .until(|m| match m {
            ServerMessage::Left { id } => Some(*id),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn text_and_audio_in_single_bytes_are_the_same_text_and_audio() {
    let relay = TestRelay::plain();
    let proxy = proxy(&relay).await;
    proxy.treat(Treatment::OneByOne);
    let clock = Instant::now();
    let mut listener = join(&relay, &proxy, "listener").await;
    let mut writer = relay.join("lobby", "writer").await;
    writer.chat("語 by 語").await;
    assert_eq!(listener.chat_line().await, (1, "語 by 語".to_owned()));
    let talker = tokio::spawn(talk(join(&relay, &proxy, "talker").await, clock));
    let mut last = None;
    for _ in 0..50 {
        let header = loop {
            if let Incoming::Audio(header, payload) = listener.next().await {
                assert_eq!(toc::packet_samples(&payload), Some(960));
                break header;
            }
        };
        assert!(us(clock) as u32 >= header.capture_us, "stamps come through");
        // What waited for too long on a busy machine is discarded; nothing comes twice or out of order.
        let ahead = last.map_or(1, |last: u16| header.sequence.wrapping_sub(last).cast_signed());
        assert!(ahead > 0, "packet {} after {last:?}", header.sequence);
        last = Some(header.sequence);
    }
    talker.abort();
}

#[tokio::test]
async fn a_connection_that_is_reset_ends_at_once() {
    let relay = TestRelay::plain();
    let proxy = proxy(&relay).await;
    let mut other = relay.join("lobby", "other").await;
    let reset = join(&relay, &proxy, "reset").await;
    proxy.treat(Treatment::Reset);
    assert_eq!(leaving(&mut other).await, reset.id);
}

#[tokio::test]
async fn a_connection_whose_other_end_is_gone_without_a_word_ends_when_nothing_is_heard() {
    let limits = Limits { silence: Duration::from_secs(2), ..Limits::default() };
    let relay = TestRelay::with(Config { open: true, plain: true, limits, ..Config::default() });
    let proxy = proxy(&relay).await;
    let mut other = relay.join("lobby", "other").await;
    let gone = join(&relay, &proxy, "gone").await;
    proxy.treat(Treatment::HalfOpen);
    let id = gone.id;
    drop(gone);
    let left = tokio::spawn(async move {
        loop {
            match other.next().await {
                Incoming::Text(ServerMessage::Left { id }) => return id,
                Incoming::Text(ServerMessage::Ping { t }) => other.say(&relay_wire::ClientMessage::Pong { t }).await,
                _ => {}
            }
        }
    });
    assert_eq!(left.await.expect("no panic"), id);
}
