//! What to do with the next packet: a pure function from the state of the buffer to an operation.

/// What the decision looks at when a packet is about to be decoded. All in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Status {
    /// How late the packet could have come, compared with the fastest, and still be in time.
    pub level_us: i64,
    /// Decoded signal from packets before it that is still to be played: delay that protects from nothing.
    pub leftover_us: i64,
    /// Whether there has been as much for a while.
    pub leftover_stays: bool,
    /// The level worth having.
    pub target_us: i64,
    /// The level that the last second needed, at least the target.
    pub recent_us: i64,
    /// The signal is pulled in blocks this long; the level moves in steps of it.
    pub block_us: i64,
}

/// What to do beyond decoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    /// Nothing.
    Normal,
    /// Take signal out, to lower the delay.
    Accelerate {
        /// At most this much; beyond it the level would fall below the target.
        most_us: i64,
        /// The delay is far from where it should be: be quick rather than gentle.
        fast: bool,
    },
    /// Put signal in, to be safer.
    PreemptiveExpand,
}

/// Shorter than any period that can be taken out.
pub(super) const WORTH_REMOVING_US: i64 = 2_500;

/// More than this is caught up with quickly.
const FAST_ABOVE_US: i64 = 100_000;

pub(super) fn decide(status: Status) -> Operation {
    let Status { level_us, leftover_us, leftover_stays, target_us, recent_us, block_us } = status;
    // The level moves by whole blocks: a little under the target is cheaper than a block over it.
    let tolerance = 500 + target_us / 8 + block_us / 8;
    if level_us < target_us - tolerance {
        return Operation::PreemptiveExpand;
    }
    // Removing less than a whole block of level gains nothing: the packet would wait for its pull instead.
    let blocks = (level_us - recent_us - tolerance).max(0) / block_us;
    let excess = leftover_us + blocks * block_us;
    // What is left over alone is little, and may be gone by itself at the next seam.
    if blocks > 0 || (leftover_us >= WORTH_REMOVING_US && leftover_stays) {
        Operation::Accelerate { most_us: excess, fast: excess >= FAST_ABOVE_US }
    } else {
        Operation::Normal
    }
}

#[cfg(test)]
mod tests {
    use super::{Operation::*, *};

    #[test]
    fn the_table() {
        let gentle = |most_us| Accelerate { most_us, fast: false };
        let stays = |leftover| leftover >= WORTH_REMOVING_US;
        for (name, level, leftover, target, block, operation) in [
            ("on target", 10_000, 0, 10_000, 20_000, Normal),
            ("a little under is tolerated", 9_000, 0, 10_000, 20_000, Normal),
            ("far under", 5_000, 0, 10_000, 20_000, PreemptiveExpand),
            ("far under, whatever is left over", 5_000, 15_000, 10_000, 20_000, PreemptiveExpand),
            ("less than a block over cannot be gained", 28_000, 0, 10_000, 20_000, Normal),
            ("a block over", 35_000, 0, 10_000, 20_000, gentle(20_000)),
            ("the same in small blocks", 24_000, 0, 10_000, 10_000, gentle(10_000)),
            ("left over for nothing", 12_000, 6_000, 10_000, 20_000, gentle(6_000)),
            ("left over, but not a period", 12_000, 2_000, 10_000, 20_000, Normal),
            ("after an outage", 300_000, 0, 10_000, 20_000, Accelerate { most_us: 280_000, fast: true }),
        ] {
            let status = Status {
                level_us: level,
                leftover_us: leftover,
                leftover_stays: stays(leftover),
                target_us: target,
                recent_us: target,
                block_us: block,
            };
            assert_eq!(decide(status), operation, "{name}");
        }
        let status = Status {
            level_us: 12_000,
            leftover_us: 6_000,
            leftover_stays: false,
            target_us: 10_000,
            recent_us: 10_000,
            block_us: 20_000,
        };
        assert_eq!(decide(status), Normal, "left over only just now");
        let status = Status { level_us: 55_000, recent_us: 40_000, ..status };
        assert_eq!(decide(status), Normal, "needed a moment ago");
    }
}
