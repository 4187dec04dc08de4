//! Proves, in virtual time and with a lossless codec, what each listener of a room is sent: the exact sum of the others,
//! one encode for each distinct mix, nothing of themselves whatever happens, and nothing at all in silence.

mod common;

use common::{END, MARKER, PLAIN, PcmCodec, Random, Talker, World};
use relay_engine::{Input, Micros, Output, ParticipantId, Ptime, RoomConfig};
use relay_wire::UpFlags;

const PACKET_US: u64 = 20_000;

fn world(participants: u32) -> (World<PcmCodec>, PcmCodec) {
    let codec = PcmCodec::default();
    (World::new(RoomConfig::default(), codec.clone(), 1..=participants), codec)
}

/// A signal that says where it is: participant `id` at sample `n` of their timeline.
fn signal(id: u32) -> impl Fn(usize) -> i16 {
    move |n| ((n % 997) as i16 + 1) * id as i16
}

#[test]
fn a_lone_talker_arrives_sample_for_sample_and_gets_nothing_back() {
    let (mut world, codec) = world(3);
    let mut talker = Talker::new(1, &codec, Ptime::Ms20);
    for n in 0..50 {
        let flags = [MARKER, PLAIN, END][(n > 0) as usize + (n == 49) as usize];
        let packet = talker.packet(flags, signal(1));
        world.advance_to(Micros(n * PACKET_US + 7_000));
        world.input(packet);
    }
    world.advance_to(Micros(60 * PACKET_US));
    let heard: Vec<i16> = world.heard(2).into_values().flatten().collect();
    let wanted: Vec<i16> = (0..50 * 960).map(signal(1)).collect();
    assert!(heard == wanted, "{} samples of {}", heard.len(), wanted.len());
    assert!(world.heard(3) == world.heard(2));
    assert!(world.heard(1).is_empty());
}

#[test]
fn everyone_who_talks_hears_exactly_the_others_and_the_rest_hear_all() {
    let (mut world, codec) = world(5);
    let mut talkers: Vec<_> = (1..=3).map(|id| Talker::new(id, &codec, Ptime::Ms20)).collect();
    for n in 0..60 {
        world.advance_to(Micros(n * PACKET_US + 5_000));
        for talker in &mut talkers {
            let constant = 100 << talker.id.0;
            let packet = talker.packet(if n == 0 { MARKER } else { PLAIN }, |_| constant);
            world.input(packet);
        }
    }
    for listener in 1..=5u32 {
        let sum: i16 = (1..=3).filter(|&id| id != listener).map(|id| 100 << id).sum();
        let heard: Vec<i16> = world.heard(listener).into_values().skip(5).flatten().collect();
        assert!(heard.len() >= 50 * 960, "listener {listener} got {} samples", heard.len());
        let wrong = heard.iter().position(|&s| s != sum);
        assert_eq!(wrong.map(|at| (at, heard[at])), None, "listener {listener} is to hear {sum}");
    }
}

#[test]
fn encodes_are_per_distinct_mix_not_per_participant() {
    let (mut world, codec) = world(50);
    let mut talkers: Vec<_> = (1..=3).map(|id| Talker::new(id, &codec, Ptime::Ms20)).collect();
    let mut run = |world: &mut World<PcmCodec>, ticks: std::ops::Range<u64>| {
        for n in ticks {
            world.advance_to(Micros(n * PACKET_US + 5_000));
            for talker in &mut talkers {
                let packet = talker.packet(if n == 0 { MARKER } else { PLAIN }, signal(1));
                world.input(packet);
            }
        }
    };
    run(&mut world, 0..10);
    let before = codec.encodes.get();
    run(&mut world, 10..20);
    // Ten ticks: the talkers' own encoders of this test, 3 each, and four distinct mixes.
    assert_eq!(codec.encodes.get() - before, 10 * (3 + 4));
}

#[test]
fn a_silent_room_computes_and_sends_nothing() {
    let (mut world, codec) = world(4);
    assert_eq!(world.room.next_timeout(), None);
    let mut talker = Talker::new(1, &codec, Ptime::Ms20);
    for flags in [MARKER, PLAIN, END] {
        let packet = talker.packet(flags, signal(1));
        world.input(packet);
        world.advance_to(world.now + PACKET_US);
    }
    world.advance_to(world.now + 3 * PACKET_US);
    assert_eq!(world.room.next_timeout(), None);
    let sent = &world.sent[&ParticipantId(2)];
    let flags: Vec<(bool, bool)> = sent.iter().map(|(_, h, _)| (h.flags.marker, h.flags.end)).collect();
    assert_eq!(flags, [(true, false), (false, false), (false, true)]);
    assert_eq!(world.said, [Output::Talking(ParticipantId(1), true), Output::Talking(ParticipantId(1), false)]);
}

#[test]
fn the_timeline_goes_on_in_silence() {
    let (mut world, codec) = world(2);
    let mut talker = Talker::new(1, &codec, Ptime::Ms20);
    let first = talker.packet(MARKER, signal(1));
    let last = talker.packet(END, signal(1));
    (0..100).for_each(|_| talker.skip());
    let later = talker.packet(MARKER, signal(1));
    world.input(first);
    world.advance_to(Micros(PACKET_US));
    world.input(last);
    world.advance_to(Micros(102 * PACKET_US));
    world.input(later);
    world.advance_to(Micros(110 * PACKET_US));
    let timestamps: Vec<u32> = world.playable(2).iter().map(|(h, _)| h.timestamp).collect();
    assert_eq!(timestamps[1] - timestamps[0], 960);
    assert_eq!(timestamps[2] - timestamps[0], 102 * 960);
}

/// Talker 1 talks throughout; talker 2 says a constant for a while. Returns what talkers sent and what each heard.
fn interrupted() -> World<PcmCodec> {
    let (mut world, codec) = world(3);
    let mut first = Talker::new(1, &codec, Ptime::Ms20);
    let mut second = Talker::new(2, &codec, Ptime::Ms20);
    for n in 0..80u64 {
        world.advance_to(Micros(n * PACKET_US + 5_000));
        let packet = first.packet(if n == 0 { MARKER } else { PLAIN }, signal(1));
        world.input(packet);
        if (30..50).contains(&n) {
            let flags = [PLAIN, MARKER, END][(n == 30) as usize + 2 * (n == 49) as usize];
            world.advance_to(Micros(n * PACKET_US + 12_000));
            let packet = second.packet(flags, |_| 5_000);
            world.input(packet);
        } else {
            second.skip();
        }
    }
    world
}

#[test]
fn in_a_talk_between_two_each_hears_the_others_own_packets() {
    let world = interrupted();
    let sent: Vec<i16> = world.playable(2).iter().flat_map(|(_, p)| common::from_pcm(p)).collect();
    let wanted: Vec<i16> = (0..80 * 960).map(signal(1)).collect();
    assert!(sent == wanted, "who begins to talk goes on hearing the other's packets, each once");
    let epochs: Vec<u8> = world.sent[&ParticipantId(2)].iter().map(|(_, h, _)| h.epoch).collect();
    assert!(epochs.iter().all(|&e| e == epochs[0]));
    let back: Vec<i16> = world.playable(1).iter().flat_map(|(_, p)| common::from_pcm(p)).collect();
    assert_eq!((back.len(), back.iter().all(|&s| s == 5_000)), (20 * 960, true));
}

#[test]
fn a_packet_is_forwarded_in_the_instant_it_arrives() {
    let world = interrupted();
    let instants: Vec<u64> = world.sent[&ParticipantId(2)].iter().map(|(at, _, _)| at.0 % PACKET_US).collect();
    assert!(instants.iter().all(|&at| at == 5_000));
}

/// What a listener plays of packets on their timeline: overlap once, and nothing where something is missing.
fn played(world: &World<PcmCodec>, listener: u32) -> Vec<i16> {
    let playable = world.playable(listener);
    let mut end = playable[0].0.timestamp;
    let mut signal = Vec::new();
    for (header, payload) in &playable {
        // A packet of a new epoch may begin before the last one of the old ended; only what comes after is played.
        let overlap = end.wrapping_sub(header.timestamp).cast_signed();
        assert!((-960..960).contains(&overlap), "{overlap} samples of overlap at {}", header.timestamp);
        signal.extend(common::from_pcm(payload).into_iter().skip(overlap.max(0) as usize));
        end = header.timestamp.wrapping_add(960);
    }
    signal
}

/// Follows `voice` through a signal in which something else may sound too, and finds each of its samples once, in
/// order. Returns how many samples that are, and how many more there were: concealment, and samples of a fade.
fn follow(signal: &[i16], voice: impl Fn(usize) -> i16, beside: i16) -> (usize, usize) {
    const FADE: usize = 240;
    let is = |sample: i16, k: usize| [voice(k), voice(k) + beside].contains(&sample);
    let (mut next, mut unsure, mut more) = (0, 0, 0);
    for (at, &sample) in signal.iter().enumerate() {
        // After concealment the first samples are faded in: they count where the voice is found again behind them.
        let found = if unsure == 0 {
            is(sample, next).then_some(0)
        } else {
            let run = &signal[at..signal.len().min(at + 20)];
            (0..=unsure.min(FADE)).find(|d| run.iter().enumerate().all(|(i, &s)| is(s, next + d + i)))
        };
        match found {
            Some(faded) => (next, more, unsure) = (next + faded + 1, more + unsure - faded, 0),
            None => unsure += 1,
        }
    }
    (next, more + unsure)
}

#[test]
fn at_a_seam_nothing_is_said_twice_or_left_out() {
    let signal_heard = played(&interrupted(), 3);
    let (said, concealed) = follow(&signal_heard, signal(1), 5_000);
    assert_eq!(said, 80 * 960);
    assert!(concealed <= 960, "{concealed} concealed");
    let mixed = signal_heard.iter().filter(|&&s| s >= 5_000).count();
    assert_eq!(mixed, 20 * 960, "every sample of who came in is heard");
}

#[test]
fn who_hears_another_alone_comes_to_a_mix_without_hearing_anything_twice() {
    let (mut world, codec) = world(4);
    let mut talkers: Vec<_> = (1..=3).map(|id| Talker::new(id, &codec, Ptime::Ms20)).collect();
    // 1 hears the packets of 2 until 3 begins, while 4 hears both of them mixed.
    for n in 0..90u64 {
        for (talker, (from, at)) in talkers.iter_mut().zip([(0, 2_000), (20, 9_000), (50, 15_000)]) {
            world.advance_to(Micros(n * PACKET_US + at));
            if n < from {
                talker.skip();
                continue;
            }
            let id = talker.id.0;
            let packet = talker.packet(if n == from { MARKER } else { PLAIN }, move |at| match id {
                1 => 0,
                2 => signal(1)(at - 20 * 960),
                _ => 5_000,
            });
            world.input(packet);
        }
    }
    let heard = played(&world, 1);
    let (said, left_out) = follow(&heard, signal(1), 5_000);
    assert!(said >= 68 * 960, "{said} samples of the second");
    assert!(left_out <= 2 * 960, "{left_out} samples without the second");
    let third = heard.iter().filter(|&&s| s >= 5_000).count();
    assert!(third >= 38 * 960, "{third} samples of the third");
    let first = heard.iter().position(|&s| s >= 5_000).expect("the third is heard");
    assert!(heard[first..].iter().all(|&s| s >= 5_000), "and from their first sample on");
}

#[test]
fn every_seam_is_a_new_epoch_with_primes_from_the_past_in_one_burst() {
    let world = interrupted();
    let sent = &world.sent[&ParticipantId(3)];
    let seams: Vec<usize> = (1..sent.len()).filter(|&i| sent[i].1.epoch != sent[i - 1].1.epoch).collect();
    assert_eq!(seams.len(), 2, "forwarded, mixed, forwarded");
    for seam in seams {
        let primes: Vec<_> = sent[seam..].iter().take_while(|(_, h, _)| h.flags.prime).collect();
        assert!((2..=4).contains(&primes.len()), "{} primes", primes.len());
        let (burst, playable, _) = &sent[seam + primes.len()];
        assert!(playable.flags.cross_fade && !playable.flags.marker);
        for (age, (at, prime, _)) in primes.iter().rev().enumerate() {
            assert_eq!(at, burst);
            assert_eq!(playable.timestamp.wrapping_sub(prime.timestamp), 960 * (age as u32 + 1));
        }
        let before: Vec<i16> = primes.iter().flat_map(|(_, _, payload)| common::from_pcm(payload)).collect();
        let from = (0..997).find(|&from| follow(&before, |k| signal(1)(from + k), 5_000).1 == 0);
        assert!(from.is_some(), "the primes are what was heard, without a gap");
    }
    let sequences: Vec<u16> = sent.iter().map(|(_, h, _)| h.sequence).collect();
    assert!(sequences.windows(2).all(|w| w[1] == w[0] + 1));
}

#[test]
fn who_joins_in_mid_talk_is_primed() {
    let (mut world, codec) = world(2);
    let mut talker = Talker::new(1, &codec, Ptime::Ms20);
    for n in 0..20 {
        world.advance_to(Micros(n * PACKET_US + 5_000));
        let packet = talker.packet(if n == 0 { MARKER } else { PLAIN }, signal(1));
        world.input(packet);
        if n == 10 {
            world.input(Input::Join(ParticipantId(9)));
        }
    }
    let sent = &world.sent[&ParticipantId(9)];
    let primes = sent.iter().take_while(|(_, h, _)| h.flags.prime).count();
    assert!((2..=4).contains(&primes));
    assert!(sent[primes].1.flags.marker);
}

#[test]
fn nobody_ever_gets_a_sample_of_themselves() {
    for seed in 1..=100 {
        // One participant makes sound, the others send zeros, so that every sample other than zero is theirs.
        let (mut world, codec) = world(8);
        let mut random = Random(0x9E37_79B9_7F4A_7C15 ^ seed);
        let mut talkers: Vec<Option<Talker<PcmCodec>>> =
            (1..=8).map(|id| Some(Talker::new(id, &codec, Ptime::Ms20))).collect();
        let mut next_id = 9;
        let mut held: Vec<(u64, Input)> = Vec::new();
        for n in 0..300u64 {
            world.advance_to(Micros(n * PACKET_US + random.below(9_000)));
            let (due, later) = held.into_iter().partition(|(until, _)| *until <= n);
            held = later;
            due.into_iter().for_each(|(_, packet)| world.input(packet));
            for (slot, place) in talkers.iter_mut().enumerate() {
                match random.below(100) {
                    // The one who makes sound stays; another leaves and somebody new comes.
                    0 if slot > 0 => {
                        let old = place.replace(Talker::new(next_id, &codec, Ptime::Ms20)).expect("taken");
                        world.input(Input::Leave(old.id));
                        world.input(Input::Join(ParticipantId(next_id)));
                        next_id += 1;
                    }
                    1 => world.input(Input::Deafen(ParticipantId(1), random.below(2) == 0)),
                    _ => {}
                }
                let talker = place.as_mut().expect("every slot has a talker");
                let talks = !(n / 25 + slot as u64 + seed).is_multiple_of(3);
                if !talks {
                    talker.skip();
                    continue;
                }
                let flags = [PLAIN, MARKER, END][n.is_multiple_of(25) as usize + 2 * (n % 25 == 24) as usize];
                let packet = talker.packet(flags, if slot == 0 { |n| (n % 97) as i16 + 500 } else { |_| 0 });
                match random.below(20) {
                    0 => held.push((n + 1 + random.below(12), packet)),
                    1 => {}
                    _ => world.input(packet),
                }
            }
        }
        // Primes included: they set up what is heard next.
        let sent = world.sent[&ParticipantId(1)].iter();
        let theirs: usize = sent.flat_map(|(_, _, payload)| common::from_pcm(payload)).filter(|&s| s != 0).count();
        assert_eq!(theirs, 0, "seed {seed}");
        let others: usize = (2..=8).map(|id| world.heard(id).values().flatten().filter(|&&s| s != 0).count()).sum();
        assert!(others > 100_000, "the others did hear them");
    }
}

#[test]
fn who_leaves_in_mid_talk_ends_what_the_others_hear() {
    let (mut world, codec) = world(2);
    let mut talker = Talker::new(1, &codec, Ptime::Ms20);
    for n in 0..5 {
        let packet = talker.packet(if n == 0 { MARKER } else { PLAIN }, signal(1));
        world.input(packet);
        world.advance_to(world.now + PACKET_US);
    }
    world.input(Input::Leave(ParticipantId(1)));
    world.advance_to(world.now + 2 * PACKET_US);
    let (_, last, payload) = world.sent[&ParticipantId(2)].last().expect("something was sent");
    assert!(last.flags.end && payload.is_empty());
    assert_eq!(world.room.next_timeout(), None);
}

#[test]
fn who_is_deafened_is_sent_nothing() {
    let (mut world, codec) = world(2);
    world.input(Input::Deafen(ParticipantId(2), true));
    let mut talker = Talker::new(1, &codec, Ptime::Ms20);
    for n in 0..10 {
        if n == 5 {
            world.input(Input::Deafen(ParticipantId(2), false));
        }
        let packet = talker.packet(if n == 0 { MARKER } else { PLAIN }, signal(1));
        world.input(packet);
        world.advance_to(world.now + PACKET_US);
    }
    let sent = &world.sent[&ParticipantId(2)];
    assert!(sent.iter().all(|(at, _, _)| *at >= Micros(5 * PACKET_US)));
    assert!(!sent.is_empty());
}

#[test]
fn only_the_loudest_four_are_mixed() {
    let (mut world, codec) = world(7);
    let mut talkers: Vec<_> = (1..=6).map(|id| Talker::new(id, &codec, Ptime::Ms20)).collect();
    for n in 0..40 {
        world.advance_to(Micros(n * PACKET_US + 5_000));
        for talker in &mut talkers {
            let loudness = 10i16.pow((talker.id.0 - 1).min(4));
            let packet = talker.packet(if n == 0 { MARKER } else { PLAIN }, |_| loudness);
            world.input(packet);
        }
    }
    let heard = world.heard(7);
    let last = heard.values().next_back().expect("something was heard");
    assert_eq!(last[0], 10_000 + 10_000 + 1_000 + 100);
}

#[test]
fn a_driver_that_comes_late_does_not_play_what_is_old() {
    let (mut world, codec) = world(2);
    let mut talker = Talker::new(1, &codec, Ptime::Ms20);
    for n in 0..10 {
        let packet = talker.packet(if n == 0 { MARKER } else { PLAIN }, signal(1));
        world.input(packet);
        world.advance_to(world.now + PACKET_US);
    }
    let before = world.playable(2).len();
    world.now = world.now + 1_000_000;
    world.room.handle(world.now, Input::Timeout);
    world.input(Input::Timeout);
    assert!(world.playable(2).len() - before <= 1);
}

/// Talkspurts with pre-roll, played by a listener: the packets of the first 40 ms come with the third.
#[test]
fn forwarded_pre_roll_is_not_taken_for_jitter() {
    let (mut world, codec) = world(2);
    let mut talker = Talker::new(1, &codec, Ptime::Ms20);
    for n in 0..200u64 {
        world.advance_to(Micros(n * PACKET_US + 5_000));
        let in_spurt = n % 50;
        match in_spurt {
            // The talker's clock goes on; the two packets are sent below.
            0 | 1 => {}
            2 => {
                for flags in [MARKER, PLAIN] {
                    let packet = talker.packet(UpFlags { pre_roll: true, ..flags }, signal(1));
                    world.input(packet);
                }
                let packet = talker.packet(PLAIN, signal(1));
                world.input(packet);
            }
            3..30 => {
                let packet = talker.packet(if in_spurt == 29 { END } else { PLAIN }, signal(1));
                world.input(packet);
            }
            _ => talker.skip(),
        }
    }
    let sent = &world.sent[&ParticipantId(2)];
    let flagged = sent.iter().filter(|(_, h, _)| h.flags.pre_roll).count();
    assert_eq!(flagged, 8, "two in each of four talkspurts");
    // Arrival less media time, of all but pre-roll: the same in every talkspurt.
    let plain = sent.iter().filter(|(_, h, _)| !h.flags.pre_roll && !h.flags.prime);
    let transits: Vec<i64> = plain.map(|(at, h, _)| at.0 as i64 - i64::from(h.timestamp) * 125 / 6).collect();
    let spread = transits.iter().max().unwrap() - transits.iter().min().unwrap();
    assert!(spread <= 1_000, "{spread} µs between talkspurts");
}

#[test]
fn a_talkers_jump_in_time_is_a_new_talkspurt_to_the_listeners() {
    let (mut world, codec) = world(2);
    let mut talker = Talker::new(1, &codec, Ptime::Ms20);
    for n in 0..60u64 {
        world.advance_to(Micros(n * PACKET_US + 5_000));
        let mut packet = talker.packet(if n == 0 { MARKER } else { PLAIN }, signal(1));
        if let (30.., Input::Packet(_, header, _)) = (n, &mut packet) {
            header.timestamp = header.timestamp.wrapping_add(2_000_000_000);
        }
        world.input(packet);
    }
    let timestamps: Vec<u32> = world.playable(2).iter().map(|(h, _)| h.timestamp).collect();
    let steps: Vec<u32> = timestamps.windows(2).map(|w| w[1].wrapping_sub(w[0])).collect();
    assert_eq!(timestamps.len(), 60);
    assert!(steps.iter().all(|&step| (900..=1_000).contains(&step)), "{steps:?}");
    assert!(world.sent[&ParticipantId(2)].iter().any(|(_, h, _)| h.flags.end));
}

#[test]
fn packets_may_wait_for_the_tick_where_all_hear_mixes_and_never_where_one_is_forwarded() {
    for (talking, may_wait) in [(1, false), (2, false), (3, true)] {
        let (mut world, codec) = world(5);
        let mut talkers: Vec<_> = (1..=talking).map(|id| Talker::new(id, &codec, Ptime::Ms20)).collect();
        assert!(!world.room.packets_may_wait(), "there is no tick to wait for");
        for n in 0..20 {
            world.advance_to(Micros(n * PACKET_US + 5_000));
            for talker in &mut talkers {
                let packet = talker.packet(if n == 0 { MARKER } else { PLAIN }, signal(1));
                let waits = world.room.packets_may_wait();
                let sent = |world: &World<PcmCodec>| world.sent.values().map(Vec::len).sum::<usize>();
                let before = sent(&world);
                world.input(packet);
                assert!(!waits || sent(&world) == before, "a packet that may wait makes nothing go out");
            }
            assert!(n < 2 || world.room.packets_may_wait() == may_wait, "{talking} talk, packet {n}");
        }
        world.advance_to(Micros(3_000_000));
        assert!(!world.room.packets_may_wait(), "all have gone silent");
    }
}
