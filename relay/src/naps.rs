//! Interrupt coalescing: threads that serve sockets nap before they ask the system for more.
//!
//! Waking a thread for one packet costs several times what handling the packet does. While all rooms mix, what arrives
//! waits for the next tick anyway, so it may gather for a tenth of the packet time first. A nap ends at once when a room
//! has packets that its own thread could not write, or no longer wants to wait. Arrivals are stamped by up to a nap late, and jitter buffers count that
//! as the network's jitter.

use std::{
    cell::Cell,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use relay_engine::Ptime;

use crate::patience::Patience;

/// A nap lasts this share of a packet time at most.
const SHARE: u32 = 10;

/// What the threads that serve sockets and those that mix have in common.
#[derive(Debug, Clone)]
pub struct Naps(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    longest: Duration,
    /// Rooms that look at their packets on the tick.
    patient: AtomicUsize,
    /// Rooms that want them as they arrive.
    hurried: AtomicUsize,
    /// How often naps were ended.
    calls: AtomicU64,
    napping: AtomicUsize,
    bed: Mutex<()>,
    called: Condvar,
}

/// When a room wants its packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// There are none.
    Silent,
    /// As they arrive.
    Now,
    /// Before its next tick.
    Tick,
}

thread_local! {
    /// The calls that this thread knows of.
    static KNOWN: Cell<u64> = const { Cell::new(0) };
}

impl Naps {
    /// Naps for rooms of that packet time.
    #[must_use]
    pub fn new(ptime: Ptime) -> Self {
        Self::lasting(Duration::from_micros(ptime.micros()) / SHARE)
    }

    fn lasting(longest: Duration) -> Self {
        Self(Arc::new(Shared {
            longest,
            patient: AtomicUsize::new(0),
            hurried: AtomicUsize::new(0),
            calls: AtomicU64::new(0),
            napping: AtomicUsize::new(0),
            bed: Mutex::new(()),
            called: Condvar::new(),
        }))
    }

    /// Sleeps for a while, if all rooms can wait. For a thread that has nothing to do and is about to wait for its sockets.
    pub fn nap(&self) {
        let Shared { longest, calls, napping, bed, called, .. } = &*self.0;
        let known = calls.load(SeqCst);
        // Who was called since the last nap has perhaps not yet seen what for.
        if KNOWN.replace(known) != known || !self.all_can_wait() {
            return;
        }
        let bed = bed.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever calls counts first and looks for sleepers then, and here it is the other way round.
        napping.fetch_add(1, SeqCst);
        let woken = called.wait_timeout_while(bed, *longest, |()| calls.load(SeqCst) == known);
        napping.fetch_sub(1, SeqCst);
        drop(woken);
        KNOWN.set(calls.load(SeqCst));
    }

    /// Ends all naps: there is something to send, or to hurry for.
    pub fn call(&self) {
        let Shared { calls, napping, bed, called, .. } = &*self.0;
        calls.fetch_add(1, SeqCst);
        if napping.load(SeqCst) > 0 {
            drop(bed.lock().unwrap_or_else(PoisonError::into_inner));
            called.notify_all();
        }
    }

    fn all_can_wait(&self) -> bool {
        self.0.hurried.load(SeqCst) == 0 && self.0.patient.load(SeqCst) > 0
    }

    fn rooms(&self, urgency: Urgency) -> Option<&AtomicUsize> {
        match urgency {
            Urgency::Silent => None,
            Urgency::Now => Some(&self.0.hurried),
            Urgency::Tick => Some(&self.0.patient),
        }
    }
}

/// One room's say, on its thread.
#[derive(Debug)]
pub struct Demand {
    patience: Patience,
    naps: Naps,
    urgency: Urgency,
}

impl Demand {
    /// Of a room without packets.
    #[must_use]
    pub fn new(patience: Patience, naps: Naps) -> Self {
        Self { patience, naps, urgency: Urgency::Silent }
    }

    /// Says when the room wants its packets. Who takes back [`Urgency::Tick`] has yet to [`look`](Patience::look).
    pub fn set(&mut self, urgency: Urgency) {
        self.patience.set(urgency == Urgency::Tick);
        let before = std::mem::replace(&mut self.urgency, urgency);
        if before == urgency {
            return;
        }
        if let Some(rooms) = self.naps.rooms(urgency) {
            rooms.fetch_add(1, SeqCst);
        }
        if let Some(rooms) = self.naps.rooms(before) {
            rooms.fetch_sub(1, SeqCst);
        }
        if urgency == Urgency::Now {
            self.naps.call();
        }
    }

    /// The room has left something to these threads.
    pub fn left_over(&self) {
        self.naps.call();
    }
}

impl Drop for Demand {
    fn drop(&mut self) {
        self.set(Urgency::Silent);
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread, time::Instant};

    use super::*;

    fn room(naps: &Naps, urgency: Urgency) -> Demand {
        let mut demand = Demand::new(Patience::default(), naps.clone());
        demand.set(urgency);
        demand
    }

    #[test]
    fn nobody_naps_while_a_room_is_in_a_hurry_or_none_has_packets() {
        let naps = Naps::lasting(Duration::from_secs(3600));
        naps.nap();
        let hurried = room(&naps, Urgency::Now);
        naps.nap();
        let patient = room(&naps, Urgency::Tick);
        naps.nap();
        assert!(!naps.all_can_wait());
        drop(hurried);
        assert!(naps.all_can_wait());
        drop(patient);
        assert!(!naps.all_can_wait());
    }

    #[test]
    fn a_nap_has_an_end() {
        let naps = Naps::lasting(Duration::from_millis(2));
        let _patient = room(&naps, Urgency::Tick);
        let began = Instant::now();
        naps.nap();
        assert!(began.elapsed() >= Duration::from_millis(2));
    }

    /// Each call is answered, at whatever moment of a nap it comes: the naps are so long that a missed one would be noticed.
    #[test]
    fn no_call_is_slept_through() {
        let naps = Naps::lasting(Duration::from_secs(3600));
        let _patient = room(&naps, Urgency::Tick);
        let (answers, answered) = mpsc::channel();
        let (work, todo) = mpsc::channel();
        let sleeper = thread::spawn({
            let naps = naps.clone();
            move || {
                loop {
                    match todo.try_recv() {
                        Ok(number) => answers.send(number).expect("somebody listens"),
                        Err(mpsc::TryRecvError::Disconnected) => return,
                        Err(mpsc::TryRecvError::Empty) => naps.nap(),
                    }
                }
            }
        });
        for number in 0..10_000 {
            work.send(number).expect("the sleeper lives");
            naps.call();
            assert_eq!(answered.recv(), Ok(number));
        }
        drop(work);
        naps.call();
        sleeper.join().expect("it woke and ended");
    }
}
