//! The command line, and the same settings from the environment.

use std::{fs, net::SocketAddr, num::NonZero, path::PathBuf};

use clap::{Parser, ValueEnum, builder::FalseyValueParser};
use relay_engine::Ptime;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use crate::{Config, Limits, authority::Authority, naps::Naps, qr::wifi::Wifi, tls::given, turnstile::PerAddress};

/// Voice for the people on one Wi-Fi: phones scan the QR code and talk in the page this relay serves.
#[derive(Debug, Clone, Parser)]
#[command(name = "relay", version, max_term_width = 100)]
pub struct Cli {
    /// Address and port to listen on [default: every address, port 8443]
    #[arg(long, env = "LANLINE_BIND", value_name = "ADDR:PORT", value_parser = parse_bind)]
    pub bind: Option<SocketAddr>,

    /// Serve without TLS: on loopback, for benches, or behind a proxy that adds it
    ///
    /// Browsers give the microphone only to pages over HTTPS or from localhost.
    #[arg(long, env = "LANLINE_PLAIN", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    pub plain: bool,

    /// Let whoever reaches the relay join; a well-formed room name creates the room
    #[arg(long, env = "LANLINE_OPEN", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    pub open: bool,

    /// Certificate to show instead of one of the relay's own authority: PEM, read again when it changes
    #[arg(long, env = "LANLINE_TLS_CERT", value_name = "FILE", requires = "tls_key", conflicts_with = "plain")]
    pub tls_cert: Option<PathBuf>,

    /// The certificate's key: PEM, unencrypted
    #[arg(long, env = "LANLINE_TLS_KEY", value_name = "FILE", requires = "tls_cert", conflicts_with = "plain")]
    pub tls_key: Option<PathBuf>,

    /// Port of plain HTTP that shows how to trust the certificate and nothing else; 0 for none, as with --plain
    #[arg(long, env = "LANLINE_HELP_PORT", value_name = "PORT", default_value = "8080")]
    pub help_port: u16,

    /// Do not announce lanline.local and the service _lanline._tcp by multicast DNS; with --plain it never is
    #[arg(long, env = "LANLINE_NO_MDNS", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    pub no_mdns: bool,

    /// Write the QR code of the first link into a file, .png or .svg
    #[arg(long, env = "LANLINE_QR_FILE", value_name = "FILE")]
    pub qr_file: Option<PathBuf>,

    /// Show a QR code for joining the Wi-Fi of this name first; with --qr-file, in a file beside it too
    #[arg(long, env = "LANLINE_WIFI_SSID", value_name = "NAME")]
    pub wifi_ssid: Option<String>,

    /// File that holds the Wi-Fi's password; without it the Wi-Fi is open
    #[arg(long, env = "LANLINE_WIFI_PASSWORD_FILE", value_name = "FILE", requires = "wifi_ssid")]
    pub wifi_password_file: Option<PathBuf>,

    /// Folder for the relay's keys [default: lanline in the user's state folder]
    #[arg(long, env = "LANLINE_STATE_DIR", value_name = "DIR")]
    pub state_dir: Option<PathBuf>,

    /// Host (name or address, maybe :PORT) under which the relay is reached besides its own; may be repeated
    #[arg(long, env = "LANLINE_ALLOW_HOST", value_name = "HOST", value_delimiter = ',', value_parser = parse_host)]
    pub allow_host: Vec<Authority>,

    /// Origin (https://HOST, maybe :PORT) of a page that may speak to the relay besides its own; may be repeated
    #[arg(long, env = "LANLINE_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',', value_parser = parse_origin)]
    pub allow_origin: Vec<String>,

    /// Participants in one room
    #[arg(long, env = "LANLINE_MAX_PER_ROOM", value_name = "N", value_parser = parse_bound, default_value_t = Limits::default().per_room)]
    pub max_per_room: usize,

    /// Sockets of one address [default: 64, and any number from this machine, where a proxy is everybody]
    #[arg(long, env = "LANLINE_MAX_PER_ADDRESS", value_name = "N", value_parser = parse_bound)]
    pub max_per_address: Option<usize>,

    /// Sockets in all
    #[arg(long, env = "LANLINE_MAX_SOCKETS", value_name = "N", value_parser = parse_bound, default_value_t = Limits::default().participants)]
    pub max_sockets: usize,

    /// Connections that have not asked for anything yet; one address may have a quarter of them
    #[arg(long, env = "LANLINE_MAX_HANDSHAKES", value_name = "N", value_parser = parse_bound, default_value_t = Limits::default().handshakes)]
    pub max_handshakes: usize,

    /// Milliseconds of audio in one packet, for every room; 10 has less delay and costs more
    #[arg(long, env = "LANLINE_ROOM_PTIME", value_name = "10|20", default_value = "20", value_parser = parse_ptime)]
    pub room_ptime: Ptime,

    /// Form of the log on standard error
    #[arg(long, env = "LANLINE_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,

    /// What to log: error, warn, info, debug, or a filter such as relay::session=debug
    #[arg(long, env = "LANLINE_LOG", value_name = "FILTER", default_value = "info", value_parser = parse_log)]
    pub log: String,
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Cli {
    /// The relay's settings.
    #[must_use]
    pub fn config(&self) -> Config {
        let certificate = self.tls_cert.clone().zip(self.tls_key.clone());
        Config {
            mdns: !self.no_mdns,
            help_port: NonZero::new(self.help_port),
            certificate: certificate.map(|(certificate, key)| given::Paths { certificate, key }),
            bind: self.bind,
            plain: self.plain,
            open: self.open,
            state_dir: self.state_dir.clone(),
            ptime: self.room_ptime,
            naps: Naps::new(self.room_ptime),
            allow_hosts: self.allow_host.clone(),
            allow_origins: self.allow_origin.clone(),
            limits: Limits {
                per_room: self.max_per_room,
                per_address: self.max_per_address.map_or(Limits::default().per_address, PerAddress::from_anywhere),
                participants: self.max_sockets,
                handshakes: self.max_handshakes,
                ..Limits::default()
            },
            ..Config::default()
        }
    }
}

impl Cli {
    /// The Wi-Fi to show a code for.
    ///
    /// # Errors
    /// A sentence when the password cannot be read, or is none.
    pub fn wifi(&self) -> Result<Option<Wifi>, String> {
        let Some(ssid) = &self.wifi_ssid else { return Ok(None) };
        let password = self
            .wifi_password_file
            .as_ref()
            .map(|path| fs::read_to_string(path).map_err(|e| format!("--wifi-password-file {}: {e}", path.display())));
        let wifi = Wifi::new(ssid, password.transpose()?.as_deref()).map_err(|e| format!("--wifi-ssid: {e}"))?;
        Ok(Some(wifi))
    }
}

fn parse_bind(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "expected an address and a port, such as 0.0.0.0:8443 or [::]:8443".to_owned())
}

fn parse_host(text: &str) -> Result<Authority, String> {
    Authority::parse(text).ok_or_else(|| "expected a host, such as voice.example or 192.168.1.20:8443".to_owned())
}

fn parse_origin(text: &str) -> Result<String, String> {
    let authority = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let good = authority.is_some_and(|authority| Authority::parse(authority).is_some());
    good.then(|| text.to_owned()).ok_or_else(|| "expected an origin, such as https://voice.example".to_owned())
}

fn parse_ptime(text: &str) -> Result<Ptime, String> {
    text.parse().ok().and_then(Ptime::from_ms).ok_or_else(|| "it is 10 or 20".to_owned())
}

fn parse_bound(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&bound| bound > 0).ok_or_else(|| "expected a number above 0".to_owned())
}

/// A filter that the log takes. It would take a lone word that is no level too, for a part of the program of that name,
/// and say nothing of anything else: `warning` would be silence.
fn parse_log(text: &str) -> Result<String, String> {
    let parts = || text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let unclear = parts().find(|part| !part.contains(['=', '[', ':']) && part.parse::<LevelFilter>().is_err());
    if let Some(part) = unclear {
        return Err(format!("{part} is no level: expected error, warn, info, debug, trace, off or TARGET=LEVEL"));
    }
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_full_command_line_is_understood() {
        let cli = Cli::parse_from([
            "relay",
            "--plain",
            "--open",
            "--bind",
            "127.0.0.1:8480",
            "--state-dir",
            "/x",
            "--room-ptime",
            "10",
        ]);
        let config = cli.config();
        assert!(cli.open && config.plain);
        assert_eq!(config.bind, Some("127.0.0.1:8480".parse().expect("an address")));
        assert_eq!(config.state_dir, Some(PathBuf::from("/x")));
        assert_eq!(config.ptime, Ptime::Ms10);
    }

    #[test]
    fn addresses_and_packet_times_outside_the_table_are_refused() {
        for wrong in [
            ["--allow-host", "https://a"],
            ["--allow-origin", "a"],
            ["--allow-origin", "https://a/"],
            ["--max-sockets", "-1"],
            ["--bind", "here"],
            ["--bind", "127.0.0.1"],
            ["--room-ptime", "40"],
            ["--room-ptime", "x"],
        ] {
            assert!(Cli::try_parse_from(["relay", wrong[0], wrong[1]]).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_brought_certificate_comes_with_its_key_and_over_tls() {
        let parse = |args: &[&str]| Cli::try_parse_from([&["relay"], args].concat());
        let both = ["--tls-cert", "c.pem", "--tls-key", "k.pem"];
        let paths = given::Paths { certificate: "c.pem".into(), key: "k.pem".into() };
        assert_eq!(parse(&both).expect("understood").config().certificate, Some(paths));
        assert!(parse(&both[..2]).is_err() && parse(&both[2..]).is_err());
        assert!(parse(&[&both[..], &["--plain"]].concat()).is_err());
    }

    #[test]
    fn a_wifi_is_read_with_its_password_or_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("password");
        let wifi = |more: &[&str]| Cli::try_parse_from([&["relay"], more].concat()).expect("understood").wifi();
        let guarded = ["--wifi-ssid", "Stage", "--wifi-password-file", file.to_str().expect("text")];
        assert_eq!(wifi(&[]), Ok(None));
        assert_eq!(wifi(&guarded[..2]).expect("open").expect("a network").payload(), "WIFI:T:nopass;S:Stage;;");
        assert!(wifi(&guarded).expect_err("no file").contains("--wifi-password-file"));
        fs::write(&file, "correct horse\n").expect("written");
        let payload = wifi(&guarded).expect("guarded").expect("a network").payload();
        assert_eq!(payload, "WIFI:T:WPA;S:Stage;P:correct horse;;");
        fs::write(&file, "short\n").expect("written");
        assert!(wifi(&guarded).is_err());
        assert!(Cli::try_parse_from(["relay", guarded[2], guarded[3]]).is_err(), "of no network");
    }

    #[test]
    fn a_bound_lets_somebody_in() {
        for bound in ["--max-sockets", "--max-per-room", "--max-per-address", "--max-handshakes"] {
            assert!(Cli::try_parse_from(["relay", bound, "1"]).is_ok(), "{bound}");
            assert!(Cli::try_parse_from(["relay", bound, "0"]).is_err(), "{bound}");
        }
    }

    #[test]
    fn a_filter_that_would_silence_everything_by_mistake_is_refused() {
        for good in ["warn", "INFO", "off", "0", "relay::session=debug", "warn,relay=trace", "relay::mdns", "[x]=debug"]
        {
            assert!(parse_log(good).is_ok(), "{good}");
        }
        for wrong in ["warning", "verbose", "info,nonsense", "relay=loud", "a=b=c"] {
            assert!(parse_log(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ipv6_addresses_are_written_in_brackets() {
        assert!(Cli::try_parse_from(["relay", "--bind", "[::1]:9000"]).is_ok());
    }
}
