//! The program: reads the command line, does what it says, and ends with a code that means something.

use std::process::ExitCode;

use capture_cli::cli::Cli;
use clap::Parser;

fn main() -> ExitCode {
    match capture_cli::commands::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("capture-cli: {failure}");
            failure.into()
        }
    }
}
