//! How long the relay had what it sent, as the packets themselves say: in its jitter buffer, and waiting for the tick.

use benches::{
    drive::Run,
    plot::{Chart, Scale, Series, Shape},
};
use relay_wire::{DownHeader, audio::Held};

/// Parts into which a run is gathered.
const PARTS: usize = 300;

/// The course of a run, at the participant who joined last: one who only listens, where there is one.
#[must_use]
pub fn course(run: &Run) -> Chart {
    let arrivals = run.arrivals.last().map_or(&[][..], Vec::as_slice);
    let packets: Vec<(f64, Held)> = arrivals
        .iter()
        .filter_map(|arrival| {
            let (header, _) = DownHeader::parse(&arrival.message).ok()?;
            Some((arrival.at.saturating_duration_since(run.start).as_secs_f64(), Held::from_stamp(header.held)?))
        })
        .collect();
    let parts: Vec<&[(f64, Held)]> = packets.chunks(packets.len().div_ceil(PARTS).max(1)).collect();
    let medians = |of: fn(&Held) -> u64| {
        let median = |part: &&[(f64, Held)]| {
            let mut us: Vec<u64> = part.iter().map(|(_, held)| of(held)).collect();
            us.sort_unstable();
            (part[0].0, us[us.len() / 2] as f64 / 1000.0)
        };
        Shape::Line(parts.iter().map(median).collect())
    };
    let series = vec![
        Series { name: "in the jitter buffer".into(), shape: medians(|held| held.buffered_us) },
        Series { name: "waiting for the tick".into(), shape: medians(|held| held.waited_us) },
    ];
    let title = "In the relay, as its packets say of the loudest talker, medians".into();
    Chart { title, x: "time, s".into(), scale: Scale::Linear, y: "ms".into(), series }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use benches::{listener::Arrival, stats::Delays};

    use super::*;

    #[test]
    fn the_course_is_that_of_the_packets_and_leaves_out_those_that_do_not_say() {
        let start = Instant::now();
        let packet = |n: u64| {
            let held = Held { buffered_us: 5_000 + 500 * (n % 3), waited_us: 10_000 };
            let header = DownHeader { held: if n % 4 == 3 { 0 } else { held.stamp() }, ..DownHeader::default() };
            Arrival { at: start + Duration::from_millis(20 * n), message: header.write(&[1]) }
        };
        let arrivals = vec![vec![], (0..4000).map(packet).collect()];
        let run = Run { start, sent: vec![], arrivals, lateness: Delays::default() };
        let chart = course(&run);
        let [Shape::Line(buffered), Shape::Line(waited)] = [0, 1].map(|n| &chart.series[n].shape) else {
            panic!("lines")
        };
        assert_eq!(buffered.len(), 300);
        assert!(buffered.iter().all(|point| (point.1 - 5.5).abs() < 1e-9), "{buffered:?}");
        assert!(waited.iter().all(|point| (point.1 - 10.0).abs() < 1e-9) && waited[299].0 > 79.0);
    }
}
