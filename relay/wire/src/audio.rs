//! Binary messages: a 16-byte header, then one Opus packet. Big-endian. Unused bits and bytes are zero.

use bytes::{BufMut, Bytes, BytesMut};

use crate::MAX_PAYLOAD;

/// Length of both headers in bytes.
pub const HEADER_LEN: usize = 16;

/// First byte of an audio message towards the relay.
pub const KIND_UP: u8 = 0x01;

/// First byte of an audio message from the relay.
pub const KIND_DOWN: u8 = 0x02;

/// Why a binary message does not parse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Shorter than the header.
    #[error("the header is {HEADER_LEN} bytes, this message has {0}")]
    Truncated(usize),
    /// A kind this version does not know. Receivers ignore such a message.
    #[error("unknown kind {0:#04x}")]
    UnknownKind(u8),
    /// A flag bit this version does not define is set.
    #[error("undefined flag bits {0:#04x}")]
    UndefinedFlags(u8),
    /// A byte that must be zero is not.
    #[error("unused bytes must be zero")]
    UnusedNotZero,
    /// The audio level is above 127.
    #[error("audio level {0} is above 127")]
    LevelRange(u8),
    /// More payload than an Opus packet can have.
    #[error("a payload of {0} bytes is over {MAX_PAYLOAD}")]
    PayloadTooLong(usize),
    /// Neither end of talkspurt nor muted, and yet no payload.
    #[error("only a packet that ends a talkspurt may be empty")]
    EmptyPayload,
}

macro_rules! flags {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident = $bit:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct $name { $($(#[$fdoc])* pub $field: bool),+ }

        impl $name {
            /// The flags as the header's second byte.
            #[must_use]
            pub fn to_bits(self) -> u8 {
                0 $(| (u8::from(self.$field) << $bit))+
            }

            /// Reads the header's second byte.
            ///
            /// # Errors
            /// [`ParseError::UndefinedFlags`] when a bit outside the table is set.
            pub fn from_bits(bits: u8) -> Result<Self, ParseError> {
                let known = 0u8 $(| (1 << $bit))+;
                if bits & !known != 0 {
                    return Err(ParseError::UndefinedFlags(bits & !known));
                }
                Ok(Self { $($field: bits & (1 << $bit) != 0),+ })
            }
        }
    };
}

flags! {
    /// Flags of an upward packet.
    UpFlags {
        /// First packet of a talkspurt.
        marker = 0,
        /// Last packet of a talkspurt: nothing is concealed after it.
        end = 1,
        /// Sent late by intent (the speech detector's decision time); stays out of every arrival statistic.
        pre_roll = 2,
        /// The talker is muted: the talkspurt ends here and the payload is not played.
        muted = 3,
    }
}

flags! {
    /// Flags of a downward packet.
    DownFlags {
        /// First packet after silence.
        marker = 0,
        /// Last packet before silence: nothing is concealed after it.
        end = 1,
        /// Decode, do not play: brings a fresh decoder to the encoder's state.
        prime = 2,
        /// First playable packet of a new epoch, while the old one still sounds: cross-fade to it over 10 ms.
        cross_fade = 3,
        /// Forwarded pre-roll: late by intent; stays out of every arrival statistic.
        pre_roll = 4,
    }
}

/// Header of a packet from a talker to the relay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UpHeader {
    /// What is special about this packet.
    pub flags: UpFlags,
    /// Increments by one with each packet sent.
    pub sequence: u16,
    /// Media time of the first sample, in 48 kHz samples of the talker's own clock; goes on in silence.
    pub timestamp: u32,
    /// When the first sample was captured, in microseconds of the relay's clock modulo 2³²; 0 is unknown.
    pub capture_us: u32,
    /// Audio level of the packet as −dBov, 0 (loudest) to 127 (digital silence), as in RFC 6464.
    pub level: u8,
}

/// Header of a packet from the relay to a listener.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DownHeader {
    /// What is special about this packet.
    pub flags: DownFlags,
    /// Which encoder the packet comes from; a change means a fresh decoder.
    pub epoch: u8,
    /// Increments by one with each packet sent to this listener, primes included.
    pub sequence: u16,
    /// Media time of the first sample on this listener's timeline, in 48 kHz samples; goes on in silence.
    pub timestamp: u32,
    /// Capture time of the loudest talker in it, in microseconds of the relay's clock modulo 2³²; 0 is unknown.
    pub capture_us: u32,
    /// Gain the listener applies, in steps of 0.5 dB: −128 … 127 is −64 … +63.5 dB.
    pub gain_half_db: i8,
    /// How long the relay has had what it sends, as [`Held::stamp`] writes it; 0 is unknown.
    pub held: u16,
}

impl UpHeader {
    /// Splits a binary message into header and Opus payload.
    ///
    /// # Errors
    /// [`ParseError`] for anything that `write` would not have produced.
    pub fn parse(message: &Bytes) -> Result<(Self, Bytes), ParseError> {
        let (head, payload) = split(message, KIND_UP)?;
        let flags = UpFlags::from_bits(head[1])?;
        if head[12] > 127 {
            return Err(ParseError::LevelRange(head[12]));
        }
        if head[13..] != [0; 3] {
            return Err(ParseError::UnusedNotZero);
        }
        check_payload(&payload, flags.end || flags.muted)?;
        let header = Self {
            flags,
            sequence: be16(&head, 2),
            timestamp: be32(&head, 4),
            capture_us: be32(&head, 8),
            level: head[12],
        };
        Ok((header, payload))
    }

    /// Writes header and payload as one binary message.
    #[must_use]
    pub fn write(&self, payload: &[u8]) -> Bytes {
        let mut out = BytesMut::with_capacity(HEADER_LEN + payload.len());
        out.put_u8(KIND_UP);
        out.put_u8(self.flags.to_bits());
        out.put_u16(self.sequence);
        out.put_u32(self.timestamp);
        out.put_u32(self.capture_us);
        out.put_u8(self.level);
        out.put_bytes(0, 3);
        out.put_slice(payload);
        out.freeze()
    }
}

impl DownHeader {
    /// Splits a binary message into header and Opus payload.
    ///
    /// # Errors
    /// [`ParseError`] for anything that `write` would not have produced.
    pub fn parse(message: &Bytes) -> Result<(Self, Bytes), ParseError> {
        let (head, payload) = split(message, KIND_DOWN)?;
        let flags = DownFlags::from_bits(head[1])?;
        check_payload(&payload, flags.end)?;
        let header = Self {
            flags,
            sequence: be16(&head, 2),
            timestamp: be32(&head, 4),
            capture_us: be32(&head, 8),
            epoch: head[12],
            gain_half_db: i8::from_be_bytes([head[13]]),
            held: be16(&head, 14),
        };
        Ok((header, payload))
    }

    /// Writes header and payload as one binary message.
    #[must_use]
    pub fn write(&self, payload: &[u8]) -> Bytes {
        let mut out = BytesMut::with_capacity(HEADER_LEN + payload.len());
        out.put_u8(KIND_DOWN);
        out.put_u8(self.flags.to_bits());
        out.put_u16(self.sequence);
        out.put_u32(self.timestamp);
        out.put_u32(self.capture_us);
        out.put_u8(self.epoch);
        out.put_i8(self.gain_half_db);
        out.put_u16(self.held);
        out.put_slice(payload);
        out.freeze()
    }
}

/// Capture times are microseconds modulo 2³², and 0 is taken: the instant that would be 0 is written as 1.
#[must_use]
pub fn capture_stamp(clock_us: u64) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "modulo 2^32 is meant")]
    let low = clock_us as u32;
    low.max(1)
}

/// How long the relay had what it sends, and what for. Both are nothing where packets are forwarded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// In the jitter buffer, for packets that come later than others.
    pub buffered_us: u64,
    /// For the tick of the mix.
    pub waited_us: u64,
}

impl Held {
    /// Resolution of [`DownHeader::held`], microseconds.
    pub const STEP_US: u64 = 500;

    /// Ten bits for the jitter buffer, in steps and one more, then six for the tick; what is too much for them is cut.
    #[must_use]
    pub fn stamp(self) -> u16 {
        let steps =
            |us: u64, most: u16| u16::try_from((us + Self::STEP_US / 2) / Self::STEP_US).unwrap_or(most).min(most);
        (steps(self.buffered_us, 1022) + 1) << 6 | steps(self.waited_us, 63)
    }

    /// Reads what [`stamp`](Self::stamp) wrote; `None` where it is unknown.
    #[must_use]
    pub fn from_stamp(stamp: u16) -> Option<Self> {
        let us = |steps: u16| u64::from(steps) * Self::STEP_US;
        (stamp >> 6).checked_sub(1).map(|steps| Self { buffered_us: us(steps), waited_us: us(stamp & 63) })
    }

    /// All of it.
    #[must_use]
    pub fn us(self) -> u64 {
        self.buffered_us + self.waited_us
    }
}

/// How long before `clock_us` a stamp was taken, in microseconds; `None` when the stamp is unknown.
/// Stamps up to 2³¹ µs (36 minutes) either side are told apart; a negative age is a stamp from the future.
#[must_use]
pub fn stamp_age_us(stamp: u32, clock_us: u64) -> Option<i32> {
    (stamp != 0).then(|| {
        #[expect(clippy::cast_possible_truncation, reason = "modulo 2^32 is meant")]
        let low = clock_us as u32;
        low.wrapping_sub(stamp).cast_signed()
    })
}

fn split(message: &Bytes, kind: u8) -> Result<([u8; HEADER_LEN], Bytes), ParseError> {
    match message.first() {
        None => return Err(ParseError::Truncated(0)),
        Some(&first) if first != kind => return Err(ParseError::UnknownKind(first)),
        Some(_) => {}
    }
    let Some(head) = message.first_chunk::<HEADER_LEN>() else {
        return Err(ParseError::Truncated(message.len()));
    };
    Ok((*head, message.slice(HEADER_LEN..)))
}

fn check_payload(payload: &[u8], may_be_empty: bool) -> Result<(), ParseError> {
    if payload.len() > MAX_PAYLOAD {
        return Err(ParseError::PayloadTooLong(payload.len()));
    }
    if payload.is_empty() && !may_be_empty {
        return Err(ParseError::EmptyPayload);
    }
    Ok(())
}

fn be16(head: &[u8; HEADER_LEN], at: usize) -> u16 {
    u16::from_be_bytes([head[at], head[at + 1]])
}

fn be32(head: &[u8; HEADER_LEN], at: usize) -> u32 {
    u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_up_are_an_error_or_write_back_the_same(bytes in messages(KIND_UP)) {
            if let Ok((header, payload)) = UpHeader::parse(&bytes) {
                prop_assert_eq!(header.write(&payload), bytes);
            }
        }

        #[test]
        fn any_bytes_down_are_an_error_or_write_back_the_same(bytes in messages(KIND_DOWN)) {
            if let Ok((header, payload)) = DownHeader::parse(&bytes) {
                prop_assert_eq!(header.write(&payload), bytes);
            }
        }

        #[test]
        fn every_header_up_survives_the_wire(
            bits in 0u8..16, sequence: u16, timestamp: u32, capture_us: u32, level in 0u8..=127,
            payload in prop::collection::vec(any::<u8>(), 1..200),
        ) {
            let flags = UpFlags::from_bits(bits).expect("all four bits are defined");
            let header = UpHeader { flags, sequence, timestamp, capture_us, level };
            prop_assert_eq!(UpHeader::parse(&header.write(&payload)), Ok((header, Bytes::from(payload))));
        }
    }

    #[test]
    fn the_time_held_is_told_to_half_a_millisecond_in_its_parts() {
        let told = |buffered_us, waited_us| {
            let stamp = Held { buffered_us, waited_us }.stamp();
            (stamp, Held::from_stamp(stamp).map(|held| (held.buffered_us, held.waited_us)))
        };
        assert_eq!(told(0, 0), (64, Some((0, 0))));
        assert_eq!(told(12_249, 8_250), (25 << 6 | 17, Some((12_000, 8_500))));
        assert_eq!(told(u64::MAX / 2, u64::MAX / 2), (u16::MAX, Some((511_000, 31_500))));
        assert_eq!([0, 63].map(Held::from_stamp), [None; 2]);
    }

    /// Half pure noise, half with a plausible start, so that parsing often succeeds.
    fn messages(kind: u8) -> impl Strategy<Value = Bytes> {
        let noise = prop::collection::vec(any::<u8>(), 0..1400);
        let shaped =
            (0u8..20, prop::collection::vec(any::<u8>(), 12), 0u8..130, prop::collection::vec(any::<u8>(), 0..40))
                .prop_map(move |(flags, middle, level, payload)| {
                    let mut message = vec![kind, flags];
                    message.extend_from_slice(&middle[..10]);
                    message.extend_from_slice(&[level, 0, 0, 0]);
                    message.extend_from_slice(&payload);
                    message
                });
        prop_oneof![noise, shaped].prop_map(Bytes::from)
    }

    #[test]
    fn the_age_of_a_stamp_wraps_with_the_clock() {
        assert_eq!(stamp_age_us(0, 5), None);
        assert_eq!(stamp_age_us(capture_stamp(u64::from(u32::MAX)), u64::from(u32::MAX) + 101), Some(101));
        assert_eq!(stamp_age_us(1_000, 400), Some(-600));
        assert_eq!(capture_stamp(1 << 32), 1);
    }
}
