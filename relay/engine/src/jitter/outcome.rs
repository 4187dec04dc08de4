//! What a jitter buffer tells: of each pull, of each packet it plays, and of itself.

/// What a pull gave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pulled {
    /// Whether any sample of it comes from a packet or its concealment; false is silence between talkspurts.
    pub active: bool,
    /// The talkspurt ends with it: nothing follows until the next one starts.
    pub ends: bool,
    /// Samples of concealment made for it.
    pub concealed_samples: usize,
    /// Packets decoded for it that did not decode.
    pub undecodable: usize,
    /// Capture time of its first sample, relay clock modulo 2³² µs; 0 is unknown.
    pub capture_us: u32,
    /// How long its first sample has waited here; `None` before the first packet.
    pub held_us: Option<u64>,
}

/// A packet whose first sample a pull gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Started {
    /// Unwrapped timestamp of the packet.
    pub timestamp: i64,
    /// Place of its first sample in the pull.
    pub offset: usize,
    /// Concealment between it and the packet before it, in samples.
    pub concealed_samples: usize,
}

/// Counters since the start, and levels now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JitterStats {
    /// Packets taken in, primes not counted.
    pub received: u64,
    /// Packets that came after their time or twice, or were thrown away to catch up.
    pub discarded: u64,
    /// Packets that did not decode.
    pub undecodable: u64,
    /// Samples filled by concealment.
    pub concealed_samples: u64,
    /// Samples removed by accelerating.
    pub accelerated_samples: u64,
    /// Samples inserted by preemptive expand.
    pub expanded_samples: u64,
    /// Wanted delay over the fastest packet, microseconds.
    pub target_us: i64,
    /// Actual delay over the fastest packet at the last decoded one, microseconds.
    pub level_us: i64,
}

/// How the packets that a pull decoded had come to it, microseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wait {
    /// How long they waited for it beyond what was needed of late; less than none where that was not enough.
    pub spare_us: i64,
    /// What is worth waiting for.
    pub target_us: u64,
}
