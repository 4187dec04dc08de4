//! What the relay says on its terminal about its certificate.

use std::{fmt::Write, net::IpAddr};

use crate::tls::{Published, Shown};

/// The name by which the relay is found, where the help is, whom to trust, and what the certificate does not cover.
#[must_use]
pub fn note(authority: Option<&Published>, shown: &Shown, name: Option<&str>, help: Option<&str>) -> String {
    let mut text = String::new();
    if let Some(name) = name {
        let _ = writeln!(text, "  By name, for devices that know mDNS: {name}");
    }
    if let Some(authority) = authority {
        if let Some(help) = help {
            let _ = writeln!(text, "  Does a phone or browser warn, or refuse? Help: {help}");
        }
        let _ = writeln!(text, "  Trusting {} ends the warnings: {}", authority.name(), authority.path.display());
        let _ = writeln!(text, "  Its SHA-256 fingerprint: {}", authority.fingerprint());
    }
    if !shown.uncovered.is_empty() {
        let list: Vec<_> = shown.uncovered.iter().map(IpAddr::to_string).collect();
        let _ = writeln!(
            text,
            "  Not covered by the certificate, because not of a local network: {}. There browsers always warn.",
            list.join(", ")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_covered_is_said() {
        let uncovered = vec!["203.0.113.9".parse().expect("an address")];
        let text = note(None, &Shown { uncovered, ..Shown::default() }, None, Some("http://203.0.113.9:8080"));
        assert!(text.contains("203.0.113.9.") && !text.contains("8080"), "{text}");
    }
}
