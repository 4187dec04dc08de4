//! How a jitter buffer went along with the delay: what it aimed at and what it held.

use crate::{
    playout::Fate,
    plot::{Chart, Scale, Series, Shape},
    trace::Passage,
};

/// Parts into which a trace is gathered.
const PARTS: usize = 300;

/// What a listener says of itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Said {
    /// When, seconds of the run.
    pub at_s: f64,
    /// Its delay from mouth to ear, if it hears somebody.
    pub delay_ms: Option<f64>,
    /// What its jitter buffer aims at.
    pub target_ms: f64,
    /// What that holds.
    pub level_ms: f64,
}

/// Delays that were measured (when, s; how long, ms), beside what the listener said at that time; nothing of that where it says nothing.
#[must_use]
pub fn beside(measured: Vec<(f64, f64)>, said: &[Said]) -> Chart {
    let line = |name: &str, of: fn(&Said) -> Option<f64>| Series {
        name: name.into(),
        shape: Shape::Line(said.iter().filter_map(|said| Some((said.at_s, of(said)?))).collect()),
    };
    let mut series = vec![
        line("the listener says", |said| said.delay_ms),
        line("jitter buffer: target", |said| Some(said.target_ms)),
        line("jitter buffer: level", |said| Some(said.level_ms)),
        Series { name: "measured".into(), shape: Shape::Dots(measured) },
    ];
    if said.is_empty() {
        series.drain(..3);
    }
    Chart { title: "Course".into(), x: "time, s".into(), scale: Scale::Linear, y: "ms".into(), series }
}

/// The course of a trace: the delay that packets came with, the one they were played with, and what the buffer aimed at.
#[must_use]
pub fn chart(trace: &[Passage], fates: &[Fate]) -> Chart {
    let packets: Vec<(&Passage, &Fate)> = trace.iter().zip(fates).collect();
    let parts: Vec<&[(&Passage, &Fate)]> = packets.chunks(packets.len().div_ceil(PARTS).max(1)).collect();
    // Of what came together the latest: a single late packet is what counts.
    let latest = |value: &dyn Fn(&Passage, &Fate) -> Option<f64>| -> Vec<(f64, f64)> {
        let point = |part: &&[(&Passage, &Fate)]| {
            let most = part.iter().filter_map(|(passage, fate)| value(passage, fate)).reduce(f64::max)?;
            Some(((part[0].0.send_ms - trace[0].send_ms) / 1000.0, most))
        };
        parts.iter().filter_map(point).collect()
    };
    let series = vec![
        Series { name: "came".into(), shape: Shape::Dots(latest(&|p, _| Some(p.arrive_ms - p.send_ms))) },
        Series { name: "played".into(), shape: Shape::Line(latest(&|p, f| Some(f.play_ms? - p.send_ms))) },
        Series { name: "target".into(), shape: Shape::Line(latest(&|_, f| f.play_ms.map(|_| f.target_ms))) },
        Series { name: "buffer level".into(), shape: Shape::Line(latest(&|_, f| f.play_ms.map(|_| f.level_ms))) },
    ];
    Chart { title: "Course".into(), x: "time, s".into(), scale: Scale::Linear, y: "ms".into(), series }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_packet_shows_and_a_discarded_one_was_not_played() {
        let passage = |n: usize| Passage {
            seq: n as u64,
            send_ms: 100.0 + 20.0 * n as f64,
            arrive_ms: 105.0 + 20.0 * n as f64 + if n == 1777 { 95.0 } else { 0.0 },
        };
        let trace: Vec<Passage> = (0..3000).map(passage).collect();
        let play_ms = |n: usize| (n < 1500).then_some(110.0 + 20.0 * n as f64);
        let fates: Vec<Fate> =
            (0..3000).map(|n| Fate { play_ms: play_ms(n), target_ms: 4.0, ..Fate::default() }).collect();
        let chart = chart(&trace, &fates);
        let [Shape::Dots(came), Shape::Line(played), Shape::Line(target), _] =
            [0, 1, 2, 3].map(|n| &chart.series[n].shape)
        else {
            panic!("dots and lines")
        };
        assert_eq!((came.len(), played.len()), (300, 150));
        let late: Vec<_> = came.iter().filter(|point| point.1 > 5.5).collect();
        assert_eq!(late.len(), 1);
        assert!((late[0].0 - 35.4).abs() < 0.01 && (late[0].1 - 100.0).abs() < 1e-6, "{late:?}");
        assert!(played.iter().all(|point| (point.1 - 10.0).abs() < 1e-6));
        assert!(target.iter().all(|point| point.1 == 4.0));
    }
}
