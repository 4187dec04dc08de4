//! The command line that all benches share.

use std::path::PathBuf;

use clap::Parser;

/// What a bench is asked to do.
#[derive(Debug, Clone, Parser)]
#[command(version)]
pub struct Options {
    /// Write the figures to this file as JSON, and their plots beside it as HTML.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// A shorter run: the same cases, fewer signals.
    #[arg(long)]
    pub quick: bool,
    /// Run only this case; may be given more than once.
    #[arg(long = "case", value_name = "NAME")]
    pub cases: Vec<String>,
}

impl Options {
    /// Whether the case is asked for.
    #[must_use]
    pub fn wants(&self, case: &str) -> bool {
        self.cases.is_empty() || self.cases.iter().any(|wanted| wanted == case)
    }
}
