//! Opus, and the seam at which tests put a lossless codec in its place.

use std::fmt::Debug;

use relay_wire::{SAMPLE_RATE, toc};

use crate::time::Ptime;

/// A packet that does not decode, or a frame that does not encode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the codec refused the data")]
pub struct CodecError;

/// Makes encoders and decoders of one room.
pub trait Codec: Debug {
    /// The encoder of one mix.
    type Encoder: Encoder;
    /// The decoder of one stream.
    type Decoder: Decoder;

    /// A fresh encoder.
    fn encoder(&self) -> Self::Encoder;
    /// A fresh decoder.
    fn decoder(&self) -> Self::Decoder;

    /// Whether a packet can be decoded, as far as that can be told without doing it.
    fn accepts(&self, packet: &[u8]) -> bool;

    /// By how many samples encoding and decoding delays a signal.
    fn delay_samples(&self) -> u32;
}

/// Turns frames of one packet time into packets.
pub trait Encoder: Debug {
    /// Encodes one frame (mono, 48 kHz) and appends the packet to `packet`.
    ///
    /// # Errors
    /// [`CodecError`] where the frame is not of the packet time.
    fn encode(&mut self, frame: &[i16], packet: &mut Vec<u8>) -> Result<(), CodecError>;

    /// Forgets everything, as if fresh.
    fn reset(&mut self);
}

/// Turns packets into frames of one packet time.
pub trait Decoder: Debug {
    /// Decodes one packet into a frame of the packet time.
    ///
    /// # Errors
    /// [`CodecError`] where the packet does not decode to exactly that; the frame's content is then undefined.
    fn decode(&mut self, packet: &[u8], frame: &mut [i16]) -> Result<(), CodecError>;

    /// Fills the frame (2.5 ms or a multiple) with packet loss concealment.
    fn conceal(&mut self, frame: &mut [i16]);

    /// Forgets everything, as if fresh.
    fn reset(&mut self);
}

/// Opus, mono, 48 kHz, restricted low delay (2.5 ms look-ahead instead of 6.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpusCodec {
    /// Packet time of every frame.
    pub ptime: Ptime,
    /// Bit rate of the encoders, bit/s.
    pub bitrate: u32,
    /// 0 (cheap) to 10 (good).
    pub complexity: u8,
}

impl OpusCodec {
    /// 64 kbit/s, where PESQ-WB stays at 4.4 through a second encoding.
    pub const BITRATE: u32 = 64_000;

    /// The codec of somebody in a room with that packet time, at the default bit rate.
    #[must_use]
    pub fn new(ptime: Ptime) -> Self {
        Self { ptime, bitrate: Self::BITRATE, complexity: 5 }
    }

    /// The codec of the room itself: one encoder may serve all, many distinct mixes need as many. At complexity 1 an
    /// encoding costs two thirds of that at 5, and PESQ-WB of what was encoded twice falls by 0.05 (4.36).
    #[must_use]
    pub fn of_mixes(ptime: Ptime) -> Self {
        Self { complexity: 1, ..Self::new(ptime) }
    }
}

impl Codec for OpusCodec {
    type Encoder = OpusEncoder;
    type Decoder = OpusDecoder;

    fn encoder(&self) -> OpusEncoder {
        let mut encoder = opus::Encoder::new(SAMPLE_RATE, opus::Channels::Mono, opus::Application::LowDelay)
            .expect("48 kHz mono is an Opus format");
        encoder
            .set_bitrate(opus::Bitrate::Bits(self.bitrate.cast_signed()))
            .and_then(|()| encoder.set_complexity(i32::from(self.complexity)))
            .expect("bit rate and complexity are in Opus's range");
        OpusEncoder { encoder, samples: self.ptime.samples() }
    }

    fn decoder(&self) -> OpusDecoder {
        let decoder = opus::Decoder::new(SAMPLE_RATE, opus::Channels::Mono).expect("48 kHz mono is an Opus format");
        OpusDecoder { decoder }
    }

    fn accepts(&self, packet: &[u8]) -> bool {
        toc::packet_samples(packet).map(|s| s as usize) == Some(self.ptime.samples()) && toc::is_well_formed(packet)
    }

    /// The look-ahead of restricted low delay, 2.5 ms.
    fn delay_samples(&self) -> u32 {
        120
    }
}

/// See [`OpusCodec`].
#[derive(Debug)]
pub struct OpusEncoder {
    encoder: opus::Encoder,
    samples: usize,
}

impl Encoder for OpusEncoder {
    fn encode(&mut self, frame: &[i16], packet: &mut Vec<u8>) -> Result<(), CodecError> {
        if frame.len() != self.samples {
            return Err(CodecError);
        }
        let start = packet.len();
        packet.resize(start + relay_wire::MAX_PAYLOAD, 0);
        let written = self.encoder.encode(frame, &mut packet[start..]).map_err(|_| CodecError);
        packet.truncate(start + written.unwrap_or(0));
        written.map(|_| ())
    }

    fn reset(&mut self) {
        self.encoder.reset_state().expect("resetting an encoder has no failure");
    }
}

/// See [`OpusCodec`].
#[derive(Debug)]
pub struct OpusDecoder {
    decoder: opus::Decoder,
}

impl Decoder for OpusDecoder {
    fn decode(&mut self, packet: &[u8], frame: &mut [i16]) -> Result<(), CodecError> {
        // An empty slice would mean "lost packet" to libopus.
        if toc::packet_samples(packet).map(|s| s as usize) != Some(frame.len()) {
            return Err(CodecError);
        }
        match self.decoder.decode(packet, frame, false) {
            Ok(samples) if samples == frame.len() => Ok(()),
            _ => Err(CodecError),
        }
    }

    fn conceal(&mut self, frame: &mut [i16]) {
        // libopus fills whole multiples of 2.5 ms; whatever it refuses is silence.
        if !matches!(self.decoder.decode(&[], frame, false), Ok(samples) if samples == frame.len()) {
            frame.fill(0);
        }
    }

    fn reset(&mut self) {
        self.decoder.reset_state().expect("resetting a decoder has no failure");
    }
}
