//! Whether the machine kept a test waiting: what went wrong in real time proves nothing where threads stood in line for a
//! core.
//!
//! On Linux each thread of this process, and of the processes it started, is asked how long it stood in line
//! (`/proc/PID/task/TID/schedstat`). Where a process has threads with real-time priority they are the ones that may not
//! wait, and only they are asked. What no account has, a virtual machine that stood still as a whole, shows in a thread that
//! only sleeps and wakes late.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

/// What the sleeper asks for. A machine that stands still for longer is noticed always, for less now and then.
const SLEEP: Duration = Duration::from_millis(2);
/// From one look at the threads' accounts to the next. A look takes half a millisecond.
const LOOK: Duration = Duration::from_millis(20);

/// Watches the machine until it is dropped.
#[derive(Debug)]
pub struct Watch {
    late_us: Arc<AtomicU64>,
    lines: Arc<Mutex<Lines>>,
    _watching: [Sender<()>; 2],
}

impl Watch {
    /// Begins.
    #[must_use]
    pub fn start() -> Self {
        let late_us = Arc::new(AtomicU64::new(0));
        let lines = Arc::new(Mutex::new(Lines::default()));
        let (sleeper, looker) = (Arc::clone(&late_us), Arc::clone(&lines));
        let sleeping = every(SLEEP, true, move |late| {
            sleeper.fetch_max(u64::try_from(late.as_micros()).unwrap_or(u64::MAX), Relaxed);
        });
        look(&lines);
        let looking = every(LOOK, false, move |_| look(&looker));
        Self { late_us, lines, _watching: [sleeping, looking] }
    }

    /// The longest so far that a thread waited for a core within 20 ms or so, or that the machine stood still.
    #[must_use]
    pub fn worst(&self) -> Duration {
        look(&self.lines);
        let late = Duration::from_micros(self.late_us.load(Relaxed));
        late.max(Duration::from_nanos(self.lines.lock().unwrap_or_else(PoisonError::into_inner).worst_ns))
    }
}

/// Does something again and again, told how late it is, until the sender is dropped.
fn every(pause: Duration, punctual: bool, mut what: impl FnMut(Duration) + Send + 'static) -> Sender<()> {
    let (end, ended) = mpsc::channel();
    thread::spawn(move || {
        // What is watched may have real-time priority, and then waits for none of those that an ordinary thread waits for.
        #[cfg(target_os = "linux")]
        if punctual {
            crate::tun::be_punctual();
        }
        #[cfg(not(target_os = "linux"))]
        let _ = punctual;
        loop {
            let before = Instant::now();
            if ended.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            what(before.elapsed().saturating_sub(pause));
        }
    });
    end
}

fn look(lines: &Mutex<Lines>) {
    let waited = waited_ns();
    lines.lock().unwrap_or_else(PoisonError::into_inner).note(waited);
}

/// What threads waited from look to look.
#[derive(Debug, Default)]
struct Lines {
    waited_ns: HashMap<u32, u64>,
    worst_ns: u64,
}

impl Lines {
    /// How long each thread has waited since it began. A thread that is new does not count yet: starting takes its time.
    fn note(&mut self, waited_ns: HashMap<u32, u64>) {
        for (thread, now) in &waited_ns {
            if let Some(before) = self.waited_ns.get(thread) {
                self.worst_ns = self.worst_ns.max(now.saturating_sub(*before));
            }
        }
        self.waited_ns = waited_ns;
    }
}

/// By thread of this process and its children and theirs. None where the system does not tell.
fn waited_ns() -> HashMap<u32, u64> {
    let mut waited = HashMap::new();
    let mut processes = vec![std::process::id()];
    while let Some(process) = processes.pop() {
        let Ok(entries) = fs::read_dir(Path::new("/proc").join(process.to_string()).join("task")) else { continue };
        // Threads that end meanwhile are left out.
        let threads: Vec<Account> = entries.flatten().filter_map(|entry| Account::read(&entry.path())).collect();
        let any_real_time = threads.iter().any(|thread| thread.real_time);
        for thread in threads {
            if thread.real_time == any_real_time {
                waited.insert(thread.id, thread.waited_ns);
            }
            processes.extend(thread.children);
        }
    }
    waited
}

/// What the system says of a thread.
struct Account {
    id: u32,
    waited_ns: u64,
    real_time: bool,
    children: Vec<u32>,
}

impl Account {
    fn read(folder: &Path) -> Option<Self> {
        let read = |file| fs::read_to_string(folder.join(file)).ok();
        let stat = read("stat")?;
        // The name before may hold anything; `rt_priority` is the 38th field after it (proc(5)).
        let priority = stat.rsplit_once(')')?.1.split_whitespace().nth(37)?;
        Some(Self {
            id: folder.file_name()?.to_str()?.parse().ok()?,
            waited_ns: read("schedstat")?.split(' ').nth(1)?.parse().ok()?,
            real_time: priority != "0",
            children: read("children")?.split_whitespace().filter_map(|child| child.parse().ok()).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_is_the_longest_wait_from_one_look_to_the_next() {
        let mut lines = Lines::default();
        for (waited, worst_ns) in [
            (vec![(1, 900)], 0),
            (vec![(1, 910), (2, 5000)], 10),
            (vec![(1, 915), (2, 5020)], 20),
            (vec![(2, 5025)], 20),
            // Another thread that has the number of one that ended.
            (vec![(1, 70), (2, 3)], 20),
            (vec![(1, 100), (2, 3)], 30),
        ] {
            lines.note(waited.into_iter().collect());
            assert_eq!(lines.worst_ns, worst_ns);
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn processes_that_are_more_than_the_cores_are_seen_to_wait() {
        use std::process::{Child, Command};

        struct Busy(Child);
        impl Drop for Busy {
            fn drop(&mut self) {
                let _ = self.0.kill();
                let _ = self.0.wait();
            }
        }

        let cores = thread::available_parallelism().expect("some").get();
        let watch = Watch::start();
        let busy = |_| Busy(Command::new("sh").args(["-c", "while :; do :; done"]).spawn().expect("a shell"));
        let all: Vec<Busy> = (0..=cores).map(busy).collect();
        let (began, children) = (Instant::now(), all.iter().map(|busy| busy.0.id()).collect::<Vec<_>>());
        while !children.iter().all(|child| watch.lines.lock().expect("no panic").waited_ns.contains_key(child)) {
            assert!(began.elapsed() < Duration::from_secs(20), "they are not looked at");
            thread::yield_now();
        }
        while watch.worst() < Duration::from_millis(1) {
            assert!(began.elapsed() < Duration::from_secs(20), "{:?}", watch.worst());
            thread::yield_now();
        }
    }
}
