//! What is done to a frame: encode, decode, conceal, level, limit.

mod common;

use common::{PACKET, PTIME, packets, speech};
use criterion::{Criterion, criterion_group, criterion_main};
use relay_engine::level::audio_level;
use relay_engine::limiter::Limiter;
use relay_engine::{Codec, Decoder, Encoder, OpusCodec};

fn frames(c: &mut Criterion) {
    let mut group = c.benchmark_group("a frame of 20 ms");
    let codec = OpusCodec::new(PTIME);
    let (speech, packets) = (speech(), packets());
    let mut turn = (0..speech.len()).cycle();
    let mut next = || turn.next().expect("it goes round");

    let (mut encoder, mut packet) = (codec.encoder(), Vec::new());
    group.bench_function("encode", |b| {
        b.iter(|| {
            packet.clear();
            encoder.encode(&speech[next()], &mut packet)
        });
    });
    let (mut decoder, mut frame) = (codec.decoder(), [0; PACKET]);
    group.bench_function("decode", |b| b.iter(|| decoder.decode(&packets[next()].0, &mut frame)));
    group.bench_function("conceal", |b| b.iter(|| decoder.conceal(&mut frame)));
    group.bench_function("audio level", |b| b.iter(|| audio_level(&speech[next()])));

    let sum = |gain: i32| -> Vec<Vec<i32>> {
        speech.iter().map(|frame| frame.iter().map(|&sample| i32::from(sample) * gain).collect()).collect()
    };
    for (name, gain) in [("limit, under the ceiling", 1), ("limit, far over it", 40)] {
        let (mut limiter, sums) = (Limiter::default(), sum(gain));
        group.bench_function(name, |b| b.iter(|| limiter.process(&sums[next()], &mut frame)));
    }
}

criterion_group!(benches, frames);
criterion_main!(benches);
