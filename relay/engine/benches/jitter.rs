//! The jitter buffer: a packet in, a frame out.

mod common;

use common::{PACKET, PTIME, packets};
use criterion::{Criterion, criterion_group, criterion_main};
use relay_engine::{JitterBuffer, Micros, OpusCodec, Packet};

/// A block of 10 ms, as a sound device asks for it.
const BLOCK: usize = PACKET / 2;

/// A stream whose packets come so many microseconds apart, while they are played at the pace of the clock.
struct Stream {
    buffer: JitterBuffer<OpusCodec>,
    packets: Vec<Packet>,
    arrives_every_us: u64,
    inserted: usize,
    pulled: u64,
}

impl Stream {
    fn new(arrives_every_us: u64) -> Self {
        let packets = packets().into_iter().map(|(payload, _)| Packet { payload, ..Packet::default() }).collect();
        let buffer = JitterBuffer::new(OpusCodec::new(PTIME), PTIME);
        let mut stream = Self { buffer, packets, arrives_every_us, inserted: 0, pulled: 0 };
        (0..200).for_each(|_| stream.insert_and_pull());
        stream
    }

    /// Until the next packet is there.
    fn insert_and_pull(&mut self) {
        let arrives = self.inserted as u64 * self.arrives_every_us;
        let mut block = [0; BLOCK];
        while self.pulled * PTIME.micros() / 2 < arrives {
            self.buffer.pull(Micros(self.pulled * PTIME.micros() / 2), &mut block);
            self.pulled += 1;
        }
        let timestamp = (self.inserted * PACKET) as u32;
        let packet = self.packets[self.inserted % self.packets.len()].clone();
        self.buffer.insert(Micros(arrives), Packet { timestamp, marker: self.inserted == 0, ..packet });
        self.inserted += 1;
    }
}

fn jitter(c: &mut Criterion) {
    let mut group = c.benchmark_group("jitter buffer, a packet in and out");
    for (name, percent) in [("steady", 100), ("packets 5 % too fast", 95), ("packets 5 % too slow", 105)] {
        let mut stream = Stream::new(PTIME.micros() * percent / 100);
        group.bench_function(name, |b| b.iter(|| stream.insert_and_pull()));
        let stats = stream.buffer.stats();
        // What the case is about has happened: pitch periods went, or had to be made up.
        let (gone, made) = (stats.accelerated_samples, stats.expanded_samples + stats.concealed_samples);
        assert!(if percent < 100 { gone > made } else { percent == 100 || made > gone }, "{name}: {stats:?}");
    }
}

criterion_group!(benches, jitter);
criterion_main!(benches);
