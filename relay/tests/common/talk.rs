//! Somebody who talks all the time, and what it takes to measure how old it is when it comes.

use std::time::{Duration, Instant};

use relay_engine::{Codec, Encoder, OpusCodec, Ptime};
use relay_wire::{UpFlags, UpHeader};
use tokio::time::{MissedTickBehavior, interval};
use tokio_tungstenite::tungstenite::Message;

use super::Client;

/// Runs talkers, listeners and relay with real-time priority where the system grants it: what is measured here is the
/// link, not who else wants the processor.
pub fn punctually(test: impl Future<Output = ()>) {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let raise = || {
        relay::kernel::schedule_realtime();
    };
    raise();
    builder.worker_threads(2).enable_all().on_thread_start(raise).build().expect("a runtime").block_on(test);
}

/// Talks for ever: a packet every 20 ms, stamped with the test's own clock.
pub async fn talk(mut client: Client, clock: Instant) {
    // Noise, so that packets have the size of speech at its fullest.
    let mut state = 1u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 16) as i16) / 8
    };
    let mut encoder = OpusCodec::new(Ptime::Ms20).encoder();
    let mut pace = interval(Duration::from_millis(20));
    pace.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut sequence = 0u16;
    loop {
        tokio::select! {
            _ = pace.tick() => {}
            // What comes is of no interest, but has to be read.
            _ = client.next() => continue,
        }
        let frame: Vec<i16> = std::iter::repeat_with(&mut noise).take(960).collect();
        let mut payload = Vec::new();
        encoder.encode(&frame, &mut payload).expect("a frame");
        let header = UpHeader {
            flags: UpFlags { marker: sequence == 0, ..UpFlags::default() },
            sequence,
            timestamp: u32::from(sequence) * 960,
            capture_us: us(clock) as u32,
            level: 20,
        };
        client.send(Message::Binary(header.write(&payload))).await;
        sequence = sequence.wrapping_add(1);
    }
}

/// Microseconds of the test's clock.
pub fn us(clock: Instant) -> u64 {
    clock.elapsed().as_micros() as u64
}

/// A percentile of some ages.
pub fn percentile(ages: &[u64], percent: usize) -> u64 {
    let mut sorted = ages.to_vec();
    sorted.sort_unstable();
    sorted[(sorted.len() - 1) * percent / 100]
}

/// Resident memory of this process, the relay and those who talk to it, in KiB.
pub fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}
