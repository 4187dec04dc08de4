//! What the relay says when it runs: where it is reached, the join links, and a QR code of the likeliest.

use std::{
    fmt::Write,
    net::{IpAddr, SocketAddr},
};

use relay_wire::RoomName;

use crate::{
    access::{Key, Record, book::LOBBY},
    qr::{self, wifi::Wifi},
};

/// How people come in.
#[derive(Debug, Clone)]
pub struct Doors {
    /// There is no TLS.
    pub plain: bool,
    /// What lets into the lobby; `None` where whoever comes is let in.
    pub lobby: Option<Record>,
    /// What opens the host page.
    pub host_key: Key,
}

/// Everything to print: for each address the address itself and its join link, then the first link as a QR code, the
/// PIN and the host page.
#[must_use]
pub fn banner(addresses: &[SocketAddr], doors: &Doors) -> String {
    let mut text = String::from("Lanline is running. Join with one of these links:\n\n");
    let width = addresses.iter().map(|address| address.to_string().len()).max().unwrap_or(0);
    for address in addresses {
        let _ = writeln!(text, "  {:width$}  {}", address.to_string(), doors.link(*address));
    }
    if let Some(first) = addresses.first() {
        let link = doors.link(*first);
        let _ = write!(text, "\n{}\n  Scan, or open {link}\n", qr::terminal(&link));
        match &doors.lobby {
            Some(Record { pin, .. }) => drop(writeln!(text, "  Without the link: room {LOBBY}, PIN {pin}")),
            None => text.push_str("  Open to all: whoever reaches the relay may join any room (--open).\n"),
        }
        let _ = writeln!(text, "  Host page: {}/host#{}", origin(*first, doors.plain), doors.host_key);
        if doors.plain && !first.ip().is_loopback() {
            text.push_str("  Without TLS browsers give no microphone to pages from another machine.\n");
        }
    }
    text
}

/// The code that brings a phone into the Wi-Fi.
#[must_use]
pub fn wifi(wifi: &Wifi) -> String {
    format!("First, to join the Wi-Fi {}:\n\n{}\n", wifi.ssid(), qr::terminal(&wifi.payload()))
}

impl Doors {
    /// The address of the lobby's page, with its key where one is needed.
    #[must_use]
    pub fn link(&self, address: SocketAddr) -> String {
        let lobby = RoomName::parse(LOBBY).expect("a good name");
        join_link(address, self.plain, &lobby, self.lobby.as_ref().map(|record| &record.key))
    }
}

/// The address of a room's page, with the key where one is needed.
#[must_use]
pub fn join_link(address: SocketAddr, plain: bool, room: &RoomName, key: Option<&Key>) -> String {
    let page = format!("{}/r/{room}", origin(address, plain));
    match key {
        Some(key) => format!("{page}#{key}"),
        None => page,
    }
}

/// Scheme, host and port, the latter unless it goes without saying.
fn origin(address: SocketAddr, plain: bool) -> String {
    let scheme = if plain { "http" } else { "https" };
    let default_port = if plain { 80 } else { 443 };
    match (address.ip(), address.port()) {
        (IpAddr::V4(ip), port) if port == default_port => format!("{scheme}://{ip}"),
        (IpAddr::V6(ip), port) if port == default_port => format!("{scheme}://[{ip}]"),
        _ => format!("{scheme}://{address}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Book;

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    fn doors(plain: bool, open: bool) -> Doors {
        let lobby = (!open).then(|| Book::default().lobby().clone());
        Doors { plain, lobby, host_key: Key::random() }
    }

    #[test]
    fn links_carry_scheme_address_room_and_key() {
        for (to, plain, expected) in [
            ("192.168.1.20:8443", false, "https://192.168.1.20:8443/r/lobby"),
            ("[fd00::1]:8443", false, "https://[fd00::1]:8443/r/lobby"),
            ("127.0.0.1:8480", true, "http://127.0.0.1:8480/r/lobby"),
            ("10.0.0.1:443", false, "https://10.0.0.1/r/lobby"),
        ] {
            assert_eq!(doors(plain, true).link(address(to)), expected);
            let closed = doors(plain, false);
            let key = &closed.lobby.as_ref().expect("closed").key;
            assert_eq!(closed.link(address(to)), format!("{expected}#{key}"));
        }
    }

    #[test]
    fn every_address_has_its_link_and_the_first_a_code() {
        let doors = doors(false, false);
        let text = banner(&[address("192.168.1.20:8443"), address("127.0.0.1:8443")], &doors);
        assert!(text.contains("https://192.168.1.20:8443/r/lobby") && text.contains("https://127.0.0.1:8443/r/lobby"));
        assert!(text.lines().filter(|line| line.contains('█')).count() > 10);
        assert!(text.contains(&format!("PIN {}", doors.lobby.as_ref().expect("closed").pin)));
        assert!(text.contains(&format!("Host page: https://192.168.1.20:8443/host#{}\n", doors.host_key)));
    }

    #[test]
    fn an_open_relay_says_that_it_is_open() {
        let text = banner(&[address("127.0.0.1:8480")], &doors(true, true));
        assert!(text.contains("Open to all") && text.contains("/host#") && !text.contains("PIN"), "{text}");
    }
}
