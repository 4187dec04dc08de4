//! When to pull the next frame from the jitter buffer.

use relay_engine::Micros;
use relay_engine::time::us_to_samples;

/// One pull.
pub const FRAME_SAMPLES: usize = 480;
/// Time between two pulls.
pub const FRAME_US: u64 = 10_000;

/// The first packet of a talkspurt waits so long for its pull, or longer if the jitter buffer wants that: what a thread
/// of a machine that is not quite idle may be late.
const MARGIN_US: u64 = 4_000;

/// A talkspurt that has not begun after so many pulls will not.
const PATIENCE: u32 = 5;

/// The deadlines of the pulls: every 10 ms from the start on.
///
/// On that grid a packet would come anywhere between two pulls and wait up to 10 ms for the next, or be almost too late
/// for it, for as long as the talkspurt lasts. So where the sink has no clock of its own, a talkspurt chooses the phase
/// of its pulls by its first packet. Afterwards, in silence, the pulls return to the grid: over all, as much is pulled
/// as time has passed.
#[derive(Debug)]
pub struct Pulls {
    start: Micros,
    next: Micros,
    /// Frames pulled.
    count: u64,
    /// Whether the phase may be chosen at all.
    free: bool,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// On the grid; nothing sounds.
    Silent,
    /// The phase is chosen; so many pulls ago.
    Begun(u32),
    /// Something sounds.
    Talking,
}

impl Pulls {
    /// Deadlines from that time on; `free` where nobody minds that a frame comes a few milliseconds early or late.
    #[must_use]
    pub fn new(start: Micros, free: bool) -> Self {
        Self { start, next: start, count: 0, free, state: State::Silent }
    }

    /// When to pull.
    #[must_use]
    pub fn next(&self) -> Micros {
        self.next
    }

    /// Frames pulled so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Samples of the next frame to keep, so that no more is kept than fits until `stop`.
    #[must_use]
    pub fn length_until(&self, stop: Micros) -> usize {
        // `stop` may be never, which is no signed number.
        let left_us = stop.since(self.on_grid()).min(FRAME_US);
        usize::try_from(us_to_samples(left_us.cast_signed())).unwrap_or(FRAME_SAMPLES)
    }

    /// A packet arrived, and the jitter buffer wants it to wait for so long.
    pub fn packet_came(&mut self, arrived: Micros, target_us: i64) {
        if !self.free || self.state != State::Silent {
            return;
        }
        let margin_us = u64::try_from(target_us).unwrap_or(0).max(MARGIN_US);
        self.next = (arrived + margin_us).clamp(self.next - FRAME_US, self.next + FRAME_US);
        self.state = State::Begun(0);
    }

    /// A frame was pulled, and something sounded in it or not.
    pub fn pulled(&mut self, active: bool) {
        self.count += 1;
        self.next = self.next + FRAME_US;
        self.state = match self.state {
            _ if active => State::Talking,
            State::Begun(pulls) if pulls < PATIENCE => State::Begun(pulls + 1),
            _ => State::Silent,
        };
        if self.state == State::Silent {
            self.next = self.on_grid();
        }
    }

    fn on_grid(&self) -> Micros {
        self.start + self.count * FRAME_US
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Micros = Micros(1_000_000);

    #[test]
    fn in_silence_pulls_are_on_the_grid() {
        let mut pulls = Pulls::new(START, true);
        for frame in 0..100 {
            assert_eq!(pulls.next(), START + frame * FRAME_US);
            pulls.pulled(false);
        }
    }

    #[test]
    fn a_talkspurt_is_pulled_a_margin_after_its_first_packet_came_and_silence_returns_to_the_grid() {
        for arrived_us in [200, 3_000, 7_000, 9_900] {
            let mut pulls = Pulls::new(START, true);
            pulls.pulled(false);
            pulls.packet_came(START + arrived_us, 1_000);
            for frame in 0..50 {
                assert_eq!(pulls.next(), START + arrived_us + MARGIN_US + frame * FRAME_US);
                pulls.packet_came(pulls.next() - 1, 1_000);
                pulls.pulled(true);
            }
            pulls.pulled(false);
            assert_eq!(pulls.next(), START + 52 * FRAME_US);
        }
    }

    #[test]
    fn a_jitter_buffer_that_wants_more_gets_it_up_to_a_frame() {
        let mut pulls = Pulls::new(START, true);
        pulls.pulled(false);
        pulls.packet_came(START + 1_000, 60_000);
        assert_eq!(pulls.next(), START + 2 * FRAME_US);
    }

    #[test]
    fn a_device_has_a_clock_of_its_own() {
        let mut pulls = Pulls::new(START, false);
        pulls.pulled(false);
        pulls.packet_came(START + 1_000, 1_000);
        assert_eq!(pulls.next(), START + FRAME_US);
    }

    #[test]
    fn a_talkspurt_that_does_not_begin_is_forgotten() {
        let mut pulls = Pulls::new(START, true);
        pulls.packet_came(START - 3_000, 1_000);
        for _ in 0..10 {
            pulls.pulled(false);
        }
        assert_eq!(pulls.next(), START + 10 * FRAME_US);
    }

    #[test]
    fn as_much_is_kept_as_time_has_passed() {
        let mut pulls = Pulls::new(START, true);
        let stop = START + 25_000;
        let mut kept = 0;
        while pulls.next() < stop {
            kept += pulls.length_until(stop);
            pulls.pulled(false);
        }
        assert_eq!(kept, 1_200);
        assert_eq!(pulls.length_until(Micros(u64::MAX)), FRAME_SAMPLES);
    }
}
