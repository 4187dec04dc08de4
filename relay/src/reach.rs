//! Where the page is opened: the origins of its links, the likeliest first.

use std::net::{IpAddr, SocketAddr};

use crate::tls::Shown;

/// `https://HOST:PORT` of each host of a certificate that was brought, then of each address of this machine in the order
/// of [`addresses`]. Without TLS, `http://` and addresses.
#[must_use]
pub fn origins(bound: SocketAddr, shown: Option<&Shown>) -> Vec<String> {
    let hosts = shown.filter(|shown| shown.brought).map_or(&[][..], |shown| &shown.hosts);
    let hosts = hosts.iter().map(|host| with_port(false, host, bound.port()));
    hosts.chain(addresses(bound, shown).into_iter().map(|address| origin(address, shown.is_none()))).collect()
}

/// Under which addresses this machine is reached: first those that the certificate covers, then those that it does not,
/// and last loopback, which nobody else reaches.
#[must_use]
pub fn addresses(bound: SocketAddr, shown: Option<&Shown>) -> Vec<SocketAddr> {
    ordered(crate::addresses::reachable(bound), shown)
}

fn ordered(mut reachable: Vec<SocketAddr>, shown: Option<&Shown>) -> Vec<SocketAddr> {
    let uncovered = |ip| shown.is_some_and(|shown| shown.uncovered.contains(&ip));
    // Stable: the likeliest stays first among its like.
    reachable.sort_by_key(|address| (address.ip().is_loopback(), uncovered(address.ip())));
    reachable
}

/// The origin of an address.
#[must_use]
pub fn origin(address: SocketAddr, plain: bool) -> String {
    with_port(plain, &host(address.ip()), address.port())
}

/// An address as it is written in a link.
#[must_use]
pub fn host(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// Scheme, host and port, the latter unless it goes without saying.
#[must_use]
pub fn with_port(plain: bool, host: &str, port: u16) -> String {
    let (scheme, default_port) = if plain { ("http", 80) } else { ("https", 443) };
    if port == default_port { format!("{scheme}://{host}") } else { format!("{scheme}://{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reachable(list: &[&str]) -> Vec<SocketAddr> {
        list.iter().map(|address| address.parse().expect("an address")).collect()
    }

    #[test]
    fn covered_addresses_come_first_and_loopback_last() {
        let list = reachable(&["203.0.113.9:8443", "127.0.0.1:8443", "192.168.1.20:8443", "[fd00::1]:8443"]);
        let own = Shown { uncovered: vec![list[0].ip()], ..Shown::default() };
        assert_eq!(ordered(list.clone(), Some(&own)), [list[2], list[3], list[0], list[1]]);
        assert_eq!(ordered(list.clone(), None), [list[0], list[2], list[3], list[1]]);
    }

    #[test]
    fn a_brought_certificates_hosts_come_first() {
        let bound = "192.168.1.20:443".parse().expect("an address");
        let hosts = vec!["voice.example".to_owned()];
        let brought = Shown { brought: true, hosts: hosts.clone(), ..Shown::default() };
        assert_eq!(origins(bound, Some(&brought)), ["https://voice.example", "https://192.168.1.20"]);
        let own = Shown { hosts, ..Shown::default() };
        assert_eq!(origins(bound, Some(&own)), ["https://192.168.1.20"]);
    }

    #[test]
    fn origins_say_scheme_and_port_where_it_needs_saying() {
        for (address, plain, expected) in [
            ("127.0.0.1:8480", true, "http://127.0.0.1:8480"),
            ("[::1]:80", true, "http://[::1]"),
            ("[fd00::1]:8443", false, "https://[fd00::1]:8443"),
            ("10.0.0.1:443", false, "https://10.0.0.1"),
            ("10.0.0.1:80", false, "https://10.0.0.1:80"),
        ] {
            assert_eq!(origin(address.parse().expect("an address"), plain), expected);
        }
    }
}
