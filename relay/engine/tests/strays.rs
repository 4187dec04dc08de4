//! What is only half of what should come: a room falls silent all the same, and its listeners are sent nothing odd.

mod common;

use bytes::Bytes;
use common::{END, MARKER, PACKET_US, PLAIN, Talker, signal};
use relay_engine::{Input, Micros, ParticipantId, Ptime};
use relay_wire::{UpFlags, UpHeader};

const PRE_ROLL: UpFlags = UpFlags { marker: false, end: false, pre_roll: true, muted: false };

#[test]
fn pre_roll_that_nothing_follows_does_not_keep_a_room_busy() {
    let (mut world, codec) = common::world(4);
    for id in 1..=3 {
        world.input(Talker::new(id, &codec, Ptime::Ms20).packet(PRE_ROLL, signal(id)));
    }
    world.advance_to(Micros(2_000_000));
    assert_eq!(world.room.next_timeout(), None);
}

#[test]
fn an_empty_end_that_waits_where_a_mix_ends_begins_no_epoch() {
    let (mut world, codec) = common::world(4);
    world.input(Input::Deafen(ParticipantId(4), true));
    let mut talkers = [1, 2].map(|id| Talker::new(id, &codec, Ptime::Ms20));
    for n in 0..30 {
        world.advance_to(Micros(n * PACKET_US + 5_000));
        for talker in &mut talkers {
            let packet = talker.packet(if n == 0 { MARKER } else { PLAIN }, signal(talker.id.0));
            world.input(packet);
        }
    }
    // All that the first said is played, and the tick that would play the end is still to come.
    world.advance_to(Micros(30 * PACKET_US + 4_000));
    let end = UpHeader { flags: END, sequence: 30, timestamp: 30 * 960, ..UpHeader::default() };
    world.input(Input::Packet(ParticipantId(1), end, Bytes::new()));
    world.input(Input::Deafen(ParticipantId(4), false));
    world.input(Input::Leave(ParticipantId(2)));
    world.advance_to(Micros(2_000_000));
    let sent = &world.sent[&ParticipantId(3)];
    let ends: Vec<_> = sent.iter().filter(|(_, header, _)| header.flags.end).collect();
    let [(_, end, payload)] = ends[..] else { panic!("{ends:?}") };
    assert!(payload.is_empty());
    assert_eq!((end.flags.marker, end.flags.cross_fade, end.epoch), (false, false, sent[sent.len() - 2].1.epoch));
    assert_eq!(world.sent.get(&ParticipantId(4)), None, "who heard nothing is told of no end");
}
