//! Which mix is where: a mix has a place in a list, and a listener hears the place.

use std::collections::VecDeque;
use std::ops::{Index, IndexMut};

use crate::codec::Codec;
use crate::mix::{Mix, MixKey};
use crate::participant::ParticipantId;
use crate::tick::Tick;

/// The mixes of a room.
#[derive(Debug)]
pub(crate) struct Places<C: Codec> {
    mixes: Vec<Mix<C>>,
    /// How many distinct mixes there may be. Those without one listener each, and nothing else, come on top.
    most: usize,
    codec: C,
}

impl<C: Codec + Clone> Places<C> {
    pub fn new(most: usize, codec: C) -> Self {
        Self { mixes: Vec::new(), most, codec }
    }

    /// Forgets every mix, and gives their memory back.
    pub fn clear(&mut self) {
        self.mixes = Vec::new();
    }

    pub fn len(&self) -> usize {
        self.mixes.len()
    }

    /// Whether somebody hears a mix.
    pub fn any_heard(&self) -> bool {
        self.mixes.iter().any(|mix| mix.listeners > 0)
    }

    /// Everybody is about to be given a place anew.
    pub fn begin_anew(&mut self) {
        for mix in &mut self.mixes {
            mix.listened = std::mem::take(&mut mix.listeners);
        }
    }

    /// Gives a listener, who heard the mix at place `from`, the one with that key. Where there are too many, the one that is
    /// without the listener alone.
    pub fn give(&mut self, key: &MixKey, listener: ParticipantId, from: Option<usize>, past: &VecDeque<Tick>) -> usize {
        let taken = self.mixes.iter().position(|mix| !mix.is_free() && mix.key == *key);
        let place = taken.or_else(|| self.carry_on(key, from, past)).unwrap_or_else(|| self.make(key, listener));
        self.mixes[place].listeners += 1;
        place
    }

    /// The mix that a listener had for themselves becomes theirs under another key, if all that was said in it of late
    /// sounds the same under both: the encoder goes on, and there is no seam. So it is with whoever comes among those who
    /// are heard, or goes.
    fn carry_on(&mut self, key: &MixKey, from: Option<usize>, past: &VecDeque<Tick>) -> Option<usize> {
        let place = from?;
        let mix = &mut self.mixes[place];
        let alone = mix.listened == 1 && mix.listeners == 0;
        if !alone || past.iter().any(|tick| !tick.is_the_same_to(&mix.key, key)) {
            return None;
        }
        mix.key = key.clone();
        Some(place)
    }

    fn make(&mut self, key: &MixKey, listener: ParticipantId) -> usize {
        let free = self.mixes.iter().position(Mix::is_free);
        let mut key = key.clone();
        if free.is_none() && self.mixes.len() >= self.most {
            key = key.only(listener);
            if let Some(place) = self.mixes.iter().position(|mix| mix.key == key) {
                return place;
            }
        }
        let place = free.unwrap_or_else(|| {
            self.mixes.push(Mix::new(self.codec.clone()));
            self.mixes.len() - 1
        });
        self.mixes[place].become_another(key);
        place
    }
}

impl<C: Codec> Index<usize> for Places<C> {
    type Output = Mix<C>;
    fn index(&self, place: usize) -> &Mix<C> {
        &self.mixes[place]
    }
}

impl<C: Codec> IndexMut<usize> for Places<C> {
    fn index_mut(&mut self, place: usize) -> &mut Mix<C> {
        &mut self.mixes[place]
    }
}
