//! A steady tone through the mix under jitter: how much of it a listener on a fixed clock hears undamaged.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use benches::{
    client::Client,
    drive,
    listener::{self, FixedClock},
    progress,
    relay_process::RelayProcess,
    report::Context,
    rng::Rng,
    slots::{self, SLOT, TONE_HZ},
    speech,
    talker::{self, Numbering, Talkspurt},
    tone,
};
use relay_engine::Ptime;

use crate::program::SOUGHT_HZ;

const WARM_UP: Duration = Duration::from_secs(3);
const SLOTS: usize = 1500;
const TONE_DBFS: f32 = -14.0;
const SPEECH_DBFS: f32 = -40.0;

/// What a listener waits before it plays the fastest packet: one packet time, since the relay sends on a clock.
const PREBUFFER: Duration = Duration::from_millis(20);

/// A steady level below this is no tone.
const TONE_FLOOR_DBFS: f32 = -34.0;

/// Between joining and the first packet.
const SETTLE: Duration = Duration::from_millis(500);

/// What the listener heard.
pub struct Damage {
    /// Slots with a damaged window.
    pub bad: usize,
    /// All slots.
    pub total: usize,
    /// Packets that came after the time to play them.
    pub late: usize,
}

/// One sends the tone, two send quiet speech, all with jitter; a fourth listens.
///
/// # Errors
/// If the relay does not do its part, or no tone comes through.
pub fn measure(context: &Context, jitter: Duration) -> Result<Damage> {
    let ptime = Ptime::Ms20;
    // A second more than is evaluated, so that the end of the talkspurt is not.
    let length = WARM_UP + Duration::from_millis(20) * SLOTS as u32 + Duration::from_secs(1);
    let samples = length.as_millis() as usize * 48;
    let signals = [
        tone::sine(TONE_HZ, tone::amplitude(TONE_DBFS), samples),
        speech::without_band(&speech::quiet(1, SPEECH_DBFS, samples)?, SOUGHT_HZ),
        speech::without_band(&speech::quiet(2, SPEECH_DBFS, samples)?, SOUGHT_HZ),
    ];
    let packets = signals.map(|signal| talker::encode(&signal, ptime));

    let relay = RelayProcess::start(context.programs()?, false, ptime)?;
    let join = |name| Client::join(relay.address(), false, "bench", name);
    let mut clients = [join("tone")?, join("speech-1")?, join("speech-2")?, join("listener")?];
    let start = Instant::now() + SETTLE;
    let mut plan = Vec::new();
    for (client, packets) in packets.iter().enumerate() {
        // The talkers' packets are a quarter of the packet time apart.
        let first_sample = (client * ptime.samples() / clients.len()) as u64;
        let talkspurt =
            Talkspurt { packets, first_sample, relay_clock_us: clients[client].relay_clock_us(start), ptime };
        let mut rng = Rng::new(200 + client as u64);
        plan.extend(talkspurt.sends(client, &mut Numbering::default(), jitter, &mut rng));
    }
    plan.sort_by_key(|send| send.at);
    let run = progress::while_running("steady tone", length, || drive::drive(&mut clients, &plan, start, length))?;

    let heard = listener::decode(&run.arrivals[3], ptime)?;
    let played = FixedClock::play(&heard, WARM_UP, SLOTS * SLOT, PREBUFFER)
        .context("the listener got nothing in the warm-up")?;
    let slots = slots::count(&played.signal);
    ensure!(
        slots.steady > tone::amplitude(TONE_FLOOR_DBFS),
        "no tone came through: {:.1} dBFS",
        20.0 * slots.steady.log10()
    );
    Ok(Damage { bad: slots.bad, total: slots.total, late: played.late })
}
