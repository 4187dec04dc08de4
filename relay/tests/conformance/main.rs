//! Proves that the relay's listener speaks WebSocket as RFC 6455 has it, byte by byte: the cases follow groups 1 to 7 of
//! the Autobahn test suite, each is sent whole, in odd pieces and in single bytes, and every close must arrive. The echo
//! takes all of them; those that are about framing alone are tried on the relay itself too.
//!
//! One thing is less strict than could be: invalid UTF-8 is refused at the end of its frame, not in the middle of it
//! (Autobahn's 6.4.3 and 6.4.4).
//!
//! Autobahn's own suite runs against the echo too (`pip install autobahntestsuite`, under Python 2.7):
//!
//! ```text
//! cargo run --release -p relay --example echo -- 127.0.0.1:9001
//! echo '{"outdir": "reports", "cases": ["*"], "exclude-cases": ["12.*", "13.*"], "exclude-agent-cases": {},
//!   "servers": [{"agent": "echo", "url": "ws://127.0.0.1:9001", "protocols": ["lanline.v1"]}]}' > echo.json
//! wstest -m fuzzingclient -s echo.json
//! ```
//!
//! Of its 301 cases without compression 296 are OK, 3 are informational (7.1.6, 7.13.1, 7.13.2) and 2 not strict (6.4.3,
//! 6.4.4); every close is clean.

mod cases;
#[path = "../common/mod.rs"]
mod common;
#[path = "../../examples/echo/server.rs"]
mod echo;
mod peer;

use std::net::{Ipv4Addr, SocketAddr};

use cases::Case;
use common::TestRelay;
use peer::{Answer, Peer, close};
use relay::{Config, Limits};
use tokio::net::TcpListener;

async fn start_echo() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("bound");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(echo::serve(listener));
    address
}

async fn all_hold_at_the_echo(cases: Vec<Case>) {
    let address = start_echo().await;
    for case in cases {
        let (bytes, expected) = to_the_end(&case);
        for piece in pieces(bytes.len()) {
            let answers = Peer::connect(address, "/").await.converse(&bytes, piece).await;
            assert_eq!(answers, expected, "{} in pieces of {piece}", case.name);
        }
    }
}

/// Where a case leaves the connection open, it is closed.
fn to_the_end(case: &Case) -> (Vec<u8>, Vec<Answer>) {
    let mut expected = case.expected.clone();
    let mut bytes = case.sent.clone();
    if !matches!(expected.last(), Some(Answer::Close(_))) {
        bytes.extend(close(1000, b""));
        expected.push(Answer::Close(Some(1000)));
    }
    (bytes, expected)
}

/// Whole, in odd pieces, and in single bytes where there are not too many.
fn pieces(length: usize) -> impl Iterator<Item = usize> {
    [usize::MAX, 997, 7, 1].into_iter().filter(move |piece| length / piece < 2000)
}

#[tokio::test]
async fn messages_of_all_sizes_come_back() {
    all_hold_at_the_echo(cases::sizes()).await;
}

#[tokio::test]
async fn pings_are_answered_and_pongs_are_not() {
    all_hold_at_the_echo(cases::pings()).await;
}

#[tokio::test]
async fn reserved_bits_and_opcodes_are_refused() {
    all_hold_at_the_echo(cases::reserved()).await;
}

#[tokio::test]
async fn fragments_make_one_message_and_wrong_ones_none() {
    all_hold_at_the_echo(cases::fragments()).await;
    all_hold_at_the_echo(cases::wrong_fragments()).await;
}

#[tokio::test]
async fn text_is_utf8() {
    all_hold_at_the_echo(cases::valid_utf8()).await;
    all_hold_at_the_echo(cases::invalid_utf8()).await;
}

#[tokio::test]
async fn closes_are_answered_once_and_wrong_ones_refused() {
    all_hold_at_the_echo(cases::closes()).await;
}

/// Groups 2 to 7, as far as they send no message that means something to the relay.
#[tokio::test]
async fn a_session_of_the_relay_answers_as_the_echo_does() {
    let limits = Limits { participants: 4096, per_room: 4096, ..Limits::default() };
    let relay = TestRelay::with(Config { open: true, plain: true, limits, ..Config::default() });
    let groups = [cases::pings(), cases::reserved(), cases::wrong_fragments(), cases::invalid_utf8(), cases::closes()];
    for case in groups.into_iter().flatten().filter(|case| !case.echoes()) {
        let (bytes, expected) = to_the_end(&case);
        for piece in pieces(bytes.len()) {
            let peer = Peer::connect(relay.address, "/ws?room=lobby&name=rogue").await;
            let mut answers = peer.converse(&bytes, piece).await;
            // The welcome, and what is wrong in words.
            answers.retain(|answer| !matches!(answer, Answer::Text(_)));
            assert_eq!(answers, expected, "{} in pieces of {piece}", case.name);
        }
    }
}
