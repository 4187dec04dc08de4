//! Whom a certificate has to name, and who of them it may not name.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use super::constraints;

/// The relay's name in mDNS.
pub const MDNS_HOST: &str = "lanline.local";

/// Addresses and hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Addresses.
    pub addresses: BTreeSet<IpAddr>,
    /// Hosts, in lower case, without a final dot.
    pub hosts: BTreeSet<String>,
}

impl Names {
    /// Whether all of `others` are among these.
    #[must_use]
    pub fn contain(&self, others: &Self) -> bool {
        others.addresses.is_subset(&self.addresses) && others.hosts.is_subset(&self.hosts)
    }
}

/// Under which names this machine is reached, as far as the relay's own authority may vouch for them; and the
/// addresses it listens on for which it may not, such as public ones.
#[must_use]
pub fn wanted(lan: &[IpAddr], bound: SocketAddr, hostname: &str) -> (Names, Vec<IpAddr>) {
    let mut all = lan.to_vec();
    if !bound.ip().is_unspecified() && !all.contains(&bound.ip()) {
        all.push(bound.ip());
    }
    let (covered, mut uncovered): (Vec<_>, Vec<_>) = all.into_iter().partition(|ip| constraints::allow_address(*ip));
    uncovered.retain(|&ip| match bound.ip() {
        every if every.is_unspecified() => every.is_ipv6() || ip.is_ipv4(),
        one => ip == one,
    });
    let mut addresses = BTreeSet::from_iter(covered);
    addresses.extend([IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]);
    let own = format!("{}.local", hostname.to_ascii_lowercase());
    let hosts = ["localhost".to_owned(), MDNS_HOST.to_owned(), own];
    let hosts = hosts.into_iter().filter(|host| constraints::allow_host(host)).collect();
    (Names { addresses, hosts }, uncovered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses_and_strange_host_names_are_left_out() {
        let ips = ["192.168.1.20", "2001:db8::5", "fd00::5", "203.0.113.9"].map(|ip| ip.parse().expect("an address"));
        let bound = "[::]:8443".parse().expect("an address");
        let (names, uncovered) = wanted(&ips, bound, "Living-Room");
        let listed: Vec<_> = names.addresses.iter().map(ToString::to_string).collect();
        assert_eq!(listed, ["127.0.0.1", "192.168.1.20", "::1", "fd00::5"]);
        assert_eq!(Vec::from_iter(names.hosts), ["lanline.local", "living-room.local", "localhost"]);
        assert_eq!(uncovered, [ips[1], ips[3]]);

        let (names, _) = wanted(&[], bound, "my_pc");
        assert_eq!(Vec::from_iter(names.hosts), ["lanline.local", "localhost"]);
    }

    #[test]
    fn an_address_the_relay_was_told_to_listen_on_is_named() {
        let (names, uncovered) = wanted(&[], "10.9.9.9:1".parse().expect("an address"), "pi");
        assert!(names.addresses.contains(&IpAddr::from([10, 9, 9, 9])) && uncovered.is_empty());
    }

    #[test]
    fn nothing_is_said_of_addresses_where_nobody_listens() {
        let ips = ["2001:db8::5", "203.0.113.9"].map(|ip| ip.parse().expect("an address"));
        for (bound, expected) in
            [("[::]:1", &ips[..]), ("0.0.0.0:1", &ips[1..]), ("203.0.113.9:1", &ips[1..]), ("127.0.0.1:1", &[])]
        {
            assert_eq!(wanted(&ips, bound.parse().expect("an address"), "pi").1, expected, "{bound}");
        }
    }
}
