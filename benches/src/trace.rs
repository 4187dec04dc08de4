//! Arrival traces: when packets were sent and when they came.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use relay_engine::Ptime;

/// One packet of a trace.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Passage {
    /// Its number in the file; that of its row where the file gives none.
    pub seq: u64,
    /// When it was sent, milliseconds.
    pub send_ms: f64,
    /// When it came. By a clock that is behind, that may be before it was sent.
    pub arrive_ms: f64,
}

/// The longest trace, milliseconds: a day.
const LONGEST_MS: f64 = 86_400_000.0;

/// Reads a CSV file with the columns `send_ms`, `arrive_ms` and, if there is one, `seq`, in any order. The packets are
/// given in the order in which they were sent.
///
/// # Errors
/// If the file cannot be read or is not of that form.
pub fn read(path: &Path) -> Result<Vec<Passage>> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    parse(&text).with_context(|| path.display().to_string())
}

fn parse(text: &str) -> Result<Vec<Passage>> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let (_, header) = lines.next().context("the file is empty")?;
    let header: Vec<&str> = header.trim_start_matches('\u{feff}').split(',').map(bare).collect();
    let column = |name: &str| header.iter().position(|&column| column == name);
    let send = column("send_ms").context("no column send_ms")?;
    let arrive = column("arrive_ms").context("no column arrive_ms")?;
    let seq = column("seq");
    let passage = |row: usize, line: &str| -> Option<Passage> {
        let fields: Vec<&str> = line.split(',').map(bare).collect();
        Some(Passage {
            seq: seq.map_or(Some(row as u64), |seq| number(fields.get(seq)?))?,
            send_ms: fields.get(send)?.parse().ok()?,
            arrive_ms: fields.get(arrive)?.parse().ok()?,
        })
    };
    let mut trace: Vec<Passage> = lines
        .enumerate()
        .map(|(row, (n, line))| passage(row, line).with_context(|| format!("line {} is malformed", n + 1)))
        .collect::<Result<_>>()?;
    ensure!(trace.len() > 1, "a trace has at least two packets");
    trace.sort_by(|a, b| a.send_ms.total_cmp(&b.send_ms));
    let first_ms = trace[0].send_ms;
    let in_range = |ms: f64| (ms - first_ms).abs() <= LONGEST_MS;
    ensure!(
        trace.iter().all(|passage| in_range(passage.send_ms) && in_range(passage.arrive_ms)),
        "a trace lasts at most a day"
    );
    Ok(trace)
}

/// A field without the quotes that it may have.
fn bare(field: &str) -> &str {
    field.trim().trim_matches('"')
}

/// A packet's number, also as programs write it that know only one kind of numbers: 17.0.
fn number(field: &str) -> Option<u64> {
    field
        .split_once('.')
        .filter(|(_, rest)| rest.bytes().all(|digit| digit == b'0'))
        .map_or(field, |(n, _)| n)
        .parse()
        .ok()
}

/// Packet time of a trace: that of the median distance between two packets, 10 or 20 ms.
///
/// # Errors
/// If it is neither.
pub fn packet_time(trace: &[Passage]) -> Result<Ptime> {
    let mut distances: Vec<f64> = trace.windows(2).map(|pair| pair[1].send_ms - pair[0].send_ms).collect();
    distances.sort_by(f64::total_cmp);
    let median_ms = distances[distances.len() / 2];
    [Ptime::Ms10, Ptime::Ms20]
        .into_iter()
        .find(|ptime| (median_ms / f64::from(ptime.ms()) - 1.0).abs() < 0.25)
        .with_context(|| format!("packets are {median_ms} ms apart, neither 10 nor 20"))
}

/// Which packet time of the media each packet is, the first being 0. Media goes on where nothing was sent, be it that
/// numbers are missing or that time passes between two packets; but not where packets were only sent late, as those that
/// follow then come sooner.
#[must_use]
pub fn media_index(trace: &[Passage], ptime: Ptime) -> Vec<u64> {
    let steps = trace.windows(2).map(|pair| match pair[1].seq.wrapping_sub(pair[0].seq) {
        step @ 0..=MOST_LOST => step,
        _ => 1,
    });
    let add = |sum: &mut u64, step| {
        *sum += step;
        Some(*sum)
    };
    let numbers: Vec<u64> = std::iter::once(0).chain(steps).scan(0, add).collect();
    let sent = |n: usize| ((trace[n].send_ms - trace[0].send_ms) / f64::from(ptime.ms())).round() as i64;
    // By how much each packet was sent later than its number says, and how much of that stayed with all that follow.
    let mut for_good: Vec<i64> =
        numbers.iter().enumerate().map(|(n, &number)| sent(n) - number.cast_signed()).collect();
    for n in (1..for_good.len()).rev() {
        for_good[n - 1] = for_good[n - 1].min(for_good[n]);
    }
    let mut pauses = 0;
    (0..trace.len())
        .map(|n| {
            if n > 0 {
                let apart = (trace[n].send_ms - trace[n - 1].send_ms) / f64::from(ptime.ms());
                let waited = apart.round() as i64 - (numbers[n] - numbers[n - 1]).cast_signed();
                // With a clock that drifts all that follow are later too, but no two packets are further apart.
                pauses += waited.min(for_good[n] - for_good[n - 1]).max(0).unsigned_abs();
            }
            numbers[n] + pauses
        })
        .collect()
}

/// More missing numbers than this in a row are another count.
const MOST_LOST: u64 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(times_ms: &[f64]) -> Vec<Passage> {
        times_ms.iter().map(|&send_ms| Passage { send_ms, ..Passage::default() }).collect()
    }

    #[test]
    fn columns_rows_and_clocks_may_be_in_any_order() {
        let trace = parse("arrive_ms, seq ,voice,send_ms\n33.5,8,1,40\n\n-2.5,7,1,20\n").unwrap();
        let expected = [(7, 20.0, -2.5), (8, 40.0, 33.5)];
        assert_eq!(trace.iter().map(|p| (p.seq, p.send_ms, p.arrive_ms)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn fields_may_be_quoted_and_numbers_have_a_fraction_of_nothing() {
        let trace = parse("\"seq\",\"send_ms\",\"arrive_ms\"\r\n\"3.0\",\"0\",\"1.5\"\r\n4,20,21\r\n").unwrap();
        assert_eq!(trace.iter().map(|p| (p.seq, p.arrive_ms)).collect::<Vec<_>>(), [(3, 1.5), (4, 21.0)]);
        assert!(parse("seq,send_ms,arrive_ms\n1.5,0,1\n2,20,21\n").is_err());
    }

    #[test]
    fn without_numbers_rows_are_counted() {
        let trace = parse("send_ms,arrive_ms\n0,1\n\n20,21\n").unwrap();
        assert_eq!(trace.iter().map(|p| p.seq).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn what_is_not_of_that_form_is_refused_with_its_line() {
        for (text, why) in [
            ("", "empty"),
            ("seq,send_ms\n0,0\n", "no column arrive_ms"),
            ("send_ms,arrive_ms\n0,1\n20,x\n", "line 3"),
            ("send_ms,arrive_ms\n0,1\n20,inf\n", "at most a day"),
            ("send_ms,arrive_ms\n0,1\n20,NaN\n", "at most a day"),
            ("send_ms,arrive_ms\n0,1\n", "at least two"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text:?}: {error}");
        }
    }

    #[test]
    fn the_packet_time_is_that_of_most_packets() {
        assert_eq!(packet_time(&sent(&[0.0, 19.4, 20.1, 40.2, 60.0, 79.9, 5000.0])).unwrap(), Ptime::Ms20);
        assert_eq!(packet_time(&sent(&[0.0, 10.0, 20.0])).unwrap(), Ptime::Ms10);
        assert!(packet_time(&sent(&[0.0, 60.0, 120.0])).is_err());
    }

    /// Numbered rows, but for those that were lost.
    fn index(times_ms: &[f64], lost: &[u64]) -> Vec<u64> {
        let numbers = (0..).filter(|seq| !lost.contains(seq));
        let trace: Vec<Passage> =
            sent(times_ms).into_iter().zip(numbers).map(|(passage, seq)| Passage { seq, ..passage }).collect();
        media_index(&trace, Ptime::Ms20)
    }

    #[test]
    fn media_goes_on_where_nothing_is_sent() {
        assert_eq!(index(&[7.0, 27.0, 47.0, 107.0, 127.0], &[]), [0, 1, 2, 5, 6], "a pause");
        assert_eq!(index(&[7.0, 27.0, 87.0, 107.0], &[2, 3]), [0, 1, 4, 5], "two lost");
    }

    #[test]
    fn packets_that_are_sent_late_are_where_their_numbers_say() {
        assert_eq!(index(&[0.0, 31.0, 40.0, 60.0, 80.0], &[]), [0, 1, 2, 3, 4], "one late");
        assert_eq!(
            index(&[0.0, 20.0, 140.0, 141.0, 142.0, 143.0, 144.0, 145.0, 160.0], &[]),
            [0, 1, 2, 3, 4, 5, 6, 7, 8]
        );
        let mut rng = crate::rng::Rng::new(3);
        let mut jittered: Vec<f64> =
            (0..5000).map(|n| f64::from(n) * 20.0 + 12.0 * f64::from(rng.symmetric())).collect();
        jittered.sort_by(f64::total_cmp);
        assert!(index(&jittered, &[]).last().is_some_and(|&last| last <= 5000), "nothing is lost");
    }

    #[test]
    fn a_clock_that_drifts_loses_nothing() {
        for interval in [19.99, 20.01] {
            let drifting: Vec<f64> = (0..20_000).map(|n| f64::from(n) * interval).collect();
            assert_eq!(index(&drifting, &[]).last(), Some(&19_999));
        }
    }
}
