//! A socket's place in a room.

use std::sync::{Arc, atomic::Ordering};

use relay_engine::{Micros, ParticipantId};
use relay_wire::{Colour, DisplayName, Role, RoomName};

use super::{Registry, RoomKey};
use crate::{
    mixer::{Gone, Mixer},
    patience::Patience,
    resume::Occupancy,
    room::Event,
};

/// A socket's place in a room. Dropping it is a lost link: the seat is held for a while. [`leave`](Self::leave) gives
/// it up.
#[derive(Debug)]
pub struct Seat {
    pub(super) registry: Arc<Registry>,
    pub(super) room: RoomName,
    pub(super) key: RoomKey,
    pub(super) patience: Patience,
    pub(super) id: ParticipantId,
    pub(super) name: DisplayName,
    pub(super) colour: Colour,
    pub(super) role: Role,
    pub(super) mixer: Mixer,
    pub(super) occupancy: Occupancy,
    pub(super) token: String,
    pub(super) coming: Coming,
    /// Tokens that the holder said are kept.
    pub(super) answered: u32,
}

/// How somebody comes to a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coming {
    /// It is theirs from now on.
    New,
    /// It was held for them.
    Held,
    /// By a token of an earlier run of the relay.
    FromBefore,
}

/// Why a room does not hear what is said from a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unheard {
    /// Another socket has the seat, or nobody has it any more.
    Replaced,
    /// The room's thread is gone.
    Gone,
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

    /// What the participant was called when the seat was taken.
    #[must_use]
    pub fn name(&self) -> &DisplayName {
        &self.name
    }

    /// What the participant was shown in when the seat was taken.
    #[must_use]
    pub fn colour(&self) -> Colour {
        self.colour
    }

    /// What the participant may do.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// The token to be sent with the welcome.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Names the run of the relay.
    #[must_use]
    pub fn boot(&self) -> &str {
        &self.registry.boot
    }

    /// Whether the room knows the participant already.
    #[must_use]
    pub fn was_held(&self) -> bool {
        self.coming == Coming::Held
    }

    /// Whether the participant was in the room in an earlier run of the relay: what was said in this one is news to them.
    #[must_use]
    pub fn missed_all(&self) -> bool {
        self.coming == Coming::FromBefore
    }

    /// Tells the room something.
    ///
    /// # Errors
    /// [`Unheard`] saying why nobody listens.
    pub fn tell(&self, at: Micros, event: Event) -> Result<(), Unheard> {
        if !self.occupancy.is_current() {
            return Err(Unheard::Replaced);
        }
        self.mixer.tell(self.key, at, event, &self.patience).map_err(|Gone| Unheard::Gone)
    }

    /// Tells the room who comes, in the order in which seats change hands.
    ///
    /// # Errors
    /// [`Unheard`] saying why nobody listens.
    pub fn arrive(&self, at: Micros, event: Event) -> Result<(), Unheard> {
        let _in_order = self.registry.lock();
        self.tell(at, event)
    }

    /// Calls the participant otherwise, or shows them in another colour; nothing happens where another socket has the
    /// seat.
    pub fn identify(&self, name: Option<DisplayName>, colour: Option<Colour>) {
        self.registry.identify(&self.occupancy, name, colour);
    }

    /// The participant has kept the next of the tokens sent on this socket.
    pub fn keep_token(&mut self) {
        let generation = self.occupancy.generation.saturating_add(self.answered);
        self.answered = self.answered.saturating_add(1);
        self.registry.keep(&self.occupancy, generation);
    }

    /// Gives the seat up; nothing happens where another socket has it by now.
    pub fn leave(self) {
        self.registry.leave(&self.occupancy);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.registry.lose(&self.occupancy);
    }
}
