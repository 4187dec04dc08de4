use super::*;
use crate::naps::Naps;
use relay_engine::Ptime;

fn registry(limits: Limits) -> Arc<Registry> {
    let mixers = (0..2)
        .map(|i| Mixer::start(i, Clock::start(), Ptime::Ms20, Naps::new(Ptime::Ms20)).expect("a thread"))
        .collect();
    let tokens = Key::load_or_make(None).expect("random numbers");
    Arc::new(Registry::new(mixers, limits, Clock::start(), tokens))
}

fn name(name: &str) -> RoomName {
    RoomName::parse(name).expect("a good name")
}

fn enter(registry: &Arc<Registry>, room: &str) -> Result<Seat, Full> {
    let ann = DisplayName::parse("ann").expect("a good name");
    registry.enter(Pass { room: name(room), name: ann, role: Role::Talker }, 0)
}

#[test]
fn a_room_lives_while_somebody_is_in_it() {
    let registry = registry(Limits::default());
    let first = enter(&registry, "a").expect("a seat");
    let second = enter(&registry, "a").expect("a seat");
    assert_eq!((first.id(), second.id()), (ParticipantId(1), ParticipantId(2)));
    drop(first);
    assert_eq!(registry.counts(), (1, 1));
    assert_eq!(enter(&registry, "a").expect("a seat").id(), ParticipantId(3), "ids are not reused");
    drop(second);
    assert_eq!(registry.counts(), (0, 0));
    assert_eq!(registry.tell(&name("a"), Micros(0), Event::Leave(ParticipantId(1))), Err(Gone));
}

#[test]
fn rooms_spread_over_the_threads() {
    let registry = registry(Limits::default());
    let _seats = ["a", "b", "c", "d"].map(|room| enter(&registry, room).expect("a seat"));
    assert_eq!(registry.lock().load, [2, 2]);
}

#[test]
fn limits_hold_and_seats_come_back() {
    let registry = registry(Limits { participants: 3, per_room: 2, ..Limits::default() });
    let seat = enter(&registry, "a").expect("a seat");
    let _other = enter(&registry, "a").expect("a seat");
    assert_eq!(enter(&registry, "a").err(), Some(Full::Room));
    let _third = enter(&registry, "b").expect("a seat");
    assert_eq!(enter(&registry, "c").err(), Some(Full::Relay));
    drop(seat);
    assert!(enter(&registry, "c").is_ok());
    registry.goodbye();
    assert_eq!(enter(&registry, "c").err(), Some(Full::Closing));
}
