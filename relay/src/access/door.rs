//! Who is let in: a key, a PIN or nothing becomes a ticket, a ticket becomes a place, and the host key opens all.
//!
//! Time and addresses are arguments, and nothing here waits or is kept on disk.

use std::{net::IpAddr, time::Duration};

use relay_engine::Micros;
use relay_wire::{Role, RoomName};

use super::{
    book::Book,
    guesses::{Guesses, Rule},
    key::{Key, Pin},
    refusal::Refusal,
    tickets::{Pass, Tickets, TooMany},
};

/// Wrong PINs, and wrong host keys, of one address.
const BY_ADDRESS: Rule = Rule { failures: 5, within: Duration::from_secs(60) };
/// Wrong PINs for one room, from wherever they come: at that pace a PIN holds for months.
const BY_ROOM: Rule = Rule { failures: 30, within: Duration::from_secs(300) };

/// What somebody shows for a ticket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// An invite key, or the host key.
    pub key: Option<String>,
    /// A PIN; counts only without a key.
    pub pin: Option<String>,
}

/// All that decides who comes in.
#[derive(Debug)]
pub struct Door {
    open: bool,
    host_key: Key,
    /// The rooms and their keys.
    pub book: Book,
    /// The tickets that are out.
    pub tickets: Tickets,
    pins_by_address: Guesses<IpAddr>,
    pins_by_room: Guesses<RoomName>,
    host_keys: Guesses<IpAddr>,
    /// Compared with where there is no such room, so that this takes as long.
    nobody: (Key, Pin),
}

impl Door {
    /// A door to these rooms; where it is `open`, nobody needs a key.
    #[must_use]
    pub fn new(open: bool, host_key: Key, book: Book) -> Self {
        Self {
            open,
            host_key,
            book,
            tickets: Tickets::default(),
            pins_by_address: Guesses::new(BY_ADDRESS),
            pins_by_room: Guesses::new(BY_ROOM),
            host_keys: Guesses::new(BY_ADDRESS),
            nobody: (Key::random(), Pin::random()),
        }
    }

    /// Whether nobody needs a key.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// The key that opens all.
    #[must_use]
    pub fn host_key(&self) -> &Key {
        &self.host_key
    }

    /// A ticket for who shows what is needed.
    ///
    /// # Errors
    /// [`Refusal`] saying what is wrong.
    pub fn ticket(&mut self, now: Micros, from: IpAddr, pass: Pass, shown: &Shown) -> Result<Key, Refusal> {
        let as_host = self.check(now, from, &pass, shown)?;
        if !as_host {
            self.enter(&pass)?;
        }
        self.tickets.issue(now, from, pass).map_err(|TooMany| Refusal::TooManyTickets)
    }

    /// Whether that pass is good without a ticket: the epoch of its room.
    ///
    /// # Errors
    /// [`Refusal`] saying what is wrong.
    pub fn enter_freely(&self, pass: &Pass) -> Result<u64, Refusal> {
        if !self.open {
            return Err(Refusal::TicketNeeded);
        }
        self.enter(pass)?;
        self.epoch(&pass.room).ok_or(Refusal::NoRoom)
    }

    /// The epoch of a room, if there is such a room. Where nobody needs a key, there is every room.
    #[must_use]
    pub fn epoch(&self, room: &RoomName) -> Option<u64> {
        match self.book.room(room) {
            Some(record) => Some(record.epoch),
            None => self.open.then_some(0),
        }
    }

    /// Whether somebody shows the host key. It is never guessed, so who has it is never kept waiting.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn host(&mut self, now: Micros, from: IpAddr, shown: Option<&str>) -> Result<(), Refusal> {
        let shown = shown.ok_or(Refusal::KeyNeeded)?;
        if self.host_key.matches(shown) {
            return Ok(());
        }
        self.wrong_key(now, from)
    }

    /// Whether somebody may write into a room without being in it.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn notify(&mut self, now: Micros, from: IpAddr, room: &RoomName, shown: Option<&str>) -> Result<(), Refusal> {
        if self.open {
            return Ok(());
        }
        let shown = shown.ok_or(Refusal::KeyNeeded)?;
        let (invited, host) = (self.is_invite(room, shown), self.host_key.matches(shown));
        if invited || host { Ok(()) } else { self.wrong_key(now, from) }
    }

    /// True where the host key was shown.
    fn check(&mut self, now: Micros, from: IpAddr, pass: &Pass, shown: &Shown) -> Result<bool, Refusal> {
        match (&shown.key, &shown.pin) {
            (Some(key), _) => {
                let (invited, host) = (self.is_invite(&pass.room, key), self.host_key.matches(key));
                match pass.role {
                    _ if host && !self.open && self.book.room(&pass.room).is_none() => Err(Refusal::NoRoom),
                    _ if host => Ok(true),
                    Role::Host if invited || self.open => Err(Refusal::NotAllowed),
                    _ if invited || self.open => Ok(false),
                    _ => Err(Refusal::BadKey),
                }
            }
            _ if self.open && pass.role != Role::Host => Ok(false),
            (None, Some(pin)) => {
                self.check_pin(now, from, &pass.room, pin)?;
                if pass.role == Role::Host { Err(Refusal::NotAllowed) } else { Ok(false) }
            }
            (None, None) => Err(Refusal::KeyNeeded),
        }
    }

    fn check_pin(&mut self, now: Micros, from: IpAddr, room: &RoomName, shown: &str) -> Result<(), Refusal> {
        let waits = [self.pins_by_address.wait(now, &from), self.pins_by_room.wait(now, room)];
        if let Some(wait) = waits.into_iter().flatten().max() {
            return Err(Refusal::Limited(wait));
        }
        let record = self.book.room(room);
        let fits = record.map_or(&self.nobody.1, |record| &record.pin).matches(shown);
        if fits && record.is_some() {
            return Ok(());
        }
        self.pins_by_address.failed(now, &from);
        self.pins_by_room.failed(now, room);
        Err(Refusal::BadPin)
    }

    fn is_invite(&self, room: &RoomName, shown: &str) -> bool {
        let record = self.book.room(room);
        let fits = record.map_or(&self.nobody.0, |record| &record.key).matches(shown);
        fits && record.is_some()
    }

    /// For everyone but hosts.
    fn enter(&self, pass: &Pass) -> Result<(), Refusal> {
        match self.book.room(&pass.room) {
            _ if pass.role == Role::Host => Err(Refusal::NotAllowed),
            Some(record) if record.locked => Err(Refusal::Locked),
            None if !self.open => Err(Refusal::BadKey),
            _ => Ok(()),
        }
    }

    fn wrong_key(&mut self, now: Micros, from: IpAddr) -> Result<(), Refusal> {
        if let Some(wait) = self.host_keys.wait(now, &from) {
            return Err(Refusal::Limited(wait));
        }
        self.host_keys.failed(now, &from);
        Err(Refusal::BadKey)
    }
}

#[cfg(test)]
mod tests;
