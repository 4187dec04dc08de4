//! Whether a browser's request comes from the relay's own page.

use axum::http::{HeaderMap, StatusCode, header};

use crate::problem::Problem;

/// Lets requests through that carry no `Origin` (programs) or the relay's own (its page): the scheme is the
/// listener's and host and port are those of the `Host` header.
///
/// # Errors
/// 403 `bad_origin`.
pub fn check(headers: &HeaderMap, plain: bool) -> Result<(), Problem> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return Ok(()) };
    let own = origins.next().is_none()
        && origin.to_str().is_ok_and(|origin| {
            headers
                .get(header::HOST)
                .and_then(|host| host.to_str().ok())
                .is_some_and(|host| is_own(origin, host, plain))
        });
    if own {
        Ok(())
    } else {
        Err(Problem::new(StatusCode::FORBIDDEN, "bad_origin", "only the relay's own page may do this"))
    }
}

fn is_own(origin: &str, host: &str, plain: bool) -> bool {
    // A proxy in front of a plain relay adds TLS.
    match origin.split_once("://") {
        Some(("https", authority)) => same_authority(authority, host, "443"),
        Some(("http", authority)) => plain && same_authority(authority, host, "80"),
        _ => false,
    }
}

fn same_authority(a: &str, b: &str, default_port: &str) -> bool {
    let (host_a, port_a) = split_port(a, default_port);
    let (host_b, port_b) = split_port(b, default_port);
    host_a.eq_ignore_ascii_case(host_b) && port_a == port_b
}

/// The colons of an IPv6 address are inside brackets.
fn split_port<'a>(authority: &'a str, default: &'a str) -> (&'a str, &'a str) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (authority, default),
    }
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
        assert!(check(&headers, false).is_ok());
        headers.insert(header::ORIGIN, HeaderValue::from_static("https://a"));
        assert!(check(&headers, false).is_err(), "no Host to compare with");
        headers.insert(header::HOST, HeaderValue::from_static("a"));
        assert!(check(&headers, false).is_ok());
        headers.append(header::ORIGIN, HeaderValue::from_static("https://a"));
        assert!(check(&headers, false).is_err());
    }
}
