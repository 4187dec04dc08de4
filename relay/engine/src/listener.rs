//! The listening side of a participant: which stream they follow, and its place on their timeline.
//!
//! A listener hears one *feed* at a time: a talker's own packets, or a mix. Every change of feed is a seam. At a seam
//! the new feed goes on where the old one stopped, by content: `offset` maps the media time of the feed to that of
//! the listener, and is set anew so that both agree there.

use std::collections::VecDeque;

use bytes::Bytes;
use relay_wire::audio::Held;
use relay_wire::{DownFlags, DownHeader, Gain};

use crate::participant::ParticipantId;
use crate::room::Output;
use crate::time::Ptime;

/// Where a listener's packets come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feed {
    /// One talker's own packets, as they arrive.
    Forward(ParticipantId),
    /// The mix at this place in the room's list.
    Mix(usize),
}

/// A packet of a feed. Its timestamp is media time of the feed.
#[derive(Debug, Clone, Default)]
pub(crate) struct FeedPacket {
    pub timestamp: u32,
    pub capture_us: u32,
    /// How long it has been in the room, if that is known.
    pub held: Option<Held>,
    pub end: bool,
    pub pre_roll: bool,
    pub payload: Bytes,
}

/// What a room knows of a listener.
#[derive(Debug, Default)]
pub(crate) struct Listener {
    pub deafened: bool,
    /// What they are to hear.
    pub feed: Option<Feed>,
    /// What the last packet came from, and which life of its encoder; `None` in silence.
    pub following: Option<(Feed, u32)>,
    /// Added to the media time of the feed.
    pub offset: u32,
    /// Media time after the last packet.
    next_timestamp: u32,
    /// What they are to apply to what they follow.
    pub gain: Gain,
    epoch: u8,
    sequence: u16,
}

/// The way to one listener.
pub(crate) struct Addressed<'a> {
    pub id: ParticipantId,
    pub listener: &'a mut Listener,
    pub outputs: &'a mut VecDeque<Output>,
    pub ptime: Ptime,
}

impl Addressed<'_> {
    /// Sends a packet of the feed, and before it the primes where the encoder behind the stream changes.
    pub fn send<'a>(&mut self, feed: (Feed, u32), packet: &FeedPacket, primes: impl Iterator<Item = (u32, &'a Bytes)>) {
        let silent_before = self.listener.following.is_none();
        let new_epoch = self.listener.following != Some(feed);
        if new_epoch && packet.payload.is_empty() {
            // Of what is to be followed from now on nothing comes.
            return self.finish();
        }
        if new_epoch {
            self.listener.epoch = self.listener.epoch.wrapping_add(1);
            for (timestamp, payload) in primes {
                let flags = DownFlags { prime: true, ..DownFlags::default() };
                self.push(flags, &FeedPacket { timestamp, payload: payload.clone(), ..FeedPacket::default() });
            }
        }
        let flags = DownFlags {
            marker: silent_before,
            end: packet.end,
            prime: false,
            cross_fade: new_epoch && !silent_before,
            pre_roll: packet.pre_roll,
        };
        self.push(flags, packet);
        if !packet.payload.is_empty() {
            #[expect(clippy::cast_possible_truncation, reason = "a packet time")]
            let samples = self.ptime.samples() as u32;
            self.listener.next_timestamp = packet.timestamp.wrapping_add(self.listener.offset).wrapping_add(samples);
        }
        self.listener.following = if packet.end { None } else { Some(feed) };
    }

    /// Nothing more is coming of what they followed: the packet before was the last.
    pub fn finish(&mut self) {
        if self.listener.following.take().is_some() {
            let flags = DownFlags { end: true, ..DownFlags::default() };
            let timestamp = self.listener.next_timestamp.wrapping_sub(self.listener.offset);
            self.push(flags, &FeedPacket { timestamp, ..FeedPacket::default() });
        }
    }

    fn push(&mut self, flags: DownFlags, packet: &FeedPacket) {
        let header = DownHeader {
            flags,
            epoch: self.listener.epoch,
            sequence: self.listener.sequence,
            timestamp: packet.timestamp.wrapping_add(self.listener.offset),
            capture_us: packet.capture_us,
            gain_half_db: if flags.prime { 0 } else { self.listener.gain.half_db() },
            held: packet.held.map_or(0, Held::stamp),
        };
        self.listener.sequence = self.listener.sequence.wrapping_add(1);
        self.outputs.push_back(Output::Send(self.id, header, packet.payload.clone()));
    }
}

impl Listener {
    /// Media time of the feed they follow, up to which they were sent it.
    pub fn heard_until(&self) -> u32 {
        self.next_timestamp.wrapping_sub(self.offset)
    }

    /// The next packet, which has this media time in its feed, sounds as soon as it can: after silence, or where what
    /// was heard before has nothing to do with it. `clock` is the room's media time now.
    pub fn align_to_clock(&mut self, timestamp: u32, clock: u32) {
        let ahead = self.next_timestamp.wrapping_sub(clock).cast_signed() > 0;
        let start = if ahead { self.next_timestamp } else { clock };
        self.offset = start.wrapping_sub(timestamp);
    }

    /// A timeline does not lag behind the room's clock: a mix comes later than what was forwarded, and the time until
    /// it comes is missing.
    pub fn keep_up(&mut self, timestamp: u32, clock: u32) {
        let behind = clock.wrapping_sub(timestamp.wrapping_add(self.offset)).cast_signed();
        self.offset = self.offset.wrapping_add(behind.max(0).cast_unsigned());
    }

    /// The next packet, which has this media time in its feed, goes on where the last one ended.
    pub fn align_to_last(&mut self, timestamp: u32) {
        self.offset = self.next_timestamp.wrapping_sub(timestamp);
    }
}
