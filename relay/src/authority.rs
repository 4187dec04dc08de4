//! Host and port as `Host` and `Origin` carry them (RFC 3986 section 3.2, without user information).

use std::net::{IpAddr, Ipv6Addr};

/// Host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// Whom.
    pub host: Host,
    /// At which port; `None` is the scheme's own.
    pub port: Option<u16>,
}

/// A host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// By address.
    Ip(IpAddr),
    /// By name, in lower case.
    Name(String),
}

impl Authority {
    /// Reads one; `None` for anything that is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (ip, rest) = rest.split_once(']')?;
                let ip = IpAddr::V6(ip.parse::<Ipv6Addr>().ok()?).to_canonical();
                (Host::Ip(ip), if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
            }
            None => {
                let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
                (Self::host(host)?, port)
            }
        };
        let port = match port {
            None => None,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.parse().ok()?),
            Some(_) => return None,
        };
        Some(Self { host, port })
    }

    /// The port, where that is the scheme's own.
    #[must_use]
    pub fn port_or(&self, default: u16) -> u16 {
        self.port.unwrap_or(default)
    }

    fn host(text: &str) -> Option<Host> {
        if let Ok(ip) = text.parse() {
            return Some(Host::Ip(IpAddr::V4(ip)));
        }
        let name = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        name.then(|| Host::Name(text.to_ascii_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_are_told_apart() {
        let ip = |ip: &str| Host::Ip(ip.parse().expect("an address"));
        let name = |name: &str| Host::Name(name.into());
        for (text, host, port) in [
            ("192.168.1.20:8443", ip("192.168.1.20"), Some(8443)),
            ("192.168.1.20", ip("192.168.1.20"), None),
            ("[fd00::1]:8443", ip("fd00::1"), Some(8443)),
            ("[fd00::1]", ip("fd00::1"), None),
            ("[::ffff:10.0.0.1]:1", ip("10.0.0.1"), Some(1)),
            ("Lanline.Local:443", name("lanline.local"), Some(443)),
            ("192.168.1.20.evil.example", name("192.168.1.20.evil.example"), None),
        ] {
            assert_eq!(Authority::parse(text), Some(Authority { host, port }), "{text}");
        }
    }

    #[test]
    fn what_is_no_authority_is_none() {
        for text in [
            "", ":1", "a:", "a:b", "a:+1", "a:65536", "a:1:2", "fd00::1", "[fd00::1", "[a]", "[::1]x", "me@a", "a/b",
            "a b", "é",
        ] {
            assert_eq!(Authority::parse(text), None, "{text}");
        }
    }
}
