//! An arrival trace through the real jitter buffer, in virtual time.

use std::{collections::HashMap, fmt::Write as _};

use anyhow::Result;
use relay_engine::{Codec, Encoder, JitterBuffer, Micros, OpusCodec, Packet, Ptime, time::samples_to_us};

use crate::{
    speech, tone,
    trace::{Passage, media_index, packet_time},
};

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

/// The signal is pulled in blocks of 10 ms.
const BLOCK: usize = 480;

/// So many packet times in which nothing was sent are a pause between talkspurts.
const PAUSE: u64 = 3;

/// Plays a trace: packets of speech, decoded and time-scaled for real. A pause in sending ends a talkspurt.
///
/// # Errors
/// If the speech is not there, or the packets are neither 10 nor 20 ms apart.
pub fn play(trace: &[Passage]) -> Result<Vec<Fate>> {
    // The buffer's time has no place for what came before it began.
    let came_ms = trace.iter().map(|passage| passage.arrive_ms);
    let origin_ms = came_ms.fold(trace[0].send_ms, f64::min);
    let ptime = packet_time(trace)?;
    let codec = OpusCodec::new(ptime);
    let payloads = payloads(codec)?;
    let to_us = |ms: f64| Micros(((ms - origin_ms) * 1000.0).round() as u64);
    let index = media_index(trace, ptime);
    let timestamps: Vec<i64> = index.iter().map(|&index| index as i64 * ptime.samples() as i64).collect();
    // What has numbers of its own was sent, and lost.
    let lost = |n: usize| trace[n + 1].seq.wrapping_sub(trace[n].seq).saturating_sub(1);
    let pause = |n: usize| (index[n + 1] - index[n]).saturating_sub(lost(n)) > PAUSE;
    let mut arrivals: Vec<usize> = (0..trace.len()).collect();
    arrivals.sort_by(|&a, &b| trace[a].arrive_ms.total_cmp(&trace[b].arrive_ms).then(a.cmp(&b)));
    // Of two that are the same packet the first to come is played.
    let by_timestamp: HashMap<i64, usize> = arrivals.iter().rev().map(|&n| (timestamps[n], n)).collect();
    let mut arrivals = arrivals.into_iter().peekable();
    let mut buffer = JitterBuffer::new(codec, ptime);
    let mut fates = vec![Fate::default(); trace.len()];
    let last_us = trace.iter().map(|passage| to_us(passage.arrive_ms).0).max().unwrap_or(0);
    let mut block = [0; BLOCK];
    for now in (0..last_us + 2_000_000).step_by(10_000) {
        while let Some(n) = arrivals.next_if(|&n| to_us(trace[n].arrive_ms).0 <= now) {
            let packet = Packet {
                timestamp: timestamps[n] as u32,
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
    for (passage, fate) in trace.iter().zip(fates) {
        let play = fate.play_ms.map(|ms| format!("{ms:.3}")).unwrap_or_default();
        let Passage { seq, send_ms, arrive_ms } = passage;
        writeln!(csv, "{seq},{send_ms:.3},{arrive_ms:.3},{play},{:.3}", fate.concealed_ms)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets that come 3 ms after they were sent, but for the numbers that are `lost`, and those that are `paused` over.
    fn trace(lost: &[u64], paused: &[u64]) -> Vec<Passage> {
        let kept = (0..400u64).filter(|n| !lost.contains(n) && !paused.contains(n));
        let passage = |n: u64| {
            let pauses = paused.iter().filter(|&&paused| paused < n).count() as u64;
            let send_ms = 20.0 * n as f64;
            Passage { seq: n - pauses, send_ms, arrive_ms: send_ms + 3.0 + (n % 2) as f64 }
        };
        kept.map(passage).collect()
    }

    fn concealed_ms(trace: &[Passage]) -> f64 {
        play(trace).expect("a trace").iter().map(|fate| fate.concealed_ms).sum()
    }

    #[test]
    fn what_was_lost_is_concealed_however_much_in_a_row_and_a_pause_is_not() {
        assert!(concealed_ms(&trace(&[], &[])) < 1.0);
        for lost in [1, 2, 3, 5, 8] {
            let lost: Vec<u64> = (200..200 + lost).collect();
            let concealed = concealed_ms(&trace(&lost, &[]));
            let gone = 20.0 * lost.len() as f64;
            // A period may be repeated before it is known that nothing will come.
            assert!((gone * 0.5..gone + 25.0).contains(&concealed), "{concealed} ms for {gone} lost");
        }
        let paused: Vec<u64> = (200..240).collect();
        assert!(concealed_ms(&trace(&[], &paused)) < 1.0);
    }

    #[test]
    fn of_a_packet_that_comes_twice_the_first_is_played() {
        let mut trace = trace(&[], &[]);
        let again = Passage { arrive_ms: trace[100].arrive_ms + 70.0, ..trace[100] };
        trace.insert(101, again);
        let fates = play(&trace).expect("a trace");
        let played = fates[100].play_ms.expect("the first is played");
        assert!(played >= trace[100].arrive_ms && played < again.arrive_ms, "{played}");
        assert_eq!(fates[101].play_ms, None);
        let csv = schedule(&trace, &fates);
        assert!(csv.lines().nth(102).is_some_and(|row| row.starts_with("100,2000.000,2073.000,,")), "{csv}");
    }

    #[test]
    fn nothing_is_played_before_it_came() {
        let mut trace = trace(&[], &[]);
        for n in (50..400).step_by(37) {
            trace[n].arrive_ms += 5.0 * (n % 16) as f64;
        }
        let fates = play(&trace).expect("a trace");
        let early =
            trace.iter().zip(&fates).filter(|(p, fate)| fate.play_ms.is_some_and(|ms| ms < p.arrive_ms)).count();
        assert_eq!(early, 0);
    }
}
