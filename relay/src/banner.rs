//! What the relay says when it runs: where it is reached, the join links, and a QR code of the likeliest.

use std::{
    fmt::Write,
    net::{IpAddr, SocketAddr},
};

use crate::qr::{self, wifi::Wifi};

/// The room of the printed links.
const ROOM: &str = "lobby";

/// Everything to print: for each address the address itself and its join link, then the first link as a QR code.
#[must_use]
pub fn banner(addresses: &[SocketAddr], plain: bool) -> String {
    let mut text = String::from("Lanline is running. Whoever reaches it may join:\n\n");
    let width = addresses.iter().map(|address| address.to_string().len()).max().unwrap_or(0);
    for address in addresses {
        let _ = writeln!(text, "  {:width$}  {}", address.to_string(), link(*address, plain));
    }
    if let Some(first) = addresses.first() {
        let link = link(*first, plain);
        let _ = write!(text, "\n{}\n  Scan, or open {link}\n", qr::terminal(&link));
        if plain && !first.ip().is_loopback() {
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

/// The address of a room's page.
#[must_use]
pub fn link(address: SocketAddr, plain: bool) -> String {
    let scheme = if plain { "http" } else { "https" };
    let default_port = if plain { 80 } else { 443 };
    match (address.ip(), address.port()) {
        (IpAddr::V4(ip), port) if port == default_port => format!("{scheme}://{ip}/r/{ROOM}"),
        (IpAddr::V6(ip), port) if port == default_port => format!("{scheme}://[{ip}]/r/{ROOM}"),
        _ => format!("{scheme}://{address}/r/{ROOM}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn links_carry_scheme_address_and_room() {
        assert_eq!(link(address("192.168.1.20:8443"), false), "https://192.168.1.20:8443/r/lobby");
        assert_eq!(link(address("[fd00::1]:8443"), false), "https://[fd00::1]:8443/r/lobby");
        assert_eq!(link(address("127.0.0.1:8480"), true), "http://127.0.0.1:8480/r/lobby");
        assert_eq!(link(address("10.0.0.1:443"), false), "https://10.0.0.1/r/lobby");
    }

    #[test]
    fn every_address_has_its_link_and_the_first_a_code() {
        let text = banner(&[address("192.168.1.20:8443"), address("127.0.0.1:8443")], false);
        assert!(text.contains("https://192.168.1.20:8443/r/lobby") && text.contains("https://127.0.0.1:8443/r/lobby"));
        assert!(text.lines().filter(|line| line.contains('█')).count() > 10);
    }
}
