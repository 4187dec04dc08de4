//! Proves that a microphone is heard and a speaker sounds: a private PulseAudio with two null sinks is the sound card.
#![cfg(all(feature = "audio", target_os = "linux"))]
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod common;

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use capture_cli::alike::alike_by_second;
use capture_cli::signal::align_ms;
use common::{PATIENCE, Program, TestRelay, alone, read, speech, speech_path, when_calm};
use tempfile::{TempDir, tempdir};

/// A sound server of the test's own; it ends with the test.
struct SoundServer {
    folder: TempDir,
    server: Child,
}

impl SoundServer {
    fn start() -> Self {
        let folder = tempdir().unwrap();
        let socket = folder.path().join("native");
        let mut command = Command::new("pulseaudio");
        command
            .args(["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--disable-shm=yes", "-L"])
            .arg(format!("module-native-protocol-unix auth-anonymous=1 socket={}", socket.display()))
            .args(["-L", "module-null-sink sink_name=vmic rate=48000 channels=1"])
            .args(["-L", "module-null-sink sink_name=vspk rate=48000 channels=2"]);
        for name in ["XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH", "XDG_CONFIG_HOME", "HOME"] {
            command.env(name, folder.path());
        }
        let server = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let server = server.expect("pulseaudio is installed (see `make deps`)");
        let sound = Self { folder, server };
        let deadline = Instant::now() + PATIENCE;
        while UnixStream::connect(&socket).is_err() {
            assert!(Instant::now() < deadline, "the sound server does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        let default = sound.command("pactl").args(["set-default-source", "vmic.monitor"]).status();
        assert!(default.expect("pactl runs").success());
        sound
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("native")
    }

    fn server(&self) -> String {
        format!("unix:{}", self.socket().display())
    }

    /// A command that talks to this server.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("PULSE_SERVER", self.server()).env("HOME", self.folder.path());
        command
    }

    fn program(&self) -> Command {
        let mut command = Program::command();
        command.env("PULSE_SERVER", self.server()).env("HOME", self.folder.path());
        command.env("XDG_RUNTIME_DIR", self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }
}

impl Drop for SoundServer {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// What a sink plays, from now on.
struct Recorder {
    parec: Child,
    samples: Arc<Mutex<Vec<i16>>>,
}

impl Recorder {
    fn start(sound: &SoundServer, sink: &str) -> Self {
        let mut parec = sound
            .command("parec")
            .args(["--raw", "--format=s16le", "--rate=48000", "--channels=1", "--latency-msec=5"])
            .arg(format!("--device={sink}.monitor"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("parec runs");
        let mut stdout = parec.stdout.take().unwrap();
        let samples = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&samples);
        std::thread::spawn(move || {
            let mut pair = [0; 2];
            while stdout.read_exact(&mut pair).is_ok() {
                recorded.lock().unwrap().push(i16::from_le_bytes(pair));
            }
        });
        Self { parec, samples }
    }

    /// Waits until it records, then forgets what it has.
    fn begin(&self) {
        let deadline = Instant::now() + PATIENCE;
        while self.samples.lock().unwrap().is_empty() {
            assert!(Instant::now() < deadline, "nothing is recorded");
            std::thread::sleep(Duration::from_millis(10));
        }
        self.samples.lock().unwrap().clear();
    }

    fn samples(&self) -> Vec<i16> {
        self.samples.lock().unwrap().clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.parec.kill();
        let _ = self.parec.wait();
    }
}

/// Through two devices, whose clocks are followed by resampling, envelopes stay alike; a hole in any second would not.
fn alike(what: &str, input: &[i16], output: &[i16]) -> Result<(), String> {
    let delay = align_ms(input, output, 6_000);
    let seconds = alike_by_second(input, output, delay);
    if seconds.is_empty() || seconds.iter().any(|&(_, correlation)| correlation < 0.9) {
        return Err(format!("{what}, at a delay of {delay} ms: {seconds:?}"));
    }
    Ok(())
}

#[test]
fn a_microphone_is_heard_and_a_speaker_sounds() {
    let _alone = alone();
    let sound = SoundServer::start();
    let relay = TestRelay::plain();
    let folder = tempdir().unwrap();
    let out = folder.path().join("bo.wav");
    // A null sink without a reader stands still.
    let (speaker, _microphone) = (Recorder::start(&sound, "vspk"), Recorder::start(&sound, "vmic"));
    when_calm(|_| {
        speaker.begin();
        let mut command = sound.program();
        command.args(["join", "--url", &relay.url("a"), "--name", "ann"]);
        command.args(["--input-device", "vmic.monitor", "--output-device", "vspk"]);
        let mut ann = Program::spawn(command);
        ann.until("microphone: ").until("speaker: ").until("joined room");
        let (url, file) = (relay.url("a"), speech_path(930));
        let mut bo = Program::start(&format!(
            "join --url {url} --name bo --file {} --out {} --seconds 8",
            file.display(),
            out.display()
        ));
        bo.until("joined room");
        let played =
            sound.command("paplay").args(["--latency-msec=20", "--device=vmic"]).arg(speech_path(920)).status();
        assert!(played.expect("paplay runs").success());
        bo.end().ok();
        ann.interrupt();
        ann.end().ok();
        alike("microphone to file", &speech(920), &read(&out))?;
        alike("file to speaker", &speech(930), &speaker.samples())
    });
}

#[test]
fn devices_are_listed_and_a_missing_one_is_said_with_those_there_are() {
    let sound = SoundServer::start();
    let listed = sound.program().arg("devices").stdout(Stdio::piped()).output().unwrap();
    assert!(listed.status.success());
    let listed = String::from_utf8(listed.stdout).unwrap();
    let default = listed.lines().find(|line| line.starts_with('*') && line.contains("microphone"));
    assert!(default.is_some_and(|line| line.contains("[vmic.monitor]")), "{listed}");
    assert!(listed.lines().any(|line| line.contains("speaker") && line.contains("[vspk]")), "{listed}");

    for (arguments, wanted) in [
        ("talk --url ws://127.0.0.1:1 --room a --input-device nonesuch", "microphone named \"nonesuch\""),
        ("listen --url ws://127.0.0.1:1 --room a --output-device nonesuch", "speaker named \"nonesuch\""),
    ] {
        let mut command = sound.program();
        command.args(arguments.split_whitespace());
        let ended = Program::spawn(command).end();
        assert_eq!(ended.code, Some(4), "{}", ended.stderr);
        assert!(ended.stderr.contains(wanted) && ended.stderr.contains("[v"), "{}", ended.stderr);
    }
}

#[test]
fn a_microphone_that_is_unplugged_ends_the_visit_with_code_4() {
    let _alone = alone();
    let sound = SoundServer::start();
    let relay = TestRelay::plain();
    let mut command = sound.program();
    command.args(["talk", "--url", &relay.url("a"), "--input-device", "vmic.monitor"]);
    let mut talker = Program::spawn(command);
    talker.until("joined room");
    drop(sound);
    let ended = talker.end();
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    assert!(ended.stderr.contains("device"), "{}", ended.stderr);
}
