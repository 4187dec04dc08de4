//! A peer that speaks WebSocket byte by byte, with no library that would keep it from doing wrong.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

pub const FIN: u8 = 0x80;
pub const CONTINUATION: u8 = 0;
pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

/// A masked frame; `first` is its first byte: FIN, reserved bits, opcode (RFC 6455 section 5.2).
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
    let mut bytes = header(first, 0x80, payload.len());
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// A frame as only servers may send it.
pub fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = header(first, 0, payload.len());
    bytes.extend(payload);
    bytes
}

/// All of a frame before its mask.
pub fn header(first: u8, masked: u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![first];
    match length {
        0..126 => bytes.push(masked | length as u8),
        126..65536 => {
            bytes.push(masked | 126);
            bytes.extend((length as u16).to_be_bytes());
        }
        _ => {
            bytes.push(masked | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes
}

/// A close frame.
pub fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(FIN | CLOSE, &[&code.to_be_bytes(), reason].concat())
}

/// What is received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>),
}

/// One connection.
pub struct Peer(TcpStream);

impl Peer {
    /// Connects and shakes hands.
    pub async fn connect(address: SocketAddr, path: &str) -> Self {
        let mut stream = TcpStream::connect(address).await.expect("connected");
        stream.set_nodelay(true).expect("set");
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: lanline.v1\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = timeout(PATIENCE, stream.read_u8()).await.expect("an answer in time");
            head.push(byte.expect("an answer"));
        }
        let head = String::from_utf8(head).expect("text").to_lowercase();
        assert!(head.starts_with("http/1.1 101 "), "{head}");
        // The accept value of RFC 6455 section 1.3.
        assert!(head.contains("s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        Self(stream)
    }

    /// Sends the bytes in pieces of that size, and reads until the other side ends the connection. All of them must be
    /// taken: a connection that is dropped with bytes unread is reset, and a reset may overtake the close.
    pub async fn converse(self, bytes: &[u8], piece: usize) -> Vec<Answer> {
        let (mut reading, mut writing) = self.0.into_split();
        let send = async {
            for piece in bytes.chunks(piece) {
                writing.write_all(piece).await.expect("taken");
            }
            writing
        };
        let receive = async {
            let mut received = Vec::new();
            reading.read_to_end(&mut received).await.expect("no reset");
            received
        };
        let both = async { tokio::join!(receive, send) };
        let (received, writing) = timeout(PATIENCE, both).await.expect("an end in time");
        assert!(writing.as_ref().take_error().expect("asked").is_none(), "no reset");
        parse(&received)
    }
}

fn parse(mut bytes: &[u8]) -> Vec<Answer> {
    let mut answers = Vec::new();
    while let [first, length, rest @ ..] = bytes {
        assert_eq!((first & 0xF0, length & 0x80), (FIN, 0), "whole messages, no reserved bit, no mask");
        let (length, rest) = match length {
            126 => (usize::from(u16::from_be_bytes([rest[0], rest[1]])), &rest[2..]),
            127 => (u64::from_be_bytes(rest[..8].try_into().expect("eight")) as usize, &rest[8..]),
            length => (usize::from(*length), rest),
        };
        let (payload, rest) = rest.split_at(length);
        bytes = rest;
        answers.push(match first & 0x0F {
            TEXT => Answer::Text(payload.to_vec()),
            BINARY => Answer::Binary(payload.to_vec()),
            PONG => Answer::Pong(payload.to_vec()),
            CLOSE => Answer::Close(payload.first_chunk().map(|code| u16::from_be_bytes(*code))),
            other => panic!("nobody asked for opcode {other}"),
        });
    }
    assert!(bytes.is_empty(), "half a header");
    answers
}
