//! The talking side of a participant: the packets that come from them, and the frame they give to a mix.

use relay_wire::Gain;
use relay_wire::audio::Held;

use crate::codec::Codec;
use crate::jitter::{JitterBuffer, PRIMES, Packet, Passed, Pulled, Wait};
use crate::level::audio_level;
use crate::loudness::Loudness;
use crate::participant::ParticipantId;
use crate::select::Standing;
use crate::tick::{Contribution, scaled};
use crate::time::{Micros, Ptime};

/// What a room knows of a talker.
#[derive(Debug)]
pub(crate) struct Talker<C: Codec> {
    pub jitter: JitterBuffer<C>,
    pub standing: Standing,
    loudness: Loudness,
    /// The gain at the end of the last frame that was mixed.
    mixed_at: Gain,
    /// In a talkspurt.
    pub on_air: bool,
    /// Whether the jitter buffer plays, because the signal is needed for a mix. Otherwise packets pass.
    pub plays: bool,
    /// Whether the room was told that they talk.
    pub announced: bool,
    /// Frames that were forwarded before a mix needed the signal, oldest first, until that mix starts.
    pub forwarded: Vec<Vec<i16>>,
    /// The signal of this tick.
    frame: Vec<i16>,
    /// The same at its gain, faded where the selection changed.
    pub mixed: Vec<i32>,
    ptime: Ptime,
    pub pulled: Pulled,
    /// Media time of the first sample of `frame`.
    position: u32,
    /// Audio level, −dBov.
    level: u8,
    /// Whether `frame` is part of the mix.
    pub contributes: bool,
    /// Number of the last tick they contributed to.
    contributed: Option<u64>,
    /// Whether there was signal in the tick before.
    was_active: bool,
    /// How many packets of this talkspurt have come.
    packets: u32,
    /// Whether packets of this talkspurt were forwarded or ignored instead of being played.
    passed: bool,
    /// The last packet of the talkspurt has come.
    ended: bool,
    last_packet: Micros,
    /// Packets that came too late, of those that were told.
    told_late: u64,
}

/// A talkspurt without packets for so long is over: whatever comes later starts a new one.
const GONE_US: u64 = 200_000;

impl<C: Codec> Talker<C> {
    pub fn new(codec: C, ptime: Ptime) -> Self {
        Self {
            jitter: JitterBuffer::new(codec, ptime),
            standing: Standing::default(),
            loudness: Loudness::new(ptime),
            mixed_at: Gain::UNITY,
            on_air: false,
            plays: false,
            announced: false,
            forwarded: Vec::new(),
            frame: Vec::new(),
            mixed: Vec::new(),
            ptime,
            pulled: Pulled::default(),
            position: 0,
            level: crate::level::SILENCE,
            contributes: false,
            contributed: None,
            was_active: false,
            packets: 0,
            passed: false,
            ended: false,
            last_packet: Micros::default(),
            told_late: 0,
        }
    }

    /// Whether packets of this talkspurt have passed.
    fn in_mid_talkspurt(&self) -> bool {
        self.on_air && self.passed
    }

    /// How much louder or softer than they are they are to be heard.
    pub fn gain(&self) -> Gain {
        self.loudness.gain()
    }

    /// Whether all there was of this talkspurt is its first packet, which has passed.
    pub fn has_only_begun(&self) -> bool {
        self.passed && self.packets == 1
    }

    /// Takes note of a packet's level and of where in a talkspurt it is; `true` where a talkspurt begins.
    pub fn hear(&mut self, now: Micros, level: u8, packet: &Packet) -> bool {
        self.last_packet = now;
        self.ended = packet.end;
        if packet.payload.is_empty() {
            return false;
        }
        self.level = level;
        self.standing.claim(level, self.ptime);
        self.loudness.hear(level);
        let begins = !std::mem::replace(&mut self.on_air, true);
        self.passed &= !begins;
        self.packets = if begins { 1 } else { self.packets.saturating_add(1) };
        begins
    }

    /// Lets the packet pass, or keeps it to be played.
    pub fn take(&mut self, now: Micros, packet: &Packet) -> Passed {
        if self.plays {
            let anew = self.jitter.insert(now, packet.clone());
            if anew { Passed::Anew } else { Passed::Useful }
        } else {
            self.passed = true;
            self.jitter.pass(now, packet)
        }
    }

    /// How many packets came too late to be of use since this was last asked, if any.
    pub fn take_late(&mut self) -> Option<u64> {
        let late = self.jitter.stats().discarded;
        let news = late - std::mem::replace(&mut self.told_late, late);
        (news > 0).then_some(news)
    }

    /// Ends the talkspurt where nothing of it is left; `true` where that is now.
    pub fn fall_silent(&mut self, now: Micros) -> bool {
        let over = self.ended || now.since(self.last_packet) > GONE_US;
        if !self.on_air || !over || (self.plays && !self.jitter.is_idle()) {
            return false;
        }
        self.on_air = false;
        self.standing.rest();
        if !self.plays {
            self.forget_signal();
        }
        true
    }

    /// Most of those in a room are silent, and need no decoder.
    fn forget_signal(&mut self) {
        self.jitter.forget_signal();
        (self.frame, self.mixed) = (Vec::new(), Vec::new());
    }

    /// Takes the signal of this tick out of the jitter buffer, if a mix needs it.
    pub fn pull(&mut self, now: Micros) {
        self.was_active = self.pulled.active;
        self.position = self.jitter.position();
        if self.plays && !self.jitter.is_idle() {
            self.frame.resize(self.ptime.samples(), 0);
            self.pulled = self.jitter.pull(now, &mut self.frame);
        } else {
            self.pulled = Pulled::default();
        }
        if self.pulled.active {
            self.level = audio_level(&self.frame);
            self.standing.hear(self.level, self.ptime);
        }
    }

    /// What was forwarded has become part of what was heard before this tick.
    pub fn forget_forwarded(&mut self, tick: u64) {
        if !self.forwarded.is_empty() {
            self.forwarded.clear();
            self.contributed = self.contributed.max(Some(tick.saturating_sub(1)));
        }
    }

    /// There is no tick to give a frame to until a mix needs the signal again.
    fn rest(&mut self) {
        self.pulled = Pulled::default();
        self.contributes = false;
    }

    /// Settles whether the frame is part of the mix: who comes or goes in mid-speech is faded over this frame.
    pub fn settle(&mut self, tick: u64) {
        let (was, is) = (self.contributes, self.standing.is_selected());
        self.contributes = self.pulled.active && (is || was);
        if !self.contributes {
            return;
        }
        self.contributed = Some(tick);
        let (from, to) = (if was { self.mixed_at } else { self.gain() }, self.gain());
        self.mixed_at = to;
        let (comes, goes) = (is && !was && self.was_active, was && !is);
        self.mixed.clear();
        if (from, to) == (Gain::UNITY, Gain::UNITY) && !comes && !goes {
            return self.mixed.extend(self.frame.iter().copied().map(i32::from));
        }
        let (from, to) = (from.linear(), to.linear());
        #[expect(clippy::cast_precision_loss, reason = "a few hundred samples")]
        let length = self.frame.len() as f32;
        self.mixed.extend(self.frame.iter().enumerate().map(|(i, &sample)| {
            #[expect(clippy::cast_precision_loss, reason = "a few hundred samples")]
            let share = (i as f32 + 0.5) / length;
            let faded = if comes {
                share
            } else if goes {
                1.0 - share
            } else {
                1.0
            };
            scaled(i32::from(sample), faded * (from + (to - from) * share))
        }));
    }

    /// How their packets came to this tick; `None` where none was needed, or none was there.
    pub fn wait(&self) -> Option<Wait> {
        self.jitter.wait().filter(|_| self.pulled.active)
    }

    /// What they give to this tick, but for the samples.
    pub fn contribution(&self, who: ParticipantId) -> Contribution {
        let Pulled { capture_us, held_us, ends, .. } = self.pulled;
        let spare_us = u64::try_from(self.jitter.wait().unwrap_or_default().spare_us).unwrap_or(0);
        let held = held_us.map(|held_us| {
            // More than a packet time no tick makes anybody wait.
            let waited_us = spare_us.min(self.ptime.micros()).min(held_us);
            Held { buffered_us: held_us - waited_us, waited_us }
        });
        Contribution { who, position: self.position, level: self.level, capture_us, held, ends }
    }

    /// A mix starts to need the signal, or no longer does.
    pub fn set_plays(&mut self, plays: bool) {
        if plays && !self.plays {
            self.forwarded = self.jitter.engage(self.in_mid_talkspurt());
        } else if !plays && self.plays {
            self.jitter.release();
            self.standing.stop_hearing();
            self.rest();
            if !self.on_air {
                self.forget_signal();
            }
        }
        self.plays = plays;
    }

    /// Whether mixes still hold something of them: the packets that prime a listener, and the encoder's overlap before
    /// those. So long who is not to hear them, themselves first of all, keeps to a mix without them.
    pub fn lingers(&self, tick: u64) -> bool {
        self.contributed.is_some_and(|last| tick.saturating_sub(last) <= PRIMES as u64 + 1)
    }
}
