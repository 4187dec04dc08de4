//! What a seat's resume token says, and when its holder gets another.

use relay_engine::ParticipantId;
use relay_wire::{Colour, DisplayName, RoomName};

use super::{Holder, Registry, Rooms, host};
use crate::{
    clock::wall_ms,
    resume::{Claims, Occupancy, SessionId},
    room::Event,
};

impl Registry {
    /// What a token says, if it is one of this relay's and not too old.
    #[must_use]
    pub fn read_token(&self, token: &str) -> Option<Claims> {
        self.tokens.verify(token, wall_ms())
    }

    /// Gives everyone in a room a token of its new epoch; those of the old one let in nobody who is not inside.
    pub fn renew_tokens(&self, room: &RoomName, epoch: u64) {
        let mut rooms = self.lock();
        for (session, mut holder) in host::seats_of(&rooms, room) {
            holder.epoch = epoch;
            self.renew(&mut rooms, session, holder);
        }
    }

    /// Calls a participant otherwise, or shows them in another colour: everyone is told, and they come back so as well.
    pub(super) fn identify(&self, by: &Occupancy, name: Option<DisplayName>, colour: Option<Colour>) {
        let mut rooms = self.lock();
        let Some(holder) = rooms.seats.holder(by.session).filter(|_| by.is_current()) else { return };
        let name = name.unwrap_or_else(|| holder.name.clone());
        let colour = colour.unwrap_or(holder.colour);
        if name == holder.name && colour == holder.colour {
            return;
        }
        let holder = Holder { name, colour, ..holder.clone() };
        let event = Event::Identity(holder.id, holder.name.clone(), colour);
        self.tell_entry(&rooms, &holder.room, event);
        self.renew(&mut rooms, by.session, holder);
    }

    /// Another token for a seat, whose holder is from now on as given.
    fn renew(&self, rooms: &mut Rooms, session: SessionId, changed: Holder) {
        let Some(generation) = rooms.seats.issue(session) else { return };
        let event = Event::Token(changed.id, self.sign(&changed, session, generation));
        self.tell_entry(rooms, &changed.room, event);
        if let Some(holder) = rooms.seats.holder_mut(session) {
            *holder = changed;
        }
    }

    pub(super) fn sign(&self, holder: &Holder, session: SessionId, generation: u32) -> String {
        let Holder { room, id: ParticipantId(id), name, colour, role, epoch } = holder.clone();
        self.tokens.sign(&Claims { room, epoch, id, name, colour, role, session, generation, issued_ms: wall_ms() })
    }
}
