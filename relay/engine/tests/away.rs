//! Proves what becomes of a participant whose link is gone for a while: no talk slot, no audio, the same gains after.

mod common;

use std::collections::BTreeSet;

use common::{PcmCodec, Talker, from_pcm, steady::Steady};
use relay_engine::{Input, Output, ParticipantId, Ptime};
use relay_wire::Gain;

/// Talkers who say constants, until somebody of them is away.
struct Talk(Steady);

impl Talk {
    fn new(participants: u32, talking: u32) -> Self {
        Self(Steady::new(participants, talking))
    }

    fn away(&mut self, id: u32) {
        self.0.talkers.retain(|talker| talker.id.0 != id);
        self.0.world.input(Input::Away(ParticipantId(id), true));
    }

    fn back(&mut self, id: u32) {
        self.0.world.input(Input::Away(ParticipantId(id), false));
    }

    fn said(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.0.world.said)
    }
}

#[test]
fn whoever_is_away_gives_the_talk_slot_to_the_next_at_once() {
    let mut talk = Talk::new(6, 5);
    talk.0.run(30);
    let heard = |said: Vec<Output>, heard: BTreeSet<u32>| {
        said.into_iter().fold(heard, |mut heard, output| {
            match output {
                Output::Talking(id, true) => _ = heard.insert(id.0),
                Output::Talking(id, false) => _ = heard.remove(&id.0),
                other => panic!("{other:?}"),
            }
            heard
        })
    };
    let four = heard(talk.said(), BTreeSet::new());
    assert_eq!(four, [2, 3, 4, 5].into(), "the softest is one too many");
    talk.away(5);
    assert_eq!(heard(talk.said(), four), [1, 2, 3, 4].into());
    talk.0.run(20);
    let (_, payload) = talk.0.world.playable(6).pop().expect("something was sent");
    assert_eq!(from_pcm(&payload)[0], 100 + 200 + 400 + 800);
}

#[test]
fn nothing_is_sent_to_who_is_away_and_all_of_it_to_who_is_back() {
    let mut talk = Talk::new(3, 2);
    talk.0.run(20);
    talk.away(3);
    let before = talk.0.world.sent[&ParticipantId(3)].len();
    talk.0.run(20);
    assert_eq!(talk.0.world.sent[&ParticipantId(3)].len(), before);
    talk.back(3);
    talk.0.run(20);
    assert_eq!(talk.0.world.sent[&ParticipantId(3)][before].1.sequence, 0, "a new session's numbers begin anew");
    assert!(talk.0.world.sent[&ParticipantId(3)].len() >= before + 18);
}

#[test]
fn gains_for_and_of_who_was_away_are_as_before() {
    let mut talk = Talk::new(4, 2);
    let gain = Gain::from_db(-20.0);
    talk.0.world.input(Input::Gain(ParticipantId(3), ParticipantId(1), gain));
    talk.0.world.input(Input::Gain(ParticipantId(4), ParticipantId(2), Gain::MUTE));
    let codec = PcmCodec::default();
    for id in [1, 4] {
        talk.away(id);
        talk.0.run(20);
        talk.back(id);
    }
    talk.0.talkers.push(Talker::new(1, &codec, Ptime::Ms20));
    talk.0.run(30);
    let last = |talk: &Talk, id| from_pcm(&talk.0.world.playable(id).pop().expect("something was sent").1)[0];
    assert_eq!(last(&talk, 3), 10 + 200, "the first softer");
    assert_eq!(last(&talk, 4), 100, "the first alone");
}

#[test]
fn being_away_again_and_again_changes_nothing_for_the_others() {
    let mut talk = Talk::new(3, 1);
    talk.0.run(10);
    for _ in 0..5 {
        talk.away(2);
        talk.away(2);
        talk.0.run(1);
        talk.back(2);
        talk.0.run(1);
    }
    let sequences: Vec<u16> = talk.0.world.playable(3).iter().map(|(header, _)| header.sequence).collect();
    assert!(sequences.iter().copied().eq(0..20), "{sequences:?}");
    // Somebody unknown is nobody's business.
    talk.away(9);
    assert_eq!(talk.0.world.room.participants(), 3);
}
