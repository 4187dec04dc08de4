//! How loud the noise is behind what is said, so that pauses in a noisy place are known as such.
//!
//! Background noise has no periods, and nobody hears a piece of it go: like silence, it is where delay is taken out. NetEq
//! keeps such an estimate for the same purpose (and to make comfort noise, which is not done here).

use super::time_scale::mean_square;

/// What the softest packet of the last second was like.
#[derive(Debug, Default)]
pub(super) struct Background {
    /// Least mean square of this and of the last window.
    least: Option<f32>,
    least_before: Option<f32>,
    samples: usize,
}

/// Within half a second every voice has a gap.
const WINDOW: usize = 24_000;

/// Up to so much louder than the softest, 3 dB, it is still the background.
const LOUDER: f32 = 2.0;

impl Background {
    /// Takes note of the signal of a packet.
    pub fn hear(&mut self, frame: &[i16]) {
        let power = mean_square(frame);
        self.least = Some(self.least.map_or(power, |least| least.min(power)));
        self.samples += frame.len();
        if self.samples >= WINDOW {
            (self.samples, self.least_before) = (0, self.least.take());
        }
    }

    /// Whether the signal is as soft as the background; never so in the first half second.
    pub fn is(&self, samples: &[i16]) -> bool {
        let least = self.least_before.map(|before| self.least.map_or(before, |least| least.min(before)));
        least.is_some_and(|least| mean_square(samples) <= LOUDER * least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of that amplitude, whichever sound.
    fn frame(amplitude: i16) -> [i16; 960] {
        std::array::from_fn(|i| if i % 2 == 0 { amplitude } else { -amplitude })
    }

    #[test]
    fn the_softest_of_the_last_second_is_the_background() {
        let mut background = Background::default();
        (0..24).for_each(|_| background.hear(&frame(300)));
        assert!(!background.is(&frame(300)), "too little is known");
        (0..20).for_each(|_| background.hear(&frame(3000)));
        assert!(background.is(&frame(310)));
        assert!(!background.is(&frame(500)), "4 dB louder");
        (0..50).for_each(|_| background.hear(&frame(1000)));
        assert!(background.is(&frame(1000)), "it has become louder there");
    }
}
