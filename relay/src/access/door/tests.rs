//! Proves who gets a ticket for what, and that guessing is held up while links go on to work.

use super::*;
use crate::access::book::LOBBY;
use relay_wire::DisplayName;

fn address(n: u8) -> IpAddr {
    [192, 168, 1, n].into()
}

fn pass(room: &str, role: Role) -> Pass {
    let room = RoomName::parse(room).expect("a good name");
    Pass { room, name: DisplayName::parse("Ann").expect("a good name"), role }
}

fn key(key: &str) -> Shown {
    Shown { key: Some(key.to_owned()), pin: None }
}

fn pin(pin: &str) -> Shown {
    Shown { key: None, pin: Some(pin.to_owned()) }
}

fn parsed(key: &str) -> Key {
    Key::parse(key).expect("a key")
}

fn at(seconds: u64) -> Micros {
    Micros(seconds * 1_000_000)
}

struct Keys {
    host: String,
    lobby: String,
    pin: String,
}

fn door(open: bool) -> (Door, Keys) {
    let host = Key::random();
    let mut door = Door::new(open, host.clone(), Book::default());
    let record = door.book.room_mut(&pass(LOBBY, Role::Talker).room).expect("there");
    record.pin = Pin::parse("314159").expect("six digits");
    let keys = Keys { host: host.to_string(), lobby: record.key.to_string(), pin: record.pin.to_string() };
    (door, keys)
}

/// A PIN that is nobody's.
const WRONG: &str = "271828";

#[test]
fn what_is_shown_decides() {
    use Refusal::{BadKey, BadPin, KeyNeeded, Locked, NoRoom, NotAllowed};
    use Role::{Host, Listener, Talker};
    let nothing = Shown::default();
    let (_, keys) = door(false);
    let other = Key::random().to_string();
    for (open, locked, room, role, shown, expected) in [
        (false, false, LOBBY, Talker, key(&keys.lobby), Ok(())),
        (false, false, LOBBY, Listener, key(&keys.lobby), Ok(())),
        (false, false, LOBBY, Host, key(&keys.lobby), Err(NotAllowed)),
        (false, false, LOBBY, Host, key(&keys.host), Ok(())),
        (false, false, LOBBY, Listener, key(&keys.host), Ok(())),
        (false, false, LOBBY, Talker, pin(&keys.pin), Ok(())),
        (false, false, LOBBY, Host, pin(&keys.pin), Err(NotAllowed)),
        (false, false, LOBBY, Talker, key(&other), Err(BadKey)),
        (false, false, LOBBY, Host, key(&other), Err(BadKey)),
        (false, false, LOBBY, Talker, key(""), Err(BadKey)),
        (false, false, LOBBY, Talker, pin(WRONG), Err(BadPin)),
        (false, false, LOBBY, Talker, pin(""), Err(BadPin)),
        (false, false, LOBBY, Talker, nothing.clone(), Err(KeyNeeded)),
        (false, false, "none", Talker, key(&keys.lobby), Err(BadKey)),
        (false, false, "none", Talker, pin(&keys.pin), Err(BadPin)),
        (false, false, "none", Talker, key(&keys.host), Err(NoRoom)),
        (false, true, LOBBY, Talker, key(&keys.lobby), Err(Locked)),
        (false, true, LOBBY, Talker, pin(&keys.pin), Err(Locked)),
        (false, true, LOBBY, Talker, key(&other), Err(BadKey)),
        (false, true, LOBBY, Talker, key(&keys.host), Ok(())),
        (true, false, LOBBY, Talker, nothing.clone(), Ok(())),
        (true, false, "any", Listener, nothing.clone(), Ok(())),
        (true, false, "any", Talker, key("an old link's"), Ok(())),
        (true, false, "any", Host, nothing.clone(), Err(KeyNeeded)),
        (true, false, "any", Host, key(&keys.host), Ok(())),
        (true, false, LOBBY, Host, pin(&keys.pin), Err(NotAllowed)),
        (true, true, LOBBY, Talker, nothing, Err(Locked)),
    ] {
        let mut door = Door::new(open, parsed(&keys.host), Book::default());
        let record = door.book.room_mut(&pass(LOBBY, role).room).expect("there");
        record.key = parsed(&keys.lobby);
        record.pin = Pin::parse(&keys.pin).expect("six digits");
        record.locked = locked;
        let wanted = pass(room, role);
        let outcome = door.ticket(at(0), address(1), wanted.clone(), &shown);
        assert_eq!(outcome.as_ref().map(|_| ()), expected.as_ref().copied(), "{open} {locked} {room} {role} {shown:?}");
        if let Ok(ticket) = outcome {
            assert_eq!(door.tickets.take(at(1), &ticket.to_string()), Some(wanted));
        }
    }
}

#[test]
fn only_an_open_door_lets_in_without_a_ticket() {
    let (mut open, (closed, _)) = (door(true).0, door(false));
    let talker = pass("any", Role::Talker);
    assert_eq!(open.enter_freely(&talker), Ok(0));
    assert_eq!(closed.enter_freely(&pass(LOBBY, Role::Talker)), Err(Refusal::TicketNeeded));
    assert_eq!(open.enter_freely(&pass("any", Role::Host)), Err(Refusal::NotAllowed));
    open.book.add(&talker.room).expect("there is place").locked = true;
    assert_eq!(open.enter_freely(&talker), Err(Refusal::Locked));
}

#[test]
fn ten_thousand_guesses_are_held_up_and_links_are_not() {
    let (mut door, keys) = door(false);
    let wanted = || pass(LOBBY, Role::Talker);
    let (mut compared, mut held_up) = (0, 0);
    // Ten a second, from 20 addresses in turn.
    for guess in 0..10_000u64 {
        let now = Micros(guess * 100_000);
        match door.ticket(now, address((guess % 20) as u8), wanted(), &pin(WRONG)) {
            Err(Refusal::BadPin) => compared += 1,
            Err(Refusal::Limited(wait)) => {
                assert!(wait <= BY_ROOM.within, "{wait:?}");
                held_up += 1;
            }
            other => panic!("{other:?}"),
        }
        if guess % 333 == 0 {
            assert!(door.ticket(now, address((guess % 20) as u8), wanted(), &key(&keys.lobby)).is_ok());
        }
    }
    // 1000 s are three whole windows of 300 s and a part.
    assert!((90..=120).contains(&compared), "{compared} were compared, {held_up} held up");
}

#[test]
fn one_address_is_held_up_and_others_are_not() {
    let (mut door, keys) = door(false);
    let wanted = || pass(LOBBY, Role::Talker);
    for _ in 0..5 {
        assert_eq!(door.ticket(at(0), address(1), wanted(), &pin(WRONG)), Err(Refusal::BadPin));
    }
    assert!(matches!(door.ticket(at(59), address(1), wanted(), &pin(&keys.pin)), Err(Refusal::Limited(_))));
    assert!(door.ticket(at(59), address(2), wanted(), &pin(&keys.pin)).is_ok());
    assert!(door.ticket(at(60), address(1), wanted(), &pin(&keys.pin)).is_ok());
    for second in 61..200 {
        assert!(door.ticket(at(second), address(1), wanted(), &pin(&keys.pin)).is_ok(), "being right costs nothing");
    }
}

#[test]
fn a_room_that_is_not_there_looks_like_a_wrong_pin() {
    let (mut door, _) = door(false);
    for room in [LOBBY, "none"] {
        for guess in 0..40 {
            let outcome = door.ticket(at(0), address(guess), pass(room, Role::Talker), &pin(WRONG));
            let expected = if guess < 30 { Refusal::BadPin } else { Refusal::Limited(BY_ROOM.within) };
            assert_eq!(outcome, Err(expected), "{room}");
        }
    }
}

#[test]
fn wrong_host_keys_are_held_up_and_the_right_one_never() {
    let (mut door, keys) = door(false);
    for _ in 0..5 {
        assert_eq!(door.host(at(0), address(1), Some("wrong")), Err(Refusal::BadKey));
    }
    assert!(matches!(door.host(at(0), address(1), Some("wrong")), Err(Refusal::Limited(_))));
    assert_eq!(door.host(at(0), address(1), Some(&keys.host)), Ok(()));
    assert_eq!(door.host(at(0), address(1), None), Err(Refusal::KeyNeeded));
    let pins = door.ticket(at(0), address(1), pass(LOBBY, Role::Talker), &pin(&keys.pin));
    assert!(pins.is_ok(), "PINs are counted apart");
}

#[test]
fn notifications_need_a_key_of_the_room_or_the_hosts() {
    let (mut closed, keys) = door(false);
    let lobby = pass(LOBBY, Role::Talker).room;
    let none = pass("none", Role::Talker).room;
    let mut may = |room, shown: Option<&str>| closed.notify(at(0), address(1), room, shown);
    assert_eq!(may(&lobby, Some(&keys.lobby)), Ok(()));
    assert_eq!(may(&lobby, Some(&keys.host)), Ok(()));
    assert_eq!(may(&lobby, None), Err(Refusal::KeyNeeded));
    assert_eq!(may(&lobby, Some("wrong")), Err(Refusal::BadKey));
    assert_eq!(may(&none, Some(&keys.lobby)), Err(Refusal::BadKey));
    assert_eq!(door(true).0.notify(at(0), address(1), &none, None), Ok(()));
}
