//! A packet time of a room: packets in, tick, packets out.

mod common;

use common::Conversation;
use criterion::{Criterion, criterion_group, criterion_main};

fn rooms(c: &mut Criterion) {
    let mut group = c.benchmark_group("packet time of a room");
    for (participants, talkers) in [(10, 1), (100, 1), (10, 2), (10, 3), (100, 3), (5, 5), (50, 50)] {
        let mut conversation = Conversation::new(participants, talkers);
        group.bench_function(format!("{talkers} of {participants} talk"), |b| b.iter(|| conversation.packet_time()));
    }
}

criterion_group!(benches, rooms);
criterion_main!(benches);
