//! Proves that real sockets feel the link: delay, rate, loss, stall and blackout. Needs root for network namespaces.
#![cfg(target_os = "linux")]

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream, UdpSocket},
    time::{Duration, Instant},
};

use relay_netem::{
    Conditions,
    wire::{Direction, FAR, NEAR, Wire},
};

const MS: u64 = 1000;

fn wire(out: Conditions, back: Conditions) -> Option<Wire> {
    match Wire::lay(out, back, 1) {
        Ok(wire) => Some(wire),
        Err(e) if relay_netem::is_not_to_be_had(&e) => {
            eprintln!("skipped: network namespaces and TUN need root and a kernel that has them ({e})");
            None
        }
        Err(e) => panic!("no wire: {e}"),
    }
}

/// A UDP socket at either end; what the near one sends is meant for the far one.
fn sockets(wire: &Wire) -> (UdpSocket, UdpSocket) {
    let near = wire.near.run(|| UdpSocket::bind((NEAR, 0)).expect("bound"));
    let far = wire.far.run(|| UdpSocket::bind((FAR, 0)).expect("bound"));
    near.connect(far.local_addr().expect("an address")).expect("connected");
    far.set_read_timeout(Some(Duration::from_millis(500))).expect("set");
    (near, far)
}

#[test]
fn a_datagram_takes_the_delay_and_a_stall_holds_it() {
    let long = Conditions { delay_us: 30 * MS, ..Conditions::default() };
    let Some(wire) = wire(long, Conditions::default()) else { return };
    let (near, far) = sockets(&wire);
    let took = || {
        let began = Instant::now();
        near.send(b"x").expect("sent");
        far.recv(&mut [0; 8]).expect("received");
        began.elapsed()
    };
    assert!(took() >= Duration::from_millis(30));
    wire.stall(Duration::from_millis(200));
    assert!(took() >= Duration::from_millis(220));
}

#[test]
fn what_is_sent_into_a_blackout_never_comes() {
    let Some(wire) = wire(Conditions::default(), Conditions::default()) else { return };
    let (near, far) = sockets(&wire);
    wire.blackout(Duration::from_millis(100));
    near.send(b"lost").expect("sent");
    assert!(far.recv(&mut [0; 8]).is_err());
    near.send(b"kept").expect("sent");
    let mut buffer = [0; 8];
    assert_eq!(far.recv(&mut buffer).expect("received"), 4);
    assert_eq!(&buffer[..4], b"kept");
    // The kernel itself says something on a new interface now and then.
    assert!(wire.counts(Direction::Out).lost >= 1);
}

#[test]
fn tcp_goes_no_faster_than_the_link_and_loses_nothing_on_a_lossy_one() {
    const BYTES: usize = 50_000;
    let slow = Conditions { bits_per_second: Some(1_000_000), loss: 0.02, delay_us: 2 * MS, ..Conditions::default() };
    let Some(wire) = wire(slow, Conditions { delay_us: 2 * MS, ..Conditions::default() }) else { return };
    let listener = wire.near.run(|| TcpListener::bind((NEAR, 0)).expect("bound"));
    let address = listener.local_addr().expect("an address");
    let mut far = wire.far.run(move || TcpStream::connect(address).expect("connected"));
    let (mut near, _) = listener.accept().expect("accepted");
    let began = Instant::now();
    let sent: Vec<u8> = (0..BYTES).map(|n| (n % 251) as u8).collect();
    let expected = sent.clone();
    let sender = std::thread::spawn(move || near.write_all(&sent).map(|()| near));
    let mut received = vec![0; BYTES];
    far.read_exact(&mut received).expect("received");
    assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
    assert_eq!(received, expected);
    drop(sender.join().expect("no panic").expect("written"));
}
