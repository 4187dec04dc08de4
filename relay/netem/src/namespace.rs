//! A network namespace of its own: a thread that lives in one, and works for whoever asks.
//!
//! A socket belongs to the namespace of the thread that made it and may be used anywhere; a process belongs to that
//! of the thread that started it.

use std::{io, sync::mpsc, thread};

use crate::tun::{self, Tun};

type Job = Box<dyn FnOnce() + Send>;

/// A network namespace with one interface and the loopback in it. It ends when this is dropped and the last socket
/// and process in it are gone.
#[derive(Debug)]
pub struct Namespace {
    jobs: mpsc::Sender<Job>,
}

impl Namespace {
    /// A new namespace, and the packets of its one interface, which has that address and leads to that peer.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::PermissionDenied`] for those who are not root.
    pub fn new(address: [u8; 4], peer: [u8; 4]) -> io::Result<(Self, Tun)> {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let (ready, begun) = mpsc::channel();
        thread::Builder::new().name("namespace".into()).spawn(move || {
            let tun = tun::leave_network().and_then(|()| Tun::open(address, peer));
            let failed = tun.is_err();
            let _ = ready.send(tun);
            if failed {
                return;
            }
            while let Ok(job) = inbox.recv() {
                job();
            }
        })?;
        let tun = begun.recv().map_err(|_| io::Error::other("the namespace's thread failed"))??;
        Ok((Self { jobs }, tun))
    }

    /// Does something in this namespace and waits for it: open a socket, start a process.
    ///
    /// # Panics
    /// If it panics.
    pub fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        let (done, result) = mpsc::channel();
        let job = Box::new(move || {
            let _ = done.send(job());
        });
        self.jobs.send(job).ok().and_then(|()| result.recv().ok()).expect("what runs in a namespace does not panic")
    }
}
