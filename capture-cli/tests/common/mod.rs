//! A real relay on a port of its own, and the real program in processes beside it.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

pub mod ear;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use relay::{Config, Relay};
use relay_engine::Ptime;
use relay_netem::machine::Watch;
use tokio::sync::oneshot;

/// Longer than anything here takes; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Sound in real time: one test at a time, or they starve each other on a small machine.
pub fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running relay; it ends with the test.
pub struct TestRelay {
    pub address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

impl TestRelay {
    pub fn plain() -> Self {
        Self::with(Config { open: true, plain: true, ..Config::default() })
    }

    pub fn with_ptime(ptime: Ptime) -> Self {
        Self::with(Config { open: true, plain: true, ptime, ..Config::default() })
    }

    /// With these settings, on a free port of the loopback address unless they name one.
    pub fn with(config: Config) -> Self {
        let bind = config.bind.or(Some(SocketAddr::from(([127, 0, 0, 1], 0))));
        let (end, ended) = oneshot::channel();
        let (address_in, address) = channel();
        let serving = std::thread::spawn(move || {
            // The relay shares this process with the test's own threads: let it be as punctual as the program is.
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            let runtime = builder.worker_threads(2).enable_all().on_thread_start(capture_cli::priority::raise).build();
            let runtime = runtime.unwrap();
            runtime.block_on(async {
                let relay = Relay::start(&Config { bind, ..config }).expect("the relay starts");
                address_in.send(relay.address()).unwrap();
                relay.serve(async { drop(ended.await) }).await;
            });
        });
        Self { address: address.recv().expect("a port"), end: Some(end), serving: Some(serving) }
    }

    /// The relay's address as `--url` takes it, with a room.
    pub fn url(&self, room: &str) -> String {
        format!("http://{}/r/{room}", self.address)
    }

    /// Ends it, with a goodbye to everybody.
    pub fn end(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        drop(self.end.take());
        if let Some(serving) = self.serving.take() {
            let _ = serving.join();
        }
    }
}

impl Drop for TestRelay {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The program, running. What it says on standard error is read as it comes.
pub struct Program {
    pub child: Child,
    lines: Receiver<String>,
    said: String,
    /// How often each was waited for by [`again`](Self::again).
    waited: HashMap<String, usize>,
}

/// How the program ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stderr: String,
}

impl Program {
    /// Starts it with these arguments, separated by white space.
    pub fn start(arguments: &str) -> Self {
        let mut command = Self::command();
        command.args(arguments.split_whitespace()).stdin(Stdio::null()).stdout(Stdio::null());
        Self::spawn(command)
    }

    pub fn command() -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_capture-cli"));
        for name in ["LANLINE_URL", "LANLINE_KEY", "LANLINE_PIN"] {
            command.env_remove(name);
        }
        command
    }

    pub fn spawn(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the program starts");
        let stderr = child.stderr.take().expect("piped");
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        Self { child, lines, said: String::new(), waited: HashMap::new() }
    }

    /// Waits until it says something with this in it once more than when this was last waited for.
    pub fn again(&mut self, part: &str) -> &mut Self {
        let already = self.waited.entry(part.to_owned()).or_default();
        *already += 1;
        let times = *already;
        self.until_said(part, times)
    }

    /// Waits until it has said something with this in it.
    pub fn until(&mut self, part: &str) -> &mut Self {
        self.until_said(part, 1)
    }

    fn until_said(&mut self, part: &str, times: usize) -> &mut Self {
        let deadline = Instant::now() + PATIENCE;
        while self.said.matches(part).count() < times {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => writeln!(self.said, "{line}").unwrap(),
                Err(RecvTimeoutError::Timeout) => panic!("waited for {part:?}; it said: {}", self.said),
                Err(RecvTimeoutError::Disconnected) => panic!("ended without {part:?}; it said: {}", self.said),
            }
        }
        self
    }

    /// Asks it to leave, as Ctrl-C does.
    pub fn interrupt(&self) {
        let done = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(done.expect("kill runs").success());
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ended {
        let deadline = Instant::now() + PATIENCE;
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            writeln!(self.said, "{line}").unwrap();
        }
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                return Ended { code: status.code(), stderr: std::mem::take(&mut self.said) };
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("it does not end; it said: {}", self.said);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }
}

/// Runs the program to its end.
pub fn run(arguments: &str) -> Ended {
    Program::start(arguments).end()
}

/// A sentence of `samples/speech`.
pub fn speech_path(number: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../samples/speech/austen-0{number}.wav"))
}

/// The same at 48 kHz.
pub fn speech(number: u32) -> Vec<i16> {
    read(&speech_path(number))
}

pub fn read(path: &Path) -> Vec<i16> {
    capture_cli::sources::wav::read(path).unwrap()
}

pub fn write(path: &Path, samples: &[i16]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 48_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for &sample in samples {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
}

/// A machine on which nothing waits for longer than this is calm.
const CALM: Duration = Duration::from_millis(1);

/// How much concealment the machine explains: none while it is calm. Jitter buffers on a calm loopback settle at a margin of
/// one or two milliseconds, so where the relay or a program waits for a core for that long they conceal a packet, rightly.
pub fn explained_ms(watch: &Watch) -> f64 {
    const A_FEW_PACKETS_MS: f64 = 60.0;
    if watch.worst() < CALM { 0.0 } else { A_FEW_PACKETS_MS }
}

/// Tries until it holds, as long as what speaks against it may be the machine. What fails on a calm machine fails.
pub fn when_calm(mut attempt: impl FnMut(&Watch) -> Result<(), String>) {
    const ATTEMPTS: u32 = 8;
    for left in (0..ATTEMPTS).rev() {
        let watch = Watch::start();
        let result = attempt(&watch);
        let worst = watch.worst();
        match result {
            Ok(()) => return,
            Err(e) if worst < CALM => panic!("{e}"),
            Err(e) if left == 0 => panic!("{e}; but this machine never was calm: a wait of {worst:?} just now"),
            Err(e) => eprintln!("again, because something had to wait for {worst:?}: {e}"),
        }
    }
}
