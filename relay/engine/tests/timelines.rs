//! Talkers whose media time jumps, as only a broken client's does: what their listeners are sent keeps to the protocol, on
//! timelines that keep to the room's clock.

mod common;

use bytes::Bytes;
use common::{END, MARKER, PLAIN, PcmCodec, World};
use relay_engine::{Input, Micros, ParticipantId};
use relay_wire::{UpFlags, UpHeader};

const PRE_ROLL: UpFlags = UpFlags { marker: false, end: false, pre_roll: true, muted: false };

fn say(world: &mut World<PcmCodec>, id: u32, flags: UpFlags, timestamp: u32, payload: Bytes) {
    let header = UpHeader { flags, timestamp, level: 20, ..UpHeader::default() };
    world.input(Input::Packet(ParticipantId(id), header, payload));
}

/// The second talks from the tenth packet to `until`, the first throughout, with a media time that is off by `by` from packet
/// 40 on or for that one only, which has these flags; the third hears both, the second hears the first.
fn jumped(by: i64, for_good: bool, flags: UpFlags, until: u64) -> World<PcmCodec> {
    let (mut world, _) = common::world(3);
    for n in 0..100u64 {
        world.advance_to(Micros(n * 20_000 + 5_000));
        if (10..=until).contains(&n) {
            let flags = if n == 10 {
                MARKER
            } else if n == until {
                END
            } else {
                PLAIN
            };
            say(&mut world, 2, flags, n as u32 * 960, common::to_pcm(&[2_000; 960]));
        }
        let off = n == 40 || (n > 40 && for_good);
        let timestamp = 2_000_000_000 + n as i64 * 960 + if off { by } else { 0 };
        let flags = if n == 0 {
            MARKER
        } else if n == 40 {
            flags
        } else {
            PLAIN
        };
        let payload = if flags.muted { Bytes::new() } else { common::to_pcm(&[1_000; 960]) };
        say(&mut world, 1, flags, timestamp as u32, payload);
    }
    world.advance_to(Micros(4_000_000));
    world
}

/// Whatever is sent has its place near the room's clock, and goes back only where a new epoch may.
fn assert_sound(world: &World<PcmCodec>, listener: u32, case: &str) {
    let mut last = None;
    let sent = world.sent.get(&ParticipantId(listener)).into_iter().flatten();
    for (at, header, payload) in sent.filter(|(_, header, _)| !header.flags.prime) {
        let ahead_ms = (header.timestamp as i32 / 48) - (at.0 / 1000) as i32;
        // An end has the place of what did not follow.
        let least_ms = if payload.is_empty() { -4_000 } else { -1_000 };
        assert!(
            (least_ms..1_000).contains(&ahead_ms),
            "{case}, to {listener} {ahead_ms} ms ahead at {at:?}: {header:?}"
        );
        if payload.is_empty() {
            continue;
        }
        if let Some(before) = last.replace(header.timestamp) {
            let step = header.timestamp.wrapping_sub(before).cast_signed();
            let least = if header.flags.cross_fade { 1 } else { 960 };
            assert!(step >= least, "{case}, to {listener} {step} samples at {at:?}: {header:?}");
        }
    }
}

#[test]
fn wherever_a_talkers_media_time_jumps_no_listeners_does() {
    for ms in [-900_000, -3_000, -400, 400, 3_000, 900_000] {
        for (for_good, flags) in [
            (true, PLAIN),
            (true, MARKER),
            (false, PLAIN),
            (false, END),
            (false, PRE_ROLL),
            (false, UpFlags { muted: true, ..END }),
        ] {
            for until in [20, 38, 39, 40, 41, 42, 90] {
                let case = format!(
                    "{ms} ms {} as {flags:?}, the second until {until}",
                    if for_good { "for good" } else { "once" }
                );
                let world = jumped(ms * 48, for_good, flags, until);
                (1..=3).for_each(|listener| assert_sound(&world, listener, &case));
                assert_eq!(world.room.next_timeout(), None, "{case}: nobody talks");
            }
        }
    }
}
