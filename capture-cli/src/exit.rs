//! What the exit code of the program means.

use std::process::ExitCode;

/// The table of exit codes, as shown by `--help`.
pub const TABLE: &str = "\
Exit codes:
  0  done
  1  something unexpected
  2  the command line is wrong
  3  a file cannot be read or written
  4  no such microphone or speaker, or it failed
  5  the relay cannot be reached, or refused
  6  the connection was lost and did not come back
  7  the probe heard nothing of what it sent";

/// Why a command did not end well; the text is a sentence for whoever typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The command line asks for something that makes no sense.
    #[error("{0}")]
    Usage(String),
    /// A file in or out.
    #[error("{0}")]
    File(String),
    /// A microphone or speaker.
    #[error("{0}")]
    Device(String),
    /// The relay was never reached, or it said no.
    #[error("{0}")]
    Connect(String),
    /// The relay was reached, then lost for good.
    #[error("{0}")]
    Lost(String),
    /// The probe's marker did not come back.
    #[error("{0}")]
    NotHeard(String),
    /// Everything else.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// The exit code, as in [`TABLE`].
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Other(_) => 1,
            Self::Usage(_) => 2,
            Self::File(_) => 3,
            Self::Device(_) => 4,
            Self::Connect(_) => 5,
            Self::Lost(_) => 6,
            Self::NotHeard(_) => 7,
        }
    }
}

impl From<Failure> for ExitCode {
    fn from(failure: Failure) -> Self {
        Self::from(failure.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_every_code_once() {
        let text = String::new;
        let all = [
            Failure::Other(text()),
            Failure::Usage(text()),
            Failure::File(text()),
            Failure::Device(text()),
            Failure::Connect(text()),
            Failure::Lost(text()),
            Failure::NotHeard(text()),
        ];
        for failure in all {
            let line = format!("\n  {}  ", failure.code());
            assert_eq!(TABLE.matches(&line).count(), 1, "{failure:?}");
        }
    }
}
