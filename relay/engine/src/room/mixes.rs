//! Each distinct mix of a tick, encoded once and sent to everyone who hears it.

use relay_wire::Gain;

use super::{Room, media_time};
use crate::codec::Codec;
use crate::listener::{Addressed, Feed, Listener};
use crate::mix::{Heard, Mix};
use crate::participant::Participant;
use crate::tick::Tick;
use crate::time::Micros;

impl<C: Codec + Clone> Room<C> {
    /// Encodes each distinct mix that somebody hears, once, and sends it to everyone who hears it.
    pub(super) fn send_mixes(&mut self, now: Micros, tick: &Tick) {
        let media = media_time(self.config.ptime, tick.number);
        for place in 0..self.places.len() {
            if self.places[place].listeners > 0 {
                let heard = if self.places[place].starts_with(tick) { self.heard_already(place, tick) } else { None };
                self.places[place].run(&self.past, tick, media, heard);
            }
        }
        let clock = self.media_time(now);
        for (&id, participant) in &mut self.participants {
            let listener = &mut participant.listener;
            let Some(Feed::Mix(place)) = listener.feed else { continue };
            let mix: &Mix<C> = &self.places[place];
            if mix.packet.is_some() {
                align_to_mix(listener, (media, clock), self.codec.delay_samples(), tick);
                listener.gain = Gain::UNITY;
            }
            let mut to = Addressed { id, listener, outputs: &mut self.outputs, ptime: self.config.ptime };
            match &mix.packet {
                Some(packet) => {
                    let primes = mix.primes(tick.number);
                    let primes = primes.map(|(number, payload)| (media_time(self.config.ptime, *number), payload));
                    to.send((Feed::Mix(place), mix.generation), packet, primes);
                }
                None => to.finish(),
            }
        }
    }

    /// What everyone who comes to a mix that starts has heard of one talker already: it was forwarded to them, and is to
    /// come again because a mix waits for its packets.
    fn heard_already(&self, place: usize, tick: &Tick) -> Option<Heard> {
        let listens = |p: &&Participant<C>| p.listener.feed == Some(Feed::Mix(place));
        self.participants.values().filter(listens).find_map(|p| match p.listener.following {
            Some((Feed::Forward(talker), _)) => {
                let until = p.listener.heard_until();
                tick.of(talker).filter(|c| is_after(until, c.position)).map(|_| Heard { talker, until })
            }
            _ => None,
        })
    }
}

/// Places a mix on a listener's timeline.
fn align_to_mix(listener: &mut Listener, (media, clock): (u32, u32), delay: u32, tick: &Tick) {
    match listener.following {
        None => listener.align_to_clock(media, clock),
        Some((Feed::Forward(talker), _)) => {
            // The mix says what that talker says, at the same media time, but for what was heard; its encoder delays it.
            match tick.of(talker).map(|c| c.position) {
                Some(position) => {
                    let until = listener.heard_until();
                    let position = if is_after(until, position) { until } else { position };
                    listener.offset = listener.offset.wrapping_add(position.wrapping_sub(media)).wrapping_sub(delay);
                    listener.keep_up(media, clock);
                }
                None => listener.align_to_last(media),
            }
        }
        Some((Feed::Mix(_), _)) => {}
    }
}

/// Whether one media time is later than another.
fn is_after(one: u32, other: u32) -> bool {
    one.wrapping_sub(other).cast_signed() > 0
}
