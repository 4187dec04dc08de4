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

/// A relay's clock stands still for these: what happens in time is told to `expire`.
fn later(registry: &Registry, us: u64) -> Micros {
    registry.clock.now() + us
}

fn claims(registry: &Registry, seat: &Seat) -> Claims {
    registry.read_token(seat.token()).expect("a token of this relay's")
}

#[test]
fn a_held_seat_counts_until_its_time_is_over() {
    let registry = registry(Limits { per_room: 1, ..Limits::default() });
    let mut seat = enter(&registry, "a").expect("a seat");
    seat.keep_token();
    drop(seat);
    assert_eq!(registry.counts(), (1, 1));
    assert_eq!(enter(&registry, "a").err(), Some(Full::Room));
    assert!(registry.expire(later(&registry, 20_000_000)).is_some());
    assert_eq!(registry.counts(), (1, 1));
    assert_eq!(registry.expire(later(&registry, 31_000_000)), None);
    assert_eq!(registry.counts(), (0, 0));
}

#[test]
fn the_seat_is_the_same_for_who_comes_back_in_time_and_a_new_one_after() {
    let registry = registry(Limits::default());
    let mut seat = enter(&registry, "a").expect("a seat");
    seat.keep_token();
    let token = claims(&registry, &seat);
    drop(seat);
    let mut back = registry.come_back(token.clone(), Some(0)).expect("held");
    assert_eq!((back.id(), back.was_held(), registry.counts()), (ParticipantId(1), true, (1, 1)));
    back.keep_token();
    assert_eq!(registry.come_back(token, Some(0)).err(), Some(Refused::Worthless), "replaced by the next");
    let token = claims(&registry, &back);
    back.leave();
    let again = registry.come_back(token, Some(0)).expect("let in");
    assert!(!again.was_held() && !again.missed_all(), "what was said after they left was not for them");
    assert_eq!(again.name().as_str(), "ann");
}

#[test]
fn a_token_of_an_earlier_run_brings_its_holder_back_unless_the_room_is_another() {
    let earlier = registry(Limits::default());
    let _first = enter(&earlier, "a").expect("a seat");
    let second = enter(&earlier, "a").expect("a seat");
    let token = claims(&earlier, &second);
    let token = Claims { issued_ms: token.issued_ms - 1, ..token };
    for (epoch, outcome) in [(None, false), (Some(1), false), (Some(0), true)] {
        let registry = registry(Limits::default());
        let back = registry.come_back(token.clone(), epoch);
        assert_eq!(back.is_ok(), outcome, "{epoch:?}");
        if let Ok(back) = back {
            assert_eq!((back.id(), back.was_held(), registry.counts()), (ParticipantId(2), false, (1, 1)));
            assert!(back.missed_all());
        }
    }
    let registry = registry(Limits { participants: 0, ..Limits::default() });
    assert_eq!(registry.come_back(token, Some(0)).err(), Some(Refused::Full(Full::Relay)));
}

#[test]
fn a_room_of_a_new_epoch_keeps_those_inside_and_nobody_else() {
    let registry = registry(Limits::default());
    let mut inside = enter(&registry, "a").expect("a seat");
    inside.keep_token();
    let gone = enter(&registry, "a").expect("a seat");
    let (old, stray) = (claims(&registry, &inside), claims(&registry, &gone));
    gone.leave();
    registry.renew_tokens(&name("a"), 1);
    assert_eq!(registry.come_back(stray, Some(1)).err(), Some(Refused::Worthless));
    drop(inside);
    let back = registry.come_back(old, Some(1)).expect("the seat is held, and the new token may not have come");
    assert_eq!(claims(&registry, &back).epoch, 1);
}
