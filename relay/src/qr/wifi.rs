//! The Wi-Fi network as a text for a QR code, as phones' cameras read it: `WIFI:T:WPA;S:…;P:…;;`.

use std::fmt;

/// A network to bring people into before they open the link.
#[derive(Clone, PartialEq, Eq)]
pub struct Wifi {
    ssid: String,
    /// `None` is an open network.
    password: Option<String>,
}

/// Why a network is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WifiError {
    /// IEEE 802.11 section 9.4.2.2.
    #[error("the name of a Wi-Fi network has 1 to 32 bytes")]
    Ssid,
    /// IEEE 802.11 annex J.4.
    #[error("a Wi-Fi password has 8 to 63 printable ASCII characters, or 64 hexadecimal digits")]
    Password,
}

impl Wifi {
    /// A network by its name; the password is a line of text, without one the network is open.
    ///
    /// # Errors
    /// [`WifiError`] when no network can be called or guarded like that.
    pub fn new(ssid: &str, password: Option<&str>) -> Result<Self, WifiError> {
        if !(1..=32).contains(&ssid.len()) || ssid.chars().any(char::is_control) {
            return Err(WifiError::Ssid);
        }
        let password = password.map(|text| text.trim_end_matches(['\r', '\n']));
        let valid = |text: &str| match text.len() {
            8..=63 => text.bytes().all(|b| (b' '..=b'~').contains(&b)),
            64 => text.bytes().all(|b| b.is_ascii_hexdigit()),
            _ => false,
        };
        if password.is_some_and(|text| !valid(text)) {
            return Err(WifiError::Password);
        }
        Ok(Self { ssid: ssid.to_owned(), password: password.map(ToOwned::to_owned) })
    }

    /// The network's name.
    #[must_use]
    pub fn ssid(&self) -> &str {
        &self.ssid
    }

    /// The text of the code.
    #[must_use]
    pub fn payload(&self) -> String {
        let ssid = escape(&self.ssid);
        match &self.password {
            Some(password) => format!("WIFI:T:WPA;S:{ssid};P:{};;", escape(password)),
            None => format!("WIFI:T:nopass;S:{ssid};;"),
        }
    }
}

impl fmt::Debug for Wifi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The password stays out of logs.
        f.debug_struct("Wifi").field("ssid", &self.ssid).finish_non_exhaustive()
    }
}

/// A backslash before what means something in the text.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if matches!(c, '\\' | ';' | ',' | ':' | '"') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_is_escaped() {
        for (ssid, password, payload) in [
            ("Stage", Some("correct horse"), "WIFI:T:WPA;S:Stage;P:correct horse;;"),
            ("Café", None, "WIFI:T:nopass;S:Café;;"),
            (r#"a;b,c:d\e"f"#, Some(r#";;,,::\""#), r#"WIFI:T:WPA;S:a\;b\,c\:d\\e\"f;P:\;\;\,\,\:\:\\\";;"#),
            ("Stage", Some("password\r\n"), "WIFI:T:WPA;S:Stage;P:password;;"),
        ] {
            assert_eq!(Wifi::new(ssid, password).expect("a network").payload(), payload);
        }
    }

    #[test]
    fn what_no_network_can_have_is_refused() {
        for (ssid, password, error) in [
            ("", None, WifiError::Ssid),
            ("123456789012345678901234567890123", None, WifiError::Ssid),
            ("a\nb", None, WifiError::Ssid),
            ("a", Some(""), WifiError::Password),
            ("a", Some("seven77"), WifiError::Password),
            ("a", Some("pässword"), WifiError::Password),
            ("a", Some("two\nlines"), WifiError::Password),
            ("a", Some(&*"g".repeat(64)), WifiError::Password),
        ] {
            assert_eq!(Wifi::new(ssid, password), Err(error), "{ssid:?} {password:?}");
        }
        assert!(Wifi::new("a", Some(&"f".repeat(64))).is_ok());
    }

    #[test]
    fn the_password_stays_out_of_logs() {
        let wifi = Wifi::new("Stage", Some("correct horse")).expect("a network");
        assert!(!format!("{wifi:?}").contains("horse"));
    }
}
