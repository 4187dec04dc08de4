//! `capture-cli` on pipes: a mouth that is written to and an ear that is read from, block by block, by one clock.

use std::{
    io::{Read, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use tempfile::NamedTempFile;

use crate::{drive::sleep_until, relay_process::Programs, relay_process::RelayProcess, stats::Delays, tone};

/// Samples of a block, 10 ms.
pub const BLOCK: usize = 480;

/// How long a process may take to join, and to end.
const PROCESS_TIMEOUT: Duration = Duration::from_secs(10);

/// `capture-cli talk`, fed as a microphone would.
#[derive(Debug)]
pub struct Mouth {
    process: Process,
    stdin: ChildStdin,
}

impl Mouth {
    /// Starts the talker.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(programs: &Programs, relay: &RelayProcess, room: &str) -> Result<Self> {
        let mut command = capture_cli(programs, relay, &["talk", "--file", "-", "--continuous"], room, "mouth");
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut process = Process::spawn(command)?;
        let stdin = process.child.stdin.take().context("the talker has no standard input")?;
        Ok(Self { process, stdin })
    }

    /// Writes a signal from `start` on, 10 ms at a time. Returns when each block's write began; lateness against the
    /// ideal goes to `lateness`.
    ///
    /// # Errors
    /// If the talker ends or stops reading.
    pub fn speak(&mut self, signal: &[f32], start: Instant, lateness: &mut Delays) -> Result<Vec<Instant>> {
        let mut written = Vec::with_capacity(signal.len() / BLOCK);
        let mut due = start;
        for block in signal.chunks_exact(BLOCK) {
            let bytes: Vec<u8> = tone::to_pcm(block).into_iter().flat_map(i16::to_le_bytes).collect();
            sleep_until(due);
            let now = Instant::now();
            lateness.record(now - due);
            written.push(now);
            self.stdin.write_all(&bytes).with_context(|| format!("writing to the talker: {}", self.process.said()))?;
            due += Duration::from_millis(10);
        }
        Ok(written)
    }

    /// Closes its input and waits until it has ended.
    ///
    /// # Errors
    /// If it does not end, or not well.
    pub fn finish(self) -> Result<()> {
        let Self { mut process, stdin } = self;
        drop(stdin);
        let began = Instant::now();
        while began.elapsed() < PROCESS_TIMEOUT {
            match process.child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("the talker ended with {status}: {}", process.said()),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
        bail!("the talker did not end when its input did: {}", process.said())
    }
}

/// `capture-cli listen`, heard through its standard output.
#[derive(Debug)]
pub struct Ear {
    process: Process,
    recording: Arc<Mutex<Recording>>,
    reader: JoinHandle<()>,
}

impl Ear {
    /// Starts the listener and a thread that reads what it plays.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(programs: &Programs, relay: &RelayProcess, room: &str) -> Result<Self> {
        let mut command = capture_cli(programs, relay, &["listen", "--out", "-"], room, "ear");
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = Process::spawn(command)?;
        let mut stdout = process.child.stdout.take().context("the listener has no standard output")?;
        let recording = Arc::new(Mutex::new(Recording::default()));
        let shared = Arc::clone(&recording);
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; BLOCK * 2];
            while let Ok(count @ 1..) = stdout.read(&mut bytes) {
                let now = Instant::now();
                shared.lock().unwrap_or_else(PoisonError::into_inner).push(now, &bytes[..count]);
            }
        });
        Ok(Self { process, recording, reader })
    }

    /// What the listener said to people so far.
    #[must_use]
    pub fn said(&self) -> String {
        self.process.said()
    }

    /// Ends the listener and returns what was heard.
    #[must_use]
    pub fn finish(self) -> Recording {
        drop(self.process);
        // With the process its output has ended; a reader that panicked leaves what it had.
        let _ = self.reader.join();
        std::mem::take(&mut *self.recording.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// PCM with the time at which each read brought its samples.
#[derive(Debug, Default)]
pub struct Recording {
    /// The samples.
    pub signal: Vec<f32>,
    reads: Vec<(usize, Instant)>,
    half_sample: Option<u8>,
}

impl Recording {
    fn push(&mut self, at: Instant, bytes: &[u8]) {
        self.reads.push((self.signal.len(), at));
        for &byte in bytes {
            match self.half_sample.take() {
                None => self.half_sample = Some(byte),
                Some(low) => self.signal.push(f32::from(i16::from_le_bytes([low, byte])) / 32_768.0),
            }
        }
    }

    /// When the block with that sample was read.
    #[must_use]
    pub fn read_at(&self, sample: usize) -> Option<Instant> {
        let after = self.reads.partition_point(|&(start, _)| start <= sample);
        after.checked_sub(1).map(|read| self.reads[read].1)
    }

    /// The first sample that was read at that time or later.
    #[must_use]
    pub fn sample_at(&self, at: Instant) -> usize {
        let read = self.reads.partition_point(|&(_, stamp)| stamp < at);
        self.reads.get(read).map_or(self.signal.len(), |&(start, _)| start)
    }
}

/// Waits until the relay has that many participants.
///
/// # Errors
/// If it does not within some seconds.
pub fn wait_for_participants(relay: &RelayProcess, wanted: u64) -> Result<()> {
    let began = Instant::now();
    let mut now = relay.participants()?;
    while now != wanted {
        if began.elapsed() > PROCESS_TIMEOUT {
            bail!("the relay has {now} participants, not {wanted}");
        }
        std::thread::sleep(Duration::from_millis(10));
        now = relay.participants()?;
    }
    Ok(())
}

/// A process that does not outlive this value.
#[derive(Debug)]
struct Process {
    child: Child,
    /// What it says to people.
    log: NamedTempFile,
}

impl Process {
    fn spawn(mut command: Command) -> Result<Self> {
        let log = NamedTempFile::new()?;
        command.stderr(log.reopen()?);
        let child = command.spawn().with_context(|| format!("starting {}", command.get_program().display()))?;
        Ok(Self { child, log })
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn capture_cli(programs: &Programs, relay: &RelayProcess, arguments: &[&str], room: &str, name: &str) -> Command {
    let mut command = Command::new(&programs.capture_cli);
    let scheme = if relay.tls() { "wss" } else { "ws" };
    command.args(arguments).args(["--url", &format!("{scheme}://{}", relay.address()), "--room", room, "--name", name]);
    if relay.tls() {
        command.arg("--insecure");
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_knows_when_each_sample_was_read_also_across_half_samples() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut recording = Recording::default();
        recording.push(at(0), &[0, 0, 0]);
        recording.push(at(10), &[64, 0, 192]);
        recording.push(at(20), &[0, 0]);
        assert_eq!(recording.signal, [0.0, 0.5, -0.5, 0.0]);
        assert_eq!(recording.read_at(0), Some(at(0)));
        // The sample whose second half came later was read then.
        assert_eq!([1, 2, 3].map(|sample| recording.read_at(sample)), [Some(at(10)), Some(at(10)), Some(at(20))]);
        assert_eq!([0, 1, 10, 11, 21].map(|ms| recording.sample_at(at(ms))), [0, 1, 1, 3, 4]);
    }
}
