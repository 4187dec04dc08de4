//! What a participant may do in a room.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a participant may do in a room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Talks and listens, and is not muted with all the others.
    Host,
    /// Talks and listens.
    #[default]
    Talker,
    /// Listens, and writes; audio from a listener is refused.
    Listener,
}

impl Role {
    /// Reads a role.
    #[must_use]
    pub fn parse(role: &str) -> Option<Self> {
        [Self::Host, Self::Talker, Self::Listener].into_iter().find(|known| known.as_str() == role)
    }

    /// As it is written in messages and addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Talker => "talker",
            Self::Listener => "listener",
        }
    }

    /// Whether audio is taken from them.
    #[must_use]
    pub fn may_talk(self) -> bool {
        self != Self::Listener
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who mutes another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MutedBy {
    /// The room's host.
    Host,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_as_they_are_written() {
        for role in [Role::Host, Role::Talker, Role::Listener] {
            assert_eq!(Role::parse(role.as_str()), Some(role));
            assert_eq!(serde_json::to_string(&role).expect("a word"), format!("\"{role}\""));
        }
        assert_eq!(Role::parse("Host"), None);
        assert_eq!(Role::parse(""), None);
    }
}
