//! The shipped programs as processes of their own.

use std::{
    fs::File,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use relay_engine::Ptime;
use tempfile::TempDir;

use crate::link::Link;

/// How long the relay may take until it answers.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// Where the programs under test are.
#[derive(Debug, Clone)]
pub struct Programs {
    /// The relay.
    pub relay: PathBuf,
    /// The native participant.
    pub capture_cli: PathBuf,
}

impl Programs {
    /// Those in the environment's `RELAY` and `CAPTURE_CLI`, else builds this working tree's.
    ///
    /// # Errors
    /// If they do not build.
    pub fn find_or_build() -> Result<Self> {
        if let (Some(relay), Some(capture_cli)) = (std::env::var_os("RELAY"), std::env::var_os("CAPTURE_CLI")) {
            eprintln!("measuring {} and {}", relay.display(), capture_cli.display());
            return Ok(Self { relay: relay.into(), capture_cli: capture_cli.into() });
        }
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let build = Command::new(cargo)
            .args([
                "build",
                "--release",
                "-p",
                "relay",
                "-p",
                "capture-cli",
                "--message-format=json-render-diagnostics",
            ])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stderr(Stdio::inherit())
            .output()
            .context("running cargo")?;
        ensure!(build.status.success(), "relay and capture-cli do not build");
        let executable = |name: &str| {
            let messages = String::from_utf8_lossy(&build.stdout);
            let mut messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
            let path = messages.find_map(|message| {
                (message["target"]["name"] == name).then(|| message["executable"].as_str().map(PathBuf::from)).flatten()
            });
            path.with_context(|| format!("cargo built no program {name}"))
        };
        Ok(Self { relay: executable("relay")?, capture_cli: executable("capture-cli")? })
    }
}

/// A relay on a free port of loopback, with a state folder of its own. It ends with this value.
#[derive(Debug)]
pub struct RelayProcess {
    child: Child,
    address: SocketAddr,
    tls: bool,
    folder: TempDir,
}

impl RelayProcess {
    /// Starts the relay and waits until it answers.
    ///
    /// # Errors
    /// If it does not start; the error holds what it said.
    pub fn start(programs: &Programs, tls: bool, ptime: Ptime) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let address = free_address()?;
        let log = File::create(folder.path().join("relay.log"))?;
        let mut command = Command::new(&programs.relay);
        // One machine plays all participants.
        command.args(["--max-per-address", "100000", "--max-handshakes", "4096"]);
        command.args(["--open", "--bind", &address.to_string(), "--room-ptime", &ptime.ms().to_string()]);
        command.arg("--state-dir").arg(folder.path().join("state"));
        if !tls {
            command.arg("--plain");
        }
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().with_context(|| format!("starting {}", programs.relay.display()))?;
        let mut relay = Self { child, address, tls, folder };
        relay.wait_until_it_answers()?;
        Ok(relay)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it speaks TLS.
    #[must_use]
    pub fn tls(&self) -> bool {
        self.tls
    }

    /// How many participants it says it has.
    ///
    /// # Errors
    /// If it does not answer as `PROTOCOL.md` says.
    pub fn participants(&self) -> Result<u64> {
        let health = self.health()?;
        health["participants"].as_u64().with_context(|| format!("no number of participants in {health}"))
    }

    fn wait_until_it_answers(&mut self) -> Result<()> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("the relay ended with {status}: {}", self.said());
            }
            match self.health() {
                Ok(_) => return Ok(()),
                Err(error) if began.elapsed() > START_TIMEOUT => {
                    return Err(error.context(format!("the relay does not answer: {}", self.said())));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    fn health(&self) -> Result<serde_json::Value> {
        let mut link = Link::connect(self.address, self.tls)?;
        write!(link, "GET /healthz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address)?;
        link.flush()?;
        let mut answer = Vec::new();
        let end = link.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) =
            answer.split_once("\r\n\r\n").with_context(|| format!("half an answer, {end:?}: {answer}"))?;
        ensure!(head.starts_with("HTTP/1.1 200"), "unhealthy: {head}");
        Ok(serde_json::from_str(body)?)
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("relay.log")).unwrap_or_default()
    }
}

impl Drop for RelayProcess {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
