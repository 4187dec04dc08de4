//! Where in the packet time the ticks of a mix lie. Packets come at the same phase of it each time, a talker's at one
//! and another's at another; a tick soon after most of them lets them wait least.

/// The phase, in microseconds from 0 to `period_us`, at which packets that are due at these phases wait least
/// altogether; `None` where there are none.
pub(super) fn best_phase(due_us: &[i64], period_us: i64) -> Option<i64> {
    let waits = |tick: i64| -> i64 { due_us.iter().map(|due| (tick - due).rem_euclid(period_us)).sum() };
    // Between two of them waiting only grows, so the best tick is at one of them.
    due_us.iter().map(|due| due.rem_euclid(period_us)).min_by_key(|&tick| waits(tick))
}

#[cfg(test)]
mod tests {
    use super::best_phase;

    #[test]
    fn a_tick_comes_right_after_the_crowd() {
        for (due, best) in [
            (&[][..], None),
            (&[7_000][..], Some(7_000)),
            (&[1_000, 2_000, 3_000][..], Some(3_000)),
            (&[19_000, 1_000][..], Some(1_000)),
            (&[0, 10_000, 12_000][..], Some(12_000)),
            (&[-1_000, 45_000][..], Some(5_000)),
        ] {
            assert_eq!(best_phase(due, 20_000), best, "{due:?}");
        }
    }
}
