//! From packets to signal: decoders, epochs, gain and concealment.

use super::amplifier::Amplifier;
use super::packet::Packet;
use super::store::Stored;
use super::time_scale::{best_joint, cross_fade, cross_fade_from};
use crate::codec::{Codec, CodecError, Decoder};
use crate::time::Ptime;

/// Decodes one stream, epoch by epoch.
#[derive(Debug)]
pub(super) struct Stream<C: Codec> {
    codec: C,
    current: Option<(u8, C::Decoder)>,
    /// The decoder of the epoch before, kept to be used again.
    spare: Option<C::Decoder>,
    /// Samples of a packet.
    samples: usize,
    frame: Vec<i16>,
    amplifier: Amplifier,
    /// What the epoch before would have gone on with, and how much of it is faded out already.
    seam: Vec<i16>,
    faded: usize,
}

/// How the signal before a packet went on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// The packet before was played.
    Continuous,
    /// Silence: nothing to join to.
    Silence,
    /// Concealment is sounding: find where the packet fits to it.
    Concealed,
    /// Packets were skipped.
    Skipped,
}

/// Length of the fade between two epochs: 10 ms.
const SEAM: usize = 480;

/// Signal of a packet that is looked at for a joint with concealment, and the fade at the joint: 12.5 and 5 ms.
const JOINT_SEARCH: usize = 600;
const JOINT_FADE: usize = 240;

impl<C: Codec> Stream<C> {
    pub fn new(codec: C, ptime: Ptime) -> Self {
        Self {
            codec,
            current: None,
            spare: None,
            samples: ptime.samples(),
            frame: Vec::new(),
            amplifier: Amplifier::default(),
            seam: Vec::new(),
            faded: 0,
        }
    }

    /// Decodes a packet and appends its samples but for the first `overlap`, joined to what went before. Returns how
    /// many more samples the joint left out. `heard` is the gain at which concealment sounds by now.
    pub fn decode(
        &mut self,
        stored: &Stored,
        before: Before,
        heard: f32,
        overlap: usize,
        pcm: &mut Vec<i16>,
    ) -> Result<usize, CodecError> {
        self.frame.resize(self.samples, 0);
        let epoch = stored.packet.epoch;
        let sounding = heard * self.amplifier.level();
        let mut tail = [0i16; SEAM];
        if let Some((current, decoder)) = &mut self.current {
            if *current != epoch && before != Before::Silence {
                decoder.conceal(&mut tail);
                scale(&mut tail, sounding);
                self.seam.clear();
                self.seam.extend_from_slice(&tail);
                self.faded = 0;
            } else if *current == epoch && matches!(before, Before::Concealed | Before::Skipped) {
                decoder.conceal(&mut tail[..JOINT_FADE]);
                scale(&mut tail[..JOINT_FADE], sounding);
            }
        }
        let seam = self.current.as_ref().is_some_and(|(current, _)| *current != epoch);
        self.switch_to(epoch, stored);
        let (_, decoder) = self.current.as_mut().expect("switch_to leaves a decoder");
        decoder.decode(&stored.packet.payload, &mut self.frame)?;
        self.amplifier.play(&mut self.frame, stored.packet.gain_half_db, !seam && before != Before::Silence);
        let mut frame = &mut self.frame[overlap..];
        let mut left_out = 0;
        if !seam && matches!(before, Before::Concealed | Before::Skipped) {
            // The delay has grown by what was concealed: the place that fits is looked for ahead, not behind. Nearly
            // faded out, it does not matter.
            if before == Before::Concealed && heard > 0.3 {
                let searched = frame.len().min(JOINT_SEARCH);
                left_out = best_joint(&frame[..searched], &tail[..JOINT_FADE], JOINT_FADE);
            }
            frame = &mut frame[left_out..];
            cross_fade(&tail[..JOINT_FADE], frame);
        }
        self.faded += cross_fade_from(&self.seam, self.faded, frame);
        pcm.extend_from_slice(frame);
        Ok(left_out)
    }

    /// Gives back the memory of a stream that is silent.
    pub fn forget(&mut self) {
        (self.current, self.spare) = (None, None);
        (self.frame, self.seam) = (Vec::new(), Vec::new());
    }

    /// Runs a packet through the decoder without playing it, so that the next one decodes as it should.
    pub fn pass_over(&mut self, stored: &Stored) {
        self.frame.resize(self.samples, 0);
        self.switch_to(stored.packet.epoch, stored);
        if let Some((_, decoder)) = &mut self.current {
            // A packet that does not decode teaches the decoder nothing, and nobody hears it.
            let _ = decoder.decode(&stored.packet.payload, &mut self.frame);
        }
    }

    /// Brings the decoder to where it would be had it decoded everything up to these packets of one epoch, and returns
    /// their frames.
    pub fn prime<'a>(&mut self, packets: impl Iterator<Item = &'a Packet>) -> Vec<Vec<i16>> {
        self.frame.resize(self.samples, 0);
        let mut frames = Vec::new();
        for packet in packets {
            if self.current.as_ref().is_none_or(|(epoch, _)| *epoch != packet.epoch) {
                self.current = Some((packet.epoch, self.codec.decoder()));
            }
            if let Some((_, decoder)) = &mut self.current {
                // As in `pass_over`: what does not decode only fails to help.
                if decoder.decode(&packet.payload, &mut self.frame).is_ok() {
                    frames.push(self.frame.clone());
                }
            }
        }
        frames
    }

    /// Appends concealment of `samples` (a multiple of 2.5 ms, at most a packet), fading linearly between two gains.
    pub fn conceal(&mut self, samples: usize, from: f32, to: f32, pcm: &mut Vec<i16>) {
        let start = pcm.len();
        pcm.resize(start + samples, 0);
        let Some((_, decoder)) = &mut self.current else { return };
        decoder.conceal(&mut pcm[start..]);
        self.amplifier.fade(&mut pcm[start..], from, to);
    }

    fn switch_to(&mut self, epoch: u8, stored: &Stored) {
        if self.current.as_ref().is_some_and(|(current, _)| *current == epoch) {
            return;
        }
        let mut fresh = self.spare.take().map_or_else(
            || self.codec.decoder(),
            |mut decoder| {
                decoder.reset();
                decoder
            },
        );
        for prime in &stored.primes {
            // As in `pass_over`: a prime that does not decode only fails to help.
            let _ = fresh.decode(prime, &mut self.frame);
        }
        self.spare = self.current.replace((epoch, fresh)).map(|(_, old)| old);
    }
}

/// Scales what fades out right away.
fn scale(samples: &mut [i16], gain: f32) {
    for sample in samples {
        #[expect(clippy::cast_possible_truncation, reason = "float to integer casts saturate, which is the clip meant")]
        let scaled = (f32::from(*sample) * gain).round() as i16;
        *sample = scaled;
    }
}
