//! What a process uses of the machine, from `/proc`.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result};

/// Processor time since the process began, and memory now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of all threads, in user space and in the kernel.
    pub cpu: Duration,
    /// The part of the relay's mixer threads; the rest is sockets.
    pub mixers: Duration,
    /// Resident memory, KiB.
    pub rss_kib: u64,
}

impl Usage {
    /// That of a process.
    ///
    /// # Errors
    /// If it has ended, or this is no Linux.
    pub fn of(pid: u32) -> Result<Self> {
        let process = format!("/proc/{pid}");
        let mut usage =
            Self { cpu: cpu(&read(&format!("{process}/stat"))?)?, mixers: Duration::ZERO, rss_kib: rss_kib(&process)? };
        for thread in fs::read_dir(format!("{process}/task"))? {
            // A thread may end while they are counted.
            let Ok(stat) = fs::read_to_string(thread?.path().join("stat")) else { continue };
            if stat.contains("(mixer-") {
                usage.mixers += cpu(&stat)?;
            }
        }
        Ok(usage)
    }

    /// That of this process.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn own() -> Result<Self> {
        Self::of(std::process::id())
    }
}

/// Processor time spent between two looks, in percent of one core.
#[must_use]
pub fn percent_of_core(before: Duration, after: Duration, between: Duration) -> f64 {
    100.0 * after.saturating_sub(before).as_secs_f64() / between.as_secs_f64()
}

/// User and system time of a line of `stat`, proc_pid_stat(5): fields 14 and 15, in clock ticks. The second field, the name,
/// is in parentheses and may hold anything.
fn cpu(stat: &str) -> Result<Duration> {
    let after_name = stat.rsplit_once(") ").context("a malformed stat")?.1;
    let mut fields = after_name.split(' ').skip(11).map(str::parse::<u64>);
    let mut field = || fields.next().context("a short stat")?.context("a stat without numbers");
    let ticks = field()? + field()?;
    Ok(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
}

fn rss_kib(process: &str) -> Result<u64> {
    let status = read(&format!("{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|rest| rest.trim().strip_suffix(" kB")).context("no VmRSS in the status")?;
    Ok(number.trim().parse()?)
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(Path::new(path)).with_context(|| format!("reading {path}"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{hint::black_box, time::Instant};

    use super::*;

    #[test]
    fn work_and_memory_of_this_process_show() {
        let before = Usage::own().expect("there is a /proc");
        let began = Instant::now();
        let block = black_box(vec![1u8; 64 << 20]);
        // Processor time, not time: on a busy machine this takes longer.
        while Usage::own().expect("there is a /proc").cpu < before.cpu + Duration::from_millis(100) {
            black_box(block.iter().map(|&b| u64::from(b)).sum::<u64>());
        }
        let after = Usage::own().expect("there is a /proc");
        assert!(after.rss_kib > before.rss_kib + 60_000, "{before:?} {after:?}");
        // Other tests run on other threads of this process.
        assert!(percent_of_core(before.cpu, after.cpu, began.elapsed()) > 0.0);
    }

    #[test]
    fn a_name_with_spaces_and_parentheses_is_no_field() {
        let stat = "77 (a) b 9) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 4 0 100";
        let ticks = rustix::param::clock_ticks_per_second();
        assert_eq!(cpu(stat).expect("well formed"), Duration::from_secs_f64(200.0 / ticks as f64));
        assert!(cpu("77 (a) S 1").is_err());
    }
}
