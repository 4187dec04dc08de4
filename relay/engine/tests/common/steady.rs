//! A room in which a few say constants.

use relay_engine::{Input, Micros, ParticipantId, Ptime};
use relay_wire::Gain;

use super::{MARKER, PACKET_US, PLAIN, PcmCodec, Talker, World, from_pcm, world};

/// A room in which participants 1 to `talking` say constants of 100, 200, 400 …, which are too steady to be levelled.
pub struct Steady {
    pub world: World<PcmCodec>,
    pub codec: PcmCodec,
    pub talkers: Vec<Talker<PcmCodec>>,
    packets: u64,
}

impl Steady {
    pub fn new(participants: u32, talking: u32) -> Self {
        let (world, codec) = world(participants);
        let talkers = (1..=talking).map(|id| Talker::new(id, &codec, Ptime::Ms20)).collect();
        Self { world, codec, talkers, packets: 0 }
    }

    /// Lets everyone say so many packets.
    pub fn run(&mut self, packets: u64) {
        for _ in 0..packets {
            self.world.advance_to(Micros(self.packets * PACKET_US + 5_000));
            for talker in &mut self.talkers {
                let constant = 50 << talker.id.0;
                let packet = talker.packet(if self.packets == 0 { MARKER } else { PLAIN }, |_| constant);
                self.world.input(packet);
            }
            self.packets += 1;
        }
    }

    /// Asks for a gain.
    pub fn set(&mut self, listener: u32, who: u32, gain: Gain) {
        self.world.input(Input::Gain(ParticipantId(listener), ParticipantId(who), gain));
    }

    /// The last sample a listener was sent, at the gain of its header.
    pub fn last(&self, listener: u32) -> i16 {
        let (header, payload) = self.world.playable(listener).pop().expect("something was sent");
        let sample = *from_pcm(&payload).last().expect("a whole frame");
        (f32::from(sample) * 10f32.powf(f32::from(header.gain_half_db) / 40.0)).round() as i16
    }
}
