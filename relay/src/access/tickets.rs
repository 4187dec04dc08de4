//! Tickets: each lets one participant into one room, once and soon.

use std::{collections::HashMap, net::IpAddr};

use relay_engine::Micros;
use relay_wire::{DisplayName, Role, RoomName};

use super::key::Key;

/// How long a ticket is good, in microseconds: a page asks for it right before it opens its socket.
pub const TICKET_US: u64 = 30_000_000;
/// Tickets that may be out at a time.
const MAX_OUT: usize = 4096;
/// The same for one address; a class may be behind one.
const MAX_OUT_PER_ADDRESS: usize = 256;

/// What a ticket is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// The room it lets into.
    pub room: RoomName,
    /// Under which name.
    pub name: DisplayName,
    /// As what.
    pub role: Role,
}

/// Too many tickets are out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany;

/// The tickets that are out.
#[derive(Debug, Default)]
pub struct Tickets {
    out: HashMap<Key, Out>,
}

#[derive(Debug)]
struct Out {
    pass: Pass,
    address: IpAddr,
    expires: Micros,
}

impl Tickets {
    /// Gives one out.
    ///
    /// # Errors
    /// [`TooMany`] where the address, or all together, have used too few of those they got.
    pub fn issue(&mut self, now: Micros, address: IpAddr, pass: Pass) -> Result<Key, TooMany> {
        self.out.retain(|_, out| out.expires > now);
        let of_address = self.out.values().filter(|out| out.address == address).count();
        if self.out.len() >= MAX_OUT || of_address >= MAX_OUT_PER_ADDRESS {
            return Err(TooMany);
        }
        let ticket = Key::random();
        self.out.insert(ticket.clone(), Out { pass, address, expires: now + TICKET_US });
        Ok(ticket)
    }

    /// What a ticket is for; it stays good.
    #[must_use]
    pub fn look(&self, now: Micros, ticket: &str) -> Option<&Pass> {
        let out = self.out.get(&Key::parse(ticket)?)?;
        (out.expires > now).then_some(&out.pass)
    }

    /// Takes a ticket, which is used up by that.
    pub fn take(&mut self, now: Micros, ticket: &str) -> Option<Pass> {
        let out = self.out.remove(&Key::parse(ticket)?)?;
        (out.expires > now).then_some(out.pass)
    }

    /// Withdraws the tickets into a room that were given for anything but the host key.
    pub fn withdraw(&mut self, room: &RoomName) {
        self.out.retain(|_, out| out.pass.room != *room || out.pass.role == Role::Host);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 1, 7));

    fn pass(room: &str, role: Role) -> Pass {
        let room = RoomName::parse(room).expect("a good name");
        Pass { room, name: DisplayName::parse("Ann").expect("a good name"), role }
    }

    fn address(n: usize) -> IpAddr {
        IpAddr::from((n as u128).to_be_bytes())
    }

    #[test]
    fn a_ticket_lets_in_once() {
        let mut tickets = Tickets::default();
        let ticket = tickets.issue(Micros(0), PHONE, pass("a", Role::Talker)).expect("issued").to_string();
        assert_eq!(tickets.look(Micros(1), &ticket), Some(&pass("a", Role::Talker)));
        assert_eq!(tickets.take(Micros(1), &ticket), Some(pass("a", Role::Talker)));
        assert_eq!(tickets.take(Micros(1), &ticket), None, "used");
        assert_eq!(tickets.look(Micros(1), &ticket), None, "used");
    }

    #[test]
    fn a_ticket_expires() {
        let mut tickets = Tickets::default();
        let ticket = tickets.issue(Micros(5), PHONE, pass("a", Role::Talker)).expect("issued").to_string();
        assert!(tickets.look(Micros(4 + TICKET_US), &ticket).is_some());
        assert_eq!(tickets.look(Micros(5 + TICKET_US), &ticket), None);
        assert_eq!(tickets.take(Micros(5 + TICKET_US), &ticket), None);
    }

    #[test]
    fn what_was_never_issued_is_nothing() {
        let mut tickets = Tickets::default();
        let ticket = tickets.issue(Micros(0), PHONE, pass("a", Role::Talker)).expect("issued").to_string();
        for forged in ["", "x", &ticket[..21], &format!("{ticket}A"), &Key::random().to_string()] {
            assert_eq!(tickets.take(Micros(0), forged), None, "{forged}");
        }
        assert!(tickets.take(Micros(0), &ticket).is_some(), "guessing uses nothing up");
    }

    #[test]
    fn how_many_are_out_is_bounded_by_address_and_in_all() {
        let mut tickets = Tickets::default();
        let mut issue = |now, n| tickets.issue(now, address(n), pass("a", Role::Talker));
        for _ in 0..MAX_OUT_PER_ADDRESS {
            issue(Micros(0), 0).expect("issued");
        }
        assert_eq!(issue(Micros(0), 0), Err(TooMany));
        for n in MAX_OUT_PER_ADDRESS..MAX_OUT {
            issue(Micros(0), n).expect("another address");
        }
        assert_eq!(issue(Micros(0), MAX_OUT), Err(TooMany));
        assert!(issue(Micros(TICKET_US), 0).is_ok(), "the old ones are over");
    }

    #[test]
    fn withdrawn_tickets_are_those_of_the_room_and_not_the_hosts() {
        let mut tickets = Tickets::default();
        let [here, host, there] = [("a", Role::Listener), ("a", Role::Host), ("b", Role::Talker)]
            .map(|(room, role)| tickets.issue(Micros(0), PHONE, pass(room, role)).expect("issued").to_string());
        tickets.withdraw(&RoomName::parse("a").expect("a good name"));
        assert_eq!(tickets.take(Micros(1), &here), None);
        assert!(tickets.take(Micros(1), &host).is_some() && tickets.take(Micros(1), &there).is_some());
    }
}
