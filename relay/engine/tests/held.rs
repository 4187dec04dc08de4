//! Proves that what a listener is told of the time in the room splits the age of the sound truly: what was before it is
//! the way up of the packet that sounds, whatever the jitter, and nothing is held that is forwarded.

mod common;

use common::{MARKER, PACKET_US, PLAIN, PcmCodec, Talker, world};
use relay_engine::{Input, Micros, ParticipantId, Ptime};
use relay_wire::audio::{HELD_STEP_US, capture_stamp, held_us, stamp_age_us};

/// How long after its last sample the packet arrives.
fn link_us(n: u64) -> u64 {
    if n.is_multiple_of(5) { 15_000 } else { 1_000 }
}

/// What talker `id` sends as their `n`th packet, captured at the pace of the packets.
fn packet(talker: &mut Talker<PcmCodec>, n: u64) -> Input {
    let constant = 100 << talker.id.0;
    match talker.packet(if n == 0 { MARKER } else { PLAIN }, |_| constant) {
        Input::Packet(id, mut header, payload) => {
            header.capture_us = capture_stamp(n * PACKET_US);
            Input::Packet(id, header, payload)
        }
        other => other,
    }
}

/// For each packet that listener 4 was sent while `talking` talked: the way up and the time in the room, µs.
fn told(talking: u32) -> Vec<(i64, u64)> {
    let (mut world, codec) = world(4);
    let mut talkers: Vec<_> = (1..=talking).map(|id| Talker::new(id, &codec, Ptime::Ms20)).collect();
    for n in 0..200 {
        world.advance_to(Micros((n + 1) * PACKET_US + link_us(n)));
        for talker in &mut talkers {
            world.input(packet(talker, n));
        }
    }
    let sent = world.sent[&ParticipantId(4)].iter().filter(|(_, header, _)| !header.flags.prime);
    sent.map(|(at, header, _)| {
        let held = held_us(header.held).expect("it is known");
        let age = stamp_age_us(header.capture_us, at.0).expect("captured once");
        (i64::from(age) - held.cast_signed(), held)
    })
    .collect()
}

#[test]
fn what_is_forwarded_is_not_held() {
    let told = told(1);
    assert_eq!(told.len(), 200);
    for (n, (up, held)) in (0..).zip(told) {
        // An instant of 0 is written as 1.
        let wanted = PACKET_US + link_us(n) - u64::from(n == 0);
        assert_eq!((up.cast_unsigned(), held), (wanted, 0), "packet {n}");
    }
}

#[test]
fn what_is_mixed_is_held_from_the_arrival_of_its_packet_to_its_tick() {
    let told = told(3);
    assert!(told.len() > 190, "{} packets", told.len());
    let (mut quick, mut late) = (0, 0);
    for (up, held) in told.into_iter().skip(1) {
        let off = |n: u64| up.abs_diff((PACKET_US + link_us(n)).cast_signed());
        // Steps of the header, and a sample's share of a microsecond.
        let near = HELD_STEP_US + 2;
        quick += usize::from(off(1) <= near);
        late += usize::from(off(0) <= near);
        assert!(off(1).min(off(0)) <= near, "up {up} µs, held {held} µs");
        assert!(held < 60_000, "{held} µs");
    }
    assert!(quick > 100 && late > 20, "{quick} and {late}");
}
