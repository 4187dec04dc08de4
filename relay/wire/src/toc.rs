//! What an Opus packet says of itself, read without decoding (RFC 6716 section 3): its duration, and whether its frames
//! fit into it.

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

/// Whether the frames of a packet fit into it, by the rules R1 to R7 of RFC 6716 section 3.4. A packet that breaks one
/// is refused by every decoder; one that keeps them always decodes, if only to noise.
#[must_use]
pub fn is_well_formed(packet: &[u8]) -> bool {
    packet_samples(packet).is_some() && frames_fit(packet).is_some()
}

/// Longest frame, bytes.
const MAX_FRAME: usize = 1275;

fn frames_fit(packet: &[u8]) -> Option<()> {
    let (&toc, rest) = packet.split_first()?;
    match toc & 0b11 {
        0 => fits(rest.len()),
        1 => rest.len().is_multiple_of(2).then(|| fits(rest.len() / 2))?,
        2 => {
            let (first, rest) = frame_length(rest)?;
            fits(rest.len().checked_sub(first)?)
        }
        _ => {
            let (&count, mut rest) = rest.split_first()?;
            let frames = usize::from(count & 0b11_1111);
            if count & 0b0100_0000 != 0 {
                rest = without_padding(rest)?;
            }
            if count & 0b1000_0000 == 0 {
                return rest.len().is_multiple_of(frames).then(|| fits(rest.len() / frames))?;
            }
            let mut before_last = 0;
            for _ in 1..frames {
                let (length, left) = frame_length(rest)?;
                before_last += length;
                rest = left;
            }
            fits(rest.len().checked_sub(before_last)?)
        }
    }
}

fn fits(frame: usize) -> Option<()> {
    (frame <= MAX_FRAME).then_some(())
}

/// A frame length of one or two bytes (section 3.2.1), and what follows it.
fn frame_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match *bytes {
        [first @ 0..=251, ref rest @ ..] => Some((usize::from(first), rest)),
        [first, second, ref rest @ ..] => Some((usize::from(first) + 4 * usize::from(second), rest)),
        _ => None,
    }
}

/// Takes the padding and its length off (section 3.2.5).
fn without_padding(mut bytes: &[u8]) -> Option<&[u8]> {
    let mut padding = 0;
    loop {
        let (&length, rest) = bytes.split_first()?;
        bytes = rest;
        padding += usize::from(length.min(254));
        if length < 255 {
            return bytes.get(..bytes.len().checked_sub(padding)?);
        }
    }
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
    use super::{is_well_formed, packet_samples};
    use proptest::prelude::*;

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

    #[test]
    fn a_packet_whose_frames_do_not_fit_is_malformed() {
        for (packet, well) in [
            (&[0b1111_1000][..], true),                          // one empty frame (DTX)
            (&[0b1111_1000, 7, 7, 7][..], true),                 // one frame
            (&[0b1111_0001, 1, 2][..], true),                    // two of one byte
            (&[0b1111_0001, 1, 2, 3][..], false),                // two equal ones of three bytes together
            (&[0b1111_0010, 2, 1, 1, 1][..], true),              // two bytes, then one
            (&[0b1111_0010, 4, 1, 1, 1][..], false),             // four bytes of three
            (&[0b1111_0010, 252][..], false),                    // half a length
            (&[0b1110_1011, 0b0000_0010, 1, 1][..], true),       // two of one byte, counted
            (&[0b1110_1011, 0b0000_0010, 1][..], false),         // two equal ones in one byte
            (&[0b1111_1011, 0b0100_0001, 2, 9, 0, 0][..], true), // one, two bytes of padding
            (&[0b1111_1011, 0b0100_0001, 255, 255][..], false),  // padding past the end
            (&[0b1110_1011, 0b1000_0010, 1, 5, 6][..], true),    // one byte, then one
            (&[0b1110_1011, 0b1000_0010, 9, 5, 6][..], false),   // nine bytes of two
        ] {
            assert_eq!(is_well_formed(packet), well, "{packet:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(packet in prop::collection::vec(any::<u8>(), 0..600)) {
            let _ = is_well_formed(&packet);
        }
    }
}
