//! Two network namespaces and a bad link between them: real sockets over emulated air.
//!
//! A thread carries IP packets from one namespace's interface through a [`Link`] to the other's. Everything the
//! kernel does about loss and delay is the kernel's own.

use std::{
    io,
    net::Ipv4Addr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use relay_engine::Micros;

use crate::{
    link::{Conditions, Counts, Link, Outage},
    namespace::Namespace,
    tun::{self, Tun},
};

/// Address of the near end.
pub const NEAR: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
/// Address of the far end.
pub const FAR: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);

/// The carrier looks at least this often whether it is to end.
const LOOK: Duration = Duration::from_millis(50);
/// The largest IP packet of the interface, with room to spare.
const MAX_PACKET: usize = 2048;

/// Which way packets go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From near to far.
    Out,
    /// From far to near.
    Back,
}

/// A link between two namespaces; it ends when this is dropped.
#[derive(Debug)]
pub struct Wire {
    /// Where the relay lives, usually.
    pub near: Namespace,
    /// Where its guests live.
    pub far: Namespace,
    links: Arc<Links>,
    carrier: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Links {
    directions: Mutex<[Link<Vec<u8>>; 2]>,
    began: Instant,
    end: AtomicBool,
}

impl Wire {
    /// Makes both namespaces and joins them.
    ///
    /// # Errors
    /// What the system says: [`io::ErrorKind::PermissionDenied`] for those who are not root,
    /// [`io::ErrorKind::NotFound`] where there is no `/dev/net/tun`.
    pub fn lay(out: Conditions, back: Conditions, seed: u64) -> io::Result<Self> {
        let (near, near_tun) = Namespace::new(NEAR.octets(), FAR.octets())?;
        let (far, far_tun) = Namespace::new(FAR.octets(), NEAR.octets())?;
        let directions = Mutex::new([Link::new(out, seed), Link::new(back, seed.wrapping_add(1))]);
        let links = Arc::new(Links { directions, began: Instant::now(), end: AtomicBool::new(false) });
        let carried = Arc::clone(&links);
        let carrier = thread::Builder::new().name("wire".into()).spawn(move || carried.carry(&[near_tun, far_tun]))?;
        Ok(Self { near, far, links, carrier: Some(carrier) })
    }

    /// Changes what one direction does from now on.
    pub fn change(&self, direction: Direction, conditions: Conditions) {
        let now = self.links.now();
        self.links.lock()[direction as usize].change(now, conditions);
    }

    /// Holds everything, both ways, from now on for so long.
    pub fn stall(&self, length: Duration) {
        self.outage(length, |from, until| Outage::Stall { from, until });
    }

    /// Loses everything, both ways, from now on for so long.
    pub fn blackout(&self, length: Duration) {
        self.outage(length, |from, until| Outage::Blackout { from, until });
    }

    /// What became of the packets of one direction so far.
    #[must_use]
    pub fn counts(&self, direction: Direction) -> Counts {
        self.links.lock()[direction as usize].counts()
    }

    fn outage(&self, length: Duration, outage: impl Fn(Micros, Micros) -> Outage) {
        let from = self.links.now();
        let until = from + u64::try_from(length.as_micros()).unwrap_or(u64::MAX / 2);
        for link in self.links.lock().iter_mut() {
            link.add(outage(from, until));
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.links.end.store(true, Ordering::Relaxed);
        if let Some(carrier) = self.carrier.take() {
            let _ = carrier.join();
        }
    }
}

impl Links {
    fn carry(&self, tuns: &[Tun; 2]) {
        tun::be_punctual();
        let mut buffer = [0; MAX_PACKET];
        while !self.end.load(Ordering::Relaxed) {
            let now = self.now();
            let mut links = self.lock();
            for direction in [Direction::Out, Direction::Back] {
                let (from, to) = (direction as usize, 1 - direction as usize);
                while let Some(packet) = tuns[from].read(&mut buffer) {
                    links[from].send(now, packet.len(), packet.to_vec());
                }
                while let Some((_, packet)) = links[from].receive(now) {
                    tuns[to].write(&packet);
                }
            }
            let next = links.iter().filter_map(Link::next_timeout).min();
            drop(links);
            let wait = next.map_or(LOOK, |next| Duration::from_micros(next.since(self.now())).min(LOOK));
            tun::wait([&tuns[0], &tuns[1]], Some(wait));
        }
    }

    fn now(&self) -> Micros {
        Micros(u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    fn lock(&self) -> MutexGuard<'_, [Link<Vec<u8>>; 2]> {
        self.directions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
