//! Which rooms there are, on which thread each lives, and who has a seat in them.
//!
//! The lock is taken when somebody comes or goes and when a notification looks for its room, never for a packet.

mod host;
mod ids;
mod seat;
#[cfg(test)]
mod tests;
mod tokens;

use std::{
    collections::HashMap,
    future::pending,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use data_encoding::BASE64URL_NOPAD;
use relay_engine::{Micros, ParticipantId};
use relay_wire::{Colour, DisplayName, Role, RoomName};
use ring::rand;
use tokio::{sync::Notify, time::sleep};

pub use seat::{Seat, Unheard};

use crate::{
    Limits,
    access::Pass,
    clock::{Clock, wall_ms},
    mixer::{Gone, Mixer, RoomKey},
    patience::Patience,
    resume::{Claims, Key, Lost, Occupancy, Return, Seats, SessionId},
    room::Event,
};
use ids::Ids;
use seat::Coming;

/// All rooms of a relay.
#[derive(Debug)]
pub struct Registry {
    mixers: Vec<Mixer>,
    limits: Limits,
    clock: Clock,
    tokens: Key,
    /// Names this run of the relay.
    boot: String,
    /// When it began, in milliseconds since 1970.
    began_ms: u64,
    rooms: Mutex<Rooms>,
    /// A seat is held from now on.
    lost: Notify,
    discarded: AtomicU64,
}

#[derive(Debug, Default)]
struct Rooms {
    by_name: HashMap<RoomName, Entry>,
    seats: Seats<Holder>,
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
    ids: Ids,
}

/// Who has a seat.
#[derive(Debug, Clone)]
struct Holder {
    room: RoomName,
    id: ParticipantId,
    name: DisplayName,
    colour: Colour,
    role: Role,
    /// The room's, as of the last token.
    epoch: u64,
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

/// Why somebody does not get a seat again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The token counts no more.
    #[error("this resume token is worth nothing any more; join anew")]
    Worthless,
    /// There is no seat to have.
    #[error(transparent)]
    Full(#[from] Full),
}

impl Registry {
    /// No rooms yet, and the threads they will live on.
    #[must_use]
    pub fn new(mixers: Vec<Mixer>, limits: Limits, clock: Clock, tokens: Key) -> Self {
        let rooms = Rooms { load: vec![0; mixers.len()], ..Rooms::default() };
        let boot = BASE64URL_NOPAD.encode(&random());
        let (rooms, lost, discarded) = (Mutex::new(rooms), Notify::new(), AtomicU64::new(0));
        Self { mixers, limits, clock, tokens, boot, began_ms: wall_ms(), rooms, lost, discarded }
    }

    /// Takes a seat, in a room that is made if it is not there. `epoch` is the room's.
    ///
    /// # Errors
    /// [`Full`] saying what is.
    pub fn enter(self: &Arc<Self>, pass: Pass, epoch: u64) -> Result<Seat, Full> {
        let Pass { room, name, role } = pass;
        let mut rooms = self.lock();
        let id = self.admit(&mut rooms, &room, None)?;
        let session = SessionId(u64::from_be_bytes(random()));
        let holder = Holder { room, id, name, colour: Colour::of(id.0), role, epoch };
        let occupancy = rooms.seats.take(session, holder.clone());
        Ok(self.seat(&rooms, holder, occupancy, Coming::New))
    }

    /// Takes a seat again with what a token says. `epoch` is the room's, if there is such a room.
    ///
    /// # Errors
    /// [`Refused`] saying why not.
    pub fn come_back(self: &Arc<Self>, claims: Claims, epoch: Option<u64>) -> Result<Seat, Refused> {
        let mut rooms = self.lock();
        if rooms.closing {
            return Err(Full::Closing.into());
        }
        let epoch = epoch.ok_or(Refused::Worthless)?;
        match rooms.seats.take_back(claims.session, claims.generation).map_err(|_| Refused::Worthless)? {
            Return::Held(occupancy) => {
                let holder = rooms.seats.holder_mut(claims.session).expect("it was taken just now");
                holder.epoch = epoch;
                let holder = holder.clone();
                Ok(self.seat(&rooms, holder, occupancy, Coming::Held))
            }
            Return::Unknown if claims.epoch != epoch => Err(Refused::Worthless),
            Return::Unknown => {
                let id = self.admit(&mut rooms, &claims.room, Some(claims.id))?;
                let coming = if claims.issued_ms < self.began_ms { Coming::FromBefore } else { Coming::New };
                let Claims { room, name, colour, role, .. } = claims;
                let holder = Holder { room, id, name, colour, role, epoch };
                let occupancy = rooms.seats.readmit(claims.session, holder.clone(), claims.generation);
                Ok(self.seat(&rooms, holder, occupancy, coming))
            }
        }
    }

    /// Whether there is place for one more, in that room if one is named.
    ///
    /// # Errors
    /// [`Full`] saying what is.
    pub fn has_place(&self, room: Option<&RoomName>) -> Result<(), Full> {
        self.check(&self.lock(), room)
    }

    fn check(&self, rooms: &Rooms, room: Option<&RoomName>) -> Result<(), Full> {
        if rooms.closing {
            return Err(Full::Closing);
        }
        if rooms.participants >= self.limits.participants {
            return Err(Full::Relay);
        }
        let entry = room.and_then(|room| rooms.by_name.get(room));
        if entry.is_some_and(|entry| entry.ids.len() >= self.limits.per_room) {
            return Err(Full::Room);
        }
        Ok(())
    }

    /// Gives up the seats that were held for long enough, as time goes on.
    pub async fn keep_time(&self) {
        loop {
            let next = self.expire(self.clock.now());
            let expiry = async {
                match next {
                    Some(at) => sleep(Duration::from_micros(at.since(self.clock.now()))).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = expiry => {}
                () = self.lost.notified() => {}
            }
        }
    }

    /// Gives up the seats that were held for long enough at that time; when the next one will have been.
    fn expire(&self, now: Micros) -> Option<Micros> {
        let mut rooms = self.lock();
        while let Some(holder) = rooms.seats.expire(now) {
            self.vacate(&mut rooms, &holder);
        }
        rooms.seats.next_expiry()
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

    /// Packets of talkers that came too late to be of use, since the start.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.mixers.iter().map(Mixer::late).sum()
    }

    /// Lets nobody in any more and says goodbye to everyone.
    pub fn goodbye(&self) {
        self.lock().closing = true;
        for mixer in &self.mixers {
            // A thread that is gone has ended its sessions already.
            let _ = mixer.goodbye();
        }
    }

    fn keep(&self, occupancy: &Occupancy, generation: u32) {
        self.lock().seats.keep(occupancy, generation);
    }

    fn leave(&self, occupancy: &Occupancy) {
        let mut rooms = self.lock();
        if let Some(holder) = rooms.seats.leave(occupancy) {
            self.vacate(&mut rooms, &holder);
        }
    }

    fn lose(&self, occupancy: &Occupancy) {
        let mut rooms = self.lock();
        match rooms.seats.lose(self.clock.now(), occupancy) {
            Some(Lost::Away(holder)) => {
                self.tell_entry(&rooms, &holder.room, Event::Away(holder.id));
                self.lost.notify_one();
            }
            Some(Lost::Left(holder)) => self.vacate(&mut rooms, &holder),
            None => {}
        }
    }

    /// A number in the room for one more, the one they had if they may have it.
    fn admit(&self, rooms: &mut Rooms, room: &RoomName, wanted: Option<u32>) -> Result<ParticipantId, Full> {
        self.check(rooms, Some(room))?;
        if !rooms.by_name.contains_key(room) {
            self.open(rooms, room);
        }
        let entry = rooms.by_name.get_mut(room).expect("the room was made just now");
        let id = match wanted {
            Some(wanted) => entry.ids.take_again(wanted),
            None => entry.ids.take_new(),
        };
        rooms.load[entry.mixer] += 1;
        rooms.participants += 1;
        Ok(ParticipantId(id))
    }

    fn seat(self: &Arc<Self>, rooms: &Rooms, holder: Holder, occupancy: Occupancy, coming: Coming) -> Seat {
        let entry = rooms.by_name.get(&holder.room).expect("a room with somebody in it is there");
        Seat {
            registry: Arc::clone(self),
            key: entry.key,
            patience: entry.patience.clone(),
            mixer: self.mixers[entry.mixer].clone(),
            token: self.sign(&holder, occupancy.session, occupancy.generation),
            room: holder.room,
            id: holder.id,
            name: holder.name,
            colour: holder.colour,
            role: holder.role,
            occupancy,
            coming,
            answered: 0,
        }
    }

    /// Somebody has left for good.
    fn vacate(&self, rooms: &mut Rooms, holder: &Holder) {
        self.tell_entry(rooms, &holder.room, Event::Leave(holder.id));
        let Some(entry) = rooms.by_name.get_mut(&holder.room) else { return };
        entry.ids.free(holder.id.0);
        let (key, mixer, empty) = (entry.key, entry.mixer, entry.ids.is_empty());
        rooms.participants -= 1;
        rooms.load[mixer] -= 1;
        if empty {
            rooms.by_name.remove(&holder.room);
            let _ = self.mixers[mixer].close(key);
            tracing::info!(room = %holder.room, "room closes");
        }
    }

    /// Told under the lock, so that a room hears of its seats in the order in which they changed hands.
    fn tell_entry(&self, rooms: &Rooms, room: &RoomName, event: Event) {
        let Some(entry) = rooms.by_name.get(room) else { return };
        // A room's own time starts no later than its first event, so 0 means "now" to it.
        let _ = self.mixers[entry.mixer].tell(entry.key, Micros(0), event, &entry.patience);
    }

    /// Makes a room on the thread with the fewest participants.
    fn open(&self, rooms: &mut Rooms, name: &RoomName) {
        let mixer = (0..self.mixers.len()).min_by_key(|&i| rooms.load[i]).expect("there is at least one mixer thread");
        rooms.last_key += 1;
        let key = RoomKey(rooms.last_key);
        // Should the thread be gone, the participant's own messages find out.
        let patience = Patience::default();
        let _ = self.mixers[mixer].open(key, name.clone(), patience.clone());
        rooms.by_name.insert(name.clone(), Entry { key, patience, mixer, ids: Ids::default() });
        tracing::info!(room = %name, "room opens");
    }

    fn lock(&self) -> MutexGuard<'_, Rooms> {
        // No step under the lock can panic half-way with the books unbalanced.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn random() -> [u8; 8] {
    let random = rand::generate(&rand::SystemRandom::new());
    random.expect("the system has random numbers, or there would be no key of the tokens").expose()
}
