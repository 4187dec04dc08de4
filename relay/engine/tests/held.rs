//! Proves that what a listener is told of the time in the room splits the age of the sound truly: what was before it is
//! the way up of the packet that sounds, whatever the jitter, and nothing is held that is forwarded.

mod common;

use common::{MARKER, PACKET_US, PLAIN, PcmCodec, Talker, world};
use relay_engine::{Input, Micros, ParticipantId, Ptime};
use relay_wire::audio::{Held, capture_stamp, stamp_age_us};

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

/// For each packet that listener 4 was sent while `talking` talked over such links, the loudest `ahead_us` ahead of the
/// others: the way up, µs, and the time in the room.
fn told(talking: u32, ahead_us: u64, link_us: fn(u64) -> u64) -> Vec<(i64, Held)> {
    let (mut world, codec) = world(4);
    let mut talkers: Vec<_> = (1..=talking).map(|id| Talker::new(id, &codec, Ptime::Ms20)).collect();
    for n in 0..200 {
        let comes_at = (n + 1) * PACKET_US + link_us(n);
        let [others @ .., loudest] = talkers.as_mut_slice() else { panic!("somebody talks") };
        world.advance_to(Micros(comes_at));
        world.input(packet(loudest, n));
        world.advance_to(Micros(comes_at + ahead_us));
        for talker in others {
            world.input(packet(talker, n));
        }
    }
    let sent = world.sent[&ParticipantId(4)].iter().filter(|(_, header, _)| !header.flags.prime);
    sent.map(|(at, header, _)| {
        let held = Held::from_stamp(header.held).expect("it is known");
        let age = stamp_age_us(header.capture_us, at.0).expect("captured once");
        (i64::from(age) - held.us().cast_signed(), held)
    })
    .collect()
}

#[test]
fn what_is_forwarded_is_not_held() {
    let told = told(1, 0, link_us);
    assert_eq!(told.len(), 200);
    for (n, (up, held)) in (0..).zip(told) {
        // An instant of 0 is written as 1.
        let wanted = PACKET_US + link_us(n) - u64::from(n == 0);
        assert_eq!((up.cast_unsigned(), held), (wanted, Held::default()), "packet {n}");
    }
}

#[test]
fn what_is_mixed_is_held_from_the_arrival_of_its_packet_to_its_tick() {
    let told = told(3, 0, link_us);
    assert!(told.len() > 190, "{} packets", told.len());
    let (mut quick, mut late) = (0, 0);
    for (up, held) in told.into_iter().skip(1) {
        let off = |n: u64| up.abs_diff((PACKET_US + link_us(n)).cast_signed());
        // Half a step of the header for each of the two parts, and a sample's share of a microsecond.
        let near = Held::STEP_US + 2;
        quick += usize::from(off(1) <= near);
        late += usize::from(off(0) <= near);
        assert!(off(1).min(off(0)) <= near, "up {up} µs, {held:?}");
        assert!(held.us() < 60_000, "{held:?}");
    }
    assert!(quick > 100 && late > 20, "{quick} and {late}");
}

#[test]
fn the_jitter_buffer_holds_for_late_packets_and_the_tick_for_other_talkers() {
    let parts = |ahead_us, link_us| {
        let told = told(3, ahead_us, link_us);
        let settled = &told[told.len() - 100..];
        let mean = |part: fn(&Held) -> u64| settled.iter().map(|(_, held)| part(held)).sum::<u64>() / 100;
        (mean(|held| held.buffered_us), mean(|held| held.waited_us))
    };
    let steady: fn(u64) -> u64 = |_| 1_000;
    let (alike, ahead, jittery) = (parts(0, steady), parts(8_000, steady), parts(0, link_us));
    assert!(alike.0 < 2_500 && alike.1 < 1_000, "{alike:?}");
    assert!(ahead.0 < 2_500 && (7_000..9_000).contains(&ahead.1), "{ahead:?}");
    assert!(jittery.0 > 10_000 && jittery.1 < 6_000, "{jittery:?}");
}
