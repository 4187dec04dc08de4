//! Where a room is: what `--url` and `--room` say, parsed once.

use relay_wire::{DisplayName, RoomName};

use crate::exit::Failure;

/// A relay, and maybe a room on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Whether the relay speaks TLS.
    pub tls: bool,
    /// Host name or IP address; an IPv6 address is without its brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The room.
    pub room: RoomName,
    /// The room's invite key, where the link has one.
    pub key: Option<String>,
}

impl Address {
    /// Reads a join link (`https://HOST:PORT/r/ROOM`) or a relay's address (`ws(s)://HOST:PORT`) with a room beside it.
    ///
    /// What follows `#` in a link is the room's invite key.
    ///
    /// # Errors
    /// [`Failure::Usage`] saying what is wrong with it.
    pub fn parse(url: &str, room: Option<&str>) -> Result<Self, Failure> {
        // Without the key, for what a program complains of is often kept.
        let shown = url.split('#').next().unwrap_or_default();
        let wrong = |what: &str| Failure::Usage(format!("--url {shown}: {what}"));
        let (scheme, rest) = url.split_once("://").ok_or_else(|| {
            wrong("expected a join link like https://192.168.1.5:8443/r/stage, or ws://HOST:PORT with --room")
        })?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "https" | "wss" => true,
            "http" | "ws" => false,
            _ => return Err(wrong("the scheme is none of https, http, wss, ws")),
        };
        let (rest, key) = rest.split_once('#').map_or((rest, None), |(rest, key)| (rest, Some(key)));
        let key = key.filter(|key| !key.is_empty()).map(ToOwned::to_owned);
        let rest = rest.split('?').next().unwrap_or_default();
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = split_authority(authority, if tls { 443 } else { 80 }).map_err(wrong)?;
        let linked = match path.trim_end_matches('/') {
            "" | "ws" => None,
            "host" => {
                return Err(wrong("it is the host page's; take /r/ROOM, and --key with what follows the # of this"));
            }
            path => Some(path.strip_prefix("r/").ok_or_else(|| wrong("the path is not /r/ROOM"))?),
        };
        let room = match (linked, room) {
            (Some(linked), Some(room)) if linked != room => {
                return Err(wrong(&format!("the link is to room {linked:?}, --room says {room:?}")));
            }
            (Some(room), _) | (None, Some(room)) => room,
            (None, None) => return Err(wrong("no room in it: add --room ROOM")),
        };
        let room = RoomName::parse(room).map_err(|e| Failure::Usage(format!("room {room:?}: {e}")))?;
        Ok(Self { tls, host, port, room, key })
    }

    /// `HOST:PORT`, with brackets around an IPv6 address.
    #[must_use]
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The URL of the socket for a participant of that name, on a relay that is open to all.
    #[must_use]
    pub fn socket_url(&self, name: &DisplayName) -> String {
        let name = percent_encode(name.as_str());
        format!("{}/ws?room={}&name={name}", self.socket_origin(), self.room)
    }

    /// The URL of the socket for who has that ticket.
    #[must_use]
    pub fn ticket_url(&self, ticket: &str) -> String {
        format!("{}/ws?ticket={}", self.socket_origin(), percent_encode(ticket))
    }

    /// The URL of the socket for who comes back with a token; `after` is the number of the last message that came.
    #[must_use]
    pub fn resume_url(&self, token: &str, after: u64) -> String {
        format!("{}/ws?resume={}&after={after}", self.socket_origin(), percent_encode(token))
    }

    fn socket_origin(&self) -> String {
        format!("{}://{}", if self.tls { "wss" } else { "ws" }, self.authority())
    }
}

fn split_authority(authority: &str, default_port: u16) -> Result<(String, u16), &'static str> {
    if authority.contains('@') {
        return Err("a user name has no place in it");
    }
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or("the bracket of the IPv6 address is not closed")?;
        (host, after.strip_prefix(':'))
    } else {
        match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        }
    };
    if host.is_empty() {
        return Err("no host in it");
    }
    let port = match port {
        None => default_port,
        Some(port) => port.parse().ok().filter(|&p| p != 0).ok_or("the port is not a number from 1 to 65535")?,
    };
    Ok((host.to_owned(), port))
}

/// Percent-encodes all but the unreserved characters of RFC 3986 section 2.3.
fn percent_encode(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(b).to_string(),
            _ => format!("%{b:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_addresses_are_read() {
        let cases = [
            ("https://192.168.1.5:8443/r/stage", None, (true, "192.168.1.5", 8443, "stage")),
            ("https://192.168.1.5:8443/r/stage#", None, (true, "192.168.1.5", 8443, "stage")),
            ("http://127.0.0.1:8480/r/a/", None, (false, "127.0.0.1", 8480, "a")),
            ("wss://relay.local:1", Some("b"), (true, "relay.local", 1, "b")),
            ("ws://[::1]:8480/", Some("c"), (false, "::1", 8480, "c")),
            ("WS://host/ws", Some("d"), (false, "host", 80, "d")),
            ("https://host/r/e?from=qr", Some("e"), (true, "host", 443, "e")),
        ];
        for (url, room, (tls, host, port, name)) in cases {
            let expected = Address { tls, host: host.into(), port, room: RoomName::parse(name).unwrap(), key: None };
            assert_eq!(Address::parse(url, room), Ok(expected), "{url}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_a_reason() {
        let cases = [
            ("192.168.1.5:8443/r/stage", None, "expected a join link"),
            ("ftp://host/r/a", None, "scheme"),
            ("https://host", None, "--room"),
            ("https://host/x/a", None, "/r/ROOM"),
            ("https://host/r/a", Some("b"), "--room says"),
            ("https://host/r/UPPER", None, "a-z"),
            ("ws://:80", Some("a"), "no host"),
            ("ws://host:0", Some("a"), "port"),
            ("ws://host:99999", Some("a"), "port"),
            ("ws://[::1", Some("a"), "bracket"),
            ("ws://me@host", Some("a"), "user name"),
        ];
        for (url, room, part) in cases {
            let failure = Address::parse(url, room).unwrap_err();
            assert!(failure.to_string().contains(part), "{url}: {failure}");
            assert_eq!(failure.code(), 2);
        }
    }

    #[test]
    fn a_complaint_does_not_tell_the_key() {
        for (url, part) in
            [("https://host/host#SECRET", "/r/ROOM"), ("h/r/a#SECRET", "join link"), ("ws://:1#SECRET", "no host")]
        {
            let complaint = Address::parse(url, None).unwrap_err().to_string();
            assert!(complaint.contains(part) && !complaint.contains("SECRET"), "{complaint}");
        }
    }

    #[test]
    fn what_follows_the_hash_is_the_key() {
        for (url, key) in [
            ("https://h/r/a#abcdefghijklmnopqrstuv", "abcdefghijklmnopqrstuv"),
            ("https://h/r/a?from=qr#abc/def?x", "abc/def?x"),
        ] {
            let address = Address::parse(url, None).unwrap();
            assert_eq!((address.key.as_deref(), address.room.as_str()), (Some(key), "a"), "{url}");
        }
    }

    #[test]
    fn a_name_survives_the_query() {
        let address = Address::parse("ws://[::1]:80", Some("a")).unwrap();
        let name = DisplayName::parse("Zoë & co").unwrap();
        assert_eq!(address.socket_url(&name), "ws://[::1]:80/ws?room=a&name=Zo%C3%AB%20%26%20co");
        assert_eq!(address.resume_url("a-_.b&c", 7), "ws://[::1]:80/ws?resume=a-_.b%26c&after=7");
    }
}
