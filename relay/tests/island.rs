//! Proves that a network without the internet is all the relay needs, and that it asks nobody beyond it: the program
//! runs in a network namespace with an interface that leads nowhere, is found, trusted, joined and talked over, and every
//! packet that leaves is looked at. Needs root for network namespaces; where there are none, the tests skip.
#![cfg(target_os = "linux")]

mod common;

use std::{
    collections::BTreeSet,
    io::{self, BufRead, BufReader, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Instant,
};

use common::{Incoming, PATIENCE, TestRelay, talk::talk};
use mdns_sd::{ServiceDaemon, ServiceEvent};
use relay_netem::{namespace::Namespace, packets::Packets};
use rustls::pki_types::CertificateDer;

const LAN: &str = "192.168.77.1";
const UNIQUE_LOCAL: &str = "fd77::1";
const GLOBAL: &str = "2001:db8:77::1";
const DNS: u16 = 53;
const MDNS: u16 = 5353;

/// A network whose one cable ends in nothing, and whose machine has a private, a unique local and a global address.
struct Island {
    namespace: Arc<Namespace>,
    packets: Packets,
}

impl Island {
    /// With a default route, whatever the machine would send to the internet goes into the cable and is seen.
    fn new(default_route: bool) -> Option<Self> {
        // The interface that comes with it goes again when its packets are dropped.
        let (namespace, _) = match Namespace::new([10, 9, 0, 1], [10, 9, 0, 2]) {
            Ok(made) => made,
            Err(e) if relay_netem::is_not_to_be_had(&e) => {
                eprintln!("skipped: network namespaces need root ({e})");
                return None;
            }
            Err(e) => panic!("no namespace: {e}"),
        };
        let mut commands = vec![
            "link add lan0 type veth peer name end0".to_owned(),
            "link set end0 up".to_owned(),
            // Nobody answers there, and what is sent should be seen all the same.
            "link set lan0 arp off up".to_owned(),
            format!("addr add {LAN}/24 dev lan0"),
            format!("addr add {UNIQUE_LOCAL}/64 dev lan0 nodad"),
            format!("addr add {GLOBAL}/64 dev lan0 nodad"),
        ];
        if default_route {
            commands.extend(["route add default dev lan0", "-6 route add default dev lan0"].map(str::to_owned));
        }
        for command in commands {
            if let Err(e) = ip(&namespace, &command) {
                eprintln!("skipped: there is no ip command ({e})");
                return None;
            }
        }
        let packets = namespace.run(Packets::watch).expect("root may see packets");
        Some(Self { namespace: Arc::new(namespace), packets })
    }

    /// The relay as people start it, and what it says.
    fn relay(&self, folder: &std::path::Path) -> (Child, String) {
        let folder = folder.to_owned();
        let spawned = self.namespace.run(move || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_relay"));
            command.args(["--open", "--state-dir"]).arg(folder);
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()
        });
        let mut child = spawned.expect("it runs");
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut said = String::new();
        while !said.contains("Not covered") {
            assert_ne!(stdout.read_line(&mut said).expect("text"), 0, "it ended: {said}");
        }
        (child, said)
    }

    fn connect(&self, to: &str, port: u16) -> TcpStream {
        let to = SocketAddr::new(to.parse().expect("an address"), port);
        self.namespace.run(move || TcpStream::connect(to)).unwrap_or_else(|e| panic!("{to}: {e}"))
    }

    fn ask(&self, path: &str) -> Vec<u8> {
        let mut help = self.connect(LAN, 8080);
        help.set_read_timeout(Some(PATIENCE)).expect("set");
        write!(help, "GET {path} HTTP/1.1\r\nHost: {LAN}:8080\r\nConnection: close\r\n\r\n").expect("sent");
        let mut answer = Vec::new();
        help.read_to_end(&mut answer).expect("an answer");
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{path}: {}", String::from_utf8_lossy(&answer));
        answer
    }

    /// The authority, as the help port hands it out.
    fn authority(&self) -> CertificateDer<'static> {
        let answer = self.ask("/ca.crt");
        let body = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
        CertificateDer::from(answer[body..].to_vec())
    }

    /// Every packet so far that was meant for another machine: its destination, and the port of UDP or TCP there.
    fn left(&mut self) -> BTreeSet<(IpAddr, Option<u16>)> {
        let own = ["127.0.0.1", "::1", LAN, UNIQUE_LOCAL, GLOBAL, "10.9.0.1"];
        let own: Vec<IpAddr> = own.iter().map(|ip| ip.parse().expect("an address")).collect();
        let mut left = BTreeSet::new();
        let mut frame = [0; 65_536];
        while let Some(length) = self.packets.next(&mut frame).expect("packets") {
            left.extend(destination(&frame[..length]).filter(|(ip, port)| {
                // To itself a machine may speak as it likes, but for DNS: a resolver there would ask further.
                !own.contains(ip) || *port == Some(DNS)
            }));
        }
        assert_eq!(self.packets.missed().expect("a count"), 0, "every packet was looked at");
        left
    }
}

fn ip(namespace: &Namespace, command: &str) -> io::Result<()> {
    let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
    let status = namespace.run(move || Command::new("ip").args(words).status())?;
    assert!(status.success(), "ip {command}");
    Ok(())
}

/// Where an Ethernet frame's IP packet goes.
fn destination(frame: &[u8]) -> Option<(IpAddr, Option<u16>)> {
    let (header, packet) = frame.split_at_checked(14)?;
    let (ip, protocol, payload): (IpAddr, u8, &[u8]) = match header[12..] {
        [0x08, 0x00] => {
            let ip = Ipv4Addr::from(<[u8; 4]>::try_from(packet.get(16..20)?).ok()?);
            (ip.into(), packet[9], packet.get(usize::from(packet[0] & 15) * 4..)?)
        }
        [0x86, 0xdd] => {
            let ip = Ipv6Addr::from(<[u8; 16]>::try_from(packet.get(24..40)?).ok()?);
            (ip.into(), packet[6], &packet[40..])
        }
        _ => return None,
    };
    const TCP: u8 = 6;
    const UDP: u8 = 17;
    let port = payload.get(2..4).filter(|_| matches!(protocol, TCP | UDP));
    Some((ip, port.map(|port| u16::from_be_bytes([port[0], port[1]]))))
}

/// The relay as it is reached by that address, by those who trust the authority alone.
fn at(ip: &str, authority: &CertificateDer<'static>) -> TestRelay {
    TestRelay::elsewhere(SocketAddr::new(ip.parse().expect("an address"), 8443), authority.clone())
}

async fn a_call(default_route: bool) {
    let Some(mut island) = Island::new(default_route) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (mut child, said) = island.relay(folder.path());
    assert!(said.contains(&format!("https://{LAN}:8443/r/lobby")), "{said}");
    assert!(said.contains(&format!("http://{LAN}:8080")), "{said}");
    let (_, uncovered) = said.split_once("Not covered").expect("said");
    assert!(uncovered.contains(GLOBAL) && !uncovered.contains(LAN) && !uncovered.contains(UNIQUE_LOCAL), "{said}");

    // The helper page, and from it the authority, which is all that is trusted from here on.
    assert!(String::from_utf8_lossy(&island.ask("/")).contains(&format!("https://{LAN}:8443")));
    let authority = island.authority();

    // A global address on the machine does not break the others.
    let at = |ip: &str| at(ip, &authority);
    let relay = at(LAN);
    let ann = relay.join_from(island.connect(LAN, 8443), "lobby", "ann").await;
    let mut bob = at(UNIQUE_LOCAL).join_from(island.connect(UNIQUE_LOCAL, 8443), "lobby", "bob").await;
    assert!(at(GLOBAL).refuses(island.connect(GLOBAL, 8443)).await, "the authority may not vouch for it");
    let talking = tokio::spawn(talk(ann, Instant::now()));
    while !matches!(bob.next().await, Incoming::Audio(..)) {}

    found(&island).await;

    talking.abort();
    child.kill().expect("killed");
    child.wait().expect("ended");
    let left = island.left();
    for (ip, port) in &left {
        assert!(ip.is_multicast() && port.is_none_or(|port| port == MDNS), "{ip} port {port:?} of {left:?}");
    }
    assert!(left.iter().any(|(_, port)| *port == Some(MDNS)), "mDNS was seen: {left:?}");

    if default_route {
        // Had anything gone to the internet, it would have been seen.
        let sent = island.namespace.run(|| UdpSocket::bind("0.0.0.0:0")?.send_to(b"?", ("203.0.113.53", DNS)));
        sent.expect("sent");
        assert!(island.left().iter().any(|(ip, _)| !ip.is_multicast()));
    }
}

/// Looks for the relay as those do who only know mDNS, until its address on the network is there.
async fn found(island: &Island) {
    let (daemon, events) = island.namespace.run(|| {
        let daemon = ServiceDaemon::new().expect("a daemon");
        let events = daemon.browse(relay::mdns::SERVICE).expect("browsing");
        (daemon, events)
    });
    let wanted: IpAddr = LAN.parse().expect("an address");
    let resolved = tokio::task::spawn_blocking(move || {
        let end = Instant::now() + PATIENCE;
        // Addresses come one by one.
        while let Ok(event) = events.recv_deadline(end) {
            let ServiceEvent::ServiceResolved(service) = event else { continue };
            let addresses: Vec<IpAddr> = service.get_addresses().iter().map(|address| address.to_ip_addr()).collect();
            assert!(!addresses.iter().any(IpAddr::is_loopback), "{addresses:?}");
            if addresses.contains(&wanted) {
                return (service.get_hostname().to_owned(), service.get_port());
            }
        }
        panic!("not found in time");
    });
    assert_eq!(resolved.await.expect("no panic"), ("lanline.local.".to_owned(), 8443));
    daemon.shutdown().expect("ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_route_people_join_and_talk() {
    a_call(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_comes_later_is_covered_and_nobody_notices() {
    const LATER: &str = "10.1.2.3";
    let Some(island) = Island::new(false) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (mut child, _) = island.relay(folder.path());
    let authority = island.authority();
    let mut ann = at(LAN, &authority).join_from(island.connect(LAN, 8443), "lobby", "ann").await;

    ip(&island.namespace, &format!("addr add {LATER}/24 dev lan0")).expect("there is one");
    let later = at(LATER, &authority);
    let end = Instant::now() + PATIENCE;
    while later.refuses(island.connect(LATER, 8443)).await {
        assert!(Instant::now() < end, "the certificate was not renewed");
    }
    let mut bob = later.join_from(island.connect(LATER, 8443), "lobby", "bob").await;
    bob.chat("from the new network").await;
    assert_eq!(ann.chat_line().await.1, "from the new network");
    child.kill().expect("killed");
    child.wait().expect("ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_way_to_the_internet_nothing_is_sent_there() {
    a_call(true).await;
}
