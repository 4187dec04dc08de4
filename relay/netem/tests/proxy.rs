//! Proves what the proxy does to real connections.

use std::{io::ErrorKind, net::Ipv4Addr, time::Duration};

use relay_netem::proxy::{Proxy, Treatment};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(10);

/// A proxy and both ends of a connection through it.
async fn through() -> (Proxy, TcpStream, TcpStream) {
    let target = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("bound");
    let front = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("bound");
    let proxy = Proxy::start(front, target.local_addr().expect("an address")).expect("started");
    let guest = TcpStream::connect(proxy.address()).await.expect("connected");
    let (relay, _) = target.accept().await.expect("accepted");
    (proxy, guest, relay)
}

async fn read(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    timeout(PATIENCE, stream.read_exact(&mut bytes)).await.expect("in time").expect("read");
    bytes
}

#[tokio::test]
async fn bytes_and_ends_pass_both_ways() {
    let (_proxy, mut guest, mut relay) = through().await;
    guest.write_all(b"up").await.expect("written");
    relay.write_all(b"down").await.expect("written");
    assert_eq!((read(&mut relay, 2).await, read(&mut guest, 4).await), (b"up".to_vec(), b"down".to_vec()));
    guest.shutdown().await.expect("shut");
    assert_eq!(timeout(PATIENCE, relay.read(&mut [0; 8])).await.expect("in time").expect("read"), 0);
}

#[tokio::test]
async fn single_bytes_are_the_same_bytes() {
    let (proxy, mut guest, mut relay) = through().await;
    proxy.treat(Treatment::OneByOne);
    let sent: Vec<u8> = (0..=255).collect();
    guest.write_all(&sent).await.expect("written");
    let mut received = Vec::new();
    let mut reads = 0;
    while received.len() < sent.len() {
        timeout(PATIENCE, relay.read_buf(&mut received)).await.expect("in time").expect("read");
        reads += 1;
    }
    assert_eq!(received, sent);
    assert!(reads > 1, "not in one piece");
}

#[tokio::test]
async fn a_reset_is_one_for_both_ends() {
    let (proxy, mut guest, mut relay) = through().await;
    guest.write_all(b"x").await.expect("written");
    read(&mut relay, 1).await;
    proxy.treat(Treatment::Reset);
    for end in [&mut guest, &mut relay] {
        let error = timeout(PATIENCE, end.read(&mut [0; 8])).await.expect("in time").expect_err("a reset");
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
}

#[tokio::test]
async fn a_half_open_connection_takes_bytes_and_says_nothing_of_the_end() {
    let (proxy, mut guest, mut relay) = through().await;
    proxy.treat(Treatment::HalfOpen);
    relay.write_all(b"into the void").await.expect("written");
    guest.write_all(b"gone").await.expect("written");
    guest.shutdown().await.expect("shut");
    let silent = timeout(Duration::from_millis(300), relay.read(&mut [0; 8])).await;
    assert!(silent.is_err(), "{silent:?}");
}
