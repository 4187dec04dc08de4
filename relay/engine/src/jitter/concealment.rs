//! What sounds while nothing is there: the decoder's concealment, for a while, and then silence.

use super::stream::Before;
use super::{JitterBuffer, Pulled};
use crate::codec::Codec;

/// libopus conceals in steps of 2.5 ms.
const CONCEAL_STEP: usize = 120;

/// Concealment sounds at full level for 60 ms, then fades to silence at 160 ms: after that it would be invention.
const FADE_FROM: usize = 2880;
pub(super) const FADE_TO: usize = 7680;

impl<C: Codec> JitterBuffer<C> {
    /// Nothing is there: the media time stands still.
    pub(super) fn conceal_late(&mut self, block: usize, pulled: &mut Pulled) -> bool {
        if self.concealed_run >= FADE_TO {
            self.before = Before::Silence;
            return false;
        }
        let missing = (block - self.pcm.len()).next_multiple_of(CONCEAL_STEP);
        self.stood_still += i64::try_from(missing).unwrap_or(0);
        self.conceal(missing, pulled);
        true
    }

    /// Packets are missing that will not come: the media time goes on.
    pub(super) fn conceal_lost(&mut self, samples: usize, pulled: &mut Pulled) {
        let length = samples.min(self.ptime.samples());
        self.next_timestamp += i64::try_from(length).unwrap_or(0);
        let start = self.pcm.len();
        self.conceal(length.next_multiple_of(CONCEAL_STEP), pulled);
        self.pcm.truncate(start + length);
    }

    pub(super) fn conceal(&mut self, samples: usize, pulled: &mut Pulled) {
        let (from, to) = (fade_gain(self.concealed_run), fade_gain(self.concealed_run + samples));
        self.stream.conceal(samples, from, to, &mut self.pcm);
        self.concealed_run += samples;
        self.before = Before::Concealed;
        self.count_concealed(samples, pulled);
    }

    pub(super) fn count_concealed(&mut self, samples: usize, pulled: &mut Pulled) {
        pulled.concealed_samples += samples;
        self.stats.concealed_samples += samples as u64;
        self.concealed_since += samples;
    }

    /// Talk goes on after silence that nobody meant: it was as bad as concealment.
    pub(super) fn count_silence(&mut self, pulled: &mut Pulled) {
        let silent = std::mem::take(&mut self.silent);
        self.count_concealed(silent, pulled);
    }
}

pub(super) fn fade_gain(concealed: usize) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a few thousand samples")]
    let over = concealed.saturating_sub(FADE_FROM) as f32 / (FADE_TO - FADE_FROM) as f32;
    (1.0 - over).max(0.0)
}
