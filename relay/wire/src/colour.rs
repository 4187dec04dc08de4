//! The colour that a participant is shown in, beside the name.

use serde::{Deserialize, Serialize};

/// A place in the palette that every page has: what it looks like is the page's matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Colour(u8);

/// A number outside the palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a colour is a number from 0 to {}", Colour::COUNT - 1)]
pub struct NoColour;

impl Colour {
    /// How many there are.
    pub const COUNT: u8 = 8;

    /// The colour of who has not chosen one, by their id: those who come one after the other are told apart.
    #[must_use]
    pub fn of(id: u32) -> Self {
        let turn = id.wrapping_sub(1) % u32::from(Self::COUNT);
        Self(u8::try_from(turn).expect("less than the number of colours"))
    }
}

impl TryFrom<u8> for Colour {
    type Error = NoColour;

    fn try_from(number: u8) -> Result<Self, NoColour> {
        if number < Self::COUNT { Ok(Self(number)) } else { Err(NoColour) }
    }
}

impl From<Colour> for u8 {
    fn from(colour: Colour) -> Self {
        colour.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_to_come_have_colours_of_their_own() {
        let given: Vec<u8> = (1..=10).map(|id| Colour::of(id).into()).collect();
        assert_eq!(given, [0, 1, 2, 3, 4, 5, 6, 7, 0, 1]);
        assert!(u8::from(Colour::of(0)) < Colour::COUNT && u8::from(Colour::of(u32::MAX)) < Colour::COUNT);
    }

    #[test]
    fn there_is_none_outside_the_palette() {
        assert_eq!(Colour::try_from(7).map(u8::from), Ok(7));
        assert_eq!(Colour::try_from(8), Err(NoColour));
    }
}
