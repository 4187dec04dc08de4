//! Whatever comes, whenever it comes and is asked for: a jitter buffer neither panics nor grows without bound, and gives
//! silence or sound for each pull.
#![no_main]

use arbitrary::Arbitrary;
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use relay_engine::{Codec, Encoder, JitterBuffer, Micros, OpusCodec, Packet, Ptime};

#[derive(Debug, Arbitrary)]
struct Run {
    ten_ms: bool,
    acts: Vec<Act>,
}

#[derive(Debug, Arbitrary)]
enum Act {
    /// The next packet of a stream, moved by so many samples.
    Next {
        moved: i16,
        flags: u8,
        tone: u8,
    },
    /// Anything.
    Packet {
        timestamp: u32,
        epoch: u8,
        flags: u8,
        capture_us: u32,
        gain_half_db: i8,
        payload: Vec<u8>,
    },
    Pull {
        samples: u16,
    },
    Wait {
        us: u32,
    },
}

fuzz_target!(|run: Run| {
    let ptime = if run.ten_ms { Ptime::Ms10 } else { Ptime::Ms20 };
    let codec = OpusCodec::new(ptime);
    let mut encoder = codec.encoder();
    let mut buffer = JitterBuffer::new(codec.clone(), ptime);
    let (mut now, mut timestamp) = (Micros(1_000_000), 0u32);
    let mut out = vec![0; ptime.samples()];
    for act in run.acts.into_iter().take(500) {
        match act {
            Act::Next { moved, flags, tone } => {
                timestamp = timestamp.wrapping_add(ptime.samples() as u32).wrapping_add_signed(moved.into());
                let frame: Vec<i16> =
                    (0..ptime.samples()).map(|n| ((n * usize::from(tone)) % 400) as i16 * 20).collect();
                let mut payload = Vec::new();
                encoder.encode(&frame, &mut payload).expect("a whole frame");
                buffer.insert(now, packet(timestamp, 0, flags, payload));
            }
            Act::Packet { timestamp, epoch, flags, capture_us, gain_half_db, payload } => {
                let packet = Packet { capture_us, gain_half_db, ..packet(timestamp, epoch, flags, payload) };
                // What the relay passes on was accepted, and what is empty ends something.
                if if packet.payload.is_empty() { packet.end } else { codec.accepts(&packet.payload) } {
                    buffer.insert(now, packet);
                }
            }
            Act::Pull { samples } => {
                let samples = usize::from(samples) % (ptime.samples() + 1);
                let before = buffer.stats().concealed_samples;
                let pulled = buffer.pull(now, &mut out[..samples]);
                assert_eq!(buffer.stats().concealed_samples - before, pulled.concealed_samples as u64);
                assert!(pulled.active || !pulled.ends, "{pulled:?}");
                assert!(buffer.started().iter().all(|start| start.offset < samples), "{:?}", buffer.started());
            }
            Act::Wait { us } => now = now + u64::from(us % 2_000_000),
        }
    }
});

fn packet(timestamp: u32, epoch: u8, flags: u8, payload: Vec<u8>) -> Packet {
    let flag = |bit: u8| flags & (1 << bit) != 0;
    Packet {
        timestamp,
        epoch,
        marker: flag(0),
        end: flag(1),
        pre_roll: flag(2),
        prime: flag(3),
        cross_fade: flag(4),
        payload: Bytes::from(payload),
        ..Packet::default()
    }
}
