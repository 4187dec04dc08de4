//! Notifications: what a participant, or a program over HTTP, tells a whole room.

use serde::{Deserialize, Serialize};

use crate::text::{TextError, check_text};

/// Longest title of a notification, in Unicode scalar values.
pub const MAX_TITLE_CHARS: usize = 80;
/// Longest text of a notification, in Unicode scalar values.
pub const MAX_NOTIFICATION_CHARS: usize = 800;

/// Content of a notification, as sent over a socket or as the body of the HTTP call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// How much it matters.
    #[serde(default)]
    pub severity: Severity,
    /// One line; 1 to [`MAX_TITLE_CHARS`] characters.
    pub title: String,
    /// The rest, may be empty; up to [`MAX_NOTIFICATION_CHARS`] characters.
    #[serde(default)]
    pub text: String,
}

/// How much a notification matters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// For information.
    #[default]
    Info,
    /// Should be looked at.
    Warning,
    /// Needs action now.
    Critical,
}

impl Notice {
    /// Checks lengths and characters.
    ///
    /// # Errors
    /// [`TextError::BadText`] saying which rule is broken.
    pub fn check(&self) -> Result<(), TextError> {
        check_text(&self.title, 1, MAX_TITLE_CHARS, "a notification's title has 1 to 80 characters")?;
        if self.title.contains('\n') {
            return Err(TextError::BadText("a notification's title is one line"));
        }
        check_text(&self.text, 0, MAX_NOTIFICATION_CHARS, "a notification's text has at most 800 characters")
    }
}
