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

use crate::{
    course::Said, drive::sleep_until, relay_process::Programs, relay_process::RelayProcess, stats::Delays, tone,
};

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
    /// Where it keeps a record of its jitter buffer.
    stats: NamedTempFile,
}

impl Ear {
    /// Starts the listener and a thread that reads what it plays.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(programs: &Programs, relay: &RelayProcess, room: &str) -> Result<Self> {
        let stats = NamedTempFile::new()?;
        let mut command = capture_cli(programs, relay, &["listen", "--out", "-"], room, "ear");
        command.arg("--stats").arg(stats.path());
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
        Ok(Self { process, recording, reader, stats })
    }

    /// What the listener said to people so far.
    #[must_use]
    pub fn said(&self) -> String {
        self.process.said()
    }

    /// What it said of its jitter buffer so far; time counts from its joining.
    ///
    /// # Errors
    /// If it is not what `capture-cli` writes.
    pub fn said_of_itself(&self) -> Result<Vec<Said>> {
        let text = std::fs::read_to_string(self.stats.path()).context("reading what the listener says of itself")?;
        parse_stats(&text)
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

/// Reads the CSV of `capture-cli --stats`. A line that is not yet whole is left out.
fn parse_stats(text: &str) -> Result<Vec<Said>> {
    let whole = text.rsplit_once('\n').map_or("", |(lines, _)| lines);
    let mut lines = whole.lines();
    let columns: Vec<&str> = lines.next().context("the listener says nothing of itself")?.split(',').collect();
    let column = |name: &str| columns.iter().position(|&column| column == name).with_context(|| format!("no {name}"));
    let places = [column("at_ms")?, column("mouth_to_ear_ms")?, column("target_ms")?, column("level_ms")?];
    let said = |line: &str| -> Option<Said> {
        let fields: Vec<&str> = line.split(',').collect();
        let [at, delay, target, level] = places.map(|place| fields.get(place).and_then(|field| field.parse().ok()));
        let (at, target, level): (f64, f64, f64) = (at?, target?, level?);
        Some(Said { at_s: at / 1000.0, delay_ms: delay, target_ms: target, level_ms: level })
    };
    lines.map(|line| said(line).with_context(|| format!("the listener says of itself: {line}"))).collect()
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
    fn what_a_listener_says_of_itself_is_read_but_for_half_a_line() {
        let header = "at_ms,mouth_to_ear_ms,target_ms,level_ms,received,lost,discarded,concealed_ms\n";
        let said = parse_stats(&format!("{header}0.0,,0.0,0.0,0,0,0,0.0\n100.2,31.4,5.0,6.0,5,0,0,0.0\n200.0,3"))
            .expect("well formed");
        let at = |at_s, delay_ms, target_ms, level_ms| Said { at_s, delay_ms, target_ms, level_ms };
        assert_eq!(said, [at(0.0, None, 0.0, 0.0), at(0.1002, Some(31.4), 5.0, 6.0)]);
        assert!(parse_stats("").is_err() && parse_stats("at_ms\n").is_err());
        assert!(parse_stats(&format!("{header}nonsense\n")).is_err());
    }

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
