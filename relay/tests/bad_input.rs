//! Proves that bad input gets a clear answer and harms no one else: each wrong message is answered as PROTOCOL.md
//! says, while somebody else in the room goes on chatting.

mod common;

use common::{Client, Incoming, TestRelay};
use futures_util::{SinkExt, StreamExt};
use relay_wire::{DownHeader, ServerMessage, UpFlags, UpHeader};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

/// A CELT packet of 20 ms that says nothing.
const SILENCE: [u8; 3] = [0xF8, 0xFF, 0xFE];

fn packet(sequence: u16, payload: &[u8]) -> Message {
    let header = UpHeader {
        flags: UpFlags { marker: sequence == 0, ..UpFlags::default() },
        sequence,
        timestamp: u32::from(sequence) * 960,
        level: 20,
        ..UpHeader::default()
    };
    Message::Binary(header.write(payload))
}

fn binary(bytes: &[u8]) -> Message {
    Message::Binary(bytes.to_vec().into())
}

async fn still_chats(bystander: &mut Client) {
    bystander.chat("still here").await;
    while bystander.chat_line().await.1 != "still here" {}
}

#[tokio::test]
async fn fatal_mistakes_are_named_and_closed() {
    let relay = TestRelay::plain();
    let mut bystander = relay.join("lobby", "bystander").await;
    let whole = UpHeader::default().write(&SILENCE);
    let with = |at: usize, value: u8| {
        let mut bytes = whole.to_vec();
        bytes[at] = value;
        binary(&bytes)
    };
    for (case, message, code, close) in [
        ("not JSON", "hello".into(), "bad_json", 1007),
        ("JSON, not an object", "[1]".into(), "bad_json", 1007),
        ("no type", r#"{"text":"x"}"#.into(), "bad_json", 1007),
        ("1 MiB of binary", binary(&vec![1; 1 << 20]), "too_big", 1009),
        ("1 MiB of text", Message::text("x".repeat(1 << 20)), "too_big", 1009),
        ("4097 bytes", binary(&[1; 4097]), "too_big", 1009),
        ("an empty message", binary(&[]), "bad_packet", 1002),
        ("a truncated header", binary(&whole[..15]), "bad_packet", 1002),
        ("an undefined flag", with(1, 0x10), "bad_packet", 1002),
        ("a level out of range", with(12, 128), "bad_packet", 1002),
        ("a used unused byte", with(13, 1), "bad_packet", 1002),
        ("no payload", binary(&whole[..16]), "bad_packet", 1002),
        ("too much payload", packet(0, &[0xF8; 1276]), "bad_packet", 1002),
        ("10 ms", packet(0, &[0xF0, 0, 0]), "bad_duration", 1008),
        ("60 ms", packet(0, &[0x58, 0, 0]), "bad_duration", 1008),
        ("140 ms", packet(0, &[0xFB, 7, 0]), "bad_duration", 1008),
    ] {
        let mut rogue = relay.join("lobby", "rogue").await;
        rogue.send(message).await;
        assert_eq!(rogue.end().await, (vec![code.to_owned()], Some(close)), "{case}");
        assert!(matches!(rogue.next().await, Incoming::Lost), "{case}: the connection ends");
        still_chats(&mut bystander).await;
    }
}

#[tokio::test]
async fn fragments_count_together() {
    let relay = TestRelay::plain();
    let mut rogue = relay.join("lobby", "rogue").await;
    let fragment = |code, last| Message::Frame(Frame::message(vec![b'x'; 3000], OpCode::Data(code), last));
    rogue.send(fragment(Data::Text, false)).await;
    rogue.send(fragment(Data::Continue, true)).await;
    assert_eq!(rogue.end().await, (vec!["too_big".to_owned()], Some(1009)));
}

#[tokio::test]
async fn text_that_is_not_utf8_is_refused() {
    let relay = TestRelay::plain();
    let mut rogue = relay.join("lobby", "rogue").await;
    rogue.send(Message::Frame(Frame::message(vec![0xC3, 0x28], OpCode::Data(Data::Text), true))).await;
    assert_eq!(rogue.end().await, (vec!["bad_json".to_owned()], Some(1007)));
}

#[tokio::test]
async fn small_mistakes_are_named_and_forgiven() {
    let relay = TestRelay::plain();
    let mut clumsy = relay.join("lobby", "clumsy").await;
    for message in [
        r#"{"type":"chat"}"#.to_owned(),
        r#"{"type":"chat","text":7}"#.to_owned(),
        r#"{"type":"chat","text":"  "}"#.to_owned(),
        r#"{"type":"chat","text":"\u202e"}"#.to_owned(),
        format!(r#"{{"type":"chat","text":"{}"}}"#, "x".repeat(1001)),
        r#"{"type":"notify","title":"two\nlines"}"#.to_owned(),
        r#"{"type":"mute","muted":"yes"}"#.to_owned(),
    ] {
        clumsy.send(Message::text(message.clone())).await;
        let ServerMessage::Error { code, .. } = clumsy.text().await else { panic!("{message}") };
        assert_eq!(code, "bad_message", "{message}");
    }
    still_chats(&mut clumsy).await;
}

#[tokio::test]
async fn kinds_nobody_knows_are_ignored() {
    let relay = TestRelay::plain();
    let mut guest = relay.join("lobby", "guest").await;
    for message in [binary(&[0x7F, 1, 2]), Message::Binary(DownHeader::default().write(&SILENCE))] {
        guest.send(message).await;
    }
    still_chats(&mut guest).await;
}

#[tokio::test]
async fn garbage_that_claims_the_right_duration_is_mentioned_once() {
    let relay = TestRelay::plain();
    let mut rogue = relay.join("lobby", "rogue").await;
    let mut listener = relay.join("lobby", "listener").await;
    // Two frames of 10 ms must be of one size (RFC 6716 section 3.2.3, R3), and an odd number of bytes is not.
    for sequence in 0..40 {
        rogue.send(packet(sequence, &[0xF1, 1, 2, 3])).await;
    }
    rogue.until(|m| matches!(m, ServerMessage::Error { code, .. } if code == "undecodable").then_some(())).await;
    for sequence in 40..80 {
        rogue.send(packet(sequence, &[0xF1, 1, 2, 3])).await;
    }
    rogue.chat("done").await;
    loop {
        match rogue.text().await {
            ServerMessage::Chat { .. } => break,
            ServerMessage::Error { code, .. } => panic!("{code} again"),
            _ => {}
        }
    }
    still_chats(&mut listener).await;
}

#[tokio::test]
async fn a_flood_is_stopped_and_the_others_notice_nothing() {
    let relay = TestRelay::plain();
    let mut bystander = relay.join("lobby", "bystander").await;
    let rogue = relay.join("lobby", "rogue").await;
    let rogue_id = rogue.id;
    let (mut sink, mut stream) = rogue.socket.split();
    let flood = tokio::spawn(async move {
        for sequence in 0..10_000u16 {
            if sink.send(packet(sequence, &SILENCE)).await.is_err() {
                return;
            }
        }
    });
    let mut errors = Vec::new();
    let close = loop {
        match stream.next().await {
            Some(Ok(Message::Text(text))) => {
                if let Ok(Some(ServerMessage::Error { code, .. })) = ServerMessage::parse(&text) {
                    errors.push(code);
                }
            }
            Some(Ok(Message::Close(frame))) => break frame.map(|f| u16::from(f.code)),
            Some(Ok(_)) => {}
            other => panic!("{other:?} instead of a close"),
        }
    };
    assert_eq!((errors, close), (vec!["rate_limited".to_owned()], Some(1008)));
    flood.await.expect("no panic");
    bystander.until(|m| (*m == ServerMessage::Left { id: rogue_id }).then_some(())).await;
    still_chats(&mut bystander).await;
}

#[tokio::test]
async fn a_flood_of_text_is_stopped_earlier() {
    let relay = TestRelay::plain();
    let mut rogue = relay.join("lobby", "rogue").await;
    for _ in 0..300 {
        rogue.socket.feed(r#"{"type":"ping","t":1}"#.into()).await.expect("taken");
    }
    rogue.socket.flush().await.expect("sent");
    assert_eq!(rogue.end().await, (vec!["rate_limited".to_owned()], Some(1008)));
}
