//! What each command does.

pub mod devices;
pub mod notify;
mod ports;
pub mod probe;
pub mod stream;
mod typed;

use crate::cli::{Cli, Command};
use crate::exit::Failure;
use crate::priority;

/// Does what the command line says.
///
/// # Errors
/// [`Failure`], with the sentence to print and the exit code to end with.
pub fn run(cli: Cli) -> Result<(), Failure> {
    if let Command::Devices = cli.command {
        return devices::run();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .on_thread_start(priority::raise)
        .enable_all()
        .build()
        .map_err(|e| Failure::Other(format!("no threads: {e}")))?;
    let result = runtime.block_on(async {
        match cli.command {
            Command::Join(args) => stream::run(args.try_into()?).await,
            Command::Talk(args) => stream::run(args.try_into()?).await,
            Command::Listen(args) => stream::run(args.try_into()?).await,
            Command::Notify(args) => notify::run(args).await,
            Command::Probe(args) => probe::run(args).await,
            Command::Devices => Ok(()),
        }
    });
    // A thread that waits for standard input would be waited for in turn.
    runtime.shutdown_background();
    result
}
