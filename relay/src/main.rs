//! The `relay` program: command line, log, signals.

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use clap::Parser;
use relay::{
    Relay, addresses, banner,
    certificate::Certificate,
    cli::{Cli, LogFormat},
    kernel,
};
use tracing_subscriber::EnvFilter;

/// Exit code of wrong usage, as clap has it.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(e) = start_log(&cli) {
        return fail(USAGE, &e);
    }
    if !cli.open {
        return fail(USAGE, "there are no tickets yet: start with --open, and whoever reaches the relay may join");
    }
    kernel::raise_open_files();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(e) => return fail(1, &format!("cannot start threads: {e}")),
    };
    runtime.block_on(run(&cli))
}

async fn run(cli: &Cli) -> ExitCode {
    let relay = match Relay::start(&cli.config()) {
        Ok(relay) => relay,
        Err(e) => return fail(1, &e.to_string()),
    };
    let certificate = relay.certificate().map(|Certificate { path, .. }| path.as_path());
    let text = banner::banner(&addresses::reachable(relay.address()), cli.plain, certificate);
    // Nobody may be reading; the relay runs all the same.
    let _ = io::stdout().lock().write_all(text.as_bytes()).and_then(|()| io::stdout().flush());

    relay.serve(first_signal()).await;
    ExitCode::SUCCESS
}

/// Waits for the signal to end; the next one ends at once.
async fn first_signal() {
    signal().await;
    tokio::spawn(async {
        signal().await;
        // 128 + SIGINT, as shells count.
        std::process::exit(130);
    });
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be handled");
    let mut interrupt = signal(SignalKind::interrupt()).expect("SIGINT can be handled");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signal() {
    tokio::signal::ctrl_c().await.expect("Ctrl-C can be handled");
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
