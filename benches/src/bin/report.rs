//! Writes the page of the browser's bench beside its JSON, which is all that the bench itself writes.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;

/// Plots a JSON file of the browser's bench as HTML.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// What the bench wrote; the page is put beside it.
    json: PathBuf,
}

fn main() -> ExitCode {
    match benches::browser::write(&Options::parse().json) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("report: {error:#}");
            ExitCode::FAILURE
        }
    }
}
