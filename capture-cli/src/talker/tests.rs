//! Proves what leaves a talker: which frames, with which flags, numbers and times.

use super::*;
use crate::signal::{Noise, sine, test_speech};

const FORMAT: Format = Format { ptime: Ptime::Ms20, bitrate: 64_000 };

/// Feeds samples in 10 ms blocks from t = 1 s on.
fn feed(talker: &mut Talker, samples: &[i16]) -> Vec<UpPacket> {
    let mut out = Vec::new();
    let start = talker.next_at.unwrap_or(Micros(1_000_000));
    for (i, block) in samples.chunks(480).enumerate() {
        talker.push(block, start + (i as u64 + 1) * 10_000, &mut out);
    }
    out
}

fn flags(packets: &[UpPacket]) -> String {
    packets
        .iter()
        .map(|p| match (p.flags.marker, p.flags.pre_roll, p.flags.end) {
            (true, true, false) => 'P',
            (false, true, false) => 'p',
            (true, false, false) => 'M',
            (false, false, true) => 'E',
            (true, false, true) => '1',
            (false, false, false) => '.',
            _ => '?',
        })
        .collect()
}

#[test]
fn digital_silence_is_not_sent_at_all() {
    let mut talker = Talker::new(FORMAT, false);
    assert!(feed(&mut talker, &[0; 96_000]).is_empty());
}

#[test]
fn continuous_sends_everything_also_nothing() {
    let mut talker = Talker::new(FORMAT, true);
    let packets = feed(&mut talker, &[0; 9600]);
    assert_eq!(flags(&packets), "M.........");
    assert!(packets.iter().all(|p| p.level == 127));
}

#[test]
fn a_talkspurt_has_pre_roll_a_hangover_and_an_end() {
    let mut talker = Talker::new(FORMAT, false);
    let mut noise = Noise::new(1);
    feed(&mut talker, &noise.frame(96_000, -65.0));
    // An onset that is there, but not certain, for 60 ms.
    let mut spoken = noise.frame(2880, -60.5);
    spoken.extend(sine(9600, 300.0, -20.0));
    spoken.extend(noise.frame(48_000, -65.0));
    let packets = feed(&mut talker, &spoken);
    // 40 ms before, 200 ms of tone, 250 ms of hangover in whole packets after the filter's ringing.
    assert_eq!(flags(&packets), "Pp..........".to_owned() + ".............E");
    let gaps: Vec<u32> = packets.windows(2).map(|p| p[1].timestamp - p[0].timestamp).collect();
    assert!(gaps.iter().all(|&gap| gap == 960), "pre-roll is contiguous: {gaps:?}");
    assert_eq!(packets[2].timestamp, 96_000 + 2880, "media time went on in silence");
}

#[test]
fn an_onset_that_was_certain_at_once_is_not_held_up_by_noise_before_it() {
    let mut talker = Talker::new(FORMAT, false);
    feed(&mut talker, &Noise::new(1).frame(96_000, -65.0));
    let packets = feed(&mut talker, &sine(4800, 300.0, -20.0));
    assert_eq!(flags(&packets), "M....");
    assert_eq!(packets[0].timestamp, 96_000);
}

#[test]
fn pre_roll_reaches_back_as_long_as_sound_was_rising() {
    use Rise::{FromStart, None, Within};
    for (in_speech, before, expected) in [
        (None, vec![FromStart, FromStart], 0),
        (Within, vec![FromStart], 0),
        (FromStart, vec![], 0),
        (FromStart, vec![None, FromStart], 0),
        (FromStart, vec![Within, FromStart], 1),
        (FromStart, vec![FromStart, Within, FromStart], 2),
        (FromStart, vec![FromStart, FromStart], 2),
    ] {
        assert_eq!(frames_of_rise(in_speech, before.iter().copied()), expected, "{in_speech:?} {before:?}");
    }
}

#[test]
fn after_digital_silence_there_is_no_pre_roll_and_one_packet_closes() {
    let mut talker = Talker::new(FORMAT, false);
    let mut samples = vec![0; 9600];
    samples.extend(sine(1920, 300.0, -20.0));
    samples.extend([0; 48_000]);
    assert_eq!(flags(&feed(&mut talker, &samples)), "M.E");
}

#[test]
fn pauses_shorter_than_the_hangover_end_nothing() {
    let mut talker = Talker::new(FORMAT, false);
    let mut samples = Vec::new();
    let mut noise = Noise::new(2);
    for _ in 0..5 {
        samples.extend(sine(9600, 300.0, -20.0));
        samples.extend(noise.frame(9600, -74.0));
    }
    let flags = flags(&feed(&mut talker, &samples));
    assert_eq!(flags.matches('E').count(), 0, "{flags}");
}

#[test]
fn a_packet_is_complete_with_its_last_sample_and_stamped_with_its_first() {
    let mut talker = Talker::new(FORMAT, true);
    let mut out = Vec::new();
    // 25 ms at once: one frame of 20, captured from 25 ms ago until 5 ms ago.
    talker.push(&[1; 1200], Micros(1_025_000), &mut out);
    assert_eq!(out.len(), 1);
    assert_eq!(out[0].captured, Micros(1_000_000));
    talker.push(&[1; 720], Micros(1_040_000), &mut out);
    assert_eq!(out[1].captured, Micros(1_020_000));
    assert_eq!(out[1].timestamp, 960);
}

#[test]
fn media_time_jumps_with_a_source_that_stands_still() {
    let mut talker = Talker::new(FORMAT, true);
    let mut out = Vec::new();
    talker.push(&[9; 960], Micros(1_020_000), &mut out);
    talker.push(&[9; 960], Micros(2_040_000), &mut out);
    assert_eq!(out[1].timestamp, 48_000 + 960);
    assert_eq!(flags(&out), "MM", "and what follows begins a talkspurt");
    talker.push(&[9; 960], Micros(2_200_000), &mut out);
    assert_eq!(out[2].timestamp, 48_000 + 1920, "140 ms late is lateness");
}

#[test]
fn the_end_of_the_source_is_padded_and_ends_the_talkspurt() {
    for (extra, expected) in [(0, "M.E"), (500, "M.E"), (900, "M..E")] {
        let mut talker = Talker::new(FORMAT, false);
        let mut packets = feed(&mut talker, &sine(1920 + extra, 300.0, -20.0));
        talker.finish(&mut packets);
        assert_eq!(flags(&packets), expected, "{extra}");
    }
    let mut quiet = Talker::new(FORMAT, false);
    let mut packets = feed(&mut quiet, &[0; 960]);
    quiet.finish(&mut packets);
    assert!(packets.is_empty());
}

#[test]
fn a_room_made_anew_gets_its_own_packet_time_and_a_marker() {
    let mut talker = Talker::new(FORMAT, false);
    feed(&mut talker, &sine(960, 300.0, -20.0));
    let format = Format { ptime: Ptime::Ms10, ..FORMAT };
    talker.reformat(&format.codec(), Ptime::Ms10);
    let packets = feed(&mut talker, &sine(960, 300.0, -20.0));
    assert_eq!(flags(&packets), "M.");
    assert_eq!(packets[0].timestamp, 960);
}

#[test]
fn speech_after_a_pause_keeps_its_first_60_ms_within_3_db() {
    for (index, speech) in test_speech().into_iter().enumerate() {
        let mut noise = Noise::new(7);
        let mut samples = noise.frame(72_000, -68.0);
        let onset = samples.len();
        samples.extend(&speech);
        for (sample, noise) in samples[onset..].iter_mut().zip(noise.frame(speech.len(), -68.0)) {
            *sample = sample.saturating_add(noise);
        }
        let first = onset + 480 * speech.chunks(480).position(|h| crate::level::dbfs(h) > -40.0).unwrap();
        let sent = feed(&mut Talker::new(FORMAT, false), &samples);
        // What is sent of these 60 ms, against all of it, which is what --continuous sends.
        let mut kept = vec![0; samples.len()];
        for packet in &sent {
            let at = packet.timestamp as usize;
            kept[at..at + 960].copy_from_slice(&samples[at..at + 960]);
        }
        let lost_db =
            crate::level::dbfs(&samples[first..first + 2880]) - crate::level::dbfs(&kept[first..first + 2880]);
        assert!(lost_db < 0.5, "sentence {index}: {lost_db} dB");
    }
}
