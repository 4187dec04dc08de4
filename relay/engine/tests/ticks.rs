//! Proves when the ticks of a mix are: as near behind the talkers' packets as these allow, and a little later where one is
//! a little late.

mod common;

use common::{MARKER, PLAIN, PcmCodec, Talker, World};
use relay_engine::{Micros, ParticipantId, Ptime, RoomConfig};

const PACKET_US: u64 = 20_000;

/// Two talk and a third listens; packet `n` of each arrives at its phase, `late` later. Returns when mixes were sent.
fn mixes(phases: [u64; 2], packets: u64, late: impl Fn(u64, usize) -> u64) -> (World<PcmCodec>, Vec<u64>) {
    mixes_from([0, 0], phases, packets, late)
}

/// The same, and each begins with another packet.
fn mixes_from(
    first: [u64; 2],
    phases: [u64; 2],
    packets: u64,
    late: impl Fn(u64, usize) -> u64,
) -> (World<PcmCodec>, Vec<u64>) {
    let codec = PcmCodec::default();
    let mut world = World::new(RoomConfig::default(), codec.clone(), 1..=3);
    let mut talkers: Vec<_> = (1..=2).map(|id| Talker::new(id, &codec, Ptime::Ms20)).collect();
    let mut arrivals: Vec<(u64, usize, u64)> = (0..packets)
        .flat_map(|n| (0..2).map(move |t| (n, t)))
        .filter(|&(n, t)| n >= first[t])
        .map(|(n, t)| (n * PACKET_US + phases[t] + late(n, t), t, n))
        .collect();
    arrivals.sort_unstable();
    for (at, t, n) in arrivals {
        world.advance_to(Micros(at));
        let packet = talkers[t].packet(if n == first[t] { MARKER } else { PLAIN }, |_| 100 << t);
        world.input(packet);
    }
    let sent = world.sent[&ParticipantId(3)].iter().filter(|(_, header, _)| !header.flags.prime);
    let times = sent.map(|(at, _, _)| at.0).skip(2).collect();
    (world, times)
}

#[test]
fn ticks_come_to_be_just_behind_the_packets() {
    for phases in [[3_000, 9_000], [9_000, 3_000], [0, 19_000], [15_000, 15_500]] {
        let (_, times) = mixes(phases, 150, |_, _| 0);
        let late = phases.map(|phase| (times[times.len() - 2] - phase) % PACKET_US);
        let nearest = late.into_iter().min().unwrap();
        assert!(nearest <= 3_000, "{phases:?}: ticks come {late:?} µs after the packets");
    }
}

/// The first has talked for half a second when the second begins, whose packets come 3.5 ms after the first's: too late for
/// ticks that are just behind those.
fn just_missed() -> (World<PcmCodec>, Vec<u64>) {
    mixes_from([0, 25], [3_000, 6_500], 150, |_, _| 0)
}

#[test]
fn ticks_move_by_two_percent_at_most() {
    let (_, earlier) = mixes([3_000, 9_000], 150, |_, _| 0);
    let (_, later) = just_missed();
    let steps = |times: &[u64]| times.windows(2).map(|w| w[1] - w[0]).collect::<Vec<_>>();
    let (earlier, later) = (steps(&earlier), steps(&later[30..]));
    assert!(earlier.iter().all(|step| (19_600..=20_000).contains(step)), "{earlier:?}");
    assert!(later.iter().all(|step| (19_600..=20_400).contains(step)), "{later:?}");
    assert!(earlier.contains(&19_600) && later.contains(&20_400), "they do move");
}

#[test]
fn whose_packets_just_miss_the_tick_is_waited_for() {
    let (world, times) = just_missed();
    let late = (times[times.len() - 2] - 6_500) % PACKET_US;
    assert!(late <= 2_500, "ticks come {late} µs after the second's packets");
    let last = common::from_pcm(&world.playable(3).pop().expect("something was sent").1);
    assert!(last.iter().all(|&sample| sample == 300), "both are heard: {last:?}");
}

#[test]
fn a_tick_waits_for_a_packet_that_is_a_little_late() {
    let late = |n, _| if n == 200 { 3_500 } else { 0 };
    let (world, times) = mixes([3_000, 9_000], 300, late);
    assert!(times.windows(2).any(|w| w[1] - w[0] > 20_000), "a tick was put off");
    let longest = times.windows(2).map(|w| w[1] - w[0]).max().unwrap();
    assert!(longest <= 22_500, "{longest} µs between two ticks");
    let samples = world.playable(3).into_iter().skip(5).flat_map(|(_, payload)| common::from_pcm(&payload));
    let spoilt = samples.filter(|&s| s != 300).count();
    assert_eq!(spoilt, 0, "nothing was concealed");
}
