//! Who has which seat, by which socket and token, and how long it is held. Sans-IO: time and random numbers are
//! arguments, what follows is returned.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use relay_engine::Micros;
use serde::{Deserialize, Serialize};

/// The seat of who is away is held for so long.
pub const HOLD_US: u64 = 30_000_000;

/// One stay in a room over however many sockets it takes; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId(pub u64);

/// All seats, each with what its owner wants to know of its holder.
#[derive(Debug)]
pub struct Seats<H> {
    by_session: HashMap<SessionId, Seat<H>>,
    /// Until when the seats of those who are away are held.
    away: BTreeSet<(Micros, SessionId)>,
}

#[derive(Debug)]
struct Seat<H> {
    holder: H,
    /// Generation of the last token that was issued.
    issued: u32,
    /// Generation of the oldest token that still counts.
    oldest: u32,
    /// The holder has said that a token is kept. There is no sense in holding a seat for who could not take it again.
    answered: bool,
    present: Arc<AtomicBool>,
    away_until: Option<Micros>,
}

/// A socket's claim on a seat; over when another takes it, or nobody has it any more.
#[derive(Debug, Clone)]
pub struct Occupancy {
    /// Whose.
    pub session: SessionId,
    /// Generation of the token to be sent first on this socket.
    pub generation: u32,
    present: Arc<AtomicBool>,
}

impl Occupancy {
    /// Whether it is this socket that has the seat.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.present.load(Ordering::Acquire)
    }
}

/// What becomes of a seat whose socket is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost<H> {
    /// It is held.
    Away(H),
    /// It is given up: its holder would not come back.
    Left(H),
}

/// What becomes of somebody who comes back.
#[derive(Debug)]
pub enum Return {
    /// The seat was held, or taken from another socket.
    Held(Occupancy),
    /// Nobody knows of such a seat; [`Seats::readmit`] makes it anew.
    Unknown,
}

/// The token was replaced by a later one that its holder has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stale;

impl<H> Default for Seats<H> {
    fn default() -> Self {
        Self { by_session: HashMap::new(), away: BTreeSet::new() }
    }
}

impl<H> Seats<H> {
    /// A seat for somebody new. A session that is there already has its seat taken from it.
    pub fn take(&mut self, session: SessionId, holder: H) -> Occupancy {
        self.sit(session, holder, 0)
    }

    /// A seat for somebody who shows a token of that generation and whose seat is unknown.
    pub fn readmit(&mut self, session: SessionId, holder: H, generation: u32) -> Occupancy {
        self.sit(session, holder, generation)
    }

    fn sit(&mut self, session: SessionId, holder: H, shown: u32) -> Occupancy {
        self.remove(session);
        let issued = shown.saturating_add(1);
        let present = Arc::new(AtomicBool::new(true));
        let seat = Seat {
            holder,
            issued,
            oldest: shown.max(1),
            answered: false,
            present: Arc::clone(&present),
            away_until: None,
        };
        self.by_session.insert(session, seat);
        Occupancy { session, generation: issued, present }
    }

    /// Gives the seat to who shows a token of that generation; whoever had it has it no more.
    ///
    /// # Errors
    /// [`Stale`] when the token counts no more.
    pub fn take_back(&mut self, session: SessionId, generation: u32) -> Result<Return, Stale> {
        let Some(seat) = self.by_session.get_mut(&session) else { return Ok(Return::Unknown) };
        if !(seat.oldest..=seat.issued).contains(&generation) {
            return Err(Stale);
        }
        seat.present.store(false, Ordering::Release);
        seat.present = Arc::new(AtomicBool::new(true));
        seat.issued = seat.issued.saturating_add(1);
        if let Some(until) = seat.away_until.take() {
            self.away.remove(&(until, session));
        }
        Ok(Return::Held(Occupancy { session, generation: seat.issued, present: Arc::clone(&seat.present) }))
    }

    /// Another token for a seat: its generation. `None` when there is no such seat.
    pub fn issue(&mut self, session: SessionId) -> Option<u32> {
        let seat = self.by_session.get_mut(&session)?;
        seat.issued = seat.issued.saturating_add(1);
        Some(seat.issued)
    }

    /// The token of that generation is kept by its holder: those before count no more.
    pub fn keep(&mut self, by: &Occupancy, generation: u32) {
        if let Some(seat) = self.current(by) {
            seat.oldest = seat.oldest.max(generation.min(seat.issued));
            seat.answered = true;
        }
    }

    /// The socket is gone: what becomes of the seat, if it was theirs until now.
    pub fn lose(&mut self, now: Micros, by: &Occupancy) -> Option<Lost<H>>
    where
        H: Clone,
    {
        let seat = self.current(by)?;
        if !seat.answered {
            return self.remove(by.session).map(Lost::Left);
        }
        seat.present.store(false, Ordering::Release);
        let until = Micros(now.0 + HOLD_US);
        seat.away_until = Some(until);
        let holder = seat.holder.clone();
        self.away.insert((until, by.session));
        Some(Lost::Away(holder))
    }

    /// Gives the seat up. The holder, if it was theirs until now.
    pub fn leave(&mut self, by: &Occupancy) -> Option<H> {
        self.current(by)?;
        self.remove(by.session)
    }

    /// Takes a seat from whoever has it.
    pub fn remove(&mut self, session: SessionId) -> Option<H> {
        let seat = self.by_session.remove(&session)?;
        seat.present.store(false, Ordering::Release);
        if let Some(until) = seat.away_until {
            self.away.remove(&(until, session));
        }
        Some(seat.holder)
    }

    /// The next holder who was away for too long; their seat is gone.
    pub fn expire(&mut self, now: Micros) -> Option<H> {
        let &(_, session) = self.away.first().filter(|(until, _)| *until <= now)?;
        self.remove(session)
    }

    /// When [`expire`](Self::expire) has something to do.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Micros> {
        self.away.first().map(|(until, _)| *until)
    }

    /// Who has a seat, away or not.
    pub fn holders(&self) -> impl Iterator<Item = (SessionId, &H)> {
        self.by_session.iter().map(|(session, seat)| (*session, &seat.holder))
    }

    /// The holder of a seat.
    #[must_use]
    pub fn holder(&self, session: SessionId) -> Option<&H> {
        self.by_session.get(&session).map(|seat| &seat.holder)
    }

    /// The same, to be changed.
    pub fn holder_mut(&mut self, session: SessionId) -> Option<&mut H> {
        self.by_session.get_mut(&session).map(|seat| &mut seat.holder)
    }

    fn current(&mut self, by: &Occupancy) -> Option<&mut Seat<H>> {
        self.by_session.get_mut(&by.session).filter(|seat| Arc::ptr_eq(&seat.present, &by.present) && by.is_current())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: SessionId = SessionId(7);

    fn back(seats: &mut Seats<&'static str>, generation: u32) -> Occupancy {
        match seats.take_back(ANN, generation) {
            Ok(Return::Held(occupancy)) => occupancy,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_seat_is_held_for_thirty_seconds_and_no_longer() {
        let mut seats = Seats::default();
        let first = seats.take(ANN, "ann");
        seats.keep(&first, first.generation);
        assert_eq!(seats.next_expiry(), None);
        assert_eq!(seats.lose(Micros(5), &first), Some(Lost::Away("ann")));
        assert_eq!(seats.next_expiry(), Some(Micros(5 + HOLD_US)));
        assert_eq!(seats.expire(Micros(4 + HOLD_US)), None);
        let second = back(&mut seats, first.generation);
        assert_eq!((seats.next_expiry(), seats.expire(Micros(5 + HOLD_US))), (None, None), "back in time");
        seats.lose(Micros(100), &second);
        assert_eq!(seats.expire(Micros(100 + HOLD_US)), Some("ann"));
        assert!(matches!(seats.take_back(ANN, second.generation), Ok(Return::Unknown)));
    }

    #[test]
    fn no_seat_is_held_for_who_never_answered() {
        let mut seats = Seats::default();
        let first = seats.take(ANN, "ann");
        assert_eq!(seats.lose(Micros(5), &first), Some(Lost::Left("ann")));
        assert_eq!((seats.next_expiry(), seats.holders().count()), (None, 0));
    }

    #[test]
    fn a_token_counts_until_the_next_is_kept() {
        let mut seats = Seats::default();
        let first = seats.take(ANN, "ann");
        seats.keep(&first, first.generation);
        let second = back(&mut seats, first.generation);
        assert!(second.generation > first.generation);
        // The welcome with the second token was lost on the way.
        let third = back(&mut seats, first.generation);
        let fourth = back(&mut seats, second.generation);
        seats.keep(&fourth, fourth.generation);
        for dead in [first, second, third] {
            assert_eq!(seats.take_back(ANN, dead.generation).err(), Some(Stale));
        }
        assert_eq!(seats.take_back(ANN, fourth.generation + 1).err(), Some(Stale), "not issued yet");
        back(&mut seats, fourth.generation);
    }

    #[test]
    fn of_two_who_come_back_at_once_the_later_has_the_seat() {
        let mut seats = Seats::default();
        let first = seats.take(ANN, "ann");
        let second = back(&mut seats, first.generation);
        let third = back(&mut seats, first.generation);
        assert_eq!([&first, &second, &third].map(Occupancy::is_current), [false, false, true]);
        // What an evicted socket still does has no effect.
        assert_eq!(seats.lose(Micros(0), &second), None);
        assert_eq!(seats.leave(&first), None);
        seats.keep(&second, third.generation);
        assert!(third.is_current() && seats.take_back(ANN, first.generation).is_ok());
    }

    #[test]
    fn a_seat_that_was_left_or_removed_is_unknown() {
        let mut seats = Seats::default();
        let first = seats.take(ANN, "ann");
        assert_eq!(seats.leave(&first), Some("ann"));
        assert_eq!((first.is_current(), seats.leave(&first)), (false, None));
        assert!(matches!(seats.take_back(ANN, 1), Ok(Return::Unknown)));
        let again = seats.readmit(ANN, "ann", 1);
        assert_eq!(again.generation, 2);
        assert!(seats.take_back(ANN, 1).is_ok(), "the one that was shown counts until the next is kept");
        seats.remove(ANN);
        assert!(!again.is_current());
        assert_eq!((seats.next_expiry(), seats.holders().count()), (None, 0));
    }

    #[test]
    fn another_token_for_the_same_socket_counts_like_the_first() {
        let mut seats = Seats::default();
        let first = seats.take(ANN, "ann");
        let other = seats.issue(ANN).expect("a seat");
        seats.keep(&first, other);
        assert_eq!(seats.take_back(ANN, first.generation).err(), Some(Stale));
        assert!(seats.take_back(ANN, other).is_ok());
        assert_eq!(seats.issue(SessionId(8)), None);
    }
}
