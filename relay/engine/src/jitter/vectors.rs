//! Proves that what is learned of arrivals, and what is decided, is what `samples/playout` says, which the page reads too.
//! `WRITE_VECTORS=1` in the environment writes the files instead.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::arrivals::Arrivals;
use super::decision::{Operation, Status, decide};
use crate::time::Micros;

/// Packets of 20 ms that arrive in order, each so late as its number says, and what is learned of them.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Link {
    name: String,
    delays_us: Vec<u64>,
    learned: Vec<Learned>,
}

/// What is known once that many packets have come.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Learned {
    packets: usize,
    fastest_us: i64,
    target_us: i64,
    usual_us: i64,
    recent_us: i64,
}

/// A state of the buffer and what is done.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Decided {
    level_us: i64,
    leftover_us: i64,
    target_us: i64,
    recent_us: i64,
    usual_us: i64,
    block_us: i64,
    operation: String,
    most_us: i64,
}

/// Name of a link, and how late a packet is by its number and a random one, microseconds.
type Kind = (&'static str, fn(u64, u64) -> u64);

const SAMPLES: i64 = 960;
const PACKET_US: u64 = 20_000;

#[test]
fn arrivals_are_learned_as_the_vectors_say() {
    let kinds: [Kind; 9] = [
        ("perfect", |_, _| 5_000),
        ("scheduling noise", |_, random| 2_000 + random % 3_000),
        ("0 to 60 ms", |_, random| random % 60_000),
        ("rare spikes", |_, random| if random % 300 == 0 { 60_000 } else { 3_000 + random % 1_500 }),
        ("bursts", |n, random| if n / 40 % 3 == 0 { random % 90_000 } else { 4_000 }),
        ("a rare stall", |n, _| if n == 700 { 900_000 } else { 2_000 }),
        ("stalls that recur", |n, random| if n % 110 < 2 { 250_000 } else { 2_000 + random % 1_000 }),
        ("slower after 4 s, faster after 12", |n, _| if (200..600).contains(&n) { 43_000 } else { 12_000 }),
        ("a clock that is slow by 300 ppm", |n, random| 2_000 + n * 6 + random % 800),
    ];
    let links = kinds.map(|(name, delay_us)| {
        let delays_us: Vec<u64> = (0..1_000).map(|n| delay_us(n, random(n))).collect();
        let learned = learn(&delays_us);
        Link { name: name.to_owned(), delays_us, learned }
    });
    compare("arrivals.json", &links);
}

#[test]
fn decisions_are_those_of_the_vectors() {
    let decided: Vec<Decided> = (0..400)
        .map(|n| {
            let pick = |part: u64, below: u64| (random(8 * n + part) % below).cast_signed();
            let block_us = [2_667, 10_000, 20_000][usize::try_from(n % 3).expect("less than three")];
            let target_us = 500 + pick(0, 60_000);
            let status = Status {
                level_us: pick(1, 90_000) - 5_000,
                leftover_us: pick(2, 20_000),
                target_us,
                recent_us: target_us + pick(3, 2) * pick(4, 30_000),
                usual_us: pick(5, 30_000),
                block_us,
            };
            let (operation, most_us) = match decide(status) {
                Operation::Normal => ("normal", 0),
                Operation::Accelerate { most_us } => ("accelerate", most_us),
                Operation::PreemptiveExpand => ("preemptive expand", 0),
            };
            let Status { level_us, leftover_us, recent_us, usual_us, .. } = status;
            let operation = operation.to_owned();
            Decided { level_us, leftover_us, target_us, recent_us, usual_us, block_us, operation, most_us }
        })
        .collect();
    for operation in ["normal", "accelerate", "preemptive expand"] {
        assert!(decided.iter().filter(|d| d.operation == operation).count() > 20, "{operation}");
    }
    compare("decisions.json", &decided);
}

fn learn(delays_us: &[u64]) -> Vec<Learned> {
    let mut arrivals = Arrivals::default();
    let mut learned = Vec::new();
    let (mut last, mut timestamp) = (0, 0);
    for (n, delay) in (0..).zip(delays_us) {
        last = last.max(n * PACKET_US + delay);
        assert!(arrivals.record(Micros(last), timestamp, 960));
        timestamp += SAMPLES;
        let packets = usize::try_from(n).expect("few packets") + 1;
        if packets < 60 || packets % 10 == 0 {
            learned.push(Learned {
                packets,
                fastest_us: arrivals.fastest_us().expect("packets have come"),
                target_us: arrivals.target_us(),
                usual_us: arrivals.usual_us(),
                recent_us: arrivals.recent_us(),
            });
        }
    }
    learned
}

/// A number that looks random and is a function of `n`.
fn random(n: u64) -> u64 {
    (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 33
}

fn compare<T: Serialize + PartialEq + std::fmt::Debug>(name: &str, vectors: &[T])
where
    Vec<T>: for<'a> Deserialize<'a>,
{
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../samples/playout").join(name);
    if std::env::var_os("WRITE_VECTORS").is_some() {
        let lines: Vec<String> = vectors.iter().map(|v| serde_json::to_string(v).expect("plain data")).collect();
        std::fs::write(&file, format!("[\n{}\n]\n", lines.join(",\n"))).expect("the folder is there");
    }
    let text = std::fs::read_to_string(&file).expect("the vectors are there");
    let golden: Vec<T> = serde_json::from_str(&text).expect("the vectors are of this form");
    for (vector, golden) in vectors.iter().zip(&golden) {
        assert_eq!(vector, golden, "{name}");
    }
    assert_eq!(vectors.len(), golden.len(), "{name}");
}
