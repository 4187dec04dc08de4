//! Proves what the jitter buffer does with a stream as a whole, in virtual time: what is heard, how late, and what a
//! bad link costs.

use bytes::Bytes;

use super::*;
use crate::codec::{CodecError, Decoder, Encoder, OpusCodec};

/// A lossless codec, so that what is heard can be compared sample for sample.
#[derive(Debug, Clone)]
pub(super) struct Pcm;

impl Codec for Pcm {
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&self) -> Self {
        Self
    }
    fn decoder(&self) -> Self {
        Self
    }
    fn accepts(&self, _packet: &[u8]) -> bool {
        true
    }
    fn delay_samples(&self) -> u32 {
        0
    }
}

impl Encoder for Pcm {
    fn encode(&mut self, frame: &[i16], packet: &mut Vec<u8>) -> Result<(), CodecError> {
        packet.extend(frame.iter().flat_map(|s| s.to_le_bytes()));
        Ok(())
    }
    fn reset(&mut self) {}
}

impl Decoder for Pcm {
    fn decode(&mut self, packet: &[u8], frame: &mut [i16]) -> Result<(), CodecError> {
        for (sample, bytes) in frame.iter_mut().zip(packet.chunks_exact(2)) {
            *sample = i16::from_le_bytes([bytes[0], bytes[1]]);
        }
        Ok(())
    }
    fn conceal(&mut self, frame: &mut [i16]) {
        frame.fill(0);
    }
    fn reset(&mut self) {}
}

/// What came of playing a stream.
#[derive(Debug, Default)]
struct Played {
    signal: Vec<i16>,
    /// Delay from capture to ear of the first sample of each pull in a talkspurt, milliseconds, with its time.
    delays: Vec<(u64, f64)>,
    stats: JitterStats,
}

impl Played {
    fn mean_delay(&self, from_us: u64, until_us: u64) -> f64 {
        let delays: Vec<f64> =
            self.delays.iter().filter(|(at, _)| (from_us..until_us).contains(at)).map(|&(_, d)| d).collect();
        delays.iter().sum::<f64>() / delays.len() as f64
    }

    fn worst_delay(&self, from_us: u64) -> f64 {
        self.delays.iter().filter(|(at, _)| *at >= from_us).map(|&(_, d)| d).fold(0.0, f64::max)
    }
}

/// Sends `signal` in packets of 20 ms, continuously, each arriving `delay_us` of its number after it is complete (in
/// order, as on TCP), and pulls blocks of 10 ms. `shape` edits a packet on its way.
fn play<C: Codec>(
    codec: C,
    signal: &[i16],
    ppm: i64,
    delay_us: impl Fn(usize) -> u64,
    shape: impl Fn(usize, &mut Packet),
) -> Played {
    let mut encoder = codec.encoder();
    let mut buffer = JitterBuffer::new(codec, Ptime::Ms20);
    let mut arrivals = Vec::new();
    let mut last = 0;
    for (n, frame) in signal.chunks_exact(960).enumerate() {
        let mut payload = Vec::new();
        encoder.encode(frame, &mut payload).unwrap();
        let timestamp = (n * 960) as u32;
        // The sender's clock runs fast by so many millionths: its packets come so much sooner.
        let captured = n as i64 * 20_000 - n as i64 * 20_000 * ppm / 1_000_000;
        let mut packet =
            Packet { timestamp, capture_us: captured as u32 + 1, payload: payload.into(), ..Packet::default() };
        packet.marker = n == 0;
        shape(n, &mut packet);
        last = last.max(captured as u64 + 20_000 + delay_us(n));
        arrivals.push((last, packet));
    }
    let mut played = Played::default();
    let mut arrivals = arrivals.into_iter().peekable();
    let end = last + 500_000;
    for now in (3_000..end).step_by(10_000) {
        while let Some((at, packet)) = arrivals.next_if(|(at, _)| *at <= now) {
            buffer.insert(Micros(at), packet);
        }
        let mut block = [0; 480];
        let pulled = buffer.pull(Micros(now), &mut block);
        played.signal.extend_from_slice(&block);
        if pulled.active {
            let age = relay_wire::audio::stamp_age_us(pulled.capture_us, now).expect("every packet has a stamp");
            played.delays.push((now, f64::from(age) / 1000.0));
        }
    }
    played.stats = buffer.stats();
    played
}

fn tone(hertz: f64, samples: usize) -> Vec<i16> {
    (0..samples).map(|n| (8_000.0 * (std::f64::consts::TAU * hertz * n as f64 / 48_000.0).sin()) as i16).collect()
}

/// A voice-like test signal: 120 Hz with harmonics, in syllables of 300 ms.
fn voice(samples: usize) -> Vec<i16> {
    (0..samples)
        .map(|n| {
            let t = n as f64 / 48_000.0;
            let syllable = (std::f64::consts::PI * (t / 0.3).fract()).sin();
            let sum: f64 =
                (1..8).map(|h| (std::f64::consts::TAU * 120.0 * f64::from(h) * t).sin() / f64::from(h)).sum();
            (6_000.0 * syllable * sum) as i16
        })
        .collect()
}

/// What has no pitch, from one place of it on.
pub(super) fn hiss(from: usize, samples: usize) -> Vec<i16> {
    (from..from + samples).map(|n| (jitter(n) % 8_000) as i16 - 4_000).collect()
}

fn largest_step(samples: &[i16]) -> i32 {
    samples.windows(2).map(|w| (i32::from(w[0]) - i32::from(w[1])).abs()).max().unwrap_or(0)
}

fn jitter(n: usize) -> u64 {
    (n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40
}

#[test]
fn a_perfect_link_is_played_sample_for_sample_and_almost_at_once() {
    let signal = voice(48_000 * 5);
    let played = play(Pcm, &signal, 0, |_| 300, |n, p| p.end = n == 249);
    let start = played.signal.iter().position(|&s| s != 0).unwrap() - signal.iter().position(|&s| s != 0).unwrap();
    assert_eq!(&played.signal[start..start + signal.len()], &signal[..]);
    assert_eq!((played.stats.concealed_samples, played.stats.discarded), (0, 0));
    // 20 ms to fill a packet, up to 10 ms to the next pull.
    assert!(played.worst_delay(0) <= 33.0, "{}", played.worst_delay(0));
}

#[test]
fn after_the_end_of_a_talkspurt_nothing_is_concealed() {
    let played = play(Pcm, &voice(48_000), 0, |_| 300, |n, p| p.end = n == 49);
    assert_eq!(played.stats.concealed_samples, 0);
    let without = play(Pcm, &voice(48_000), 0, |_| 300, |_, _| {});
    assert!(without.stats.concealed_samples > 0);
}

#[test]
fn an_empty_end_ends_too() {
    let played = play(
        Pcm,
        &voice(48_000),
        0,
        |_| 300,
        |n, p| {
            if n == 49 {
                p.end = true;
                p.payload = Bytes::new();
            }
        },
    );
    assert_eq!(played.stats.concealed_samples, 0);
}

#[test]
fn jitter_is_learned_and_then_costs_delay_instead_of_concealment() {
    let signal = voice(48_000 * 30);
    let played = play(OpusCodec::new(Ptime::Ms20), &signal, 0, |n| jitter(n) % 60_000, |_, _| {});
    // Of the 28 s after the first two, and the end that is not flagged.
    let concealed_ms = played.stats.concealed_samples / 48;
    assert!(concealed_ms < 300 + 160, "{concealed_ms} ms concealed");
    let delay = played.mean_delay(5_000_000, 30_000_000);
    assert!((60.0..105.0).contains(&delay), "{delay} ms");
    assert_eq!(played.stats.discarded, 0);
}

#[test]
fn the_delay_comes_back_down_when_the_link_gets_better() {
    let signal = voice(48_000 * 90);
    let played =
        play(OpusCodec::new(Ptime::Ms20), &signal, 0, |n| if n < 500 { jitter(n) % 80_000 } else { 500 }, |_, _| {});
    assert!(played.mean_delay(5_000_000, 10_000_000) > 80.0);
    let delay = played.mean_delay(80_000_000, 90_000_000);
    assert!(delay < 45.0, "{delay} ms");
}

#[test]
fn a_short_stall_is_caught_up_with_and_loses_nothing() {
    let signal = voice(48_000 * 10);
    let late = |n| if (200..210).contains(&n) { 200_000 - (n as u64 - 200) * 20_000 } else { 300 };
    let played = play(OpusCodec::new(Ptime::Ms20), &signal, 0, late, |_, _| {});
    assert_eq!(played.stats.discarded, 0);
    assert!(played.stats.accelerated_samples > 48 * 120);
    let delay = played.mean_delay(6_500_000, 10_000_000);
    assert!(delay < 50.0, "{delay} ms, two seconds later");
}

#[test]
fn after_a_long_outage_what_is_old_is_thrown_away() {
    let signal = voice(48_000 * 10);
    let late = |n| if (200..250).contains(&n) { 1_000_000 - (n as u64 - 200) * 20_000 } else { 300 };
    let played = play(OpusCodec::new(Ptime::Ms20), &signal, 0, late, |_, _| {});
    assert!(played.stats.discarded >= 30, "{}", played.stats.discarded);
    let delay = played.mean_delay(5_200_000, 5_400_000);
    assert!(delay < 100.0, "{delay} ms right after the outage");
}

#[test]
fn nothing_of_an_outage_sounds_beyond_its_fade() {
    let played = play(OpusCodec::new(Ptime::Ms20), &tone(300.0, 48_000), 0, |_| 300, |_, _| {});
    let end = 48_000 + 480 * 3 + FADE_TO;
    assert!(played.signal[end..].iter().all(|&s| s == 0));
    assert!(played.signal[48_000..48_000 + 1_440].iter().any(|&s| s.abs() > 4_000));
}

#[test]
fn pre_roll_is_late_by_intent_and_its_delay_is_gone_within_half_a_second() {
    // The first two packets come with the third.
    let late = |n| if n < 2 { (2 - n as u64) * 20_000 } else { 300 };
    let played = play(OpusCodec::new(Ptime::Ms20), &voice(48_000 * 2), 0, late, |n, p| p.pre_roll = n < 2);
    let (began, first) = played.delays[0];
    let usual = played.mean_delay(1_500_000, 2_000_000);
    let gone = played.mean_delay(began + 500_000, began + 520_000);
    assert!(first > usual + 30.0, "{first} ms at first, {usual} ms later");
    // Less than a pitch period of this voice is left.
    assert!(gone < usual + 8.3, "{gone} ms after half a second, {usual} ms later");
    assert!(usual < 40.0, "{usual} ms");
    assert_eq!(played.stats.discarded, 0);
}

#[test]
fn a_change_of_encoder_is_not_heard() {
    let codec = OpusCodec::new(Ptime::Ms20);
    let signal = tone(1012.5, 48_000 * 3);
    let mut second = codec.encoder();
    let frames: Vec<&[i16]> = signal.chunks_exact(960).collect();
    let mut payloads = vec![Bytes::new(); frames.len()];
    for n in 71..frames.len() {
        let mut payload = Vec::new();
        second.encode(frames[n], &mut payload).unwrap();
        payloads[n] = payload.into();
    }
    let mut buffer = JitterBuffer::new(codec, Ptime::Ms20);
    let mut first = codec.encoder();
    let mut heard = Vec::new();
    for (n, frame) in frames.iter().enumerate() {
        let now = Micros(n as u64 * 20_000 + 25_000);
        let mut payload = Vec::new();
        first.encode(frame, &mut payload).unwrap();
        let packet =
            Packet { timestamp: (n * 960) as u32, marker: n == 0, payload: payload.into(), ..Packet::default() };
        if n == 75 {
            for (prime, payload) in payloads.iter().enumerate().take(75).skip(71) {
                let (payload, timestamp) = (payload.clone(), (prime * 960) as u32);
                buffer.insert(now, Packet { timestamp, epoch: 1, prime: true, payload, ..Packet::default() });
            }
        }
        if n >= 75 {
            let payload = payloads[n].clone();
            buffer.insert(now, Packet { epoch: 1, cross_fade: n == 75, payload, ..packet });
        } else {
            buffer.insert(now, packet);
        }
        let mut block = [0; 960];
        buffer.pull(now + 5_000, &mut block);
        heard.extend_from_slice(&block);
    }
    let steady = largest_step(&heard[9_600..67_200]);
    let seam = largest_step(&heard[67_200..86_400]);
    assert!(seam <= steady * 11 / 10, "{seam} at the seam, {steady} before");
    let least = heard[67_200..86_400].chunks(480).map(|c| c.iter().map(|s| s.abs()).max().unwrap()).min().unwrap();
    assert!(least > 7_000, "the tone falls to {least}");
    assert_eq!(buffer.stats().concealed_samples, 0);
}

#[test]
fn a_last_packet_that_comes_early_does_not_make_those_after_it_late() {
    let signal = tone(220.0, 960 * 250);
    // Who stops sends what there is of the last packet at once; somebody else goes on.
    let delay = |n: usize| if n == 100 { 5_000 } else { 25_000 };
    let end = |n: usize, packet: &mut Packet| {
        packet.end = n == 100 || n == 249;
        packet.marker = n == 101;
    };
    let played = play(Pcm, &signal, 0, delay, end);
    let (before, after) = (played.mean_delay(1_000_000, 2_000_000), played.mean_delay(2_200_000, 5_000_000));
    assert!((after - before).abs() < 1.0, "{before} and then {after} ms");
    assert_eq!((played.stats.expanded_samples, played.stats.concealed_samples), (0, 0));
}

#[test]
fn on_a_road_that_has_become_slower_speech_is_slowed_down_once() {
    let signal = tone(220.0, 960 * 250);
    let played = play(Pcm, &signal, 0, |n| if n < 100 { 5_000 } else { 25_000 }, |n, packet| packet.end = n == 249);
    let JitterStats { expanded_samples, accelerated_samples, concealed_samples, .. } = played.stats;
    assert!(expanded_samples + concealed_samples < 48 * 50, "{expanded_samples} and {concealed_samples} samples");
    assert!(accelerated_samples < 48 * 30, "{accelerated_samples} samples");
}

/// Of a tone a period can be repeated so well that nobody hears it. It is made up all the same.
#[test]
fn a_period_that_is_repeated_for_a_packet_that_is_due_counts_as_concealed() {
    let mut buffer = JitterBuffer::new(Pcm, Ptime::Ms20);
    for (n, frame) in tone(220.0, 960 * 10).chunks_exact(960).enumerate() {
        let payload = frame.iter().flat_map(|s| s.to_le_bytes()).collect();
        buffer.insert(Micros(0), Packet { timestamp: n as u32 * 960, marker: n == 0, payload, ..Packet::default() });
    }
    // In blocks of 7 ms something is left over where the packet after the last one is due.
    let (mut now, mut block) = (3_000, [0; 336]);
    while buffer.stats().concealed_samples == 0 && now < 400_000 {
        buffer.pull(Micros(now), &mut block);
        now += 7_000;
    }
    assert!(buffer.stats().expanded_samples == 0 && buffer.stats().concealed_samples > 0, "{:?}", buffer.stats());
    assert!(block.iter().any(|&sample| sample > 4_000), "the tone goes on");
}

#[test]
fn packets_are_remembered_in_their_order_where_one_is_decoded_ahead() {
    let codec = OpusCodec::new(Ptime::Ms20);
    let mut encoder = codec.encoder();
    let mut buffer = JitterBuffer::new(codec, Ptime::Ms20);
    let mut out = vec![0; 960];
    for (n, frame) in voice(48_000).chunks_exact(960).enumerate() {
        let mut payload = Vec::new();
        encoder.encode(frame, &mut payload).unwrap();
        // Twelve come at once, and are caught up with.
        let packet = Packet { timestamp: n as u32 * 960, marker: n == 0, payload: payload.into(), ..Packet::default() };
        buffer.insert(Micros(n.saturating_sub(12) as u64 * 20_000), packet);
        if n >= 12 {
            buffer.pull(Micros((n - 12) as u64 * 20_000 + 5_000), &mut out);
            let order: Vec<u32> = buffer.last_packets().map(|packet| packet.timestamp).collect();
            assert!(order.is_sorted(), "{order:?}");
        }
    }
    assert!(buffer.stats().accelerated_samples > 0);
}

#[test]
fn the_end_of_a_talkspurt_without_a_payload_primes_nobody() {
    let mut buffer = JitterBuffer::new(OpusCodec::new(Ptime::Ms20), Ptime::Ms20);
    buffer.remember(0, Packet { payload: vec![1; 40].into(), ..Packet::default() });
    buffer.remember(960, Packet { timestamp: 960, end: true, ..Packet::default() });
    assert_eq!(buffer.last_packets().map(|packet| packet.timestamp).collect::<Vec<_>>(), [0]);
}

#[test]
fn of_the_talkspurt_before_nothing_is_unplayed_where_the_next_one_waits() {
    let mut buffer = JitterBuffer::new(Pcm, Ptime::Ms20);
    let payload = Bytes::from(vec![0; 1920]);
    // Four packets, the last of them an end, and in one burst with that the first one after a pause.
    for (n, ms) in [(0, 0), (1, 20), (2, 40), (3, 60), (13, 60)] {
        let packet = Packet { timestamp: n * 960, marker: n % 13 == 0, end: n == 3, ..Packet::default() };
        buffer.insert(Micros(ms * 1000), Packet { payload: payload.clone(), ..packet });
    }
    let mut out = [0; 960];
    while buffer.pull(Micros(61_000), &mut out).active {}
    assert_eq!(buffer.position(), 13 * 960);
    let unplayed: Vec<u32> = buffer.unplayed(120).map(|packet| packet.timestamp).collect();
    assert_eq!(unplayed, [13 * 960]);
}

#[test]
fn every_packet_that_does_not_decode_is_told_also_where_it_is_decoded_ahead() {
    let codec = OpusCodec::new(Ptime::Ms20);
    let mut encoder = codec.encoder();
    let mut buffer = JitterBuffer::new(codec, Ptime::Ms20);
    let (mut out, mut told) = (vec![0; 960], 0);
    for (n, frame) in voice(48_000).chunks_exact(960).enumerate() {
        let mut payload = Vec::new();
        encoder.encode(frame, &mut payload).unwrap();
        // Every seventh is code 3 without a frame count.
        let payload = if n % 7 == 6 { Bytes::from_static(&[0xff]) } else { payload.into() };
        let packet = Packet { timestamp: n as u32 * 960, marker: n == 0, payload, ..Packet::default() };
        buffer.insert(Micros(n.saturating_sub(12) as u64 * 20_000), packet);
        if n >= 12 {
            told += buffer.pull(Micros((n - 12) as u64 * 20_000 + 5_000), &mut out).undecodable as u64;
        }
    }
    assert!(buffer.stats().accelerated_samples > 0);
    assert_eq!((told > 0, told), (true, buffer.stats().undecodable));
}
