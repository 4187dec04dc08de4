//! Who hears which feed, and the seams between them.

use super::Room;
use crate::codec::Codec;
use crate::jitter::{PRIMES, Packet};
use crate::listener::{Addressed, Feed, FeedPacket};
use crate::participant::{Participant, ParticipantId};
use crate::select::{Standing, select};
use crate::time::Micros;

/// The life of an encoder that a listener is not yet listening to, though placed on their timeline.
const UNDECODED: u32 = u32::MAX;

impl<C: Codec + Clone> Room<C> {
    /// Decides who is heard and what everyone hears, after somebody began or stopped talking, came or left.
    pub(super) fn regroup(&mut self, now: Micros) {
        let mut candidates: Vec<&mut Standing> =
            self.participants.values_mut().filter(|p| p.talker.on_air).map(|p| &mut p.talker.standing).collect();
        select(&mut candidates, self.config.max_talkers, now);
        let heard: Vec<ParticipantId> = self.heard().collect();
        let number = now.since(self.grid) / self.config.ptime.micros();
        let forwards = self.participants.len() <= self.config.forward_up_to;
        let mut moved = Vec::new();
        for (id, participant) in &mut self.participants {
            let mut others = heard.iter().filter(|who| *who != id);
            let mixed = if participant.talker.keeps_mix_minus(number) || heard.contains(id) {
                Feed::MixMinus
            } else {
                Feed::Shared
            };
            let feed = match (others.next(), others.next()) {
                _ if participant.listener.deafened => None,
                (None, _) => None,
                (Some(&one), None) if forwards => Some(Feed::Forward(one)),
                (Some(_), _) => Some(mixed),
            };
            let before = std::mem::replace(&mut participant.listener.feed, feed);
            if let (Some(Feed::Shared | Feed::MixMinus), Some(Feed::Forward(from))) = (before, feed) {
                moved.push((*id, from));
            }
        }
        self.leave_mixes(&moved);
        self.engage_for_mixes(&heard);
        self.finish_gone();
        self.announce();
    }

    /// Who is heard: in a talkspurt, and selected.
    fn heard(&self) -> impl Iterator<Item = ParticipantId> {
        let heard = self.participants.iter().filter(|(_, p)| p.talker.on_air && p.talker.standing.is_selected());
        heard.map(|(&id, _)| id)
    }

    /// Gives the listeners who leave a mix for its last talker what that talker's jitter buffer still holds.
    fn leave_mixes(&mut self, moved: &[(ParticipantId, ParticipantId)]) {
        for &(id, from) in moved {
            let Some(talker) = self.participants.get(&from).map(|p| &p.talker).filter(|t| t.plays) else { continue };
            // The encoder of the mix has not yet let out the last of what was pulled.
            let delay = self.codec.delay_samples();
            let mixed = |p: &Participant<C>| matches!(p.listener.following, Some((Feed::Shared | Feed::MixMinus, _)));
            let back = if self.participants.get(&id).is_some_and(mixed) { delay } else { 0 };
            let position = talker.jitter.position().wrapping_sub(back);
            let unplayed: Vec<Packet> = talker.jitter.unplayed(back).cloned().collect();
            let primes: Vec<Packet> = talker.jitter.primes(back).cloned().collect();
            let clock = self.media_time(self.now);
            let Some(listener) = self.participants.get_mut(&id).map(|p| &mut p.listener) else { continue };
            match listener.following {
                // The mix that was to come did not start.
                Some((Feed::Forward(followed), _)) if followed == from => {}
                Some((Feed::Shared | Feed::MixMinus, _)) => {
                    listener.align_to_last(position);
                    listener.following = Some((Feed::Forward(from), UNDECODED));
                }
                _ => listener.align_to_clock(position, clock),
            }
            let mut to = Addressed { id, listener, outputs: &mut self.outputs, ptime: self.config.ptime };
            for packet in &unplayed {
                let primes = primes.iter().map(|p| (p.timestamp, &p.payload));
                to.send((Feed::Forward(from), 0), &packet.into(), primes);
            }
        }
    }

    /// Starts and stops the jitter buffers that mixes need.
    fn engage_for_mixes(&mut self, heard: &[ParticipantId]) {
        let mixes = self.participants.values().any(|p| matches!(p.listener.feed, Some(Feed::Shared | Feed::MixMinus)));
        for (id, participant) in &mut self.participants {
            let talker = &mut participant.talker;
            let needed = mixes && heard.contains(id);
            if needed && !talker.plays {
                let frames = talker.jitter.engage();
                talker.forwarded = if talker.in_mid_talkspurt() { frames } else { Vec::new() };
            } else if !needed && talker.plays {
                talker.jitter.release();
                talker.rest();
            }
            talker.plays = needed;
        }
    }

    /// Ends what listeners heard until now, where nothing of what they are to hear goes on from there.
    fn finish_gone(&mut self) {
        for (&id, participant) in &mut self.participants {
            let listener = &mut participant.listener;
            let gone = match (listener.feed, listener.following) {
                (None, _) => true,
                (Some(Feed::Forward(wanted)), Some((followed, _))) => followed != Feed::Forward(wanted),
                _ => false,
            };
            if gone {
                Addressed { id, listener, outputs: &mut self.outputs, ptime: self.config.ptime }.finish();
            }
        }
    }

    /// The talker's media time jumped: what follows has nothing to do with what was forwarded until now.
    pub(super) fn cut_off(&mut self, from: ParticipantId) {
        for (&id, participant) in &mut self.participants {
            let listener = &mut participant.listener;
            if matches!(listener.following, Some((Feed::Forward(followed), _)) if followed == from) {
                Addressed { id, listener, outputs: &mut self.outputs, ptime: self.config.ptime }.finish();
            }
        }
    }

    /// Sends a packet on to everyone whose mix is this talker alone.
    pub(super) fn forward(&mut self, now: Micros, from: ParticipantId, packet: &Packet) {
        let feed = FeedPacket::from(packet);
        let Some(talker) = self.participants.get(&from).map(|p| &p.talker) else { return };
        let clock = self.media_time(talker.jitter.expected(now, packet));
        // Where it plays, for others, the packet waits in the buffer; where it passed, it is the last of the recent.
        let before = |p: &&Packet| p.timestamp.wrapping_sub(packet.timestamp).cast_signed() < 0;
        let primes: Vec<Packet> = talker.jitter.last_packets().filter(before).cloned().collect();
        let primes = &primes[primes.len().saturating_sub(PRIMES)..];
        for (&id, participant) in &mut self.participants {
            let listener = &mut participant.listener;
            if listener.feed != Some(Feed::Forward(from)) {
                continue;
            }
            let follows = (Feed::Forward(from), 0);
            if packet.payload.is_empty() && listener.following != Some(follows) {
                continue;
            }
            if listener.following.is_none_or(|(feed, _)| feed != follows.0) {
                listener.align_to_clock(packet.timestamp, clock);
            }
            let mut to = Addressed { id, listener, outputs: &mut self.outputs, ptime: self.config.ptime };
            to.send(follows, &feed, primes.iter().map(|p| (p.timestamp, &p.payload)));
        }
    }
}
