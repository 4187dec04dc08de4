//! Levelling: a slow gain for each talker that brings their speech to one loudness.
//!
//! It looks at the audio level of packets, so it needs no decoding, and it moves only during speech. Speech is told from
//! noise by its unrest: within half a second it rises and falls by far more than noise does, and unlike a knock or a click
//! it is loud for a good part of that time.

use relay_wire::Gain;

use std::collections::VecDeque;

use crate::level::SILENCE;
use crate::time::Ptime;

/// Active level that speech is brought to, dBov; the nominal levels in use are around it (ITU-T P.56: −26, EBU R 128: −23).
const WANTED_DB: f32 = -24.0;

/// So near to it nothing is changed.
const NEAR_ENOUGH_DB: f32 = 0.75;

/// Change of the gain a second at most.
const RATE_DB: f32 = 6.0;

/// The most it takes away; the most it adds is [`Gain::MOST`].
const LEAST_DB: f32 = -15.0;

/// Half a second in which speech shows itself.
const WINDOW_MS: usize = 500;

/// By how much speech rises and falls in that time.
const UNREST_DB: u8 = 9;

/// Packets this far under the loudest of the window are gaps between syllables.
const ACTIVE_DB: u8 = 14;

/// In speech at least one packet in so many is none.
const ACTIVE_SHARE: usize = 4;

/// Time over which the active level is averaged, once so much was heard.
const AVERAGE_MS: f32 = 2_000.0;

/// The levelling of one talker.
#[derive(Debug)]
pub(crate) struct Loudness {
    packet_ms: f32,
    /// Packets in half a second.
    packets: usize,
    /// Levels of the last half second, −dBov.
    window: VecDeque<u8>,
    /// Mean power of active speech, full scale is 1, and how long it was heard.
    active: f32,
    heard_ms: f32,
    gain_db: f32,
}

impl Loudness {
    pub fn new(ptime: Ptime) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a few milliseconds")]
        let packet_ms = ptime.ms() as f32;
        let window = VecDeque::with_capacity(WINDOW_MS / ptime.ms() as usize);
        Self { packet_ms, packets: WINDOW_MS / ptime.ms() as usize, window, active: 0.0, heard_ms: 0.0, gain_db: 0.0 }
    }

    /// The gain now.
    pub fn gain(&self) -> Gain {
        Gain::from_db(self.gain_db)
    }

    /// Takes note of the level of the next packet.
    pub fn hear(&mut self, level: u8) {
        if level >= SILENCE {
            return;
        }
        if self.window.len() == self.packets {
            self.window.pop_front();
        }
        self.window.push_back(level);
        let loudest = self.window.iter().copied().min().unwrap_or(level);
        let softest = self.window.iter().copied().max().unwrap_or(level);
        let active = self.window.iter().filter(|&&level| level <= loudest + ACTIVE_DB).count();
        if softest - loudest < UNREST_DB || active * ACTIVE_SHARE < self.packets {
            return;
        }
        if level <= loudest + ACTIVE_DB {
            self.heard_ms = (self.heard_ms + self.packet_ms).min(AVERAGE_MS);
            let power = 10f32.powf(-f32::from(level) / 10.0);
            self.active += (power - self.active) * self.packet_ms / self.heard_ms;
        }
        if self.heard_ms == 0.0 {
            return;
        }
        let wanted = WANTED_DB - 10.0 * self.active.log10();
        let away = wanted.clamp(LEAST_DB, f32::from(Gain::MOST.half_db()) / 2.0) - self.gain_db;
        if away.abs() > NEAR_ENOUGH_DB {
            let most = RATE_DB * self.packet_ms / 1000.0;
            self.gain_db += away.clamp(-most, most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Levels of packets that rise and fall like syllables, around an active level.
    fn speech(active: u8, packets: usize) -> Vec<u8> {
        let syllable = [30u8, 14, 4, 0, 0, 1, 3, 6, 12, 20, 28];
        (0..packets).map(|n| (active - 2 + syllable[n % syllable.len()]).min(126)).collect()
    }

    fn gain_after(levels: impl IntoIterator<Item = u8>) -> f32 {
        let mut loudness = Loudness::new(Ptime::Ms20);
        let mut before = 0.0;
        for level in levels {
            loudness.hear(level);
            assert!((loudness.gain_db - before).abs() <= 0.1201, "6 dB a second at most");
            before = loudness.gain_db;
        }
        f32::from(loudness.gain().half_db()) / 2.0
    }

    #[test]
    fn who_is_20_db_quieter_is_within_3_db_after_5_seconds() {
        let (usual, quiet) = (gain_after(speech(24, 250)), gain_after(speech(44, 250)));
        assert!((20.0 - (quiet - usual)).abs() <= 3.0, "{usual} and {quiet} dB");
    }

    #[test]
    fn who_is_loud_is_brought_down() {
        let gain = gain_after(speech(10, 500));
        assert!((-16.0..=-11.0).contains(&gain), "{gain} dB");
    }

    #[test]
    fn speech_of_usual_loudness_stays_as_it_is() {
        let gain = gain_after(speech(24, 1_000));
        assert!(gain.abs() <= 3.0, "{gain} dB");
    }

    #[test]
    fn noise_and_tones_change_nothing() {
        let noise = (0..1_000u32).map(|n| 50 + (n * 7 % 5) as u8);
        assert!(gain_after(noise).abs() < 0.01);
        assert!(gain_after([60; 1_000]).abs() < 0.01);
    }

    #[test]
    fn knocks_and_clicks_change_nothing() {
        for (loud, every) in [(1, 30), (5, 50)] {
            let knocks = (0..2_000).map(|n| if n % every < loud { 30 } else { 70 + (n % 4) as u8 });
            assert!(gain_after(knocks).abs() < 0.01, "{loud} packets of {every}");
        }
    }

    #[test]
    fn in_noise_after_speech_the_gain_stays() {
        // Until speech is out of the window, its last syllables count.
        let until = |noise: usize| gain_after(speech(40, 400).into_iter().chain(vec![55; noise]));
        let (settled, later) = (until(25), until(2_000));
        assert!((later - settled).abs() <= 0.5, "{settled} and then {later} dB");
        let spoken = gain_after(speech(40, 400));
        assert!((settled - spoken).abs() <= 3.0, "{spoken} and then {settled} dB");
    }

    #[test]
    fn the_least_and_the_most() {
        let (up, down) = (gain_after(speech(90, 2_000)), gain_after(speech(3, 2_000)));
        assert!((18.0..=20.0).contains(&up) && (-15.0..=-13.0).contains(&down), "{up} and {down} dB");
    }
}
