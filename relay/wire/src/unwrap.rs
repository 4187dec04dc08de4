//! Widening of wrapping counters (RFC 3550 appendix A.1 has the idea for sequence numbers).

/// Widens 16-bit sequence numbers to 64 bits: the value nearest the highest seen so far.
#[derive(Debug, Clone, Default)]
pub struct SequenceUnwrapper(Highest);

/// Widens 32-bit timestamps to 64 bits: the value nearest the highest seen so far.
#[derive(Debug, Clone, Default)]
pub struct TimestampUnwrapper(Highest);

type Highest = Option<i64>;

impl SequenceUnwrapper {
    /// The 64-bit number this one stands for. The first is taken as it is.
    pub fn unwrap(&mut self, sequence: u16) -> i64 {
        step(&mut self.0, i64::from(sequence), 16)
    }
}

impl TimestampUnwrapper {
    /// The 64-bit number this one stands for. The first is taken as it is.
    pub fn unwrap(&mut self, timestamp: u32) -> i64 {
        step(&mut self.0, i64::from(timestamp), 32)
    }
}

fn step(highest: &mut Highest, low: i64, bits: u32) -> i64 {
    let Some(last) = *highest else {
        *highest = Some(low);
        return low;
    };
    let modulus = 1i64 << bits;
    let forward = (low - last).rem_euclid(modulus);
    // Half the circle ahead counts as ahead, more as behind.
    let wide = if forward <= modulus / 2 { last + forward } else { last + forward - modulus };
    *highest = Some(last.max(wide));
    wide
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_wrap_goes_on_upwards() {
        let mut unwrapper = SequenceUnwrapper::default();
        let wide: Vec<i64> = [65_534, 65_535, 0, 1].into_iter().map(|s| unwrapper.unwrap(s)).collect();
        assert_eq!(wide, [65_534, 65_535, 65_536, 65_537]);
    }

    #[test]
    fn an_old_number_after_a_wrap_is_old_and_moves_nothing() {
        let mut unwrapper = SequenceUnwrapper::default();
        let wide: Vec<i64> = [65_535, 2, 65_535, 3].into_iter().map(|s| unwrapper.unwrap(s)).collect();
        assert_eq!(wide, [65_535, 65_538, 65_535, 65_539]);
    }

    #[test]
    fn a_repeat_is_the_same_number() {
        let mut unwrapper = TimestampUnwrapper::default();
        assert_eq!(unwrapper.unwrap(u32::MAX), unwrapper.unwrap(u32::MAX));
    }

    #[test]
    fn a_number_before_the_first_is_negative_not_a_wrap() {
        let mut unwrapper = TimestampUnwrapper::default();
        assert_eq!([0, u32::MAX].map(|t| unwrapper.unwrap(t)), [0, -1]);
    }

    proptest! {
        #[test]
        fn any_walk_of_less_than_half_the_circle_is_followed(
            start: u16, steps in prop::collection::vec(-1000i64..32_000, 0..200),
        ) {
            let mut unwrapper = SequenceUnwrapper::default();
            let mut truth = i64::from(start);
            let mut highest = truth;
            prop_assert_eq!(unwrapper.unwrap(start), truth);
            for step in steps {
                truth = highest + step;
                highest = highest.max(truth);
                let low = u16::try_from(truth.rem_euclid(1 << 16)).expect("below the modulus");
                prop_assert_eq!(unwrapper.unwrap(low), truth);
            }
        }

        #[test]
        fn whatever_comes_is_congruent(timestamps in prop::collection::vec(any::<u32>(), 0..100)) {
            let mut unwrapper = TimestampUnwrapper::default();
            for timestamp in timestamps {
                prop_assert_eq!(unwrapper.unwrap(timestamp).rem_euclid(1 << 32), i64::from(timestamp));
            }
        }
    }
}
