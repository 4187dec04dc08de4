//! Memory of a connection: rooms of ten, everyone has talked once.

use std::time::{Duration, Instant};

use anyhow::Result;
use benches::{
    crowd::Crowd,
    progress,
    relay_process::RelayProcess,
    report::{Context, Figures},
    usage::Usage,
    voice::Speech,
};

use crate::{
    load::{Load, PTIME, per_connection},
    receipts::Receipts,
};

const ROOM: usize = 10;
const FEW: usize = 50;
const MORE: usize = 1000;

/// How long each talks, in packets: a sentence.
const SENTENCE: u64 = 100;

/// The next in the room begins when half of the sentence is said: everyone is in a mix, and hears one without themselves.
const NEXT: Duration = Duration::from_millis(PTIME.ms() as u64 * SENTENCE / 2);

/// Rooms that talk at a time: memory is what counts here, not load.
const ROOMS_AT_A_TIME: usize = 10;

/// Between the last word and the look at the memory.
const SETTLE: Duration = Duration::from_secs(2);

/// Measures what the participants between 50 and 1050 add to the relay's memory.
///
/// # Errors
/// If the relay does not take them, or they hear nothing.
pub fn measure(context: &Context) -> Result<Figures> {
    let speech = Speech::read(PTIME)?;
    let mut crowd = Crowd::new();
    let relay = RelayProcess::start(context.programs()?, false, PTIME)?;
    let empty = Usage::of(relay.pid())?;
    let turns = (FEW / ROOM).div_ceil(ROOMS_AT_A_TIME) + (MORE / ROOM).div_ceil(ROOMS_AT_A_TIME);
    progress::while_running(context.case, (NEXT * (ROOM as u32 + 1)) * turns as u32 + SETTLE * 2, || {
        let few = all_talk_once(&relay, &mut crowd, &speech, FEW)?;
        let many = all_talk_once(&relay, &mut crowd, &speech, MORE)?;
        Ok(Figures::default()
            .with("participants", crowd.len() as f64)
            .with("rss_kib_per_connection", per_connection(few, many, MORE))
            .with("rss_kib_empty", empty.rss_kib as f64)
            .with("rss_kib_at_50", few.rss_kib as f64)
            .with("rss_kib_at_1050", many.rss_kib as f64))
    })
}

/// So many join, in rooms of ten, and talk; returns what the relay uses then.
fn all_talk_once(relay: &RelayProcess, crowd: &mut Crowd, speech: &Speech, newcomers: usize) -> Result<Usage> {
    let first = crowd.len();
    Load { rooms: newcomers / ROOM, ..Load::room(ROOM, 0) }.begin(relay, crowd, speech)?;
    let mut receipts = Receipts::new(crowd.len());
    let rooms: Vec<usize> = (first..crowd.len()).step_by(ROOM).collect();
    for rooms in rooms.chunks(ROOMS_AT_A_TIME) {
        for turn in 0..ROOM {
            let now = Instant::now();
            for talker in rooms.iter().map(|room| room + turn) {
                crowd.talk(talker, speech.voice(talker, now, Some(SENTENCE)));
            }
            crowd.run(now + NEXT, &mut receipts)?;
        }
        crowd.run(Instant::now() + NEXT, &mut receipts)?;
    }
    crowd.run(Instant::now() + SETTLE, &mut receipts)?;
    receipts.check_all_heard(first..crowd.len())?;
    Usage::of(relay.pid())
}
