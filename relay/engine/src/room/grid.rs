//! When the ticks of a room are: a packet time apart, and now and then a little less or more.

use crate::time::{Micros, Ptime};

/// The ticks of a room, numbered.
#[derive(Debug)]
pub(super) struct Grid {
    packet_us: u64,
    /// One tick and its time; those after it follow in steps of the packet time.
    number: u64,
    at: Micros,
}

/// From one tick to the next they move by at most this fraction of a packet time: listeners take that for the drift of a
/// clock.
const LITTLE: u64 = 50;

impl Grid {
    pub fn new(ptime: Ptime, now: Micros) -> Self {
        Self { packet_us: ptime.micros(), number: 0, at: now }
    }

    /// Time of a tick that is not before the last one moved.
    pub fn time_of(&self, tick: u64) -> Micros {
        self.at + tick.saturating_sub(self.number) * self.packet_us
    }

    /// Number of the last tick at or before `now`.
    pub fn reached(&self, now: Micros) -> u64 {
        self.number + now.since(self.at) / self.packet_us
    }

    /// Moves a tick, and those after it with it.
    pub fn set(&mut self, tick: u64, at: Micros) {
        (self.number, self.at) = (tick, at);
    }

    /// Lets the ticks after this one come earlier by `spare_us`, but little by little.
    pub fn draw_nearer(&mut self, tick: u64, spare_us: u64) {
        let at = self.time_of(tick) - spare_us.min(self.packet_us / LITTLE);
        (self.number, self.at) = (tick, at);
    }

    /// Lets the ticks after this one come later, as slowly.
    pub fn put_off(&mut self, tick: u64, by_us: u64) {
        let at = self.time_of(tick) + by_us.min(self.packet_us / LITTLE);
        (self.number, self.at) = (tick, at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_a_packet_time_apart_until_they_are_moved() {
        let mut grid = Grid::new(Ptime::Ms20, Micros(1_000));
        assert_eq!((grid.time_of(0), grid.time_of(3)), (Micros(1_000), Micros(61_000)));
        assert_eq!((grid.reached(Micros(60_999)), grid.reached(Micros(61_000))), (2, 3));
        grid.set(4, Micros(75_000));
        assert_eq!((grid.time_of(4), grid.time_of(5)), (Micros(75_000), Micros(95_000)));
        grid.draw_nearer(4, 300);
        assert_eq!(grid.time_of(5), Micros(94_700));
        grid.draw_nearer(5, 5_000);
        assert_eq!(grid.time_of(6), Micros(114_300), "two percent at most");
    }
}
