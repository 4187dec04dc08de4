//! Where the page is opened: the origins of its links, the likeliest first.

use std::net::{IpAddr, SocketAddr};

use crate::{addresses, tls::Shown};

/// `https://HOST:PORT` of each host of a certificate that was brought, then of each address of this machine that the
/// certificate covers, then of those that it does not. Without TLS, `http://` and addresses.
#[must_use]
pub fn origins(bound: SocketAddr, shown: Option<&Shown>) -> Vec<String> {
    ordered(&addresses::reachable(bound), bound.port(), shown)
}

fn ordered(reachable: &[SocketAddr], port: u16, shown: Option<&Shown>) -> Vec<String> {
    let Some(shown) = shown else {
        return reachable.iter().map(|address| origin(*address, true)).collect();
    };
    let hosts: &[String] = if shown.brought { &shown.hosts } else { &[] };
    let hosts = hosts.iter().map(|host| with_port(false, host, port));
    let (uncovered, covered): (Vec<SocketAddr>, Vec<SocketAddr>) =
        reachable.iter().partition(|address| shown.uncovered.contains(&address.ip()));
    hosts.chain(covered.into_iter().chain(uncovered).map(|address| origin(address, false))).collect()
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
    fn covered_addresses_come_before_the_others() {
        let list = reachable(&["203.0.113.9:8443", "192.168.1.20:8443", "[fd00::1]:8443", "127.0.0.1:8443"]);
        let uncovered = vec![list[0].ip()];
        let own = Shown { brought: false, hosts: vec!["lanline.local".into()], uncovered };
        assert_eq!(
            ordered(&list, 8443, Some(&own)),
            [
                "https://192.168.1.20:8443",
                "https://[fd00::1]:8443",
                "https://127.0.0.1:8443",
                "https://203.0.113.9:8443"
            ]
        );
    }

    #[test]
    fn a_brought_certificates_hosts_come_first() {
        let brought = Shown { brought: true, hosts: vec!["voice.example".into()], uncovered: Vec::new() };
        let list = reachable(&["192.168.1.20:443"]);
        assert_eq!(ordered(&list, 443, Some(&brought)), ["https://voice.example", "https://192.168.1.20"]);
    }

    #[test]
    fn without_tls_links_say_http() {
        assert_eq!(ordered(&reachable(&["127.0.0.1:8480"]), 8480, None), ["http://127.0.0.1:8480"]);
        assert_eq!(ordered(&reachable(&["[::1]:80"]), 80, None), ["http://[::1]"]);
    }
}
