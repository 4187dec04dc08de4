//! Text messages: JSON objects with a `type`. Unknown types and unknown fields are ignored.

use serde::{Deserialize, Serialize};

use crate::colour::Colour;
use crate::gain::Gain;
use crate::name::{DisplayName, RoomName, is_control};
use crate::notice::Notice;
use crate::role::{MutedBy, Role};

/// Longest chat line, in Unicode scalar values.
pub const MAX_CHAT_CHARS: usize = 1000;

/// A message from a participant to the relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// A chat line to the room.
    Chat {
        /// What to say; 1 to [`MAX_CHAT_CHARS`] characters.
        text: String,
        /// Comes back with the line; rises over the lines and notifications of a seat, so that none is said twice.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        echo: Option<u32>,
    },
    /// A notification to everyone in the room.
    Notify {
        /// What it says.
        #[serde(flatten)]
        notice: Notice,
        /// As in a chat line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        echo: Option<u32>,
    },
    /// The participant muted or unmuted their microphone.
    Mute {
        /// The new state.
        muted: bool,
    },
    /// The participant wants to be called otherwise, or to be shown in another colour.
    Identity {
        /// The new name; absent if it stays.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<DisplayName>,
        /// The new colour; absent if it stays.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        colour: Option<Colour>,
    },
    /// Says what the microphone costs, which its listeners are shown apart from the way up.
    Microphone {
        /// From the capture of a sample until its packet is written, the packet's own length left out.
        delay_ms: u16,
    },
    /// The participant does not want to hear, or wants to hear again; the relay sends no audio meanwhile.
    Deafen {
        /// The new state.
        deafened: bool,
    },
    /// Says how far the audio has come, at most every 100 ms while it comes.
    Received {
        /// The sequence number of the last packet that came.
        sequence: u16,
    },
    /// The participant wants to hear somebody louder or softer than they are, or not at all; for their own ears only.
    Gain {
        /// Whom.
        participant: u32,
        /// By how much; `null` is not at all, 0 is as they are.
        #[serde(deserialize_with = "crate::gain::deserialize")]
        db: Gain,
    },
    /// Asks for a pong; the pair with the smallest round trip tells the offset to the relay's clock.
    Ping {
        /// Any number; comes back in the pong.
        t: Integer53,
    },
    /// Answers the relay's ping.
    Pong {
        /// The ping's `t`.
        t: Integer53,
    },
    /// Answers each resume token, in order: it is kept, so the one before may die.
    ResumeReceived {},
}

/// A message from the relay to a participant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// First message on every socket.
    Welcome {
        /// Protocol version, 1.
        version: u32,
        /// The room.
        room: RoomName,
        /// The participant's own id, unique in the room while it exists.
        id: u32,
        /// What the participant may do.
        #[serde(default)]
        role: Role,
        /// Packet time of the room, milliseconds, both ways.
        ptime_ms: u32,
        /// Samples per second of every timestamp, 48 000.
        sample_rate: u32,
        /// Bit rate the talker should encode at, bit/s.
        bitrate: u32,
        /// The relay's clock, microseconds.
        clock_us: u64,
        /// Everyone here, oneself included.
        participants: Vec<Participant>,
        /// Names this run of the relay: numbers of messages compare only within one.
        boot: String,
        /// Takes the seat again: the token for the next socket.
        resume: String,
        /// Whether the seat was held: the others did not see anybody leave or come.
        resumed: bool,
        /// The last `echo` that was taken from this seat, 0 if none was.
        echo: u32,
    },
    /// Another resume token, because the one before is about to become worthless.
    Resume {
        /// The token for the next socket.
        token: String,
    },
    /// Somebody came.
    Joined {
        /// Who.
        participant: Participant,
    },
    /// Somebody left.
    Left {
        /// Who.
        id: u32,
    },
    /// Somebody started or stopped being heard.
    Talking {
        /// Who.
        id: u32,
        /// The new state.
        talking: bool,
    },
    /// Somebody muted or unmuted their microphone.
    Muted {
        /// Who.
        id: u32,
        /// The new state.
        muted: bool,
        /// Who did it; absent where it was the participant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<MutedBy>,
    },
    /// Somebody, oneself included, is called otherwise from now on, or shown in another colour.
    Identity {
        /// Who.
        id: u32,
        /// What they are called.
        name: DisplayName,
        /// What they are shown in.
        colour: Colour,
    },
    /// What somebody's microphone costs, as they say.
    Microphone {
        /// Who.
        id: u32,
        /// From the capture of a sample until its packet is written, the packet's own length left out.
        delay_ms: u16,
    },
    /// Somebody's link is gone, or they are back; while away they neither talk nor hear.
    Away {
        /// Who.
        id: u32,
        /// The new state.
        away: bool,
    },
    /// A chat line; also to the one who wrote it.
    Chat {
        /// Number of the message in the room, rising by one over chat and notifications.
        message: u64,
        /// Who wrote it.
        id: u32,
        /// Their name then.
        name: DisplayName,
        /// The line.
        text: String,
        /// When, in milliseconds since 1970 by the relay's wall clock.
        at_ms: u64,
        /// As its writer chose it; absent if they did not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        echo: Option<u32>,
    },
    /// A notification.
    Notification {
        /// Number of the message in the room, rising by one over chat and notifications.
        message: u64,
        /// The participant it came from; absent when it came over HTTP.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<u32>,
        /// What it says.
        #[serde(flatten)]
        notice: Notice,
        /// When, in milliseconds since 1970 by the relay's wall clock.
        at_ms: u64,
        /// As its sender chose it; absent if they did not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        echo: Option<u32>,
    },
    /// Every second; carries the relay's clock. To be answered with a pong.
    Ping {
        /// The relay's clock, microseconds.
        t: Integer53,
    },
    /// Answers a ping.
    Pong {
        /// The ping's `t`.
        t: Integer53,
        /// The relay's clock when it answered, microseconds.
        clock_us: u64,
    },
    /// The last message of the participant was refused.
    Error {
        /// A stable word from the table in PROTOCOL.md.
        code: String,
        /// A sentence for a person.
        message: String,
    },
    /// The relay ends the session; the close follows.
    Goodbye {
        /// A sentence for a person.
        reason: String,
        /// Whether it makes sense to come back soon.
        reconnect: bool,
    },
}

/// Somebody in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// Unique in the room while it exists; never reused.
    pub id: u32,
    /// What they are called.
    pub name: DisplayName,
    /// What they are shown in.
    #[serde(default)]
    pub colour: Colour,
    /// What they may do.
    #[serde(default)]
    pub role: Role,
    /// Whether their microphone is muted.
    #[serde(default)]
    pub muted: bool,
    /// Whether they are heard now.
    #[serde(default)]
    pub talking: bool,
    /// Whether their link is gone while their seat is held.
    #[serde(default)]
    pub away: bool,
    /// What their microphone costs, if they have said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub microphone_ms: Option<u16>,
}

/// An integer of up to 53 bits: what a page's number holds exactly.
pub type Integer53 = i64;

/// Why a text message is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Not a JSON object with a `type`.
    #[error("not a JSON object with a \"type\": {0}")]
    NotJson(String),
    /// A known type whose fields are missing or of the wrong kind.
    #[error("message \"{kind}\": {reason}")]
    BadFields {
        /// The message's type.
        kind: String,
        /// What is wrong.
        reason: String,
    },
    /// A text that is empty, too long or holds control characters.
    #[error("{0}")]
    BadText(&'static str),
}

impl ClientMessage {
    /// Reads a text message; `Ok(None)` is a type this version does not know and ignores.
    ///
    /// # Errors
    /// [`TextError`] saying what is wrong with it.
    pub fn parse(text: &str) -> Result<Option<Self>, TextError> {
        let known = [
            "chat",
            "notify",
            "mute",
            "identity",
            "microphone",
            "deafen",
            "received",
            "gain",
            "ping",
            "pong",
            "resume_received",
        ];
        let message: Option<Self> = parse_typed(text, &known)?;
        match &message {
            Some(Self::Chat { text, .. }) => {
                check_text(text, 1, MAX_CHAT_CHARS, "a chat line has 1 to 1000 characters")?;
            }
            Some(Self::Notify { notice, .. }) => notice.check()?,
            _ => {}
        }
        Ok(message)
    }

    /// The message as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        to_json(self)
    }
}

impl ServerMessage {
    /// Reads a text message; `Ok(None)` is a type this version does not know and ignores.
    ///
    /// # Errors
    /// [`TextError`] saying what is wrong with it.
    pub fn parse(text: &str) -> Result<Option<Self>, TextError> {
        parse_typed(
            text,
            &[
                "welcome",
                "resume",
                "joined",
                "left",
                "talking",
                "muted",
                "identity",
                "microphone",
                "away",
                "chat",
                "notification",
                "ping",
                "pong",
                "error",
                "goodbye",
            ],
        )
    }

    /// The message as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        to_json(self)
    }
}

fn parse_typed<T: for<'de> Deserialize<'de>>(text: &str, known: &[&str]) -> Result<Option<T>, TextError> {
    #[derive(Deserialize)]
    struct Typed {
        #[serde(rename = "type")]
        kind: String,
    }
    let typed: Typed = serde_json::from_str(text).map_err(|e| TextError::NotJson(e.to_string()))?;
    if !known.contains(&typed.kind.as_str()) {
        return Ok(None);
    }
    serde_json::from_str(text).map(Some).map_err(|e| TextError::BadFields { kind: typed.kind, reason: e.to_string() })
}

pub(crate) fn check_text(text: &str, min: usize, max: usize, rule: &'static str) -> Result<(), TextError> {
    if text.trim().chars().count() < min || text.chars().count() > max {
        return Err(TextError::BadText(rule));
    }
    if text.chars().any(is_control) {
        return Err(TextError::BadText("a text must not contain control characters"));
    }
    Ok(())
}

fn to_json<T: Serialize>(message: &T) -> String {
    serde_json::to_string(message).expect("plain structs with string keys always serialise")
}
