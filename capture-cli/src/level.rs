//! How loud a frame is.

/// Audio level of digital silence (RFC 6464).
pub const SILENCE: u8 = 127;

/// Level of a frame in dBFS, relative to a full-scale square wave; −∞ for digital silence.
#[must_use]
pub fn dbfs(frame: &[i16]) -> f64 {
    let sum: f64 = frame.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    if frame.is_empty() || sum == 0.0 {
        return f64::NEG_INFINITY;
    }
    #[expect(clippy::cast_precision_loss, reason = "frames are far shorter than 2^52 samples")]
    let mean = sum / frame.len() as f64;
    10.0 * (mean / (32768.0 * 32768.0)).log10()
}

/// Audio level of a frame as −dBov, 0 (loudest) to 127 (digital silence), as RFC 6464 has it.
#[must_use]
pub fn audio_level(frame: &[i16]) -> u8 {
    let level = (-dbfs(frame)).round().clamp(0.0, f64::from(SILENCE));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=127 above")]
    let level = level as u8;
    level
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_follow_rfc_6464() {
        assert_eq!(audio_level(&[0; 960]), 127);
        assert_eq!(audio_level(&[i16::MIN; 960]), 0);
        assert_eq!(audio_level(&[3277; 960]), 20);
        assert_eq!(audio_level(&[1; 960]), 90);
        assert_eq!(audio_level(&[]), 127);
    }
}
