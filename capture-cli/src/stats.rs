//! What the jitter buffer does over a stay, as a CSV file: a line each tenth of a second.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use crate::exit::Failure;

/// The columns. Times are in milliseconds, counted from the first session; counters go on over all sessions. What nobody
/// knows is empty: the delay while nobody is heard.
const HEADER: &str = "at_ms,mouth_to_ear_ms,target_ms,level_ms,received,lost,discarded,concealed_ms";

/// While a disk takes nothing, so many lines wait, 6 s; those after them are left out.
const WAITING: usize = 64;

/// What a line says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moment {
    /// Since the first session, microseconds.
    pub at_us: u64,
    /// From mouth to ear, microseconds, if somebody is heard.
    pub mouth_to_ear_us: Option<u64>,
    /// How long the jitter buffer wants packets to wait, microseconds.
    pub target_us: i64,
    /// How long they do, microseconds.
    pub level_us: i64,
    /// Packets taken in.
    pub received: u64,
    /// Packets that did not come.
    pub lost: u64,
    /// Packets that came too late.
    pub discarded: u64,
    /// Concealment, microseconds.
    pub concealed_us: i64,
}

/// The file, written by a thread of its own so that no disk holds up the sound.
pub struct StatsFile {
    moments: SyncSender<Moment>,
    writer: JoinHandle<io::Result<()>>,
}

impl StatsFile {
    /// Creates the file, or makes an old one empty.
    ///
    /// # Errors
    /// [`Failure::File`] where it cannot be created.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        let failure = |e: io::Error| Failure::File(format!("--stats {}: {e}", path.display()));
        let mut file = File::create(path).map_err(failure)?;
        writeln!(file, "{HEADER}").map_err(failure)?;
        let (moments, lines) = sync_channel(WAITING);
        let writer = std::thread::Builder::new().name("stats".into()).spawn(move || write(file, &lines));
        Ok(Self { moments, writer: writer.map_err(failure)? })
    }

    /// Where moments go.
    #[must_use]
    pub fn moments(&self) -> Moments {
        Moments(self.moments.clone())
    }

    /// Waits until all is written. Every [`Moments`] has to be gone.
    ///
    /// # Errors
    /// Where the disk did not take it.
    pub fn finish(self) -> io::Result<()> {
        drop(self.moments);
        self.writer.join().unwrap_or_else(|_| Err(io::Error::other("the thread that writes it failed")))
    }
}

/// Hands moments to the file; never waits for it.
#[derive(Debug, Clone)]
pub struct Moments(SyncSender<Moment>);

impl Moments {
    /// Hands over one moment.
    pub fn push(&self, moment: Moment) {
        match self.0.try_send(moment) {
            // Why it ended is said by `finish`.
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
    }
}

/// Each line in a single write, so that whoever reads along sees whole lines.
fn write(mut file: impl Write, moments: &Receiver<Moment>) -> io::Result<()> {
    for moment in moments {
        file.write_all(line(&moment).as_bytes())?;
    }
    Ok(())
}

fn line(moment: &Moment) -> String {
    let Moment { at_us, mouth_to_ear_us, target_us, level_us, received, lost, discarded, concealed_us } = *moment;
    #[expect(clippy::cast_precision_loss, reason = "times are far below 2^52 µs")]
    let ms = |us: i64| format!("{:.1}", us as f64 / 1000.0);
    let delay = mouth_to_ear_us.map_or_else(String::new, |us| ms(us.cast_signed()));
    let (at, target, level, concealed) = (ms(at_us.cast_signed()), ms(target_us), ms(level_us), ms(concealed_us));
    format!("{at},{delay},{target},{level},{received},{lost},{discarded},{concealed}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_the_columns_of_the_header() {
        let heard = Moment {
            at_us: 1_250_000,
            mouth_to_ear_us: Some(31_415),
            target_us: 12_340,
            level_us: 11_000,
            received: 62,
            lost: 3,
            discarded: 2,
            concealed_us: 20_000,
        };
        assert_eq!(line(&heard), "1250.0,31.4,12.3,11.0,62,3,2,20.0\n");
        let silent = Moment { mouth_to_ear_us: None, ..heard };
        assert_eq!(line(&silent).split(',').nth(1), Some(""));
        assert_eq!(line(&silent).split(',').count(), HEADER.split(',').count());
    }

    #[test]
    fn a_file_has_a_line_for_each_moment_when_it_is_finished() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("stats.csv");
        let stats = StatsFile::create(&path).expect("a file");
        let moments = stats.moments();
        for n in 0..3 {
            moments.push(Moment { at_us: n * 100_000, ..Moment::default() });
        }
        drop(moments);
        stats.finish().expect("all written");
        let text = std::fs::read_to_string(&path).expect("a file");
        let starts: Vec<&str> = text.lines().map(|line| line.split(',').next().unwrap_or_default()).collect();
        assert_eq!(starts, ["at_ms", "0.0", "100.0", "200.0"]);
    }

    #[test]
    fn a_disk_that_takes_nothing_holds_nobody_up() {
        let (moments, lines) = sync_channel(2);
        let moments = Moments(moments);
        (0..5).for_each(|at_us| moments.push(Moment { at_us, ..Moment::default() }));
        assert_eq!(lines.try_iter().count(), 2);
    }
}
