//! The `relay` program: command line, log, signals.

use std::{
    io::{self, IsTerminal, Write},
    path::Path,
    process::ExitCode,
};

use clap::Parser;
use relay::{
    Config, Relay, banner,
    cli::{Cli, LogFormat},
    kernel,
    qr::{self, wifi::Wifi},
};
use tokio::runtime;
use tracing_subscriber::EnvFilter;

/// Exit code of wrong usage, as clap has it.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(e) = start_log(&cli) {
        return fail(USAGE, &e);
    }
    kernel::raise_open_files();
    let config = cli.config();
    let naps = config.naps.clone();
    let mut runtime = runtime::Builder::new_multi_thread();
    runtime.worker_threads(config.socket_threads()).enable_all().on_thread_park(move || naps.nap());
    let runtime = match runtime.build() {
        Ok(runtime) => runtime,
        Err(e) => return fail(1, &format!("cannot start threads: {e}")),
    };
    runtime.block_on(run(&cli, &config))
}

async fn run(cli: &Cli, config: &Config) -> ExitCode {
    // Before anything is printed: whoever reads the link may end the relay right away.
    let signals = match Signals::catch() {
        Ok(signals) => signals,
        Err(e) => return fail(1, &format!("cannot catch signals: {e}")),
    };
    let wifi = match cli.wifi() {
        Ok(wifi) => wifi,
        Err(e) => return fail(USAGE, &e),
    };
    let relay = match Relay::start(config) {
        Ok(relay) => relay,
        Err(e) => return fail(1, &e.to_string()),
    };
    let origins = relay.origins();
    let doors = relay.doors();
    let text = wifi.as_ref().map(banner::wifi).unwrap_or_default() + &banner::banner(&origins, &doors) + &relay.note();
    if let (Some(path), Some(first)) = (&cli.qr_file, origins.first()) {
        write_codes(path, &doors.link(first), wifi.as_ref());
    }
    // Nobody may be reading; the relay runs all the same.
    let _ = io::stdout().lock().write_all(text.as_bytes()).and_then(|()| io::stdout().flush());

    relay.serve(first_of(signals)).await;
    ExitCode::SUCCESS
}

/// The link's code, and the Wi-Fi's beside it. People talk without them too.
fn write_codes(path: &Path, link: &str, wifi: Option<&Wifi>) {
    let codes = [(path.to_owned(), Some(link.to_owned())), (qr::beside(path), wifi.map(Wifi::payload))];
    for (path, text) in codes {
        if let Some(Err(e)) = text.map(|text| qr::write(&path, &text)) {
            tracing::warn!("no QR code in {}: {e}", path.display());
        }
    }
}

/// Waits for the signal to end; the next one ends at once.
async fn first_of(mut signals: Signals) {
    signals.next().await;
    tokio::spawn(async move {
        signals.next().await;
        // 128 + SIGINT, as shells count.
        std::process::exit(130);
    });
}

/// SIGTERM and SIGINT, caught from the moment this is made.
#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn catch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn catch() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        // Without a console there is nothing to wait for, and the relay runs until it is ended from outside.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

fn start_log(cli: &Cli) -> Result<(), String> {
    let filter = EnvFilter::try_new(&cli.log).map_err(|e| format!("--log {}: {e}", cli.log.escape_debug()))?;
    let log =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    match cli.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}

fn fail(code: u8, sentence: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "relay: {sentence}");
    ExitCode::from(code)
}
