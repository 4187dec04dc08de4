//! What one of many talkers says: speech that was encoded before, over and over.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use bytes::Bytes;
use relay_engine::Ptime;
use relay_wire::{UpFlags, UpHeader, audio::capture_stamp};

use crate::{
    speech,
    talker::{self, Encoded},
};

/// The golden ratio spreads any number of talkers evenly, and those of each room too.
const GOLDEN: f64 = 0.618_034;

/// Conversation, as a microphone hears it.
const SPEECH_DBFS: f32 = -26.0;

/// All sentences of `samples/speech`, about this long.
const SPEECH_SECONDS: usize = 24;

/// Packets that talkers share.
#[derive(Debug, Clone)]
pub struct Speech {
    packets: Arc<[Encoded]>,
    ptime: Ptime,
}

impl Speech {
    /// The sentences of `samples/speech`, encoded as the room's talkers encode.
    ///
    /// # Errors
    /// If the files are not there.
    pub fn read(ptime: Ptime) -> Result<Self> {
        let signal = speech::quiet(0, SPEECH_DBFS, SPEECH_SECONDS * relay_wire::SAMPLE_RATE as usize)?;
        Ok(Self::of(&signal, ptime))
    }

    /// Any signal.
    #[must_use]
    pub fn of(signal: &[f32], ptime: Ptime) -> Self {
        Self { packets: talker::encode(signal, ptime).into(), ptime }
    }

    /// Talker number `talker` begins within a packet time of `from` and goes on for so many packets, or until it is dropped. Each
    /// talker has another phase and is elsewhere in the speech.
    #[must_use]
    pub fn voice(&self, talker: usize, from: Instant, length: Option<u64>) -> Voice {
        let phase = (talker as f64 * GOLDEN).fract();
        let began = from + Duration::from_micros(self.ptime.micros()).mul_f64(phase);
        let place = ((talker + 1) as f64 * GOLDEN * GOLDEN).fract() * self.packets.len() as f64;
        Voice { speech: self.clone(), began, place: place as usize, said: 0, length }
    }
}

/// One talker's talkspurt.
#[derive(Debug, Clone)]
pub struct Voice {
    speech: Speech,
    began: Instant,
    /// Which packet of the speech comes first.
    place: usize,
    /// Packets sent.
    said: u64,
    length: Option<u64>,
}

impl Voice {
    /// When the next packet is captured to its end, and so due; `None` after the last.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        let more = self.length.is_none_or(|length| self.said < length);
        more.then(|| self.captured() + Duration::from_micros(self.speech.ptime.micros()))
    }

    /// The next packet. `relay_clock_us` is the relay's clock at an instant.
    pub fn next(&mut self, relay_clock_us: impl Fn(Instant) -> u64) -> Bytes {
        let packet = &self.speech.packets[(self.place + self.said as usize) % self.speech.packets.len()];
        let header = UpHeader {
            flags: UpFlags { marker: self.said == 0, end: self.length == Some(self.said + 1), ..UpFlags::default() },
            #[expect(clippy::cast_possible_truncation, reason = "sequence numbers wrap")]
            sequence: self.said as u16,
            #[expect(clippy::cast_possible_truncation, reason = "timestamps wrap")]
            timestamp: (self.said * self.speech.ptime.samples() as u64) as u32,
            capture_us: capture_stamp(relay_clock_us(self.captured())),
            level: packet.level,
        };
        let message = header.write(&packet.payload);
        self.said += 1;
        message
    }

    fn captured(&self) -> Instant {
        self.began + Duration::from_micros(self.speech.ptime.micros() * self.said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rng::Rng, tone};

    #[test]
    fn a_talkspurt_has_its_length_its_flags_and_its_times() {
        let speech = Speech::of(&tone::noise(-30.0, 9600, &mut Rng::new(1)), Ptime::Ms20);
        let start = Instant::now();
        let mut voice = speech.voice(0, start, Some(25));
        let mut packets = Vec::new();
        while let Some(due) = voice.due() {
            let message = voice.next(|at| (at - start).as_micros() as u64 + 7);
            packets.push((due - start, UpHeader::parse(&message).expect("well formed")));
        }
        assert_eq!(packets.len(), 25);
        for (n, (due, (header, payload))) in packets.iter().enumerate() {
            assert_eq!(due.as_millis(), 20 * n as u128 + 20);
            assert_eq!((header.flags.marker, header.flags.end), (n == 0, n == 24));
            assert_eq!((usize::from(header.sequence), header.timestamp as usize), (n, n * 960));
            assert_eq!(header.capture_us as usize, n * 20_000 + 7);
            // Ten packets of noise, over and over.
            assert_eq!(*payload, packets[n % 10].1.1);
        }
        assert_ne!(packets[0].1.1, packets[1].1.1);
        let phase = speech.voice(1, start, None).due().expect("it goes on") - start;
        assert_eq!(phase.as_micros(), 20_000 + 12_360);
    }

    #[test]
    fn talkers_of_real_speech_are_elsewhere_in_it_with_true_levels() {
        let speech = Speech::read(Ptime::Ms20).expect("the samples are in the repository");
        let now = Instant::now();
        let first = |talker| speech.voice(talker, now, None).next(|_| 1);
        assert_ne!(first(0), first(1));
        let mut levels: Vec<u8> = speech.packets.iter().map(|packet| packet.level).collect();
        levels.sort_unstable();
        // Words and pauses.
        let (median, quietest) = (levels[levels.len() / 2], levels[levels.len() - 1]);
        assert!(median < 40 && quietest > 50, "{median} {quietest}");
    }
}
