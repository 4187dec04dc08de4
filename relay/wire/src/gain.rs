//! Gains in steps of half a decibel: beside a packet as a signed byte, in text as decibels.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A gain in steps of 0.5 dB, or −∞.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gain(i8);

impl Gain {
    /// 0 dB.
    pub const UNITY: Self = Self(0);
    /// −∞ dB: not heard at all.
    pub const MUTE: Self = Self(i8::MIN);
    /// −60 dB, the least that is not silence.
    pub const LEAST: Self = Self(-120);
    /// +20 dB.
    pub const MOST: Self = Self(40);
    /// +40 dB, to which two may add up.
    const MOST_OF_TWO: Self = Self(80);

    /// The nearest gain within −60 to +20 dB.
    #[must_use]
    pub fn from_db(db: f32) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "clamped to the range")]
        let half = (db * 2.0).round().clamp(f32::from(Self::LEAST.0), f32::from(Self::MOST.0)) as i8;
        Self(half)
    }

    /// Steps of 0.5 dB; −64 dB stands for −∞.
    #[must_use]
    pub fn half_db(self) -> i8 {
        self.0
    }

    /// Both, one after the other: −60 to +40 dB.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self == Self::MUTE || other == Self::MUTE {
            return Self::MUTE;
        }
        Self(self.0.saturating_add(other.0).clamp(Self::LEAST.0, Self::MOST_OF_TWO.0))
    }

    /// The factor.
    #[must_use]
    pub fn linear(self) -> f32 {
        match self {
            Self::MUTE => 0.0,
            Self::UNITY => 1.0,
            Self(half) => 10f32.powf(f32::from(half) / 40.0),
        }
    }
}

/// Decibels from −60 to 20, or `null` for −∞.
impl Serialize for Gain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (*self != Self::MUTE).then(|| f32::from(self.0) / 2.0).serialize(serializer)
    }
}

/// As [`Gain`] is written, to be named where the field must be there: without it, a missing one would be `null`.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Gain, D::Error> {
    match Option::<f32>::deserialize(deserializer)? {
        None => Ok(Gain::MUTE),
        Some(db) if (-60.0..=20.0).contains(&db) => Ok(Gain::from_db(db)),
        Some(db) => Err(D::Error::custom(format_args!("{db} dB is not from -60 to 20"))),
    }
}

#[cfg(test)]
mod tests {
    use super::Gain;

    #[test]
    fn gains_are_half_decibels_within_bounds() {
        assert_eq!(Gain::from_db(-6.2).half_db(), -12);
        assert_eq!((Gain::from_db(-1e9), Gain::from_db(99.0)), (Gain::LEAST, Gain::MOST));
        assert!((Gain::from_db(-6.0).linear() - 0.501).abs() < 0.001);
        assert_eq!((Gain::MUTE.linear(), Gain::UNITY.linear()), (0.0, 1.0));
    }

    #[test]
    fn gains_add_up_and_mute_stays_mute() {
        assert_eq!(Gain::from_db(-6.0).and(Gain::from_db(4.0)), Gain::from_db(-2.0));
        assert_eq!(Gain::from_db(15.0).and(Gain::from_db(15.0)).half_db(), 60);
        assert_eq!(Gain::MOST.and(Gain::MOST).half_db(), 80);
        assert_eq!(Gain::LEAST.and(Gain::LEAST), Gain::LEAST);
        assert_eq!(Gain::from_db(15.0).and(Gain::MUTE), Gain::MUTE);
    }
}
