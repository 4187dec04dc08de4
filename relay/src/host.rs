//! Whether a request means this relay. A page of a foreign name that resolves to the relay's address (DNS rebinding)
//! would count as the relay's own; its `Host` gives it away.

use std::{net::SocketAddr, sync::Arc};

use axum::http::{HeaderMap, StatusCode, Uri, header};

use crate::{
    authority::{Authority, Host},
    problem::Problem,
    tls::{Tls, names::MDNS_HOST},
};

/// Under which hosts the relay is reached.
#[derive(Debug)]
pub struct Hosts {
    /// The names of its certificate are its own.
    tls: Option<Arc<Tls>>,
    allowed: Vec<Authority>,
}

impl Hosts {
    /// The relay's own, and those that are allowed besides.
    #[must_use]
    pub fn new(tls: Option<Arc<Tls>>, allowed: Vec<Authority>) -> Self {
        Self { tls, allowed }
    }

    /// Lets a request through that came to the address `local` and says so, or names the relay by a name of its own.
    ///
    /// # Errors
    /// 421 `bad_host`.
    pub fn check(&self, headers: &HeaderMap, uri: &Uri, local: SocketAddr) -> Result<(), Problem> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = hosts.next().filter(|_| hosts.next().is_none()).and_then(|host| host.to_str().ok());
        // The absolute form has its own, which counts instead (RFC 9112 section 3.2.2).
        let target = uri.authority().map(|authority| authority.as_str());
        let good = |text: &str| Authority::parse(text).is_some_and(|named| self.is_ours(&named, local));
        if host.is_some_and(good) && target.is_none_or(good) {
            Ok(())
        } else {
            let sentence = "the relay is not known under this host; --allow-host makes it known";
            Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, "bad_host", sentence))
        }
    }

    fn is_ours(&self, named: &Authority, local: SocketAddr) -> bool {
        let default = if self.tls.is_some() { 443 } else { 80 };
        let own = match &named.host {
            Host::Ip(ip) => *ip == local.ip(),
            Host::Name(name) => self.is_own_name(name),
        };
        (own && named.port_or(default) == local.port()) || self.allowed.iter().any(|allowed| allows(allowed, named))
    }

    fn is_own_name(&self, name: &str) -> bool {
        match &self.tls {
            Some(tls) => tls.shown().hosts.iter().any(|host| host.eq_ignore_ascii_case(name)),
            None => [MDNS_HOST, "localhost"].contains(&name),
        }
    }
}

/// What is allowed without a port is so at the ports that go without saying.
fn allows(allowed: &Authority, named: &Authority) -> bool {
    let same_port = allowed.port == named.port || (allowed.port.is_none() && matches!(named.port, Some(80 | 443)));
    same_port && allowed.host == named.host
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn passes(hosts: &[&'static str], uri: &'static str, local: &str, allowed: &[&str]) -> bool {
        let allowed = allowed.iter().map(|text| Authority::parse(text).expect("an authority")).collect();
        let mut map = HeaderMap::new();
        for host in hosts {
            map.append(header::HOST, HeaderValue::from_static(host));
        }
        Hosts::new(None, allowed).check(&map, &Uri::from_static(uri), local.parse().expect("an address")).is_ok()
    }

    #[test]
    fn the_host_is_exactly_ours() {
        const LOCAL: &str = "192.168.1.20:8443";
        for (host, ours) in [
            ("192.168.1.20:8443", true),
            ("lanline.local:8443", true),
            ("LocalHost:8443", true),
            ("192.168.1.20", false),
            ("192.168.1.20:443", false),
            ("192.168.1.21:8443", false),
            ("192.168.1.20.evil.example:8443", false),
            ("evil.example:8443", false),
            ("127.0.0.1:8443", false),
            ("lanline.local.evil.example:8443", false),
            ("xlanline.local:8443", false),
            ("me@192.168.1.20:8443", false),
            ("192.168.1.20:8443/", false),
            ("", false),
        ] {
            assert_eq!(passes(&[host], "/", LOCAL, &[]), ours, "{host}");
        }
    }

    #[test]
    fn ports_that_go_without_saying_may() {
        assert!(passes(&["10.0.0.1"], "/", "10.0.0.1:80", &[]) && passes(&["10.0.0.1:80"], "/", "10.0.0.1:80", &[]));
        assert!(passes(&["[fd00::1]:8443"], "/", "[fd00::1]:8443", &[]));
    }

    #[test]
    fn there_is_one_host_and_the_target_agrees_with_it() {
        const LOCAL: &str = "10.0.0.1:8443";
        assert!(!passes(&[], "/", LOCAL, &[]));
        assert!(!passes(&[LOCAL, LOCAL], "/", LOCAL, &[]));
        assert!(passes(&[LOCAL], "http://10.0.0.1:8443/ws", LOCAL, &[]));
        assert!(!passes(&[LOCAL], "http://evil.example/ws", LOCAL, &[]));
    }

    #[test]
    fn what_is_allowed_passes_and_no_more() {
        let passes = |host| passes(&[host], "/", "172.17.0.2:8443", &["voice.example", "192.168.1.20:9000"]);
        for host in ["voice.example", "voice.example:443", "Voice.Example:80", "192.168.1.20:9000"] {
            assert!(passes(host), "{host}");
        }
        for host in ["voice.example:8443", "x.voice.example", "192.168.1.20", "192.168.1.20:9001"] {
            assert!(!passes(host), "{host}");
        }
    }
}
