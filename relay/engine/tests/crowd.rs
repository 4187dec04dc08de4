//! Proves that in a crowd the same few are heard for a while: real speech, everybody talks at once.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::{MARKER, PLAIN, PcmCodec, Talker, World};
use relay_engine::{Micros, Output, Ptime, RoomConfig};

const CROWD: u32 = 20;
const PACKETS: u64 = 1_000;

fn speech() -> Vec<i16> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/speech/austen-0870.wav");
    let mut reader = hound::WavReader::open(file).expect("the samples are in the repository");
    let samples: Vec<i16> = reader.samples().collect::<Result<_, _>>().expect("16-bit samples");
    samples.into_iter().flat_map(|s| [s; 3]).collect()
}

#[test]
fn in_a_crowd_who_is_heard_is_heard_for_a_second() {
    let speech = speech();
    let codec = PcmCodec::default();
    let mut world = World::new(RoomConfig::default(), codec.clone(), 1..=CROWD + 1);
    let mut talkers: Vec<_> = (1..=CROWD).map(|id| Talker::new(id, &PcmCodec::default(), Ptime::Ms20)).collect();
    let (mut since, mut heard_ms) = (BTreeMap::new(), Vec::new());
    let mut seen = 0;
    for n in 0..PACKETS {
        for (at, talker) in (0..).zip(&mut talkers) {
            world.advance_to(Micros(n * 20_000 + at * 900 + 20_000));
            // Everybody is elsewhere in the same sentence.
            let elsewhere = speech.len() / CROWD as usize * at as usize;
            let flags = if n == 0 { MARKER } else { PLAIN };
            let packet = talker.packet(flags, |i| speech[(elsewhere + i) % speech.len()]);
            world.input(packet);
            for output in &world.said[seen..] {
                match output {
                    Output::Talking(id, true) => _ = since.insert(*id, world.now),
                    Output::Talking(id, false) => {
                        heard_ms.extend(since.remove(id).map(|begin| world.now.since(begin) / 1_000));
                    }
                    _ => {}
                }
            }
            seen = world.said.len();
        }
    }
    heard_ms.sort_unstable();
    let (changes, median) = (heard_ms.len(), heard_ms[heard_ms.len() / 2]);
    assert!(changes > 20, "places change hands: {changes} times");
    assert!(median >= 900, "{changes} changes in 20 s, heard for {median} ms (median)");
    // Those four each tick, and of each who comes to be heard the packets that bring a decoder up to date.
    let most = 4 * PACKETS as usize + 8 * (changes + 4);
    assert!((3_500..=most).contains(&codec.decodes.get()), "{} decodes, {changes} changes", codec.decodes.get());
}
