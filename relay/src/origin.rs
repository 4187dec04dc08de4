//! Whether a browser's request comes from the relay's own page.

use axum::http::{HeaderMap, StatusCode, header};

use crate::{authority::Authority, problem::Problem};

/// Whose pages may speak to the relay.
#[derive(Debug, Default)]
pub struct Origins {
    /// There is no TLS on the port.
    plain: bool,
    allowed: Vec<String>,
}

impl Origins {
    /// The relay's own, and those that are allowed besides.
    #[must_use]
    pub fn new(plain: bool, allowed: Vec<String>) -> Self {
        Self { plain, allowed }
    }

    /// Lets requests through that carry no `Origin` (programs), the relay's own (its page) or an allowed one. The own
    /// has the listener's scheme, and host and port of the `Host` header.
    ///
    /// # Errors
    /// 403 `bad_origin`.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else { return Ok(()) };
        let origin = origin.to_str().ok().filter(|_| origins.next().is_none());
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let own = |origin| host.is_some_and(|host| is_own(origin, host, self.plain));
        let allowed = |origin: &str| self.allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin));
        if origin.is_some_and(|origin| own(origin) || allowed(origin)) {
            Ok(())
        } else {
            Err(Problem::new(StatusCode::FORBIDDEN, "bad_origin", "only the relay's own page may do this"))
        }
    }
}

fn is_own(origin: &str, host: &str, plain: bool) -> bool {
    // A proxy in front of a plain relay adds TLS.
    match origin.split_once("://") {
        Some(("https", authority)) => same_authority(authority, host, 443),
        Some(("http", authority)) => plain && same_authority(authority, host, 80),
        _ => false,
    }
}

fn same_authority(a: &str, b: &str, default_port: u16) -> bool {
    let (Some(a), Some(b)) = (Authority::parse(a), Authority::parse(b)) else { return false };
    a.host == b.host && a.port_or(default_port) == b.port_or(default_port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_the_own_origin_passes() {
        for (origin, host, plain, own) in [
            ("https://192.168.1.20:8443", "192.168.1.20:8443", false, true),
            ("https://[fd00::1]:8443", "[fd00::1]:8443", false, true),
            ("https://[fd00::1]", "[fd00::1]", false, true),
            ("https://Relay.local", "relay.local:443", false, true),
            ("http://localhost:8480", "localhost:8480", true, true),
            ("https://voice.example", "voice.example", true, true),
            ("http://192.168.1.20:8443", "192.168.1.20:8443", false, false),
            ("https://evil.example", "192.168.1.20:8443", false, false),
            ("https://192.168.1.20:8444", "192.168.1.20:8443", false, false),
            ("https://192.168.1.20:8443.evil.example", "192.168.1.20:8443", false, false),
            ("https://192.168.1.20:8443/", "192.168.1.20:8443", false, false),
            ("https://user@192.168.1.20:8443", "192.168.1.20:8443", false, false),
            ("null", "192.168.1.20:8443", false, false),
            ("", "", true, false),
        ] {
            assert_eq!(is_own(origin, host, plain), own, "{origin} {host}");
        }
    }

    #[test]
    fn programs_send_none_and_nobody_sends_two() {
        let mut headers = HeaderMap::new();
        let check = |headers: &HeaderMap| Origins::default().check(headers);
        assert!(check(&headers).is_ok());
        headers.insert(header::ORIGIN, HeaderValue::from_static("https://a"));
        assert!(check(&headers).is_err(), "no Host to compare with");
        headers.insert(header::HOST, HeaderValue::from_static("a"));
        assert!(check(&headers).is_ok());
        headers.append(header::ORIGIN, HeaderValue::from_static("https://a"));
        assert!(check(&headers).is_err());
    }

    #[test]
    fn allowed_origins_are_compared_whole() {
        let origins = Origins::new(false, vec!["https://voice.example".into()]);
        let passes = |origin: &'static str| {
            origins.check(&HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_static(origin))])).is_ok()
        };
        assert!(passes("https://voice.example") && passes("https://Voice.Example"));
        for origin in
            ["https://voice.example:8443", "http://voice.example", "https://voice.example.evil.example", "null"]
        {
            assert!(!passes(origin), "{origin}");
        }
    }
}
