use super::*;
use crate::{egress::Egress, room::Greeting};
use relay_engine::ParticipantId;
use relay_wire::{Colour, DisplayName, Role, close};

fn join(id: u32) -> (Event, Arc<Egress>) {
    let egress = Arc::new(Egress::default());
    let name = DisplayName::parse("guest").expect("a good name");
    let (boot, token) = (String::new(), String::new());
    let greeting = Greeting { egress: Arc::clone(&egress), boot, token, missed_all: false };
    (Event::Join { id: ParticipantId(id), name, colour: Colour::of(id), role: Role::Talker, greeting }, egress)
}

fn driver() -> (Mixer, Driver) {
    let (inbox, commands) = mpsc::channel();
    let (backlog, late) = (Arc::<AtomicUsize>::default(), Arc::<AtomicU64>::default());
    let sleeper = Sleeper(thread::current());
    let mixer = Mixer { inbox, backlog: Arc::clone(&backlog), late: Arc::clone(&late), sleeper };
    let (rooms, deadlines) = (HashMap::new(), BinaryHeap::new());
    let (clock, ptime) = (Clock::start(), Ptime::Ms20);
    let naps = Naps::new(ptime);
    let unwritten = None;
    (mixer, Driver { commands, backlog, late, clock, ptime, naps, rooms, unwritten, deadlines, closing: false })
}

fn lobby() -> RoomName {
    RoomName::parse("lobby").expect("a good name")
}

#[test]
fn a_room_that_panics_ends_alone() {
    let (mixer, mut driver) = driver();
    let sessions: Vec<_> = [1, 2]
        .map(|key| {
            let (event, egress) = join(1);
            mixer.open(RoomKey(key), lobby(), Patience::default()).expect("the driver lives");
            mixer.tell(RoomKey(key), Micros(0), event, &Patience::default()).expect("the driver lives");
            egress
        })
        .into();
    driver.take_arrived().expect("the mixer lives");
    driver.with_room(RoomKey(1), Micros(1), |_, _| panic!("a fault"));
    let closed = |egress: &Egress| egress.queues().pending(Micros(0)).close.map(|c| c.code);
    assert_eq!((closed(&sessions[0]), closed(&sessions[1])), (Some(close::INTERNAL), None));

    let (event, late) = join(2);
    mixer.tell(RoomKey(1), Micros(2), event, &Patience::default()).expect("the driver lives");
    driver.take_arrived().expect("the mixer lives");
    assert_eq!(closed(&late), Some(close::INTERNAL));
}

#[test]
fn time_never_goes_back_for_a_room() {
    let (mixer, mut driver) = driver();
    mixer.open(RoomKey(1), lobby(), Patience::default()).expect("the driver lives");
    driver.take_arrived().expect("the mixer lives");
    let mut seen = Vec::new();
    for at in [5_000_000, 3, 6_000_000] {
        driver.with_room(RoomKey(1), Micros(at), |_, now| seen.push(now.0));
    }
    assert_eq!(seen, [5_000_000, 5_000_000, 6_000_000]);
}

#[test]
fn rooms_made_together_tick_apart() {
    let now = Micros(1_234_567);
    let mut phases: Vec<u64> = (1..=10).map(|key| staggered(RoomKey(key), now, Ptime::Ms20).0 % 20_000).collect();
    phases.sort_unstable();
    assert!(phases.windows(2).all(|pair| pair[1] - pair[0] >= 900), "{phases:?}");
    for key in 0..100 {
        for now in [Micros(0), Micros(5000), now] {
            let began = staggered(RoomKey(key), now, Ptime::Ms20);
            assert!(began <= now && now.since(began) < 20_000);
        }
    }
}

#[test]
fn packets_beyond_the_backlog_are_discarded_and_text_is_not() {
    let (mixer, driver) = driver();
    let packet = || Event::Packet(ParticipantId(1), relay_wire::UpHeader::default(), bytes::Bytes::new());
    for _ in 0..MAX_BACKLOG + 10 {
        mixer.tell(RoomKey(1), Micros(0), packet(), &Patience::default()).expect("the driver lives");
    }
    mixer
        .tell(RoomKey(1), Micros(0), Event::Chat(ParticipantId(1), "hello".into(), None), &Patience::default())
        .expect("the driver lives");
    assert_eq!(mixer.late(), 10);
    assert_eq!(driver.commands.try_iter().count(), MAX_BACKLOG + 1);
}

#[test]
fn packets_that_a_room_finds_too_late_are_counted() {
    let (mixer, mut driver) = driver();
    mixer.open(RoomKey(1), lobby(), Patience::default()).expect("the driver lives");
    let packet = |sequence: u16, timestamp: u32| {
        let header = relay_wire::UpHeader { sequence, timestamp, ..relay_wire::UpHeader::default() };
        Event::Packet(ParticipantId(1), header, bytes::Bytes::from_static(&[0xf8, 0, 0]))
    };
    let events = [join(1).0, join(2).0, packet(0, 0), packet(2, 1920), packet(1, 960)];
    for (at, event) in (0..).map(|n| Micros(n * 20_000)).zip(events) {
        mixer.tell(RoomKey(1), at, event, &Patience::default()).expect("the driver lives");
    }
    driver.take_arrived().expect("the mixer lives");
    assert_eq!(mixer.late(), 1);
}
