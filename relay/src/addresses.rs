//! Under which addresses this machine is reached on its networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use if_addrs::Interface;

/// Addresses others reach this machine at, the likeliest first: the one with the default route, then IPv4 before
/// IPv6, virtual interfaces last. Loopback and link-local addresses are left out.
#[must_use]
pub fn lan() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    rank(&interfaces, default_route())
}

/// What this machine calls itself, without a domain; empty when it has no name.
#[must_use]
pub fn hostname() -> String {
    let name = gethostname::gethostname().to_string_lossy().into_owned();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// The addresses behind a bound one: all of the machine's for the unspecified address, else itself.
#[must_use]
pub fn reachable(bound: SocketAddr) -> Vec<SocketAddr> {
    let ip = bound.ip();
    if !ip.is_unspecified() {
        return vec![bound];
    }
    // [::] takes IPv4 as well, 0.0.0.0 takes no IPv6.
    let mut all: Vec<_> = lan().into_iter().filter(|found| ip.is_ipv6() || found.is_ipv4()).collect();
    all.push(IpAddr::V4(Ipv4Addr::LOCALHOST));
    all.into_iter().map(|ip| SocketAddr::new(ip, bound.port())).collect()
}

fn rank(interfaces: &[Interface], preferred: Option<IpAddr>) -> Vec<IpAddr> {
    let mut found: Vec<_> = interfaces
        .iter()
        .filter(|interface| is_lan(interface.ip()))
        .map(|interface| {
            let ip = interface.ip();
            ((Some(ip) != preferred, is_virtual(&interface.name), ip.is_ipv6()), ip)
        })
        .collect();
    // Stable: the system's order within a rank.
    found.sort_by_key(|(rank, _)| *rank);
    let mut addresses: Vec<IpAddr> = Vec::new();
    for (_, ip) in found {
        if !addresses.contains(&ip) {
            addresses.push(ip);
        }
    }
    addresses
}

fn is_lan(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_link_local() && !v4.is_unspecified(),
        // A link-local address needs a zone, which no link can carry.
        IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unicast_link_local() && !v6.is_unspecified(),
    }
}

fn is_virtual(interface: &str) -> bool {
    [
        "docker",
        "br-",
        "veth",
        "virbr",
        "vmnet",
        "vboxnet",
        "tun",
        "tap",
        "wg",
        "tailscale",
        "zt",
        "lxc",
        "podman",
        "cni",
    ]
    .iter()
    .any(|prefix| interface.starts_with(prefix))
}

/// The address the system would send from; connecting a UDP socket sends nothing.
fn default_route() -> Option<IpAddr> {
    // Documentation addresses (RFC 5737, RFC 3849) have no route but the default one.
    [
        (IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))),
        (IpAddr::V6(Ipv6Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))),
    ]
    .into_iter()
    .find_map(|(any, far)| {
        let socket = UdpSocket::bind((any, 0)).ok()?;
        socket.connect((far, 9)).ok()?;
        Some(socket.local_addr().ok()?.ip())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use if_addrs::{IfAddr, IfOperStatus, Ifv4Addr, Ifv6Addr};

    fn interface(name: &str, ip: &str) -> Interface {
        let addr = match ip.parse().expect("an address") {
            IpAddr::V4(ip) => {
                IfAddr::V4(Ifv4Addr { ip, netmask: Ipv4Addr::new(255, 255, 255, 0), prefixlen: 24, broadcast: None })
            }
            IpAddr::V6(ip) => {
                IfAddr::V6(Ifv6Addr { ip, netmask: Ipv6Addr::UNSPECIFIED, prefixlen: 64, broadcast: None })
            }
        };
        Interface { name: name.into(), addr, index: None, oper_status: IfOperStatus::Up, is_p2p: false }
    }

    #[test]
    fn the_likeliest_address_comes_first() {
        let interfaces = [
            interface("lo", "127.0.0.1"),
            interface("docker0", "172.17.0.1"),
            interface("wlan0", "fd00::5"),
            interface("wlan0", "fe80::5"),
            interface("eth0", "10.0.0.5"),
            interface("wlan0", "192.168.1.20"),
        ];
        let ranked = rank(&interfaces, Some("192.168.1.20".parse().expect("an address")));
        let ranked: Vec<_> = ranked.iter().map(ToString::to_string).collect();
        assert_eq!(ranked, ["192.168.1.20", "10.0.0.5", "fd00::5", "172.17.0.1"]);
    }

    #[test]
    fn a_named_address_is_the_only_one() {
        let bound = "127.0.0.1:80".parse().expect("an address");
        assert_eq!(reachable(bound), [bound]);
    }
}
