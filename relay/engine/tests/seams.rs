//! Proves, in virtual time and with a lossless codec, that forwarded packets are the talker's own, and that where a mix takes
//! over and gives back nothing is said twice or left out.

mod common;

use common::{END, MARKER, PACKET_US, PLAIN, PcmCodec, Talker, World, signal, world};
use relay_engine::{Input, Micros, ParticipantId, Ptime};

/// Talker 1 talks throughout; talker 2 says a constant for a while, with packets that come when ticks need not move for them
/// (which would cost them a period). Returns what each heard.
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
            world.advance_to(Micros(n * PACKET_US + 17_000));
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

/// Five talk and four of them are heard, so that everybody has a mix of their own; then the fifth grows loud and the first
/// soft.
#[test]
fn who_comes_for_somebody_else_is_no_seam_to_those_who_have_a_mix_of_their_own() {
    let (mut world, codec) = world(5);
    let mut talkers: Vec<_> = (1..=5).map(|id| Talker::new(id, &codec, Ptime::Ms20)).collect();
    let level = |id: u32, n: u64| if id == if n < 60 { 5 } else { 1 } { 1 } else { 100 << id };
    for n in 0..220 {
        world.advance_to(Micros(n * PACKET_US + 5_000));
        for talker in &mut talkers {
            let constant = level(talker.id.0, n);
            let packet = talker.packet(if n == 0 { MARKER } else { PLAIN }, |_| constant);
            world.input(packet);
        }
    }
    let last = |id| i32::from(common::from_pcm(&world.playable(id).pop().expect("something was sent").1)[959]);
    let all = last(1);
    assert!(all > 3_000, "the fifth is among the {all} that the first hears");
    assert_eq!((2..=5).map(|id| all - last(id)).sum::<i32>(), all, "each of the four hears the others");
    for listener in 1..=5 {
        let epochs: Vec<u8> = world.playable(listener).iter().skip(40).map(|(header, _)| header.epoch).collect();
        assert!(epochs.iter().all(|&epoch| epoch == epochs[0]), "listener {listener}");
    }
}
