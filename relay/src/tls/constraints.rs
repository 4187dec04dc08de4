//! What the relay's own authority may vouch for: addresses and names that mean something on a local network only.
//!
//! The limits are in the authority's certificate (RFC 5280 section 4.2.1.10, critical), so whoever trusts it trusts it
//! for nothing else. One name outside makes browsers refuse the whole leaf.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rcgen::{CidrSubnet, GeneralSubtree, NameConstraints};

const fn v4(a: u8, b: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, 0, 0))
}

const fn v6(first: u16, last: u16) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, last))
}

/// Networks nobody can own on the internet, and the length of their prefix.
const NETWORKS: [(IpAddr, u8); 8] = [
    // RFC 1918.
    (v4(10, 0), 8),
    (v4(172, 16), 12),
    (v4(192, 168), 16),
    // Link-local, RFC 3927 and RFC 4291 section 2.5.6.
    (v4(169, 254), 16),
    (v6(0xfe80, 0), 10),
    // Unique local, RFC 4193.
    (v6(0xfc00, 0), 7),
    // Loopback.
    (v4(127, 0), 8),
    (v6(0, 1), 128),
];

/// Domains that never leave the local network: RFC 6762, RFC 8375, RFC 6761. Themselves and all below them.
const DOMAINS: [&str; 3] = ["local", "home.arpa", "localhost"];

/// The limits as the certificate carries them. A list of one kind of name forbids all others of that kind.
#[must_use]
pub fn constraints() -> NameConstraints {
    let networks =
        NETWORKS.iter().map(|(ip, prefix)| GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*ip, *prefix)));
    // Without a leading dot, which RFC 5280 knows for URIs only and OpenSSL and Apple read in their own ways.
    let domains = DOMAINS.iter().map(|domain| GeneralSubtree::DnsName((*domain).to_owned()));
    NameConstraints { permitted_subtrees: networks.chain(domains).collect(), excluded_subtrees: Vec::new() }
}

/// Whether a leaf may name that address.
#[must_use]
pub fn allow_address(ip: IpAddr) -> bool {
    NETWORKS.iter().any(|(network, prefix)| match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => {
            (ip.to_bits() ^ network.to_bits()).leading_zeros() >= u32::from(*prefix)
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) => {
            (ip.to_bits() ^ network.to_bits()).leading_zeros() >= u32::from(*prefix)
        }
        _ => false,
    })
}

/// Whether a leaf may name that host.
#[must_use]
pub fn allow_host(host: &str) -> bool {
    DOMAINS.iter().any(|domain| {
        host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.strip_suffix('.').is_some_and(is_labels))
    })
}

/// Letters, digits and hyphens, RFC 1123 section 2.1.
fn is_labels(text: &str) -> bool {
    text.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_local_networks_pass_and_no_others() {
        for (ip, allowed) in [
            ("10.0.0.1", true),
            ("10.255.255.255", true),
            ("11.0.0.0", false),
            ("172.15.255.255", false),
            ("172.16.0.0", true),
            ("172.31.255.255", true),
            ("172.32.0.0", false),
            ("192.168.1.20", true),
            ("192.169.0.1", false),
            ("169.254.7.7", true),
            ("127.0.0.1", true),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("1.1.1.1", false),
            ("::1", true),
            ("::2", false),
            ("::", false),
            ("fe80::1", true),
            ("febf::1", true),
            ("fec0::1", false),
            ("fc00::1", true),
            ("fd12:3456::1", true),
            ("fe00::1", false),
            ("2001:db8::1", false),
            ("::ffff:192.168.1.20", false),
        ] {
            assert_eq!(allow_address(ip.parse().expect("an address")), allowed, "{ip}");
        }
    }

    #[test]
    fn hosts_of_local_domains_pass_and_no_others() {
        for (host, allowed) in [
            ("localhost", true),
            ("lanline.local", true),
            ("a.b.local", true),
            ("pi.home.arpa", true),
            ("arpa", false),
            ("notlocal", false),
            ("my_pc.local", false),
            ("-x.local", false),
            (".local", false),
            ("a..local", false),
            ("local.example", false),
            ("voice.example", false),
            ("", false),
        ] {
            assert_eq!(allow_host(host), allowed, "{host}");
        }
    }
}
