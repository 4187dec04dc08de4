//! Names from outside, parsed once: what holds one of these types is safe to log, show and compare.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a name is refused; the text is fit to be shown to the person who chose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// A room name outside the alphabet or length.
    #[error("a room name is 1 to 32 of the characters a-z, 0-9 and -")]
    Room,
    /// No name, or only white space.
    #[error("a name must not be empty")]
    Empty,
    /// Too long.
    #[error("a name has at most {} characters", DisplayName::MAX_CHARS)]
    TooLong,
    /// Control characters, line breaks, or marks that reorder the text around them.
    #[error("a name must not contain control characters")]
    Control,
}

/// Name of a room: `[a-z0-9-]{1,32}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoomName(String);

impl RoomName {
    /// Checks a room name.
    ///
    /// # Errors
    /// [`NameError::Room`] for anything outside the alphabet or length.
    pub fn parse(name: &str) -> Result<Self, NameError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=32).contains(&name.len()) && name.bytes().all(allowed) {
            Ok(Self(name.to_owned()))
        } else {
            Err(NameError::Room)
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Name of a participant: 1 to 32 characters, trimmed, without control or bidirectional-override characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DisplayName(String);

impl DisplayName {
    /// Longest name, in Unicode scalar values.
    pub const MAX_CHARS: usize = 32;

    /// Trims and checks a name.
    ///
    /// # Errors
    /// [`NameError`] saying what is wrong with it.
    pub fn parse(name: &str) -> Result<Self, NameError> {
        let name = name.trim();
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        if name.chars().count() > Self::MAX_CHARS {
            return Err(NameError::TooLong);
        }
        if name.chars().any(|c| is_control(c) || c == '\n' || c == '\t') {
            return Err(NameError::Control);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters other than line feed and tab, and the marks that reorder or hide text
/// (Unicode bidirectional algorithm UAX #9 section 2, line and paragraph separators, byte order mark).
#[must_use]
pub fn is_control(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

macro_rules! string_like {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(name: String) -> Result<Self, NameError> {
                Self::parse(&name)
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    };
}
string_like!(RoomName);
string_like!(DisplayName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_names_keep_to_their_alphabet() {
        for good in ["a", "stage-2", "00000000000000000000000000000000"] {
            assert!(RoomName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "A", "a b", "a/b", "..", "é", "000000000000000000000000000000000"] {
            assert_eq!(RoomName::parse(bad), Err(NameError::Room), "{bad}");
        }
    }

    #[test]
    fn display_names_are_trimmed_and_counted_in_characters() {
        assert_eq!(DisplayName::parse("  Zoë  ").map(String::from), Ok("Zoë".into()));
        assert!(DisplayName::parse(&"é".repeat(32)).is_ok());
        assert_eq!(DisplayName::parse(&"é".repeat(33)), Err(NameError::TooLong));
        assert_eq!(DisplayName::parse(" \u{a0} "), Err(NameError::Empty));
    }

    #[test]
    fn display_names_hide_and_reorder_nothing() {
        for bad in ["a\nb", "a\u{0}b", "a\u{1b}[31m", "a\u{202E}b", "a\u{2066}b", "a\u{FEFF}b"] {
            assert_eq!(DisplayName::parse(bad), Err(NameError::Control), "{bad:?}");
        }
        assert!(DisplayName::parse("<img src=x onerror=alert(1)>").is_ok(), "names are data, not markup");
    }
}
