//! Secrets that let somebody in: made from the system's randomness, compared in constant time, never shown by accident.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// A secret that nobody guesses: 128 random bits, written as 22 characters of base64url (RFC 4648 section 5).
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key([u8; 16]);

impl Key {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        Self(random())
    }

    /// Reads one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// Whether this is what somebody shows; takes as long for the wrong as for the right.
    #[must_use]
    pub fn matches(&self, shown: &str) -> bool {
        self.to_string().as_bytes().ct_eq(shown.as_bytes()).into()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

/// What can be read out over a table: six random digits. Guesses are counted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pin(u32);

impl Pin {
    /// How many digits it has.
    pub const DIGITS: usize = 6;
    const COUNT: u32 = 10u32.pow(Self::DIGITS as u32);

    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        // The largest multiple of the count: what lies above would make some numbers likelier than others.
        let fair = u32::MAX - u32::MAX % Self::COUNT;
        loop {
            let number = u32::from_be_bytes(random());
            if number < fair {
                return Self(number % Self::COUNT);
            }
        }
    }

    /// Reads one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == Self::DIGITS && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().ok().map(Self)).flatten()
    }

    /// Whether this is what somebody shows; takes as long for the wrong as for the right.
    #[must_use]
    pub fn matches(&self, shown: &str) -> bool {
        self.to_string().as_bytes().ct_eq(shown.as_bytes()).into()
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0width$}", self.0, width = Self::DIGITS)
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the system has randomness");
    bytes
}

macro_rules! secret {
    ($name:ident, $what:literal) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
        impl TryFrom<String> for $name {
            type Error = &'static str;
            fn try_from(text: String) -> Result<Self, &'static str> {
                Self::parse(&text).ok_or($what)
            }
        }
        impl From<$name> for String {
            fn from(secret: $name) -> String {
                secret.to_string()
            }
        }
    };
}
secret!(Key, "a key is 22 characters of base64url");
secret!(Pin, "a PIN is six digits");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written_and_matches_only_itself() {
        let key = Key::random();
        let text = key.to_string();
        assert_eq!(text.len(), 22);
        assert_eq!(Key::parse(&text), Some(key.clone()));
        assert!(key.matches(&text));
        for wrong in ["", &text[1..], &format!("{text}A"), &text.to_uppercase(), &Key::random().to_string()] {
            assert!(!key.matches(wrong) || wrong == text, "{wrong}");
        }
        for wrong in ["", "AAAA", &format!("{text}="), &format!("{text}AA"), "!!!!!!!!!!!!!!!!!!!!!!"] {
            assert_eq!(Key::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_pin_keeps_its_leading_zeros() {
        let pin = Pin::parse("000042").expect("six digits");
        assert_eq!(pin.to_string(), "000042");
        assert!(pin.matches("000042") && !pin.matches("42") && !pin.matches("000043"));
        for wrong in ["", "12345", "1234567", "12345a", "+12345", "１２３４５６"] {
            assert_eq!(Pin::parse(wrong), None, "{wrong}");
        }
        for _ in 0..100 {
            assert_eq!(Pin::random().to_string().len(), Pin::DIGITS);
        }
    }

    #[test]
    fn debugging_shows_no_secret() {
        let key = Key::random();
        assert!(!format!("{key:?}").contains(&key.to_string()));
        assert_eq!(format!("{:?}", Pin::random()), "Pin(…)");
    }
}
