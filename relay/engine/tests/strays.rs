//! What is only half of what should come: a room falls silent all the same.

mod common;

use common::{Talker, signal};
use relay_engine::{Micros, Ptime};
use relay_wire::UpFlags;

const PRE_ROLL: UpFlags = UpFlags { marker: false, end: false, pre_roll: true, muted: false };

#[test]
fn pre_roll_that_nothing_follows_does_not_keep_a_room_busy() {
    let (mut world, codec) = common::world(4);
    for id in 1..=3 {
        world.input(Talker::new(id, &codec, Ptime::Ms20).packet(PRE_ROLL, signal(id)));
    }
    world.advance_to(Micros(2_000_000));
    assert_eq!(world.room.next_timeout(), None);
}
