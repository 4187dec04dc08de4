//! Time as the engine sees it: an argument of every call.

use std::ops::{Add, Sub};

use relay_wire::SAMPLE_RATE;

/// Microseconds of the driver's monotonic clock (the relay clock of the protocol, from any origin).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Micros(pub u64);

impl Micros {
    /// Microseconds since `earlier`, 0 if that is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Microseconds since `other`, negative if that is later.
    #[must_use]
    pub fn signed_since(self, other: Self) -> i64 {
        self.0.cast_signed().wrapping_sub(other.0.cast_signed())
    }
}

impl Add<u64> for Micros {
    type Output = Self;
    fn add(self, us: u64) -> Self {
        Self(self.0 + us)
    }
}

impl Sub<u64> for Micros {
    type Output = Self;
    fn sub(self, us: u64) -> Self {
        Self(self.0.saturating_sub(us))
    }
}

/// Audio in one packet, the same for a whole room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ptime {
    /// 10 ms: low-delay rooms.
    Ms10,
    /// 20 ms: the default.
    #[default]
    Ms20,
}

impl Ptime {
    /// The packet time of that many milliseconds, if there is one.
    #[must_use]
    pub fn from_ms(ms: u32) -> Option<Self> {
        match ms {
            10 => Some(Self::Ms10),
            20 => Some(Self::Ms20),
            _ => None,
        }
    }

    /// Milliseconds.
    #[must_use]
    pub const fn ms(self) -> u32 {
        match self {
            Self::Ms10 => 10,
            Self::Ms20 => 20,
        }
    }

    /// Microseconds.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.ms() as u64 * 1000
    }

    /// Samples at 48 kHz.
    #[must_use]
    pub const fn samples(self) -> usize {
        self.ms() as usize * (SAMPLE_RATE as usize / 1000)
    }
}

/// Microseconds of that many 48 kHz samples, rounded down.
#[must_use]
pub const fn samples_to_us(samples: i64) -> i64 {
    samples * 125 / 6
}

/// 48 kHz samples in that many microseconds, rounded down.
#[must_use]
pub const fn us_to_samples(us: i64) -> i64 {
    us * 6 / 125
}
