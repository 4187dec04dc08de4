//! Audio level in dBov, as RFC 6464 has it.

/// Digital silence, and anything softer than −126.5 dBov.
pub const SILENCE: u8 = 127;

/// Audio level of a frame as −dBov: 0 for a full-scale square wave, 127 for silence.
#[must_use]
pub fn audio_level(frame: &[i16]) -> u8 {
    let sum: i64 = frame.iter().map(|&s| i64::from(s) * i64::from(s)).sum();
    if sum == 0 {
        return SILENCE;
    }
    #[expect(clippy::cast_precision_loss, reason = "a level to half a decibel")]
    let mean = sum as f32 / frame.len() as f32;
    let dbov = 10.0 * (mean / (32_768.0 * 32_768.0)).log10();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range")]
    let level = (-dbov).round().clamp(0.0, f32::from(SILENCE)) as u8;
    level
}

#[cfg(test)]
mod tests {
    use super::audio_level;

    #[test]
    fn levels_are_relative_to_a_full_scale_square_wave() {
        assert_eq!(audio_level(&[i16::MIN; 960]), 0);
        assert_eq!(audio_level(&[0; 960]), 127);
        assert_eq!(audio_level(&[328; 960]), 40);
        assert_eq!(audio_level(&[]), 127);
    }
}
