//! Each distinct mix of a tick, encoded once and sent to everyone who hears it.

use super::{Room, media_time};
use crate::codec::Codec;
use crate::listener::{Addressed, Feed, FeedPacket, Listener};
use crate::mixer::Tick;
use crate::participant::{Participant, ParticipantId};
use crate::time::Micros;
use bytes::Bytes;

impl<C: Codec + Clone> Room<C> {
    /// Encodes each distinct mix that somebody hears, once, and sends it to everyone who hears it.
    pub(super) fn send_mixes(&mut self, now: Micros, tick: &Tick) {
        let hears_shared = |p: &Participant<C>| p.listener.feed == Some(Feed::Shared);
        let shared = (!tick.is_empty() && self.participants.values().any(hears_shared))
            .then(|| FeedPacket { payload: self.shared.encode(&self.past, tick, None), ..self.describe(tick, None) });
        let ids: Vec<ParticipantId> = self.participants.keys().copied().collect();
        let (positions, clock) = (self.positions(), self.media_time(now));
        for id in ids {
            let own_mix = self.participants.get(&id).is_some_and(|p| p.listener.feed == Some(Feed::MixMinus));
            let description = if own_mix { self.describe(tick, Some(id)) } else { FeedPacket::default() };
            let Some(participant) = self.participants.get_mut(&id) else { continue };
            let own;
            let (feed, packet, mix) = match participant.listener.feed {
                Some(Feed::Shared) => (Feed::Shared, shared.as_ref(), &self.shared),
                Some(Feed::MixMinus) => {
                    own = (tick.others(Some(id)) > 0).then(|| FeedPacket {
                        payload: participant.mix_minus.encode(&self.past, tick, Some(id)),
                        ..description
                    });
                    (Feed::MixMinus, own.as_ref(), &participant.mix_minus)
                }
                None | Some(Feed::Forward(_)) => continue,
            };
            let listener = &mut participant.listener;
            let media = media_time(self.config.ptime, tick.number);
            if packet.is_some() {
                align_to_mix(listener, (media, clock), self.codec.delay_samples(), &positions);
            }
            let mut to = Addressed { id, listener, outputs: &mut self.outputs, ptime: self.config.ptime };
            match packet {
                Some(packet) => {
                    let primes = mix.primes(tick.number);
                    let primes = primes.map(|(number, payload)| (media_time(self.config.ptime, *number), payload));
                    to.send((feed, mix.generation), packet, primes);
                }
                None => to.finish(),
            }
        }
    }

    /// Where in their own media time the talkers of this tick are.
    fn positions(&self) -> Vec<(ParticipantId, u32)> {
        let contributing = self.participants.iter().filter(|(_, p)| p.talker.contributes);
        contributing.map(|(&id, p)| (id, p.talker.position)).collect()
    }

    /// What a mix of this tick without one participant is, but for its payload.
    fn describe(&self, tick: &Tick, except: Option<ParticipantId>) -> FeedPacket {
        let others = || self.participants.iter().filter(|(id, p)| p.talker.contributes && Some(**id) != except);
        let loudest = others().min_by_key(|(_, p)| p.talker.level);
        FeedPacket {
            timestamp: media_time(self.config.ptime, tick.number),
            capture_us: loudest.map_or(0, |(_, p)| p.talker.pulled.capture_us),
            end: others().all(|(_, p)| p.talker.pulled.ends),
            pre_roll: false,
            payload: Bytes::new(),
        }
    }
}

/// Places a mix on a listener's timeline.
fn align_to_mix(listener: &mut Listener, (media, clock): (u32, u32), delay: u32, positions: &[(ParticipantId, u32)]) {
    match listener.following {
        None => listener.align_to_clock(media, clock),
        Some((Feed::Forward(talker), _)) => {
            // The mix says what that talker says, at the same media time; its encoder delays it.
            match positions.iter().find(|(id, _)| *id == talker) {
                Some((_, position)) => {
                    listener.offset = listener.offset.wrapping_add(position.wrapping_sub(media)).wrapping_sub(delay);
                    listener.keep_up(media, clock);
                }
                None => listener.align_to_last(media),
            }
        }
        Some((Feed::Shared | Feed::MixMinus, _)) => {}
    }
}
