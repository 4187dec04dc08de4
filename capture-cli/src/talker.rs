//! From samples to packets: cuts frames, finds talkspurts, encodes.
//!
//! Sans-IO: what time it is comes with the samples.

use std::collections::VecDeque;

use bytes::Bytes;
use relay_engine::time::{samples_to_us, us_to_samples};
use relay_engine::{Codec, Encoder, Micros, OpusCodec, Ptime};
use relay_wire::UpFlags;

use crate::detector::{Detector, Rise, is_digital_silence};
use crate::level::audio_level;
use crate::queue::UpPacket;

/// Frames from before the detector's decision in which sound was already rising are sent after all, up to this far back.
/// Not those with nothing but noise in them: whoever plays them first is late by them for the rest of the syllable.
pub const PRE_ROLL_MS: u32 = 40;

/// A talkspurt goes on for this long after the last speech.
pub const HANGOVER_MS: u32 = 250;

/// Samples that come later than this after the ones before them are not contiguous with those: the source stood still.
const GAP_US: i64 = 200_000;

/// Look-ahead of the encoder (RESTRICTED_LOWDELAY, 2.5 ms): so much of a frame's end sounds only with the next packet.
const LOOK_AHEAD_SAMPLES: usize = 120;

/// How a talker encodes and what they leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// Packet time of the room.
    pub ptime: Ptime,
    /// Bit rate of the room, bit/s.
    pub bitrate: u32,
}

impl Format {
    /// The codec of that format.
    #[must_use]
    pub fn codec(&self) -> OpusCodec {
        OpusCodec { bitrate: self.bitrate, ..OpusCodec::new(self.ptime) }
    }
}

/// A frame and when it was captured.
#[derive(Debug)]
struct Captured {
    samples: Vec<i16>,
    timestamp: u32,
    at: Micros,
    rise: Rise,
}

/// Turns samples as they come into packets.
pub struct Talker<C: Codec = OpusCodec> {
    encoder: C::Encoder,
    ptime: Ptime,
    /// No silence suppression.
    continuous: bool,
    detector: Detector,
    /// Samples that do not fill a frame yet.
    partial: Vec<i16>,
    /// Media time of the first sample of `partial`.
    timestamp: u32,
    /// When the next sample is due, if the source goes on without a gap.
    next_at: Option<Micros>,
    /// In silence: the frames a talkspurt would begin with.
    pre_roll: VecDeque<Captured>,
    /// What is left of the hangover, in ms; `None` between talkspurts.
    talking: Option<u32>,
    level: u8,
}

impl Talker<OpusCodec> {
    /// A talker in a room of that format.
    #[must_use]
    pub fn new(format: Format, continuous: bool) -> Self {
        Self::with_codec(&format.codec(), format.ptime, continuous)
    }
}

impl<C: Codec> Talker<C> {
    /// A talker with a codec of one's own.
    pub fn with_codec(codec: &C, ptime: Ptime, continuous: bool) -> Self {
        Self {
            encoder: codec.encoder(),
            ptime,
            continuous,
            detector: Detector::default(),
            partial: Vec::with_capacity(2 * ptime.samples()),
            timestamp: 0,
            next_at: None,
            pre_roll: VecDeque::new(),
            talking: None,
            level: crate::level::SILENCE,
        }
    }

    /// Another encoder and packet time: the room was made anew. Media time goes on; a talkspurt begins anew.
    pub fn reformat(&mut self, codec: &C, ptime: Ptime) {
        self.encoder = codec.encoder();
        self.ptime = ptime;
        self.pre_roll.clear();
        self.talking = None;
    }

    /// Takes samples, the last of which was captured at `end`; appends the packets that are complete to `out`.
    pub fn push(&mut self, samples: &[i16], end: Micros, out: &mut Vec<UpPacket>) {
        self.skip_gap(samples.len(), end);
        self.next_at = Some(end);
        self.partial.extend_from_slice(samples);
        let length = self.ptime.samples();
        while self.partial.len() >= length {
            let rest = self.partial.split_off(length);
            let frame = std::mem::replace(&mut self.partial, rest);
            let after_us = duration_us(self.partial.len() + length);
            self.frame(frame, end - after_us, out);
        }
    }

    /// The source has ended: sends what is left, padded with silence, and ends the talkspurt.
    pub fn finish(&mut self, out: &mut Vec<UpPacket>) {
        let length = self.ptime.samples();
        let at = self.next_at.map_or(Micros(0), |end| end - duration_us(self.partial.len()));
        let padding = length - self.partial.len();
        let mut frame = std::mem::take(&mut self.partial);
        frame.resize(length, 0);
        if padding < LOOK_AHEAD_SAMPLES {
            self.frame(frame, at, out);
            frame = vec![0; length];
        }
        if self.talking.is_some() || !is_digital_silence(&frame) {
            let flags = UpFlags { marker: self.talking.is_none(), end: true, ..UpFlags::default() };
            let rise = Rise::None;
            self.send(&Captured { samples: frame, timestamp: self.timestamp, at, rise }, flags, out);
        }
        self.talking = None;
        self.pre_roll.clear();
        self.advance(length);
    }

    /// Audio level of the last frame, −dBov, sent or not.
    #[must_use]
    pub fn level(&self) -> u8 {
        self.level
    }

    /// Whether a talkspurt is on.
    #[must_use]
    pub fn is_talking(&self) -> bool {
        self.talking.is_some()
    }

    /// Media time is the time of capture, so it goes on while a source stands still.
    fn skip_gap(&mut self, new_samples: usize, end: Micros) {
        let Some(expected) = self.next_at else { return };
        let gap_us = end.signed_since(expected + duration_us(new_samples));
        if gap_us <= GAP_US {
            return;
        }
        let dropped = self.partial.len();
        self.partial.clear();
        self.pre_roll.clear();
        self.talking = None;
        self.advance(dropped);
        self.advance(usize::try_from(us_to_samples(gap_us)).unwrap_or(0));
    }

    fn frame(&mut self, samples: Vec<i16>, at: Micros, out: &mut Vec<UpPacket>) {
        let heard = self.detector.hears(&samples);
        let speech = heard.speech;
        let frame = Captured { samples, timestamp: self.timestamp, at, rise: heard.rise };
        self.advance(frame.samples.len());
        self.level = audio_level(&frame.samples);
        let silent = is_digital_silence(&frame.samples);
        if self.continuous {
            let marker = self.talking.replace(HANGOVER_MS).is_none();
            self.send(&frame, UpFlags { marker, ..UpFlags::default() }, out);
            return;
        }
        match self.talking {
            None if speech => self.begin(&frame, out),
            None => self.keep(frame),
            Some(left) => {
                let left = if speech { HANGOVER_MS } else { left.saturating_sub(self.ptime.ms()) };
                // One packet of nothing brings what the encoder's look-ahead holds back; more would only cost.
                let end = silent || left == 0;
                self.talking = (!end).then_some(left);
                self.send(&frame, UpFlags { end, ..UpFlags::default() }, out);
            }
        }
    }

    fn begin(&mut self, frame: &Captured, out: &mut Vec<UpPacket>) {
        let mut marker = true;
        let kept = std::mem::take(&mut self.pre_roll);
        let risen = frames_of_rise(frame.rise, kept.iter().rev().map(|earlier| earlier.rise));
        for earlier in kept.into_iter().rev().take(risen).collect::<Vec<_>>().into_iter().rev() {
            let flags = UpFlags { marker, pre_roll: true, ..UpFlags::default() };
            self.send(&earlier, flags, out);
            marker = false;
        }
        self.send(frame, UpFlags { marker, ..UpFlags::default() }, out);
        self.talking = Some(HANGOVER_MS);
    }

    fn keep(&mut self, frame: Captured) {
        if is_digital_silence(&frame.samples) {
            // Nothing before it can belong to what comes after it.
            self.pre_roll.clear();
            return;
        }
        self.pre_roll.push_back(frame);
        while self.pre_roll.len() > (PRE_ROLL_MS / self.ptime.ms()) as usize {
            self.pre_roll.pop_front();
        }
    }

    /// The encoder is not reset between talkspurts: it stands where the decoder stands, at the last packet sent.
    fn send(&mut self, frame: &Captured, flags: UpFlags, out: &mut Vec<UpPacket>) {
        let mut payload = Vec::new();
        // A frame that does not encode is a loss like any other, and the decoder conceals it.
        if self.encoder.encode(&frame.samples, &mut payload).is_err() {
            return;
        }
        let level = audio_level(&frame.samples);
        let payload = Bytes::from(payload);
        out.push(UpPacket { flags, timestamp: frame.timestamp, captured: frame.at, level, payload });
    }

    fn advance(&mut self, samples: usize) {
        #[expect(clippy::cast_possible_truncation, reason = "media time on the wire is modulo 2^32")]
        let samples = samples as u32;
        self.timestamp = self.timestamp.wrapping_add(samples);
    }
}

/// How many frames before one with speech belong to its onset, going back from it.
fn frames_of_rise(in_speech: Rise, before: impl Iterator<Item = Rise>) -> usize {
    let mut count = 0;
    let mut goes_on = in_speech == Rise::FromStart;
    for rise in before {
        if !goes_on || rise == Rise::None {
            break;
        }
        count += 1;
        goes_on = rise == Rise::FromStart;
    }
    count
}

fn duration_us(samples: usize) -> u64 {
    samples_to_us(i64::try_from(samples).unwrap_or(i64::MAX / 1000)).unsigned_abs()
}

#[cfg(test)]
mod tests;
