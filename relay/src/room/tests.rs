use super::*;

struct Guest(Arc<Egress>);

impl Guest {
    fn enter(room: &mut Room, id: u32) -> Self {
        let egress = Arc::new(Egress::default());
        let name = DisplayName::parse(&format!("guest {id}")).expect("a good name");
        let greeting = Greeting { egress: Arc::clone(&egress), boot: "boot".into(), token: "token".into() };
        room.handle(Micros(0), Event::Join { id: ParticipantId(id), name, role: Role::Talker, greeting });
        Self(egress)
    }

    fn read(&self) -> Vec<ServerMessage> {
        std::iter::from_fn(|| self.0.take_text())
            .map(|text| ServerMessage::parse(&text).expect("valid").expect("known"))
            .collect()
    }
}

fn room() -> Room {
    Room::new(RoomName::parse("lobby").expect("a good name"), Ptime::Ms20, Micros(0))
}

#[test]
fn the_welcome_comes_first_and_lists_everyone() {
    let mut room = room();
    let first = Guest::enter(&mut room, 1);
    let second = Guest::enter(&mut room, 2);
    let messages = second.read();
    let [ServerMessage::Welcome { id: 2, participants, .. }] = messages.as_slice() else {
        panic!("{messages:?}");
    };
    assert_eq!(participants.iter().map(|p| p.id).collect::<Vec<_>>(), [1, 2]);
    assert!(matches!(first.read().as_slice(), [ServerMessage::Welcome { .. }, ServerMessage::Joined { .. }]));
}

#[test]
fn chat_and_notifications_share_one_numbering() {
    let mut room = room();
    let guest = Guest::enter(&mut room, 1);
    guest.read();
    let notice = Notice { severity: relay_wire::Severity::Info, title: "t".into(), text: String::new() };
    room.handle(Micros(0), Event::Chat(ParticipantId(1), "a".into(), None));
    room.handle(Micros(0), Event::Notify { from: None, notice, echo: None, reply: None });
    room.handle(Micros(0), Event::Chat(ParticipantId(1), "b".into(), None));
    let numbers: Vec<u64> = guest
        .read()
        .iter()
        .map(|m| match m {
            ServerMessage::Chat { message, .. } | ServerMessage::Notification { message, .. } => *message,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(numbers, [1, 2, 3]);
}

#[test]
fn muting_twice_is_said_once() {
    let mut room = room();
    let guest = Guest::enter(&mut room, 1);
    guest.read();
    for muted in [true, true, false, false] {
        room.handle(Micros(0), Event::Mute(ParticipantId(1), muted));
    }
    let said = |muted| ServerMessage::Muted { id: 1, muted, by: None };
    assert_eq!(guest.read(), [said(true), said(false)]);
}

#[test]
fn who_is_gone_can_say_nothing_more() {
    let mut room = room();
    let _first = Guest::enter(&mut room, 1);
    let second = Guest::enter(&mut room, 2);
    room.handle(Micros(0), Event::Leave(ParticipantId(1)));
    second.read();
    room.handle(Micros(0), Event::Chat(ParticipantId(1), "still here".into(), None));
    room.handle(Micros(0), Event::Leave(ParticipantId(1)));
    assert_eq!(second.read(), []);
}
