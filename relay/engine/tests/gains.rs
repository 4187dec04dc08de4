//! Proves who is heard how loud: levelling and the gains that listeners ask for, in a mix and beside forwarded packets.

mod common;

use common::{MARKER, PACKET_US, PLAIN, Talker, World, steady::Steady};
use relay_engine::{Input, MAX_GAINS, Micros, OpusCodec, Output, Packet, ParticipantId, Ptime, RoomConfig};
use relay_wire::Gain;

#[test]
fn each_listener_hears_the_others_at_the_gains_they_asked_for() {
    let mut room = Steady::new(5, 3);
    room.set(4, 1, Gain::from_db(6.0));
    room.set(5, 3, Gain::MUTE);
    room.set(1, 2, Gain::from_db(-20.0));
    room.run(20);
    assert_eq!([1, 2, 3, 4, 5].map(|id| room.last(id)), [20 + 400, 100 + 400, 100 + 200, 200 + 200 + 400, 100 + 200]);
}

#[test]
fn listeners_who_ask_for_the_same_share_one_encode() {
    let mut room = Steady::new(20, 2);
    room.run(20);
    for listener in 3..=12 {
        room.set(listener, 1, Gain::from_db(-3.0));
    }
    room.run(20);
    let before = room.codec.encodes.get();
    room.run(10);
    // Ten packets: two of the talkers' own encoders here, the mix of all, and the one with the gain.
    assert_eq!(room.codec.encodes.get() - before, 10 * (2 + 2));
}

#[test]
fn who_hears_but_one_gets_their_packets_with_the_gain_beside() {
    let mut room = Steady::new(4, 2);
    room.run(10);
    room.set(3, 1, Gain::MUTE);
    room.set(3, 2, Gain::from_db(-6.0));
    room.run(20);
    let (header, payload) = room.world.playable(3).pop().expect("something was sent");
    assert_eq!((header.gain_half_db, common::from_pcm(&payload)[0]), (-12, 200));
    room.set(3, 1, Gain::UNITY);
    room.run(20);
    let (header, payload) = room.world.playable(3).pop().expect("something was sent");
    assert_eq!((header.gain_half_db, common::from_pcm(&payload)[0]), (0, 100 + 100));
}

#[test]
fn who_mutes_everyone_is_sent_nothing_and_an_end() {
    let mut room = Steady::new(3, 1);
    room.run(10);
    room.set(2, 1, Gain::MUTE);
    let sent = room.world.sent[&ParticipantId(2)].len();
    room.run(10);
    let sent_after = &room.world.sent[&ParticipantId(2)];
    assert!(sent_after.len() == sent && sent_after.last().is_some_and(|(_, header, _)| header.flags.end));
}

#[test]
fn gains_are_bounded_in_number_and_go_with_those_they_are_for() {
    let participants = u32::try_from(MAX_GAINS).unwrap() + 3;
    let mut room = Steady::new(participants, 0);
    for who in 2..participants {
        room.set(1, who, Gain::MUTE);
    }
    assert_eq!(room.world.said, [Output::TooManyGains(ParticipantId(1))]);
    room.world.input(Input::Leave(ParticipantId(2)));
    room.set(1, participants - 1, Gain::MUTE);
    assert_eq!(room.world.said.len(), 1, "there is room for one more now");
}

#[test]
fn many_wishes_make_no_more_mixes_than_there_may_be() {
    let mut room = Steady::new(70, 2);
    for listener in 3..=70 {
        room.set(listener, 1, Gain::from_db(-0.5 * listener as f32));
    }
    room.run(20);
    let before = room.codec.encodes.get();
    room.run(10);
    let mixes = (room.codec.encodes.get() - before) / 10 - 2;
    assert!((30..=33).contains(&mixes), "{mixes} mixes");
    assert_eq!(room.last(70), 100 + 200, "who came too late hears the others as they are");
}

/// Speech at a level, made of noise in syllables, for as many packets.
fn syllables(codec: &OpusCodec, id: u32, peak: f64, packets: u32) -> Vec<Input> {
    let mut talker = Talker::new(id, codec, Ptime::Ms20);
    let mut random = common::Random(0x1234_5678 + u64::from(id));
    let noise: Vec<f64> = (0..48_000).map(|_| random.below(2_001) as f64 / 1_000.0 - 1.0).collect();
    let syllable = |n: usize| (std::f64::consts::PI * n as f64 / 9_600.0).sin().powi(4) + 0.003;
    let signal = |n: usize| (peak * noise[n % 48_000] * syllable(n % 9_600)) as i16;
    (0..packets).map(|n| talker.packet(if n == 0 { MARKER } else { PLAIN }, signal)).collect()
}

/// Plays what a listener was sent and returns the power of the part after `from`.
fn loudness(world: &World<OpusCodec>, listener: u32, from: Micros) -> f64 {
    let mut buffer = relay_engine::JitterBuffer::new(OpusCodec::new(Ptime::Ms20), Ptime::Ms20);
    let mut sent = world.sent[&ParticipantId(listener)].iter().peekable();
    let (mut power, mut samples) = (0.0, 0usize);
    for now in (0..world.now.0).step_by(10_000).map(Micros) {
        while let Some((at, header, payload)) = sent.next_if(|(at, _, _)| *at <= now) {
            buffer.insert(*at, Packet::from((*header, payload.clone())));
        }
        let mut block = [0; 480];
        buffer.pull(now, &mut block);
        if now >= from {
            power += block.iter().map(|&s| f64::from(s) * f64::from(s)).sum::<f64>();
            samples += block.len();
        }
    }
    10.0 * (power / samples as f64 / (32_768.0 * 32_768.0)).log10()
}

#[test]
fn who_talks_20_db_quieter_is_heard_within_3_db_after_5_seconds() {
    let codec = OpusCodec::new(Ptime::Ms20);
    let [loud, quiet] = [9_000.0, 900.0].map(|peak| {
        let mut world = World::new(RoomConfig::default(), codec, 1..=3);
        for (n, packet) in syllables(&codec, 1, peak, 350).into_iter().enumerate() {
            world.advance_to(Micros(n as u64 * PACKET_US + 5_000));
            world.input(packet);
        }
        loudness(&world, 2, Micros(5_200_000))
    });
    assert!((loud - quiet).abs() <= 3.0, "{loud:.1} and {quiet:.1} dBov");
}

#[test]
fn at_a_seam_the_loudness_stays() {
    seams_keep_the_loudness(600.0, Gain::UNITY);
}

#[test]
fn at_a_seam_the_loudness_stays_also_of_who_is_brought_up_by_the_relay_and_by_the_listener() {
    seams_keep_the_loudness(200.0, Gain::from_db(12.0));
}

fn seams_keep_the_loudness(peak: f64, personal: Gain) {
    let codec = OpusCodec::new(Ptime::Ms20);
    let mut world = World::new(RoomConfig::default(), codec, 1..=4);
    world.input(Input::Gain(ParticipantId(3), ParticipantId(1), personal));
    let mut second = Talker::new(2, &codec, Ptime::Ms20);
    for (n, packet) in syllables(&codec, 1, peak, 600).into_iter().enumerate() {
        world.advance_to(Micros(n as u64 * PACKET_US + 5_000));
        world.input(packet);
        // Somebody who is all but silent is heard for two seconds, so that 1 is mixed and not forwarded.
        if (400..500).contains(&n) {
            let packet = second.packet(if n == 400 { MARKER } else { PLAIN }, |n| (n % 2) as i16);
            world.input(packet);
        } else {
            second.skip();
        }
    }
    let forwarded = world.playable(3).iter().filter(|(header, _)| header.gain_half_db > 20).count();
    assert!(forwarded > 200, "{forwarded} packets with a gain beside");
    let mixed = world.playable(3).iter().filter(|(header, _)| header.gain_half_db == 0).count();
    assert!(mixed >= 98, "{mixed} packets without");
    let mut buffer = relay_engine::JitterBuffer::new(codec, Ptime::Ms20);
    let mut sent = world.sent[&ParticipantId(3)].iter().peekable();
    let mut envelope = Vec::new();
    for now in (0..world.now.0).step_by(10_000).map(Micros) {
        while let Some((at, header, payload)) = sent.next_if(|(at, _, _)| *at <= now) {
            buffer.insert(*at, Packet::from((*header, payload.clone())));
        }
        let mut block = [0; 480];
        buffer.pull(now, &mut block);
        envelope.push(block.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0));
    }
    // The loudest of each second, which holds five syllables, before, in and after the mix.
    let loudest: Vec<u16> =
        envelope[700..].chunks_exact(100).map(|second| *second.iter().max().expect("a second")).collect();
    let (least, most) = (loudest.iter().min().expect("seconds"), loudest.iter().max().expect("seconds"));
    assert!(f32::from(*most) / f32::from(*least) < 1.3, "{loudest:?}");
}

/// Who was brought up and then speaks up is limited, in a mix as where they are forwarded, and not cut off at 16 bits.
#[test]
fn who_speaks_up_after_having_been_brought_up_is_not_clipped_in_a_mix() {
    let (mut world, codec) = common::world(3);
    let mut talkers = [1, 2].map(|id| Talker::new(id, &codec, Ptime::Ms20));
    let tone = |peak: f64| move |n: usize| (peak * (n as f64 * 0.05).sin() * (n as f64 / 3_000.0).sin().powi(4)) as i16;
    for n in 0..400u64 {
        world.advance_to(Micros(n * PACKET_US + 5_000));
        let flags = if n == 0 { MARKER } else { PLAIN };
        let peak = if n < 300 { 300.0 } else { 9_000.0 };
        let [one, other] = &mut talkers;
        let packets = [one.packet(flags, tone(peak)), other.packet(flags, |n| (n % 2) as i16)];
        packets.into_iter().for_each(|packet| world.input(packet));
    }
    let heard: Vec<i16> = world.playable(3)[300..].iter().flat_map(|(_, payload)| common::from_pcm(payload)).collect();
    // What is cut off is at the top most of the time.
    let above = |least: u16| heard.iter().filter(|s| s.unsigned_abs() > least).count() as f64;
    let at_the_top = above(28_000) / above(14_600);
    assert!(at_the_top < 0.2, "{at_the_top}");
}
