//! A listener on a pipe, and when it sounds.

use std::io::Read;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use capture_cli::level::dbfs;

use super::{PATIENCE, Program};

/// The program as a listener whose sound is read as it comes.
pub struct Ear {
    pub program: Program,
    /// When each block of 10 ms was read, and its level.
    blocks: Receiver<(Instant, f64)>,
}

impl Ear {
    /// Starts `listen --out -` with these arguments, separated by white space.
    pub fn start(arguments: &str) -> Self {
        let mut command = Program::command();
        command.args(["listen", "--out", "-"]).args(arguments.split_whitespace());
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut program = Program::spawn(command);
        let mut stdout = program.child.stdout.take().expect("piped");
        let (send, blocks) = channel();
        std::thread::spawn(move || {
            let mut block = [0; 960];
            while stdout.read_exact(&mut block).is_ok() {
                let samples: Vec<i16> = block.as_chunks().0.iter().map(|bytes| i16::from_le_bytes(*bytes)).collect();
                if send.send((Instant::now(), dbfs(&samples))).is_err() {
                    return;
                }
            }
        });
        Self { program, blocks }
    }

    /// Waits for speech that comes later than that; how much later.
    pub fn sounds_after(&self, after: Instant) -> Duration {
        let end = Instant::now().max(after) + PATIENCE;
        loop {
            let (now, level) = self.blocks.recv_timeout(PATIENCE).expect("silence or sound, all the time");
            if now > after && level > -45.0 {
                return now - after;
            }
            assert!(now < end, "nothing is heard");
        }
    }
}
