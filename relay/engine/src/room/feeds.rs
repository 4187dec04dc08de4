//! Who hears which feed, and the seams between them.

use relay_wire::Gain;
use relay_wire::audio::Held;

use super::Room;
use crate::codec::Codec;
use crate::jitter::{PRIMES, Packet};
use crate::listener::{Addressed, Feed, FeedPacket};
use crate::mix::MixKey;
use crate::participant::{Participant, ParticipantId};
use crate::time::Micros;

/// A packet that is further ahead of the one before than this, 1 s, does not go on with it: the timeline would leave the clock.
const MAX_AHEAD: i32 = 48_000;

/// The life of an encoder that a listener is not yet listening to, though placed on their timeline.
const UNDECODED: u32 = u32::MAX;

impl<C: Codec + Clone> Room<C> {
    /// Decides who is heard and what everyone hears, after somebody began or stopped talking, came or left.
    pub(super) fn regroup(&mut self, now: Micros) {
        self.ranking.clear();
        for (&id, participant) in self.participants.iter().filter(|(_, p)| p.talker.on_air) {
            self.ranking.enter(id, participant.talker.standing, now);
        }
        self.ranking.keep(self.config.max_talkers);
        let number = self.grid.reached(now);
        self.heard.clear();
        self.lingering.clear();
        for (&id, participant) in &mut self.participants {
            let talker = &mut participant.talker;
            talker.standing.set_selected(self.ranking.contains(id), now);
            if talker.standing.is_selected() {
                self.heard.push(id);
            }
            if self.heard.last() == Some(&id) || talker.lingers(number) {
                self.lingering.push(id);
            }
        }
        self.places.begin_anew();
        self.forwards = false;
        for (&id, participant) in &mut self.participants {
            let feed = wanted_feed(id, participant, &self.heard, &self.lingering, &mut self.key);
            let before = participant.listener.feed;
            let feed = feed.map(|feed| match feed {
                Wanted::Forward(from) => Feed::Forward(from),
                Wanted::Mix => {
                    let from = if let Some(Feed::Mix(place)) = before { Some(place) } else { None };
                    Feed::Mix(self.places.give(&self.key, id, from, &self.past))
                }
            });
            self.forwards |= matches!(feed, Some(Feed::Forward(_)));
            participant.listener.feed = feed;
            if let (Some(Feed::Mix(_)), Some(Feed::Forward(from))) = (before, feed) {
                self.moved.push((id, from));
            }
        }
        self.leave_mixes();
        self.engage_for_mixes();
        self.finish_gone();
        self.announce();
    }

    /// Gives the listeners who leave a mix for its last talker what that talker's jitter buffer still holds.
    fn leave_mixes(&mut self) {
        while let Some((id, from)) = self.moved.pop() {
            let Some(talker) = self.participants.get(&from).map(|p| &p.talker).filter(|t| t.plays) else { continue };
            let gain = talker.gain();
            // The encoder of the mix has not yet let out the last of what was pulled.
            let delay = self.codec.delay_samples();
            let mixed = |p: &Participant<C>| matches!(p.listener.following, Some((Feed::Mix(_), _)));
            let back = if self.participants.get(&id).is_some_and(mixed) { delay } else { 0 };
            let position = talker.jitter.position().wrapping_sub(back);
            let unplayed: Vec<Packet> = talker.jitter.unplayed(back).cloned().collect();
            let primes: Vec<Packet> = talker.jitter.primes(back).cloned().collect();
            let clock = self.media_time(self.now);
            let Some(participant) = self.participants.get_mut(&id) else { continue };
            let personal = participant.gain_of(from);
            let listener = &mut participant.listener;
            listener.gain = gain.and(personal);
            match listener.following {
                // The mix that was to come did not start.
                Some((Feed::Forward(followed), _)) if followed == from => {}
                Some((Feed::Mix(_), _)) => {
                    listener.align_to_last(position);
                    listener.following = Some((Feed::Forward(from), UNDECODED));
                }
                // Nothing was heard of the first packet, so all of it is to be.
                _ => listener.align_to_clock(unplayed.first().map_or(position, |first| first.timestamp), clock),
            }
            let mut to = Addressed { id, listener, outputs: &mut self.outputs, ptime: self.config.ptime };
            for packet in &unplayed {
                let primes = primes.iter().map(|p| (p.timestamp, &p.payload));
                to.send((Feed::Forward(from), 0), &packet.into(), primes);
            }
        }
    }

    /// Starts and stops the jitter buffers that mixes need.
    fn engage_for_mixes(&mut self) {
        let mixes = self.places.any_heard();
        for (id, participant) in &mut self.participants {
            participant.talker.set_plays(mixes && self.heard.contains(id));
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
        let feed = FeedPacket { held: Some(Held::default()), ..FeedPacket::from(packet) };
        let Some(talker) = self.participants.get(&from).map(|p| &p.talker) else { return };
        let clock = self.media_time(talker.jitter.expected(now, packet));
        let gain = talker.gain();
        let follows = (Feed::Forward(from), 0);
        let comes = |p: &Participant<C>| p.listener.feed == Some(follows.0) && p.listener.following != Some(follows);
        let mut primes = Vec::new();
        if self.participants.values().any(comes) {
            // Where it plays, for others, the packet waits in the buffer; where it passed, it is the last of the recent.
            let before =
                |p: &&Packet| !p.payload.is_empty() && p.timestamp.wrapping_sub(packet.timestamp).cast_signed() < 0;
            primes.extend(talker.jitter.last_packets().filter(before).cloned());
            primes.drain(..primes.len().saturating_sub(PRIMES));
        }
        for (&id, participant) in &mut self.participants {
            let personal = participant.gain_of(from);
            let listener = &mut participant.listener;
            if listener.feed != Some(follows.0) {
                continue;
            }
            listener.gain = gain.and(personal);
            let goes_on = listener.following == Some(follows);
            let ahead = packet.timestamp.wrapping_sub(listener.heard_until()).cast_signed();
            let may_follow = 1 - 48 * self.config.ptime.ms().cast_signed()..MAX_AHEAD;
            let is_near = listener.following.is_some_and(|(feed, _)| feed == follows.0) && may_follow.contains(&ahead);
            let mut to = Addressed { id, listener, outputs: &mut self.outputs, ptime: self.config.ptime };
            if packet.payload.is_empty() {
                if goes_on {
                    to.finish();
                }
                continue;
            }
            // It was sent, or what comes after it.
            if goes_on && ahead < 0 {
                continue;
            }
            if !is_near {
                if goes_on {
                    to.finish();
                }
                to.listener.align_to_clock(packet.timestamp, clock);
            }
            to.send(follows, &feed, primes.iter().map(|p| (p.timestamp, &p.payload)));
        }
    }
}

/// What somebody is to hear.
enum Wanted {
    Forward(ParticipantId),
    Mix,
}

/// What a participant is to hear; for a mix, `key` becomes what makes it distinct.
fn wanted_feed<C: Codec + Clone>(
    id: ParticipantId,
    participant: &Participant<C>,
    heard: &[ParticipantId],
    lingering: &[ParticipantId],
    key: &mut MixKey,
) -> Option<Wanted> {
    let gain = |who: ParticipantId| if who == id { Gain::MUTE } else { participant.gain_of(who) };
    let mut audible = heard.iter().filter(|who| gain(**who) != Gain::MUTE);
    let first = *audible.next().filter(|_| !participant.listener.deafened)?;
    if audible.next().is_none() {
        return Some(Wanted::Forward(first));
    }
    key.clear();
    lingering.iter().for_each(|&who| key.set(who, gain(who)));
    Some(Wanted::Mix)
}
