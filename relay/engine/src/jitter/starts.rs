//! Where packets start in the signal that waits to be pulled.

use std::collections::VecDeque;

use super::Started;

/// The starts, in the order of their packets and of their places.
#[derive(Debug, Default)]
pub(super) struct Starts(VecDeque<Started>);

impl Starts {
    /// The next packet starts there, not before the one noted last.
    pub(super) fn note(&mut self, start: Started) {
        self.0.push_back(start);
        self.keep_order();
    }

    /// So many samples were put in before everything.
    pub(super) fn put_before(&mut self, samples: usize) {
        self.0.iter_mut().for_each(|start| start.offset += samples);
    }

    /// A period of so many samples was put in at the beginning: what starts in it is heard before it is repeated.
    pub(super) fn lengthen(&mut self, period: usize) {
        self.0.iter_mut().filter(|start| start.offset >= period).for_each(|start| start.offset += period);
    }

    /// A period of so many samples was taken out at the beginning, where the signal fades to what comes a period later.
    pub(super) fn shorten(&mut self, period: usize) {
        self.0.iter_mut().filter(|start| start.offset >= period).for_each(|start| start.offset -= period);
        self.keep_order();
    }

    /// Moves the starts within the samples that are given out now to `out`.
    pub(super) fn give_out(&mut self, samples: usize, out: &mut Vec<Started>) {
        let begun = self.0.partition_point(|start| start.offset < samples);
        out.extend(self.0.drain(..begun));
        self.0.iter_mut().for_each(|start| start.offset -= samples);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// What fades in may begin before what fades out: then the two start together.
    fn keep_order(&mut self) {
        let mut next = usize::MAX;
        for start in self.0.iter_mut().rev() {
            start.offset = start.offset.min(next);
            next = start.offset;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(offsets: &[usize]) -> Starts {
        let mut starts = Starts::default();
        for (timestamp, &offset) in (0..).zip(offsets) {
            starts.note(Started { timestamp, offset, concealed_samples: 0 });
        }
        starts
    }

    fn given(starts: &mut Starts, samples: usize) -> Vec<(i64, usize)> {
        let mut out = Vec::new();
        starts.give_out(samples, &mut out);
        out.iter().map(|start| (start.timestamp, start.offset)).collect()
    }

    #[test]
    fn each_start_is_given_out_once_with_its_place_in_the_pull() {
        let mut starts = starts(&[0, 480, 960]);
        assert_eq!(given(&mut starts, 480), [(0, 0)]);
        assert_eq!(given(&mut starts, 300), [(1, 0)]);
        assert_eq!(given(&mut starts, 300), [(2, 180)]);
        assert_eq!(given(&mut starts, 300), []);
    }

    #[test]
    fn starts_move_with_the_samples_before_them() {
        let mut starts = starts(&[100, 300, 700]);
        starts.put_before(50);
        starts.lengthen(200);
        starts.shorten(150);
        assert_eq!(given(&mut starts, 1000), [(0, 0), (1, 400), (2, 800)]);
    }

    #[test]
    fn no_start_comes_before_the_one_of_the_packet_before() {
        let mut starts = starts(&[100, 250, 600]);
        starts.shorten(200);
        assert_eq!(given(&mut starts, 60), [(0, 50), (1, 50)]);
        assert_eq!(given(&mut starts, 340), []);
        assert_eq!(given(&mut starts, 10), [(2, 0)]);
    }
}
