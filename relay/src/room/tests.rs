use super::*;
use bytes::Bytes;
use relay_wire::{UpFlags, UpHeader};

struct Guest(Arc<Egress>);

impl Guest {
    fn enter(room: &mut Room, id: u32) -> Self {
        let egress = Arc::new(Egress::default());
        let name = DisplayName::parse(&format!("guest {id}")).expect("a good name");
        let greeting = greeting(&egress, "token", false);
        room.handle(
            Micros(0),
            Event::Join { id: ParticipantId(id), name, colour: Colour::of(id), role: Role::Talker, greeting },
        );
        Self(egress)
    }

    fn read(&self) -> Vec<ServerMessage> {
        std::iter::from_fn(|| self.0.queues().take_text())
            .map(|text| ServerMessage::parse(&text).expect("valid").expect("known"))
            .collect()
    }
}

fn greeting(egress: &Arc<Egress>, token: &str, missed_all: bool) -> Greeting {
    Greeting { egress: Arc::clone(egress), boot: "boot".into(), token: token.into(), missed_all }
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

impl Guest {
    fn come_back(room: &mut Room, id: u32, after: u64) -> Self {
        let egress = Arc::new(Egress::default());
        let greeting = greeting(&egress, "next", false);
        room.handle(Micros(0), Event::Return { id: ParticipantId(id), after, greeting });
        Self(egress)
    }

    /// The close code, if the session is to end.
    fn closed(&self) -> Option<u16> {
        self.0.queues().pending(Micros(0)).close.map(|close| close.code)
    }
}

fn chat(room: &mut Room, id: u32, text: &str, echo: Option<u32>) {
    room.handle(Micros(0), Event::Chat(ParticipantId(id), text.into(), echo));
}

/// The lines among messages, by number and text.
fn lines(messages: &[ServerMessage]) -> Vec<(u64, &str)> {
    let line = |m| match m {
        &ServerMessage::Chat { message, ref text, .. } => Some((message, text.as_str())),
        _ => None,
    };
    messages.iter().filter_map(line).collect()
}

#[test]
fn who_was_here_before_the_relay_was_started_anew_reads_what_was_said_since() {
    let mut room = room();
    let _first = Guest::enter(&mut room, 1);
    chat(&mut room, 1, "back already", None);
    let egress = Arc::new(Egress::default());
    let (id, name) = (ParticipantId(2), DisplayName::parse("ann").expect("a good name"));
    let greeting = greeting(&egress, "token", true);
    room.handle(Micros(0), Event::Join { id, name, colour: Colour::of(2), role: Role::Talker, greeting });
    let second = Guest(egress);
    chat(&mut room, 1, "both", None);
    let messages = second.read();
    assert!(matches!(messages.first(), Some(ServerMessage::Welcome { resumed: false, .. })));
    assert_eq!(lines(&messages), [(1, "back already"), (2, "both")]);
}

#[test]
fn who_is_away_comes_back_without_left_and_joined_and_reads_what_was_missed_once_in_order() {
    let mut room = room();
    let first = Guest::enter(&mut room, 1);
    let second = Guest::enter(&mut room, 2);
    chat(&mut room, 2, "before", None);
    room.handle(Micros(0), Event::Mute(ParticipantId(1), true));
    second.read();
    room.handle(Micros(0), Event::Away(ParticipantId(1)));
    room.handle(Micros(0), Event::Away(ParticipantId(1)));
    assert_eq!(second.read(), [ServerMessage::Away { id: 1, away: true }], "once");
    first.read();
    chat(&mut room, 2, "missed", None);
    chat(&mut room, 2, "missed too", None);
    assert_eq!(first.read(), [], "nothing piles up for who is away");
    let third = Guest::enter(&mut room, 3);
    let welcome = third.read();
    let [ServerMessage::Welcome { participants, .. }] = welcome.as_slice() else { panic!("{welcome:?}") };
    assert_eq!(participants.iter().map(|p| p.away).collect::<Vec<_>>(), [true, false, false]);
    second.read();

    let back = Guest::come_back(&mut room, 1, 1);
    chat(&mut room, 2, "new", None);
    let messages = back.read();
    let ServerMessage::Welcome { id: 1, resumed: true, resume, participants, .. } = &messages[0] else {
        panic!("{messages:?}")
    };
    assert_eq!((resume.as_str(), participants[0].muted, participants[0].away), ("next", true, false));
    assert_eq!(lines(&messages), [(2, "missed"), (3, "missed too"), (4, "new")]);
    assert_eq!(messages.len(), 4);
    assert_eq!(second.read()[0], ServerMessage::Away { id: 1, away: false });
}

#[test]
fn a_link_that_seems_gone_is_away_once_whatever_becomes_of_it() {
    let mut room = room();
    let first = Guest::enter(&mut room, 1);
    let other = Guest::enter(&mut room, 2);
    first.read();
    other.read();
    let quiet = |room: &mut Room, quiet| room.handle(Micros(0), Event::Quiet(ParticipantId(1), quiet));
    let away = |away| ServerMessage::Away { id: 1, away };
    quiet(&mut room, true);
    assert_eq!(other.read(), [away(true)]);
    quiet(&mut room, false);
    quiet(&mut room, true);
    room.handle(Micros(0), Event::Away(ParticipantId(1)));
    assert_eq!(other.read(), [away(false), away(true)]);
    let back = Guest::come_back(&mut room, 1, 0);
    quiet(&mut room, true);
    let again = Guest::come_back(&mut room, 1, 0);
    assert_eq!(other.read(), [away(false), away(true), away(false)]);
    assert_eq!((back.closed(), again.closed()), (Some(close::REPLACED), None));
    assert!(first.read().iter().all(|m| matches!(m, ServerMessage::Goodbye { .. })), "one's own is no news");
}

#[test]
fn the_old_socket_is_evicted_and_the_others_notice_nothing() {
    let mut room = room();
    let old = Guest::enter(&mut room, 1);
    let other = Guest::enter(&mut room, 2);
    other.read();
    let new = Guest::come_back(&mut room, 1, 0);
    assert_eq!((old.closed(), new.closed()), (Some(close::REPLACED), None));
    assert!(matches!(old.read().last(), Some(ServerMessage::Goodbye { reconnect: false, .. })));
    assert_eq!(other.read(), []);
}

#[test]
fn what_was_said_before_somebody_came_is_not_theirs_to_read() {
    let mut room = room();
    let _first = Guest::enter(&mut room, 1);
    chat(&mut room, 1, "between us", None);
    let _second = Guest::enter(&mut room, 2);
    chat(&mut room, 1, "for both", None);
    let back = Guest::come_back(&mut room, 2, 0);
    assert_eq!(lines(&back.read()), [(2, "for both")]);
}

#[test]
fn a_line_that_is_sent_again_is_said_once() {
    let mut room = room();
    let guest = Guest::enter(&mut room, 1);
    chat(&mut room, 1, "one", Some(1));
    chat(&mut room, 1, "two", Some(2));
    room.handle(Micros(0), Event::Away(ParticipantId(1)));
    guest.read();
    let back = Guest::come_back(&mut room, 1, 0);
    let messages = back.read();
    assert!(matches!(messages[0], ServerMessage::Welcome { echo: 2, .. }), "{messages:?}");
    let notice = Notice { severity: relay_wire::Severity::Info, title: "four".into(), text: String::new() };
    for _ in 0..2 {
        chat(&mut room, 1, "two", Some(2));
        chat(&mut room, 1, "three", Some(3));
        let from = Some(ParticipantId(1));
        room.handle(Micros(0), Event::Notify { from, notice: notice.clone(), echo: Some(4), reply: None });
    }
    let messages = back.read();
    assert_eq!(lines(&messages), [(3, "three")]);
    assert!(matches!(&messages[1..], [ServerMessage::Notification { message: 4, echo: Some(4), .. }]), "{messages:?}");
}

#[test]
fn a_seat_that_the_room_does_not_know_ends_with_a_reason() {
    let mut room = room();
    let nobody = Guest::come_back(&mut room, 1, 0);
    assert_eq!(nobody.closed(), Some(close::INTERNAL));
}

#[test]
fn what_a_microphone_costs_is_told_to_the_others_when_it_changes_and_to_who_comes() {
    let mut room = room();
    let (talker, listener) = (Guest::enter(&mut room, 1), Guest::enter(&mut room, 2));
    talker.read();
    listener.read();
    for delay_ms in [31, 31, 64] {
        room.handle(Micros(0), Event::Microphone(ParticipantId(1), delay_ms));
    }
    let told = |delay_ms| ServerMessage::Microphone { id: 1, delay_ms };
    assert_eq!(listener.read(), [told(31), told(64)]);
    assert_eq!(talker.read(), []);
    let late = Guest::enter(&mut room, 3).read();
    let [ServerMessage::Welcome { participants, .. }] = late.as_slice() else { panic!("{late:?}") };
    assert_eq!(participants.iter().map(|p| p.microphone_ms).collect::<Vec<_>>(), [Some(64), None, None]);
}

#[test]
fn who_is_muted_by_the_host_is_not_heard() {
    let talks = |room: &mut Room, sequence: u16| {
        let header = UpHeader {
            flags: UpFlags { marker: true, ..UpFlags::default() },
            sequence,
            timestamp: u32::from(sequence) * 960,
            level: 20,
            ..UpHeader::default()
        };
        let packet = Bytes::from_static(&[0xF8, 0xFF, 0xFE]);
        let now = Micros(u64::from(sequence) * 1_000_000);
        room.handle(now, Event::Packet(ParticipantId(1), header, packet));
    };
    let heard = |listener: &Guest, at: u16| listener.0.queues().pending(Micros(u64::from(at) * 1_000_000)).audio;
    let mut room = room();
    let _talker = Guest::enter(&mut room, 1);
    let listener = Guest::enter(&mut room, 2);
    room.handle(Micros(0), Event::MuteByHost(None));
    talks(&mut room, 1);
    assert!(!heard(&listener, 1));
    room.handle(Micros(0), Event::Mute(ParticipantId(1), false));
    talks(&mut room, 2);
    assert!(heard(&listener, 2), "until they unmute");
    room.handle(Micros(0), Event::MuteByHost(Some(ParticipantId(1))));
    while listener.0.queues().take_audio(Micros(2_000_000)).is_some() {}
    talks(&mut room, 3);
    assert!(!heard(&listener, 3));
}
