//! Proves, in virtual time, that a link that stalls for a second again and again leaves no delay behind: two seconds after
//! each stall speech without any pitch is heard as soon as before the first, and never anything old.

use super::tests::{Pcm, hiss};
use super::*;
use crate::codec::Encoder;

const STALL_US: u64 = 1_000_000;
const STALLS: u64 = 6;
const FIRST_US: u64 = 10_000_000;
/// Of a stall comes in one burst what was under way when it began, and the newest that waited for its end.
const UNDER_WAY_US: u64 = 100_000;
const NEWEST_US: u64 = 120_000;

fn random(seed: u64, n: u64) -> u64 {
    (seed * 1_000_003 + n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29).wrapping_mul(0xBF58_476D_1CE4_E5B9)
        >> 33
}

/// Plays stalls that begin `apart_us` after one another, give or take 20 ms, on a link with up to `spread_us` of jitter. Gives
/// the level before the first, the largest two seconds after one, and the largest at which there was something to hear.
fn endure(ptime: Ptime, apart_us: u64, spread_us: u64, seed: u64) -> [i64; 3] {
    let begins = |stall: u64| FIRST_US + stall * apart_us + random(seed, stall) % 40_000;
    let stall_at = |us: u64| (0..STALLS).map(begins).find(|begin| (*begin..begin + STALL_US).contains(&us));
    let end = begins(STALLS - 1) + STALL_US + 2_500_000;
    let mut arrivals = Vec::new();
    let mut last = 0;
    for n in 0..end / ptime.micros() {
        let sent = (n + 1) * ptime.micros() + random(seed, 1_000 + n) % spread_us;
        let comes = match stall_at(sent) {
            Some(begin) if sent < begin + UNDER_WAY_US || sent + NEWEST_US >= begin + STALL_US => begin + STALL_US,
            Some(_) => continue,
            None => sent,
        };
        last = last.max(comes);
        arrivals.push((last, n as usize * ptime.samples()));
    }
    let mut arrivals = arrivals.into_iter().peekable();
    let mut buffer = JitterBuffer::new(Pcm, ptime);
    let mut levels = Vec::new();
    let mut block = [0; 480];
    let mut oldest = 0;
    for now in (3_000..end).step_by(10_000) {
        while let Some((at, start)) = arrivals.next_if(|(at, _)| *at <= now) {
            let mut payload = Vec::new();
            Pcm.encode(&hiss(start, ptime.samples()), &mut payload).expect("a lossless codec takes anything");
            let packet =
                Packet { timestamp: start as u32, marker: start == 0, payload: payload.into(), ..Packet::default() };
            buffer.insert(Micros(at), packet);
        }
        buffer.pull(Micros(now), &mut block);
        levels.push(buffer.stats().level_us);
        // Concealment of this codec is silence: what is heard was said.
        if block.iter().any(|sample| *sample != 0) {
            oldest = oldest.max(buffer.stats().level_us);
        }
    }
    let at = |us: u64| (us / 10_000) as usize;
    let mut before = levels[at(5_000_000)..at(FIRST_US)].to_vec();
    before.sort_unstable();
    let after = (0..STALLS).map(|stall| levels[at(begins(stall) + STALL_US + 2_000_000)]).max();
    [before[before.len() / 2], after.expect("there are stalls"), oldest]
}

#[test]
fn two_seconds_after_a_stall_of_one_the_delay_is_as_before_and_nothing_old_was_heard() {
    for ptime in [Ptime::Ms20, Ptime::Ms10] {
        for apart_us in [8_000_000, 9_000_000, 10_000_000, 11_000_000] {
            for (seed, spread_us) in [(1, 2_000), (2, 12_000), (3, 30_000)] {
                let [before, after, oldest] = endure(ptime, apart_us, spread_us, seed);
                let link = format!("{ptime:?}, {apart_us} µs apart, {spread_us} µs of jitter");
                assert!(after < before + 30_000, "{after} µs after {before} µs: {link}");
                assert!(oldest < 300_000, "{oldest} µs old: {link}");
            }
        }
    }
}
