//! Any text is an error, a type that is ignored, or a message that says the same when it is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use relay_wire::{ClientMessage, DisplayName, RoomName, ServerMessage};

fuzz_target!(|text: &str| {
    if let Ok(Some(message)) = ClientMessage::parse(text) {
        assert_eq!(ClientMessage::parse(&message.to_json()), Ok(Some(message)));
    }
    if let Ok(Some(message)) = ServerMessage::parse(text) {
        assert_eq!(ServerMessage::parse(&message.to_json()), Ok(Some(message)));
    }
    if let Ok(name) = DisplayName::parse(text) {
        assert_eq!(DisplayName::parse(name.as_str()).as_ref(), Ok(&name));
    }
    if let Ok(name) = RoomName::parse(text) {
        assert_eq!(name.as_str(), text);
    }
});
