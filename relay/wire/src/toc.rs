//! The duration of an Opus packet, read from its first bytes without decoding (RFC 6716 section 3).

/// Samples at 48 kHz in a packet, or `None` where the packet breaks the rules of RFC 6716 section 3.4
/// that can be checked without decoding (R1 not empty, R5 at most 120 ms, an empty frame count).
#[must_use]
pub fn packet_samples(packet: &[u8]) -> Option<u32> {
    let &toc = packet.first()?;
    let frames = match toc & 0b11 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(packet.get(1)? & 0b11_1111),
    };
    let samples = frames * frame_samples(toc >> 3);
    (1..=MAX_SAMPLES).contains(&samples).then_some(samples)
}

/// 120 ms, the longest packet.
const MAX_SAMPLES: u32 = 5760;

/// Frame size of a configuration number (RFC 6716 table 2), in 48 kHz samples.
fn frame_samples(config: u8) -> u32 {
    match config {
        0..=11 => [480, 960, 1920, 2880][usize::from(config % 4)],
        12..=15 => [480, 960][usize::from(config % 2)],
        _ => [120, 240, 480, 960][usize::from(config % 4)],
    }
}

#[cfg(test)]
mod tests {
    use super::packet_samples;

    #[test]
    fn durations_follow_table_2_and_the_frame_count() {
        for (packet, samples) in [
            (&[0b0000_0000][..], Some(480)),       // SILK NB 10 ms
            (&[0b0101_1000][..], Some(2880)),      // SILK WB 60 ms
            (&[0b0110_1000][..], Some(960)),       // hybrid SWB 20 ms
            (&[0b1111_1000, 1, 2][..], Some(960)), // CELT FB 20 ms
            (&[0b1110_0000][..], Some(120)),       // CELT FB 2.5 ms
            (&[0b1111_0001, 0][..], Some(960)),    // two frames of 10 ms
            (&[0b1111_1011, 6][..], Some(5760)),   // six of 20 ms
            (&[0b1111_1011, 7][..], None),         // 140 ms
            (&[0b1111_1011, 0][..], None),         // no frame
            (&[0b1111_1011][..], None),            // count missing
            (&[][..], None),
        ] {
            assert_eq!(packet_samples(packet), samples, "{packet:?}");
        }
    }
}
