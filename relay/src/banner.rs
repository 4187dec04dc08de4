//! What the relay says when it runs: where it is reached, the join links, and a QR code of the likeliest.

use std::fmt::Write;

use relay_wire::RoomName;

use crate::{
    access::{Key, Record, book::LOBBY},
    qr::{self, wifi::Wifi},
};

/// How people come in.
#[derive(Debug, Clone)]
pub struct Doors {
    /// There is no TLS.
    pub plain: bool,
    /// What lets into the lobby; `None` where whoever comes is let in.
    pub lobby: Option<Record>,
    /// What opens the host page.
    pub host_key: Key,
}

/// Everything to print: the join link of each origin, then the first as a QR code, the PIN and the host page.
#[must_use]
pub fn banner(origins: &[String], doors: &Doors) -> String {
    let mut text = String::from("Lanline is running. Join with one of these links:\n\n");
    for origin in origins {
        let _ = writeln!(text, "  {}", doors.link(origin));
    }
    if let Some(first) = origins.first() {
        let link = doors.link(first);
        let _ = write!(text, "\n{}\n  Scan, or open {link}\n", qr::terminal(&link));
        match &doors.lobby {
            Some(Record { pin, .. }) => drop(writeln!(text, "  Without the link: room {LOBBY}, PIN {pin}")),
            None => text.push_str("  Open to all: whoever reaches the relay may join any room (--open).\n"),
        }
        let _ = writeln!(text, "  Host page: {first}/host#{}", doors.host_key);
        if doors.plain {
            text.push_str("  Without TLS browsers give no microphone to pages from another machine.\n");
        }
    }
    text
}

/// The code that brings a phone into the Wi-Fi.
#[must_use]
pub fn wifi(wifi: &Wifi) -> String {
    format!("First, to join the Wi-Fi {}:\n\n{}\n", wifi.ssid(), qr::terminal(&wifi.payload()))
}

impl Doors {
    /// The address of the lobby's page, with its key where one is needed.
    #[must_use]
    pub fn link(&self, origin: &str) -> String {
        let lobby = RoomName::parse(LOBBY).expect("a good name");
        join_link(origin, &lobby, self.lobby.as_ref().map(|record| &record.key))
    }
}

/// The address of a room's page, with the key where one is needed.
#[must_use]
pub fn join_link(origin: &str, room: &RoomName, key: Option<&Key>) -> String {
    let page = format!("{origin}/r/{room}");
    match key {
        Some(key) => format!("{page}#{key}"),
        None => page,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Book;

    fn doors(open: bool) -> Doors {
        let lobby = (!open).then(|| Book::default().lobby().clone());
        Doors { plain: false, lobby, host_key: Key::random() }
    }

    #[test]
    fn links_carry_origin_room_and_key() {
        assert_eq!(doors(true).link("https://[fd00::1]:8443"), "https://[fd00::1]:8443/r/lobby");
        let closed = doors(false);
        let key = &closed.lobby.as_ref().expect("closed").key;
        assert_eq!(closed.link("https://10.0.0.1"), format!("https://10.0.0.1/r/lobby#{key}"));
    }

    #[test]
    fn every_origin_has_its_link_and_the_first_a_code() {
        let doors = doors(false);
        let origins = ["https://192.168.1.20:8443", "https://127.0.0.1:8443"].map(str::to_owned);
        let text = banner(&origins, &doors);
        assert!(origins.iter().all(|origin| text.contains(&doors.link(origin))));
        assert!(text.lines().filter(|line| line.contains('█')).count() > 10);
        assert!(text.contains(&format!("PIN {}", doors.lobby.as_ref().expect("closed").pin)));
        assert!(text.contains(&format!("Host page: https://192.168.1.20:8443/host#{}\n", doors.host_key)));
    }

    #[test]
    fn an_open_relay_says_that_it_is_open() {
        let text = banner(&["https://127.0.0.1:8480".to_owned()], &doors(true));
        assert!(text.contains("Open to all") && text.contains("/host#") && !text.contains("PIN"), "{text}");
    }
}
