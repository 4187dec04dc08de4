//! Proves what the relay agrees to in a TLS handshake, asked as a scanner asks: TLS 1.2 and 1.3 and nothing older, and of
//! all cipher suites those that authenticate what they encrypt (AEAD) under keys that nobody can find out later
//! (ephemeral Diffie-Hellman).

mod common;

use std::{collections::BTreeSet, io::ErrorKind};

use common::TestRelay;
use relay::Config;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const TLS_1_2: u16 = 0x0303;
const TLS_1_3: u16 = 0x0304;
/// Alerts (RFC 8446 section 6.2).
const HANDSHAKE_FAILURE: u8 = 40;
const PROTOCOL_VERSION: u8 = 70;

/// Every block of code points in which IANA has registered cipher suites, without the two signals that are none.
fn registered() -> BTreeSet<u16> {
    let blocks = [0x0000..=0x00FE, 0x1300..=0x13FF, 0xC000..=0xC1FF, 0xCC00..=0xCCFF, 0xD000..=0xD0FF];
    blocks.into_iter().flatten().collect()
}

#[tokio::test]
async fn only_suites_with_authenticated_encryption_and_forward_secrecy_are_agreed_to() {
    let (relay, _state) = start();
    // ECDHE with ECDSA, as the certificate has it, and AES-GCM or ChaCha20-Poly1305 (RFC 5289, RFC 7905).
    assert_eq!(agreed(&relay, TLS_1_2).await, BTreeSet::from([0xC02B, 0xC02C, 0xCCA9]));
    // TLS 1.3 has no others (RFC 8446 section B.4); its key exchange is always ephemeral with a certificate.
    assert_eq!(agreed(&relay, TLS_1_3).await, BTreeSet::from([0x1301, 0x1302, 0x1303]));
}

#[tokio::test]
async fn nothing_before_tls_1_2_is_agreed_to() {
    let (relay, _state) = start();
    for old in [0x0300, 0x0301, 0x0302] {
        assert_eq!(ask(&relay, old, &registered()).await, Err(PROTOCOL_VERSION), "{old:#06x}");
    }
}

fn start() -> (TestRelay, tempfile::TempDir) {
    let state = tempfile::tempdir().expect("a folder");
    let relay = TestRelay::with(Config { open: true, state_dir: Some(state.path().into()), ..Config::default() });
    (relay, state)
}

/// Offers everything, then everything but what was chosen, until nothing is.
async fn agreed(relay: &TestRelay, version: u16) -> BTreeSet<u16> {
    let mut offered = registered();
    let mut agreed = BTreeSet::new();
    loop {
        match ask(relay, version, &offered).await {
            Ok(suite) => {
                assert!(offered.remove(&suite), "{suite:#06x} was not offered");
                agreed.insert(suite);
            }
            Err(alert) => {
                assert_eq!(alert, HANDSHAKE_FAILURE, "after {agreed:#06x?}");
                return agreed;
            }
        }
    }
}

/// The suite that the relay chooses, or the alert with which it refuses.
async fn ask(relay: &TestRelay, version: u16, suites: &BTreeSet<u16>) -> Result<u16, u8> {
    let mut stream = TcpStream::connect(relay.address).await.expect("connected");
    stream.write_all(&client_hello(version, suites)).await.expect("sent");
    let mut head = [0; 5];
    stream.read_exact(&mut head).await.expect("a record");
    let mut record = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
    stream.read_exact(&mut record).await.expect("all of it");
    match head[0] {
        21 => {
            let end = stream.read_u8().await.expect_err("an alert is the last");
            assert!(matches!(end.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset), "{end}");
            Err(record[1])
        }
        22 => Ok(chosen(version, &record)),
        other => panic!("a record of type {other}"),
    }
}

/// The suite in a ServerHello; a HelloRetryRequest is one too (RFC 8446 section 4.1.3).
fn chosen(version: u16, record: &[u8]) -> u16 {
    assert_eq!(record[0], 2, "a ServerHello");
    let after_session = 4 + 2 + 32 + 1 + usize::from(record[4 + 2 + 32]);
    let (suite, extensions) = record[after_session..].split_first_chunk().expect("a suite");
    // Behind the compression method and the length of all of them.
    let tls_1_3 = extensions[3..].windows(6).any(|six| six == [0, 43, 0, 2, 3, 4]);
    assert_eq!(tls_1_3, version == TLS_1_3, "the version that was asked for");
    u16::from_be_bytes(*suite)
}

/// RFC 8446 section 4.1.2, in one record.
fn client_hello(version: u16, suites: &BTreeSet<u16>) -> Vec<u8> {
    let groups: Vec<u8> = [29u16, 23, 24].iter().flat_map(|group| group.to_be_bytes()).collect();
    let schemes: Vec<u8> =
        [0x0403u16, 0x0503, 0x0807, 0x0804, 0x0401, 0x0201, 0x0203].iter().flat_map(|s| s.to_be_bytes()).collect();
    let mut extensions = [extension(10, &vector(&groups)), extension(13, &vector(&schemes))].concat();
    extensions.extend(extension(11, &[1, 0]));
    if version == TLS_1_3 {
        extensions.extend(extension(43, &[2, 3, 4]));
        // No key yet: the answer asks for one, and names the suite.
        extensions.extend(extension(51, &vector(&[])));
    }
    let suites: Vec<u8> = suites.iter().flat_map(|suite| suite.to_be_bytes()).collect();
    let body =
        [&version.min(TLS_1_2).to_be_bytes()[..], &[7; 32], &[0], &vector(&suites), &[1, 0], &vector(&extensions)]
            .concat();
    let handshake = [&[1, 0][..], &vector(&body)].concat();
    [&[22, 3, 1][..], &vector(&handshake)].concat()
}

fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &vector(data)].concat()
}

/// Bytes behind their number, of two bytes.
fn vector(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("not so many");
    [&length.to_be_bytes()[..], bytes].concat()
}
