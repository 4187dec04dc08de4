//! Proves that this crate reads and writes the golden vectors of `samples/wire`, which the page's tests read too.

use bytes::Bytes;
use relay_wire::audio::{DownFlags, DownHeader, ParseError, UpFlags, UpHeader};
use relay_wire::pace::Pace;
use relay_wire::text::{ClientMessage, ServerMessage, TextError};
use relay_wire::unwrap::{SequenceUnwrapper, TimestampUnwrapper};
use serde_json::Value;

const AUDIO: &str = include_str!("../../../samples/wire/audio.json");
const TEXT: &str = include_str!("../../../samples/wire/text.json");
const PACE: &str = include_str!("../../../samples/wire/pace.json");
const UNWRAP: &str = include_str!("../../../samples/wire/unwrap.json");

#[test]
fn valid_audio_messages_parse_to_their_fields_and_write_back() {
    for vector in array(&json(AUDIO), "valid") {
        let message = hex(text(&vector, "hex"));
        let payload = hex(text(&vector, "payload"));
        let flag = |name: &str| array(&vector, "flags").iter().any(|f| f == name);
        if text(&vector, "direction") == "up" {
            let header = UpHeader {
                flags: UpFlags {
                    marker: flag("marker"),
                    end: flag("end"),
                    pre_roll: flag("pre_roll"),
                    muted: flag("muted"),
                },
                sequence: number(&vector, "sequence").try_into().unwrap(),
                timestamp: number(&vector, "timestamp").try_into().unwrap(),
                capture_us: number(&vector, "capture_us").try_into().unwrap(),
                level: number(&vector, "level").try_into().unwrap(),
            };
            assert_eq!(UpHeader::parse(&message), Ok((header, payload.clone())), "{vector}");
            assert_eq!(header.write(&payload), message, "{vector}");
        } else {
            let header = DownHeader {
                flags: DownFlags {
                    marker: flag("marker"),
                    end: flag("end"),
                    prime: flag("prime"),
                    cross_fade: flag("cross_fade"),
                    pre_roll: flag("pre_roll"),
                },
                sequence: number(&vector, "sequence").try_into().unwrap(),
                timestamp: number(&vector, "timestamp").try_into().unwrap(),
                capture_us: number(&vector, "capture_us").try_into().unwrap(),
                epoch: number(&vector, "epoch").try_into().unwrap(),
                gain_half_db: number(&vector, "gain_half_db").try_into().unwrap(),
                held: number(&vector, "held").try_into().unwrap(),
            };
            assert_eq!(DownHeader::parse(&message), Ok((header, payload.clone())), "{vector}");
            assert_eq!(header.write(&payload), message, "{vector}");
        }
    }
}

#[test]
fn invalid_audio_messages_are_refused_for_the_right_reason() {
    for vector in array(&json(AUDIO), "invalid") {
        let message = hex(text(&vector, "hex"));
        let direction = text(&vector, "direction");
        if direction != "down" {
            assert_eq!(name(UpHeader::parse(&message).unwrap_err()), text(&vector, "error"), "{vector}");
        }
        if direction != "up" {
            assert_eq!(name(DownHeader::parse(&message).unwrap_err()), text(&vector, "error"), "{vector}");
        }
    }
}

#[test]
fn text_messages_survive_a_round_trip() {
    let vectors = json(TEXT);
    for vector in array(&vectors, "from_participant") {
        let message = ClientMessage::parse(&vector.to_string()).unwrap().expect("a known type");
        assert_eq!(json(&message.to_json()), vector);
    }
    for vector in array(&vectors, "from_relay") {
        let message = ServerMessage::parse(&vector.to_string()).unwrap().expect("a known type");
        assert_eq!(json(&message.to_json()), vector);
    }
}

#[test]
fn unknown_types_are_ignored_in_both_directions() {
    for vector in array(&json(TEXT), "ignored") {
        assert_eq!(ClientMessage::parse(&vector.to_string()), Ok(None));
        assert_eq!(ServerMessage::parse(&vector.to_string()), Ok(None));
    }
}

#[test]
fn invalid_text_messages_are_refused_for_the_right_reason() {
    for vector in array(&json(TEXT), "invalid_from_participant") {
        let error = match ClientMessage::parse(text(&vector, "text")).unwrap_err() {
            TextError::NotJson(_) => "not_json",
            TextError::BadFields { .. } => "bad_fields",
            TextError::BadText(_) => "bad_text",
        };
        assert_eq!(error, text(&vector, "error"), "{vector}");
    }
}

#[test]
fn counters_unwrap_as_listed() {
    for vector in json(UNWRAP).as_array().expect("a list") {
        let mut sequences = SequenceUnwrapper::default();
        let mut timestamps = TimestampUnwrapper::default();
        for (input, output) in array(vector, "input").iter().zip(array(vector, "output")) {
            let input = input.as_u64().unwrap();
            let wide = if number(vector, "bits") == 16 {
                sequences.unwrap(input.try_into().unwrap())
            } else {
                timestamps.unwrap(input.try_into().unwrap())
            };
            assert_eq!(Some(wide), output.as_i64(), "{vector}");
        }
    }
}

#[test]
fn the_pace_decides_as_listed() {
    for course in json(PACE).as_array().expect("a list") {
        let of = |key: &str| number(course, key).unsigned_abs();
        let mut pace = Pace::new(of("ptime_us"), of("packet_bytes") as usize, of("budget_us"));
        for step in array(course, "steps") {
            let [at, bytes, limit] = [1, 2, 3].map(|n: usize| step[n].as_u64().expect("a number"));
            match step[0].as_str() {
                Some("wrote") => pace.wrote(at, bytes as usize),
                _ => pace.drained(at, bytes as usize),
            }
            assert_eq!(pace.limit() as u64, limit, "{step} of {}", course["name"]);
        }
    }
}

fn name(error: ParseError) -> &'static str {
    match error {
        ParseError::Truncated(_) => "truncated",
        ParseError::UnknownKind(_) => "unknown_kind",
        ParseError::UndefinedFlags(_) => "undefined_flags",
        ParseError::UnusedNotZero => "unused_not_zero",
        ParseError::LevelRange(_) => "level_range",
        ParseError::PayloadTooLong(_) => "payload_too_long",
        ParseError::EmptyPayload => "empty_payload",
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("the vectors are JSON")
}

fn array(value: &Value, key: &str) -> Vec<Value> {
    value[key].as_array().expect("a list").clone()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().expect("a string")
}

fn number(value: &Value, key: &str) -> i64 {
    value[key].as_i64().expect("an integer")
}

fn hex(digits: &str) -> Bytes {
    (0..digits.len() / 2).map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).expect("hex digits")).collect()
}
