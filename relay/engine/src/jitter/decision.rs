//! What to do with the next packet: a pure function from the state of the buffer to an operation.
//!
//! There is no level filter: NetEq smooths its level because that is counted in whole packets, which come and go between
//! two looks; ours is the media time that the next packet has to spare, to the sample, and is looked at once a packet.

/// What the decision looks at when a packet is about to be decoded. All in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Status {
    /// How late the packet could have come, compared with the fastest, and still be in time.
    pub level_us: i64,
    /// Decoded signal from packets before it that is still to be played.
    pub leftover_us: i64,
    /// The level worth having.
    pub target_us: i64,
    /// The level that the last second needed, at least the target.
    pub recent_us: i64,
    /// How late packets are in most half seconds.
    pub usual_us: i64,
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
        /// At most this much; beyond it the delay would be less than is wanted.
        most_us: i64,
    },
    /// Put signal in, to be safer.
    PreemptiveExpand,
}

/// Shorter than any period that can be taken out.
const WORTH_REMOVING_US: i64 = 2_500;

/// This much under what is wanted is left alone.
const TOLERANCE_US: i64 = 500;

/// A packet that is not there for its block is bridged: what is left over can be made this many times as long.
const BRIDGE: i64 = 3;

pub(super) fn decide(status: Status) -> Operation {
    let Status { level_us, leftover_us, target_us, recent_us, usual_us, block_us } = status;
    let bridge_us = (leftover_us * BRIDGE).min(block_us);
    let bridged_us = if level_us >= usual_us { bridge_us } else { 0 };
    if level_us + bridged_us < target_us - TOLERANCE_US {
        return Operation::PreemptiveExpand;
    }
    let excess_us = level_us + leftover_us - least_delay_us(status, recent_us - TOLERANCE_US);
    if excess_us >= WORTH_REMOVING_US { Operation::Accelerate { most_us: excess_us } } else { Operation::Normal }
}

/// The least delay with which a packet may be late by `late_us`.
fn least_delay_us(status: Status, late_us: i64) -> i64 {
    let Status { level_us, usual_us, block_us, .. } = status;
    // Packets are decoded for whole blocks: the level moves in steps of one.
    let enough_us = late_us + (level_us - late_us).rem_euclid(block_us);
    // A block less and a bridge do as well, where the bridge is not for every day.
    let bridged_us = enough_us - block_us;
    if bridged_us >= usual_us { bridged_us + block_us / BRIDGE } else { enough_us }
}

#[cfg(test)]
mod tests {
    use super::{Operation::*, *};

    #[test]
    fn the_table() {
        let most = |most_us| Accelerate { most_us };
        // Milliseconds: level, left over, target, usual, block.
        for (name, [level, leftover, target, usual, block], operation) in [
            ("on target", [10, 0, 10, 10, 20], Normal),
            ("far under", [5, 0, 10, 10, 20], PreemptiveExpand),
            ("far under, but what is left over is a bridge", [5, 8, 10, 2, 20], Normal),
            ("far under, and too little left over for a bridge", [5, 1, 10, 2, 20], PreemptiveExpand),
            ("less than a block over cannot be gained", [28, 0, 10, 10, 20], Normal),
            ("a block over", [35, 0, 10, 10, 20], most(20_000)),
            ("the same in small blocks", [24, 0, 10, 10, 10], most(10_000)),
            ("a bridge that every packet would need", [5, 8, 10, 6, 20], PreemptiveExpand),
            ("left over for nothing", [12, 6, 10, 10, 20], most(6_000)),
            ("left over, but not a period", [12, 2, 10, 10, 20], Normal),
            ("a bridge does where packets are mostly earlier", [18, 0, 10, 5, 10], most(6_667)),
            ("a bridge is there", [8, 4, 10, 5, 10], Normal),
            ("a bridge every time would be one too many", [18, 0, 10, 9, 10], Normal),
            ("after an outage", [300, 0, 10, 10, 20], most(280_000)),
        ] {
            let [level_us, leftover_us, target_us, usual_us, block_us] =
                [level, leftover, target, usual, block].map(|ms| ms * 1000);
            let status = Status { level_us, leftover_us, target_us, recent_us: target_us, usual_us, block_us };
            assert_eq!(decide(status), operation, "{name}");
        }
        let status = Status {
            level_us: 55_000,
            leftover_us: 6_000,
            target_us: 10_000,
            recent_us: 51_000,
            usual_us: 51_000,
            block_us: 20_000,
        };
        assert_eq!(decide(status), most(6_000), "needed a moment ago, but for what is left over");
    }
}
