//! Which rooms there are, on which thread each lives, and how many are in them.
//!
//! The lock is taken when somebody comes or goes and when a notification looks for its room, never for a packet.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use relay_engine::{Micros, ParticipantId};
use relay_wire::RoomName;

use crate::{
    Limits,
    mixer::{Gone, Mixer, RoomKey},
    patience::Patience,
    room::Event,
};

/// All rooms of a relay.
#[derive(Debug)]
pub struct Registry {
    mixers: Vec<Mixer>,
    limits: Limits,
    rooms: Mutex<Rooms>,
    discarded: AtomicU64,
}

#[derive(Debug, Default)]
struct Rooms {
    by_name: HashMap<RoomName, Entry>,
    last_key: u64,
    participants: usize,
    /// Participants by thread.
    load: Vec<usize>,
    closing: bool,
}

#[derive(Debug)]
struct Entry {
    key: RoomKey,
    patience: Patience,
    mixer: usize,
    participants: usize,
    last_id: u32,
}

/// Why nobody may enter now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// Too many in all rooms together.
    #[error("the relay takes no more participants")]
    Relay,
    /// Too many in this room.
    #[error("the room takes no more participants")]
    Room,
    /// The relay is ending.
    #[error("the relay is shutting down")]
    Closing,
}

impl Registry {
    /// No rooms yet, and the threads they will live on.
    #[must_use]
    pub fn new(mixers: Vec<Mixer>, limits: Limits) -> Self {
        let rooms = Rooms { load: vec![0; mixers.len()], ..Rooms::default() };
        Self { mixers, limits, rooms: Mutex::new(rooms), discarded: AtomicU64::new(0) }
    }

    /// Takes a seat in a room, which is made if it is not there.
    ///
    /// # Errors
    /// [`Full`] saying what is.
    pub fn reserve(self: &Arc<Self>, name: &RoomName) -> Result<Seat, Full> {
        let mut rooms = self.lock();
        if rooms.closing {
            return Err(Full::Closing);
        }
        if rooms.participants >= self.limits.participants {
            return Err(Full::Relay);
        }
        if !rooms.by_name.contains_key(name) {
            self.open(&mut rooms, name);
        }
        let entry = rooms.by_name.get_mut(name).expect("the room was made just now");
        if entry.participants >= self.limits.per_room {
            return Err(Full::Room);
        }
        entry.participants += 1;
        entry.last_id += 1;
        let (key, id, mixer) = (entry.key, ParticipantId(entry.last_id), entry.mixer);
        let patience = entry.patience.clone();
        rooms.participants += 1;
        rooms.load[mixer] += 1;
        let mixer = self.mixers[mixer].clone();
        Ok(Seat { registry: Arc::clone(self), room: name.clone(), key, patience, id, mixer })
    }

    /// Tells a room something, if there is such a room.
    ///
    /// # Errors
    /// [`Gone`] when there is none.
    pub fn tell(&self, name: &RoomName, at: Micros, event: Event) -> Result<(), Gone> {
        let found = self.lock().by_name.get(name).map(|e| (e.key, e.mixer, e.patience.clone()));
        let (key, mixer, patience) = found.ok_or(Gone)?;
        self.mixers[mixer].tell(key, at, event, &patience)
    }

    /// Rooms and participants now.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let rooms = self.lock();
        (rooms.by_name.len(), rooms.participants)
    }

    /// Packets that grew too old before listeners' sockets took them, since the start.
    #[must_use]
    pub fn discarded(&self) -> u64 {
        self.discarded.load(Ordering::Relaxed)
    }

    /// Lets nobody in any more and says goodbye to everyone.
    pub fn goodbye(&self) {
        self.lock().closing = true;
        for mixer in &self.mixers {
            // A thread that is gone has ended its sessions already.
            let _ = mixer.goodbye();
        }
    }

    /// Makes a room on the thread with the fewest participants.
    fn open(&self, rooms: &mut Rooms, name: &RoomName) {
        let mixer = (0..self.mixers.len()).min_by_key(|&i| rooms.load[i]).expect("there is at least one mixer thread");
        rooms.last_key += 1;
        let key = RoomKey(rooms.last_key);
        // Should the thread be gone, the participant's own messages find out.
        let patience = Patience::default();
        let _ = self.mixers[mixer].open(key, name.clone(), patience.clone());
        rooms.by_name.insert(name.clone(), Entry { key, patience, mixer, participants: 0, last_id: 0 });
        tracing::info!(room = %name, "room opens");
    }

    fn lock(&self) -> MutexGuard<'_, Rooms> {
        // No step under the lock can panic half-way with the books unbalanced.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in a room; dropping it leaves.
#[derive(Debug)]
pub struct Seat {
    registry: Arc<Registry>,
    room: RoomName,
    key: RoomKey,
    patience: Patience,
    id: ParticipantId,
    mixer: Mixer,
}

impl Seat {
    /// Counts packets that grew too old before this participant's socket took them.
    pub fn count_discarded(&self, packets: u64) {
        self.registry.discarded.fetch_add(packets, Ordering::Relaxed);
    }

    /// The participant's id in the room.
    #[must_use]
    pub fn id(&self) -> ParticipantId {
        self.id
    }

    /// The room.
    #[must_use]
    pub fn room(&self) -> &RoomName {
        &self.room
    }

    /// Tells the room something.
    ///
    /// # Errors
    /// [`Gone`] when the room's thread is gone.
    pub fn tell(&self, at: Micros, event: Event) -> Result<(), Gone> {
        self.mixer.tell(self.key, at, event, &self.patience)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut rooms = self.registry.lock();
        // A room's own time starts no later than its first event, so 0 means "now" to it.
        let _ = self.mixer.tell(self.key, Micros(0), Event::Leave(self.id), &self.patience);
        let Some(entry) = rooms.by_name.get_mut(&self.room) else { return };
        entry.participants -= 1;
        let (mixer, empty) = (entry.mixer, entry.participants == 0);
        rooms.participants -= 1;
        rooms.load[mixer] -= 1;
        if empty {
            rooms.by_name.remove(&self.room);
            let _ = self.mixer.close(self.key);
            tracing::info!(room = %self.room, "room closes");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use relay_engine::Ptime;

    fn registry(limits: Limits) -> Arc<Registry> {
        let mixers = (0..2).map(|i| Mixer::start(i, Clock::start(), Ptime::Ms20).expect("a thread")).collect();
        Arc::new(Registry::new(mixers, limits))
    }

    fn name(name: &str) -> RoomName {
        RoomName::parse(name).expect("a good name")
    }

    #[test]
    fn a_room_lives_while_somebody_is_in_it() {
        let registry = registry(Limits::default());
        let first = registry.reserve(&name("a")).expect("a seat");
        let second = registry.reserve(&name("a")).expect("a seat");
        assert_eq!((first.id(), second.id()), (ParticipantId(1), ParticipantId(2)));
        drop(first);
        assert_eq!(registry.counts(), (1, 1));
        assert_eq!(registry.reserve(&name("a")).expect("a seat").id(), ParticipantId(3), "ids are not reused");
        drop(second);
        assert_eq!(registry.counts(), (0, 0));
        assert_eq!(registry.tell(&name("a"), Micros(0), Event::Leave(ParticipantId(1))), Err(Gone));
    }

    #[test]
    fn rooms_spread_over_the_threads() {
        let registry = registry(Limits::default());
        let _seats = ["a", "b", "c", "d"].map(|room| registry.reserve(&name(room)).expect("a seat"));
        assert_eq!(registry.lock().load, [2, 2]);
    }

    #[test]
    fn limits_hold_and_seats_come_back() {
        let registry = registry(Limits { participants: 3, per_room: 2, ..Limits::default() });
        let seat = registry.reserve(&name("a")).expect("a seat");
        let _other = registry.reserve(&name("a")).expect("a seat");
        assert_eq!(registry.reserve(&name("a")).err(), Some(Full::Room));
        let _third = registry.reserve(&name("b")).expect("a seat");
        assert_eq!(registry.reserve(&name("c")).err(), Some(Full::Relay));
        drop(seat);
        assert!(registry.reserve(&name("c")).is_ok());
        registry.goodbye();
        assert_eq!(registry.reserve(&name("c")).err(), Some(Full::Closing));
    }
}
