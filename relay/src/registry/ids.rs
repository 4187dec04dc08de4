//! The numbers of a room's participants: never given to somebody else while the room lives.

use std::collections::BTreeSet;

/// Which numbers are taken, and which may be.
#[derive(Debug, Default)]
pub struct Ids {
    taken: BTreeSet<u32>,
    /// The highest ever taken.
    last: u32,
    /// The lowest given to somebody who had none; those above were given by this room or are not taken yet.
    first_new: Option<u32>,
}

impl Ids {
    /// A number nobody had.
    pub fn take_new(&mut self) -> u32 {
        self.last += 1;
        self.first_new.get_or_insert(self.last);
        self.taken.insert(self.last);
        self.last
    }

    /// The number somebody had in an earlier life of the room, or a new one where it may have become somebody else's.
    pub fn take_again(&mut self, wanted: u32) -> u32 {
        let unused = wanted > self.last || self.first_new.is_none_or(|first| wanted < first);
        // The highest number would leave none to come.
        if wanted == 0 || wanted == u32::MAX || !unused || !self.taken.insert(wanted) {
            return self.take_new();
        }
        self.last = self.last.max(wanted);
        wanted
    }

    /// Its holder has left.
    pub fn free(&mut self, id: u32) {
        self.taken.remove(&id);
    }

    /// How many are taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.taken.len()
    }

    /// Whether none is taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_back_to_a_new_life_of_the_room_keeps_the_number_in_any_order() {
        let mut ids = Ids::default();
        assert_eq!([5, 3, 1].map(|id| ids.take_again(id)), [5, 3, 1]);
        assert_eq!((ids.take_new(), ids.take_again(2), ids.len()), (6, 2, 5));
    }

    #[test]
    fn no_number_is_given_to_two() {
        let mut ids = Ids::default();
        assert_eq!(ids.take_new(), 1);
        assert_eq!(ids.take_again(1), 2, "taken");
        ids.free(1);
        assert_eq!(ids.take_again(1), 3, "was somebody else's");
        assert_eq!(ids.take_again(9), 9);
        assert_eq!(ids.take_again(9), 10);
        assert_eq!((ids.take_again(0), ids.take_again(u32::MAX)), (11, 12));
    }
}
