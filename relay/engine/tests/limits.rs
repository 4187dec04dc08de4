//! Proves what bad or extreme input does to a room: loud sums never wrap, nonsense harms nobody and never panics.

mod common;

use bytes::Bytes;
use common::{MARKER, PLAIN, PcmCodec, Talker, World, signal};
use proptest::prelude::*;
use relay_engine::codec::Decoder;
use relay_engine::{Codec, Input, Micros, OpusCodec, Output, ParticipantId, Ptime, RoomConfig};
use relay_wire::{UpFlags, UpHeader};

#[expect(clippy::cast_possible_truncation)]
fn tone(hertz: f64) -> impl Fn(usize) -> i16 {
    move |n| (32_767.0 * (std::f64::consts::TAU * hertz * n as f64 / 48_000.0).sin()) as i16
}

#[test]
fn eight_full_scale_tones_in_phase_never_wrap() {
    let codec = OpusCodec::new(Ptime::Ms20);
    let mut world = World::new(RoomConfig::default(), codec, 1..=9);
    let mut talkers: Vec<_> = (1..=8).map(|id| Talker::new(id, &codec, Ptime::Ms20)).collect();
    for n in 0..50 {
        world.advance_to(Micros(n * 20_000 + 5_000));
        for talker in &mut talkers {
            let packet = talker.packet(if n == 0 { MARKER } else { PLAIN }, tone(200.0));
            world.input(packet);
        }
    }
    for listener in 1..=9 {
        let mut decoder = codec.decoder();
        let mut epoch = None;
        let mut signal: Vec<i16> = Vec::new();
        for (header, payload) in world.playable(listener) {
            if epoch.replace(header.epoch).is_some_and(|e| e != header.epoch) {
                decoder = codec.decoder();
            }
            let mut frame = [0; 960];
            decoder.decode(&payload, &mut frame).unwrap();
            signal.extend_from_slice(&frame);
        }
        let step = signal.windows(2).map(|w| (i32::from(w[0]) - i32::from(w[1])).abs()).max().unwrap();
        assert!(step <= 9_830, "listener {listener}: a step of {step}");
        let peak = signal[9_600..].iter().map(|s| s.unsigned_abs()).max().unwrap();
        assert!(peak >= 16_423, "listener {listener}: a peak of {peak}");
    }
}

#[test]
fn a_packet_that_cannot_decode_is_reported_and_reaches_nobody() {
    let codec = OpusCodec::new(Ptime::Ms20);
    let mut world = World::new(RoomConfig::default(), codec, 1..=2);
    let mut talker = Talker::new(1, &codec, Ptime::Ms20);
    for n in 0..10u64 {
        world.advance_to(Micros(n * 20_000 + 5_000));
        let mut packet = talker.packet(if n == 0 { MARKER } else { PLAIN }, tone(300.0));
        if let (5, Input::Packet(_, _, payload)) = (n, &mut packet) {
            // The right duration by its first byte, then a padding length that runs past the end.
            *payload = Bytes::from_static(&[0b1111_1011, 0b0100_0001, 255, 255]);
        }
        world.input(packet);
    }
    world.advance_to(Micros(220_000));
    assert!(world.said.contains(&Output::Undecodable(ParticipantId(1))));
    assert_eq!(world.playable(2).len(), 9);
}

#[test]
fn packets_that_come_too_late_are_counted_whether_they_would_be_forwarded_or_mixed() {
    for talkers in [1..=1u32, 1..=3] {
        let (mut world, codec) = common::world(4);
        let mut voices: Vec<_> = talkers.map(|id| Talker::new(id, &codec, Ptime::Ms20)).collect();
        let mut overdue = Vec::new();
        for n in 0..100u64 {
            world.advance_to(Micros(n * 20_000 + 5_000));
            for voice in &mut voices {
                let packet = voice.packet(if n == 0 { MARKER } else { PLAIN }, signal(voice.id.0));
                // Three of the first talker's come a second after those that followed them.
                if voice.id == ParticipantId(1) && (20..23).contains(&n) {
                    overdue.push(packet);
                } else {
                    world.input(packet);
                }
            }
        }
        overdue.into_iter().for_each(|packet| world.input(packet));
        // A mix finds out when it next needs a packet.
        world.advance_to(Micros(2_050_000));
        let late = world.said.iter().filter_map(|output| match output {
            Output::Late(ParticipantId(1), packets) => Some(packets),
            _ => None,
        });
        assert_eq!(late.sum::<u64>(), 3, "{} talk", voices.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Any headers and payloads, at any times, from two talkers, with Opus and with PCM.
    #[test]
    fn nothing_from_outside_panics_or_keeps_a_room_busy_for_ever(
        packets in prop::collection::vec(
            (any::<(bool, bool, bool, bool)>(), any::<u16>(), any::<u32>(), 0u64..100_000, prop::collection::vec(any::<u8>(), 0..40), any::<bool>()),
            0..120,
        ),
    ) {
        let mut opus = World::new(RoomConfig::default(), OpusCodec::new(Ptime::Ms20), 1..=3);
        let mut pcm = World::new(RoomConfig::default(), PcmCodec::default(), 1..=3);
        let mut now = 0;
        for ((marker, end, pre_roll, muted), sequence, timestamp, wait, payload, near) in packets {
            now += wait;
            let flags = UpFlags { marker, end, pre_roll, muted };
            // Half of the timestamps are near each other, so that the buffer is entered deeply.
            let timestamp = if near { timestamp % 48_000 } else { timestamp };
            let header = UpHeader { flags, sequence, timestamp, capture_us: timestamp, level: 20 };
            let id = ParticipantId(1 + u32::from(sequence % 2));
            opus.advance_to(Micros(now));
            pcm.advance_to(Micros(now));
            opus.input(Input::Packet(id, header, Bytes::from(payload.clone())));
            let mut exact = payload;
            exact.resize(1920, 1);
            pcm.input(Input::Packet(id, header, Bytes::from(exact)));
        }
        for id in [1, 2] {
            opus.input(Input::Leave(ParticipantId(id)));
            pcm.input(Input::Leave(ParticipantId(id)));
        }
        opus.advance_to(Micros(now + 1_000_000));
        pcm.advance_to(Micros(now + 1_000_000));
        prop_assert_eq!(opus.room.next_timeout(), None);
        prop_assert_eq!(pcm.room.next_timeout(), None);
    }
}
