//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use relay_wire::{DisplayName, Role, Severity};

use crate::address::Address;
use crate::exit::{Failure, TABLE};
use crate::net::connect::Target;
use crate::net::ticket::Credential;
use crate::net::tls::{self, Trust};

/// Talks and listens in a Lanline room, from a terminal.
///
/// A file name of - is standard input or output: raw 16-bit mono PCM at 48 kHz. Everything else is said on standard error.
#[derive(Debug, Parser)]
#[command(name = "capture-cli", version, after_help = TABLE, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Talks and listens as one participant.
    #[command(after_help = "\
Examples:
  capture-cli join --url https://192.168.1.5:8443/r/stage --insecure --name Ann
  capture-cli join --url ws://127.0.0.1:8480 --room stage --file in.wav --out out.wav

Without --seconds it stays until a file has ended and one second more to hear what is on its way; with a microphone or \
--loop, until Ctrl-C.")]
    Join(JoinArgs),
    /// Only talks.
    #[command(after_help = "\
Examples:
  capture-cli talk --url https://192.168.1.5:8443/r/stage --ca ca.pem --file announcement.wav
  arecord -q -t raw -f S16_LE -c 1 -r 48000 | capture-cli talk --url ws://127.0.0.1:8480 --room stage --file -")]
    Talk(TalkArgs),
    /// Only listens.
    #[command(after_help = "\
Examples:
  capture-cli listen --url https://192.168.1.5:8443/r/stage --ca ca.pem
  capture-cli listen --url ws://127.0.0.1:8480 --room stage --out meeting.wav --seconds 60")]
    Listen(ListenArgs),
    /// Lists microphones and speakers.
    Devices,
    /// Sends a notification to everyone in a room.
    #[command(after_help = "\
Example:
  capture-cli notify --url https://192.168.1.5:8443/r/stage --ca ca.pem --severity warning --title 'Doors' 'Five minutes.'")]
    Notify(NotifyArgs),
    /// Measures the delay from mouth to ear through a relay; everyone in the room hears the chirps.
    #[command(after_help = "\
Joins twice. One participant sends a chirp every 200 ms or so, at moments that sweep the packet time evenly; the other \
decodes what comes and looks for it. The delay counts from the capture of the chirp's first sample until it would sound.

Example:
  capture-cli probe --url ws://127.0.0.1:8480 --room probe --count 100 --json")]
    Probe(ProbeArgs),
}

/// Which room on which relay.
#[derive(Debug, Clone, Args)]
pub struct RoomArgs {
    /// The join link (https://HOST:PORT/r/ROOM#KEY), or ws(s)://HOST:PORT with --room.
    // The link has the key.
    #[arg(long, env = "LANLINE_URL", value_name = "URL", hide_env_values = true)]
    pub url: String,
    /// The room, where the URL does not say it.
    #[arg(long, value_name = "ROOM")]
    pub room: Option<String>,
    /// The room's invite key or the host key, where the link has none after its #.
    // One key in 64 begins with a hyphen.
    #[arg(
        long,
        env = "LANLINE_KEY",
        value_name = "KEY",
        hide_env_values = true,
        conflicts_with = "pin",
        allow_hyphen_values = true
    )]
    pub key: Option<String>,
    /// The room's PIN.
    #[arg(long, env = "LANLINE_PIN", value_name = "PIN", hide_env_values = true)]
    pub pin: Option<String>,
    /// Believes any certificate: keeps listeners out, not impostors.
    #[arg(long, conflicts_with = "ca")]
    pub insecure: bool,
    /// Believes certificates of the authorities in this PEM file.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Says only what went wrong.
    #[arg(long, short)]
    pub quiet: bool,
}

/// How to take part.
#[derive(Debug, Clone, Args)]
pub struct PresenceArgs {
    /// What the others see.
    #[arg(long, default_value = "capture-cli", value_name = "NAME")]
    pub name: String,
    /// Leaves after so many seconds, counted from joining.
    #[arg(long, value_name = "N", value_parser = seconds)]
    pub seconds: Option<f64>,
}

/// Where sound comes from.
#[derive(Debug, Clone, Args)]
pub struct InputArgs {
    /// A WAV file of any rate instead of the microphone, or - for raw PCM on standard input, taken as it comes.
    #[arg(long, value_name = "IN.wav")]
    pub file: Option<PathBuf>,
    /// The file over and over.
    #[arg(long = "loop", requires = "file")]
    pub looped: bool,
    /// Sends all the time: no silence suppression.
    #[arg(long)]
    pub continuous: bool,
    /// The microphone, by its name or a part of it (see `devices`).
    #[arg(long, alias = "device", value_name = "NAME", conflicts_with = "file")]
    pub input_device: Option<String>,
}

/// Where sound goes.
#[derive(Debug, Clone, Args)]
pub struct OutputArgs {
    /// A WAV file (16-bit PCM at 48 kHz) instead of the speaker, or - for raw PCM on standard output.
    #[arg(long, value_name = "OUT.wav")]
    pub out: Option<PathBuf>,
    /// The speaker, by its name or a part of it (see `devices`).
    #[arg(long, alias = "device", value_name = "NAME", conflicts_with = "out")]
    pub output_device: Option<String>,
    /// Writes what the jitter buffer does to this file: CSV, ten lines a second.
    #[arg(long, value_name = "FILE.csv")]
    pub stats: Option<PathBuf>,
}

/// `join`.
#[derive(Debug, Clone, Args)]
pub struct JoinArgs {
    #[command(flatten)]
    pub(crate) room: RoomArgs,
    #[command(flatten)]
    pub(crate) presence: PresenceArgs,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// A WAV file (16-bit PCM at 48 kHz) instead of the speaker, or - for raw PCM on standard output.
    #[arg(long, value_name = "OUT.wav")]
    pub out: Option<PathBuf>,
    /// The speaker, by its name or a part of it (see `devices`).
    #[arg(long, value_name = "NAME", conflicts_with = "out")]
    pub output_device: Option<String>,
    /// Writes what the jitter buffer does to this file: CSV, ten lines a second.
    #[arg(long, value_name = "FILE.csv")]
    pub stats: Option<PathBuf>,
    /// Sends the lines typed on the terminal as chat.
    #[arg(long)]
    pub chat: bool,
}

/// `talk`.
#[derive(Debug, Clone, Args)]
pub struct TalkArgs {
    #[command(flatten)]
    pub(crate) room: RoomArgs,
    #[command(flatten)]
    pub(crate) presence: PresenceArgs,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

/// `listen`.
#[derive(Debug, Clone, Args)]
pub struct ListenArgs {
    #[command(flatten)]
    pub(crate) room: RoomArgs,
    #[command(flatten)]
    pub(crate) presence: PresenceArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// `notify`.
#[derive(Debug, Clone, Args)]
pub struct NotifyArgs {
    #[command(flatten)]
    pub(crate) room: RoomArgs,
    /// How much it matters.
    #[arg(long, value_enum, default_value_t = SeverityArg::Info)]
    pub severity: SeverityArg,
    /// One line of at most 80 characters.
    #[arg(long, value_name = "TITLE")]
    pub title: String,
    /// The rest, at most 800 characters.
    #[arg(default_value = "", value_name = "TEXT")]
    pub text: String,
}

/// `probe`.
#[derive(Debug, Clone, Args)]
pub struct ProbeArgs {
    #[command(flatten)]
    pub(crate) room: RoomArgs,
    /// How many chirps to send.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub count: u32,
    /// Sends for so many seconds instead.
    #[arg(long, value_name = "N", value_parser = seconds, conflicts_with = "count")]
    pub seconds: Option<f64>,
    /// Prints JSON on standard output instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// How much a notification matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SeverityArg {
    /// For information.
    Info,
    /// Should be looked at.
    Warning,
    /// Needs action now.
    Critical,
}

impl From<SeverityArg> for Severity {
    fn from(severity: SeverityArg) -> Self {
        match severity {
            SeverityArg::Info => Self::Info,
            SeverityArg::Warning => Self::Warning,
            SeverityArg::Critical => Self::Critical,
        }
    }
}

impl RoomArgs {
    /// Whom to reach, how, and as what.
    ///
    /// # Errors
    /// [`Failure::Usage`] or, for the authority's file, [`Failure::File`].
    pub fn target(&self, role: Role) -> Result<Target, Failure> {
        let address = Address::parse(&self.url, self.room.as_deref())?;
        let trust = match &self.ca {
            _ if self.insecure || !address.tls => Trust::Anyone,
            Some(path) => Trust::Authority(path.clone()),
            None => Trust::System,
        };
        Ok(Target { credential: self.credential(&address), role, address, tls: tls::config(&trust)? })
    }

    /// What was said for this run counts before what the link has.
    fn credential(&self, address: &Address) -> Option<Credential> {
        let key = |key: &String| Credential::Key(key.clone());
        let said = self.key.as_ref().map(key).or_else(|| self.pin.clone().map(Credential::Pin));
        said.or_else(|| address.key.as_ref().map(key))
    }
}

impl PresenceArgs {
    /// The name, checked.
    ///
    /// # Errors
    /// [`Failure::Usage`].
    pub fn display_name(&self) -> Result<DisplayName, Failure> {
        DisplayName::parse(&self.name).map_err(|e| Failure::Usage(format!("--name {:?}: {e}", self.name)))
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 31_536_000.0 => Ok(seconds),
        _ => Err("a number of seconds above 0 is expected".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_contract_of_the_flags_holds() {
        for line in [
            "join --url https://h:1/r/a --file in.wav --out out.wav --name Ann --seconds 2 --loop --continuous --insecure",
            "talk --url ws://h:1 --room a --file - --continuous",
            "talk --url ws://h:1 --room a --device hw",
            "listen --url wss://h:1 --room a --out - --seconds 1.5 --ca ca.pem",
            "join --url https://h:1/r/a --stats stats.csv",
            "listen --url wss://h:1 --room a --stats stats.csv",
            "listen --url wss://h:1 --room a --device hw",
            "devices",
            "notify --url http://h:1/r/a --severity critical --title T text",
            "notify --url http://h:1/r/a --title T",
            "probe --url http://h:1/r/a --json --count 20",
            "listen --url https://h:1/r/a#abcdefghijklmnopqrstuv",
            "listen --url https://h:1/r/a --key abcdefghijklmnopqrstuv",
            "listen --url https://h:1/r/a --key -EjGAiQp1glJqNaPYDe1_Q",
            "listen --url https://h:1/r/a --pin 012345",
        ] {
            let words = std::iter::once("capture-cli").chain(line.split(' '));
            if let Err(e) = Cli::try_parse_from(words) {
                panic!("{line}: {e}");
            }
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for line in [
            "talk --url ws://h:1 --room a --seconds 0",
            "talk --url ws://h:1 --room a --seconds NaN",
            "talk --url ws://h:1 --room a --loop",
            "talk --url ws://h:1 --room a --insecure --ca f",
            "probe --url ws://h:1 --room a --count 0",
            "talk --url ws://h:1 --room a --key a --pin b",
        ] {
            let words = std::iter::once("capture-cli").chain(line.split(' '));
            assert!(Cli::try_parse_from(words).is_err(), "{line}");
        }
    }
}
