//! Under which conditions figures were measured, and how to measure them again.

use std::{fs, process::Command};

use serde::{Deserialize, Serialize};

/// Conditions of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Conditions {
    /// Model of the processor.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Kernel release.
    pub kernel: String,
    /// Load average over 1, 5 and 15 minutes when the bench began.
    pub load_average: String,
    /// Commit of the working tree; `+` stands for changes that are not committed.
    pub commit: String,
    /// Compiler.
    pub rustc: String,
    /// Browser, where the bench has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<String>,
    /// When the bench began, UTC.
    pub date: String,
    /// Repeats the run, in the repository.
    pub command: String,
}

impl Conditions {
    /// Those of now, for the bench of that name.
    #[must_use]
    pub fn now(bench: &str) -> Self {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let changed = !output("git", &["status", "--porcelain", "--untracked-files=no"]).is_empty();
        Self {
            cpu: cpu(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: output("uname", &["-sr"]),
            load_average: first_words("/proc/loadavg", 3),
            commit: output("git", &["rev-parse", "--short=12", "HEAD"]) + if changed { "+" } else { "" },
            rustc: output("rustc", &["--version"]),
            browser: None,
            date: output("date", &["-u", "+%Y-%m-%dT%H:%M:%SZ"]),
            command: format!(
                "{}cargo run --release -p benches --bin {bench} -- {}",
                given_programs(),
                arguments.join(" ")
            ),
        }
    }
}

/// The programs named by the environment, which are then not of this commit.
fn given_programs() -> String {
    let named = ["RELAY", "CAPTURE_CLI"].map(|name| std::env::var(name).map(|path| format!("{name}={path} ")));
    named.into_iter().filter_map(Result::ok).collect()
}

fn cpu() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(|| output("uname", &["-m"]), |(_, name)| name.to_owned())
}

fn first_words(path: &str, count: usize) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace().take(count).collect::<Vec<_>>().join(" ")
}

/// What a program says, or nothing where there is no such program.
fn output(program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    command.output().map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
