//! What a host does to the seats of a room.

use std::collections::HashMap;

use relay_engine::ParticipantId;
use relay_wire::RoomName;

use super::{Holder, Registry, Rooms};
use crate::{resume::SessionId, room::Event};

impl Registry {
    /// How many have a seat, by room; rooms that nobody is in are not there.
    #[must_use]
    pub fn occupants(&self) -> HashMap<RoomName, usize> {
        self.lock().by_name.iter().map(|(room, entry)| (room.clone(), entry.ids.len())).collect()
    }

    /// Takes somebody's seat from them, with the reason; false where there is nobody of that id.
    pub fn remove(&self, room: &RoomName, id: ParticipantId) -> bool {
        let mut rooms = self.lock();
        let found = seats_of(&rooms, room).into_iter().find(|(_, holder)| holder.id == id);
        let Some((session, holder)) = found else { return false };
        self.tell_entry(&rooms, room, Event::Remove(id));
        rooms.seats.remove(session);
        self.vacate(&mut rooms, &holder);
        true
    }

    /// Takes everybody's seat from them, with the reason.
    pub fn end(&self, room: &RoomName) {
        let mut rooms = self.lock();
        self.tell_entry(&rooms, room, Event::End);
        for (session, holder) in seats_of(&rooms, room) {
            rooms.seats.remove(session);
            self.vacate(&mut rooms, &holder);
        }
    }
}

pub(super) fn seats_of(rooms: &Rooms, room: &RoomName) -> Vec<(SessionId, Holder)> {
    let here = rooms.seats.holders().filter(|(_, holder)| holder.room == *room);
    here.map(|(session, holder)| (session, holder.clone())).collect()
}
