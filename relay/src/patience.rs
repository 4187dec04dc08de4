//! Whether a room's packets may wait until its thread wakes for the next tick.
//!
//! Waking a thread costs more than handling a packet. While a room mixes, its packets are looked at on the tick and not
//! before, so whoever brings one leaves the thread asleep.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering, fence},
};

/// What a room's thread says to those who bring packets; it says no at first.
///
/// No packet is forgotten: who brings one puts it into the inbox first and asks then, and the thread says no first and looks
/// into the inbox once more before it sleeps. The fences on both sides see to it that one of the two notices the other.
#[derive(Debug, Clone, Default)]
pub struct Patience(Arc<AtomicBool>);

impl Patience {
    /// Says whether packets may wait. Who says no has yet to [`look`](Self::look).
    pub fn set(&self, may_wait: bool) {
        self.0.store(may_wait, Ordering::Release);
    }

    /// Comes between saying no and the last look into the inbox.
    pub fn look() {
        fence(Ordering::SeqCst);
    }

    /// Whether the packet that was just put into the inbox may wait there.
    #[must_use]
    pub fn may_wait(&self) -> bool {
        fence(Ordering::SeqCst);
        self.0.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread};

    use super::*;

    /// As a mixer thread does it, with nothing but the inbox to go by: each packet is either taken before the sleep or wakes.
    #[test]
    fn no_packet_is_left_to_a_thread_that_sleeps() {
        const PACKETS: u32 = 20_000;
        let (inbox, packets) = mpsc::channel();
        let patience = Patience::default();
        let room = patience.clone();
        let sleeper = thread::spawn(move || {
            let mut taken = 0;
            while taken < PACKETS {
                // A tick is coming: packets may wait. Then there is none any more.
                room.set(true);
                taken += u32::try_from(packets.try_iter().count()).expect("some packets");
                if taken == PACKETS {
                    // Nobody is left to wake a thread that sleeps now.
                    break;
                }
                room.set(false);
                Patience::look();
                match packets.try_recv() {
                    Ok(()) => taken += 1,
                    Err(_) => thread::park(),
                }
            }
        });
        for _ in 0..PACKETS {
            inbox.send(()).expect("the thread lives");
            if !patience.may_wait() {
                sleeper.thread().unpark();
            }
        }
        sleeper.join().expect("it took every packet");
    }
}
