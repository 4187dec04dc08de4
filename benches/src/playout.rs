//! An arrival trace through the real jitter buffer, in virtual time.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context, Result, ensure};
use relay_engine::{
    Codec, Encoder, JitterBuffer, Micros, OpusCodec, Packet, Ptime,
    time::{samples_to_us, us_to_samples},
};

use crate::{speech, tone};

/// One packet of a trace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Passage {
    /// When it was sent, milliseconds.
    pub send_ms: f64,
    /// When it came, on the same clock.
    pub arrive_ms: f64,
}

/// What became of one packet.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Fate {
    /// When its first sample left the buffer; `None` if it was discarded.
    pub play_ms: Option<f64>,
    /// Concealment just before it.
    pub concealed_ms: f64,
    /// The delay over the fastest packet that the buffer wanted when it was played.
    pub target_ms: f64,
    /// The delay over the fastest packet that there was.
    pub level_ms: f64,
}

/// The longest trace, milliseconds: a day.
const LONGEST_MS: f64 = 86_400_000.0;

/// The signal is pulled in blocks of 10 ms.
const BLOCK: usize = 480;

/// Reads `seq,send_ms,arrive_ms`.
///
/// # Errors
/// If the file cannot be read or is not of that form.
pub fn read(path: &Path) -> Result<Vec<Passage>> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').map(str::trim).collect();
    let column = |name: &str| {
        header.iter().position(|&h| h == name).with_context(|| format!("{}: no column {name}", path.display()))
    };
    let (send, arrive) = (column("send_ms")?, column("arrive_ms")?);
    let parse = |line: &str| -> Option<Passage> {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        Some(Passage { send_ms: fields.get(send)?.parse().ok()?, arrive_ms: fields.get(arrive)?.parse().ok()? })
    };
    let lines = lines.enumerate().filter(|(_, line)| !line.trim().is_empty());
    let passages: Vec<Passage> = lines
        .map(|(n, line)| parse(line).with_context(|| format!("{}: line {} is malformed", path.display(), n + 2)))
        .collect::<Result<_>>()?;
    ensure!(passages.len() > 1, "{}: a trace has at least two packets", path.display());
    let ascends = passages.windows(2).all(|pair| pair[0].send_ms < pair[1].send_ms);
    ensure!(ascends, "{}: packets are not in the order in which they were sent", path.display());
    let first_ms = passages[0].send_ms;
    let in_range = |ms: f64| (first_ms..=first_ms + LONGEST_MS).contains(&ms);
    let all_in_range = passages.iter().all(|passage| in_range(passage.send_ms) && in_range(passage.arrive_ms));
    ensure!(all_in_range, "{}: a trace lasts at most a day and no packet comes before it is sent", path.display());
    Ok(passages)
}

/// Packet time of a trace: that of the least distance between two packets, 10 or 20 ms.
///
/// # Errors
/// If it is neither.
pub fn packet_time(trace: &[Passage]) -> Result<Ptime> {
    let least_ms = trace.windows(2).map(|pair| pair[1].send_ms - pair[0].send_ms).fold(f64::INFINITY, f64::min);
    let ptime = Ptime::from_ms(least_ms.round() as u32);
    ptime.with_context(|| format!("packets are {least_ms} ms apart, neither 10 nor 20"))
}

/// Plays a trace: packets of speech, decoded and time-scaled for real. A pause in sending ends a talkspurt.
///
/// # Errors
/// If the speech is not there, or the packets are neither 10 nor 20 ms apart.
pub fn play(trace: &[Passage]) -> Result<Vec<Fate>> {
    let origin_ms = trace[0].send_ms;
    let ptime = packet_time(trace)?;
    let codec = OpusCodec::new(ptime);
    let payloads = payloads(codec)?;
    let to_us = |ms: f64| Micros(((ms - origin_ms) * 1000.0).round() as u64);
    let timestamp_of = |passage: &Passage| us_to_samples(to_us(passage.send_ms).0.cast_signed());
    let mut arrivals: Vec<usize> = (0..trace.len()).collect();
    arrivals.sort_by(|&a, &b| trace[a].arrive_ms.total_cmp(&trace[b].arrive_ms).then(a.cmp(&b)));
    let mut arrivals = arrivals.into_iter().peekable();
    let mut buffer = JitterBuffer::new(codec, ptime);
    let pause = |n: usize| trace[n + 1].send_ms - trace[n].send_ms > 3.0 * f64::from(ptime.ms());
    let mut fates = vec![Fate::default(); trace.len()];
    let by_timestamp: std::collections::HashMap<i64, usize> =
        trace.iter().enumerate().map(|(n, passage)| (timestamp_of(passage), n)).collect();
    ensure!(by_timestamp.len() == trace.len(), "two packets of the trace were sent at the same time");
    let last_us = trace.iter().map(|passage| to_us(passage.arrive_ms).0).max().unwrap_or(0);
    let mut block = [0; BLOCK];
    for now in (0..last_us + 2_000_000).step_by(10_000) {
        while let Some(n) = arrivals.next_if(|&n| to_us(trace[n].arrive_ms).0 <= now) {
            let packet = Packet {
                timestamp: timestamp_of(&trace[n]) as u32,
                marker: n == 0 || pause(n - 1),
                end: n + 1 == trace.len() || pause(n),
                payload: payloads[n % payloads.len()].clone(),
                ..Packet::default()
            };
            buffer.insert(to_us(trace[n].arrive_ms), packet);
        }
        buffer.pull(Micros(now), &mut block);
        for start in buffer.started() {
            let Some(&n) = by_timestamp.get(&start.timestamp) else { continue };
            let offset_ms = samples_to_us(start.offset as i64) as f64 / 1000.0;
            fates[n].play_ms = Some(origin_ms + now as f64 / 1000.0 + offset_ms);
            fates[n].concealed_ms = start.concealed_samples as f64 / 48.0;
            fates[n].target_ms = buffer.stats().target_us as f64 / 1000.0;
            fates[n].level_ms = buffer.stats().level_us as f64 / 1000.0;
        }
    }
    Ok(fates)
}

/// Mean and p99 delay, shares of concealed and discarded time in percent, and the rating R.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Mean of play − send over the packets played, milliseconds.
    pub mean_ms: f64,
    /// 99th percentile of the same.
    pub p99_ms: f64,
    /// Concealed time in percent of the trace.
    pub concealed_percent: f64,
    /// Discarded packets in percent.
    pub discarded_percent: f64,
    /// The rating of ITU-T G.107, see [`rating`].
    pub r: f64,
}

/// Sums up what became of a trace.
#[must_use]
pub fn summarise(trace: &[Passage], fates: &[Fate], ptime: Ptime) -> Summary {
    let mut delays: Vec<f64> =
        trace.iter().zip(fates).filter_map(|(passage, fate)| Some(fate.play_ms? - passage.send_ms)).collect();
    delays.sort_by(f64::total_cmp);
    let duration_ms = trace.len() as f64 * f64::from(ptime.ms());
    let mean_ms = delays.iter().sum::<f64>() / delays.len().max(1) as f64;
    let p99_ms = delays.get(delays.len() * 99 / 100).copied().unwrap_or(f64::NAN);
    let concealed = fates.iter().map(|fate| fate.concealed_ms).sum::<f64>() / duration_ms;
    let discarded = fates.iter().filter(|fate| fate.play_ms.is_none()).count() as f64 / fates.len() as f64;
    Summary {
        mean_ms,
        p99_ms,
        concealed_percent: 100.0 * concealed,
        discarded_percent: 100.0 * discarded,
        r: rating(mean_ms, concealed + discarded),
    }
}

/// A rating in the manner of ITU-T G.107: a delay term, 100 ms added for the rest of the way from mouth to ear, and an
/// equipment term with Ie = 0 and Bpl = 20. `bad` is the share of bad time, 0 … 1.
#[must_use]
pub fn rating(mean_ms: f64, bad: f64) -> f64 {
    let delay = mean_ms + 100.0;
    let delay_term = 0.024 * delay + 0.11 * (delay - 177.3).max(0.0);
    93.2 - delay_term - 95.0 * 100.0 * bad / (100.0 * bad + 20.0)
}

/// The schedule as CSV: `seq,send_ms,arrive_ms,play_ms,concealed_ms`, `play_ms` empty for a discarded packet.
#[must_use]
pub fn schedule(trace: &[Passage], fates: &[Fate]) -> String {
    let mut csv = String::from("seq,send_ms,arrive_ms,play_ms,concealed_ms\n");
    for (n, (passage, fate)) in trace.iter().zip(fates).enumerate() {
        let play = fate.play_ms.map(|ms| format!("{ms:.3}")).unwrap_or_default();
        writeln!(csv, "{n},{:.3},{:.3},{play},{:.3}", passage.send_ms, passage.arrive_ms, fate.concealed_ms)
            .expect("writing to a string");
    }
    csv
}

fn payloads(codec: OpusCodec) -> Result<Vec<bytes::Bytes>> {
    let speech = tone::to_pcm(&speech::quiet(0, -26.0, 48_000 * 24)?);
    let mut encoder = codec.encoder();
    let encode = |frame: &[i16]| {
        let mut payload = Vec::new();
        encoder.encode(frame, &mut payload)?;
        Ok(payload.into())
    };
    speech.chunks_exact(codec.ptime.samples()).map(encode).collect()
}
