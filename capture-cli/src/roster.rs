//! Who is in the room, and what their text looks like on a terminal.

use std::collections::BTreeMap;

use relay_wire::name::is_control;
use relay_wire::{Participant, ServerMessage, Severity};

/// The participants of the room, from the relay's messages.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    own: Option<u32>,
    participants: BTreeMap<u32, Participant>,
}

impl Roster {
    /// Takes a message; the line it is worth on the terminal, if any.
    pub fn apply(&mut self, message: &ServerMessage) -> Option<String> {
        match message {
            ServerMessage::Welcome { room, id, participants, ptime_ms, .. } => {
                self.own = Some(*id);
                self.participants = participants.iter().map(|p| (p.id, p.clone())).collect();
                Some(format!("joined room {room} ({ptime_ms} ms packets), {}", self.company()))
            }
            ServerMessage::Joined { participant } => {
                let line = format!("{} came", escape(participant.name.as_str()));
                let new = self.participants.insert(participant.id, participant.clone()).is_none();
                (new && self.own != Some(participant.id)).then_some(line)
            }
            ServerMessage::Left { id } => {
                self.participants.remove(id).map(|p| format!("{} left", escape(p.name.as_str())))
            }
            ServerMessage::Talking { id, talking } => {
                if let Some(participant) = self.participants.get_mut(id) {
                    participant.talking = *talking;
                }
                None
            }
            ServerMessage::Muted { id, muted, by } => {
                if let Some(participant) = self.participants.get_mut(id) {
                    participant.muted = *muted;
                }
                let by_host = by.is_some() && self.own == Some(*id);
                by_host.then(|| "the host muted this microphone: nobody hears it until it joins anew".to_owned())
            }
            ServerMessage::Identity { id, name, colour } => {
                let participant = self.participants.get_mut(id)?;
                participant.colour = *colour;
                let before = std::mem::replace(&mut participant.name, name.clone());
                let [before, now] = [&before, name].map(|name| escape(name.as_str()));
                (before != now).then(|| format!("{before} is called {now} now"))
            }
            ServerMessage::Away { id, away } => {
                let participant = self.participants.get_mut(id)?;
                participant.away = *away;
                let what = if *away { "is away" } else { "is back" };
                Some(format!("{} {what}", escape(participant.name.as_str())))
            }
            ServerMessage::Chat { name, text, .. } => Some(format!("{}: {}", escape(name.as_str()), indent(text))),
            ServerMessage::Notification { notice, .. } => {
                let sign = match notice.severity {
                    Severity::Info => "info",
                    Severity::Warning => "WARNING",
                    Severity::Critical => "CRITICAL",
                };
                let text = if notice.text.is_empty() { String::new() } else { format!(": {}", indent(&notice.text)) };
                Some(format!("[{sign}] {}{text}", escape(&notice.title)))
            }
            ServerMessage::Error { code, message } => {
                Some(format!("the relay refused a message: {} ({})", escape(message), escape(code)))
            }
            // A goodbye is the reason that the end of the connection is told with.
            ServerMessage::Goodbye { .. }
            | ServerMessage::Ping { .. }
            | ServerMessage::Pong { .. }
            | ServerMessage::Resume { .. }
            | ServerMessage::Microphone { .. } => None,
        }
    }

    /// Names of the others who talk now.
    #[must_use]
    pub fn talking(&self) -> String {
        let names: Vec<String> = self.others().filter(|p| p.talking).map(|p| escape(p.name.as_str())).collect();
        names.join(", ")
    }

    fn others(&self) -> impl Iterator<Item = &Participant> {
        self.participants.values().filter(|p| self.own != Some(p.id))
    }

    fn company(&self) -> String {
        let names: Vec<String> = self.others().map(|p| escape(p.name.as_str())).collect();
        match names.len() {
            0 => "nobody else is here".into(),
            1..=8 => format!("with {}", names.join(", ")),
            n => format!("with {n} others"),
        }
    }
}

/// A text without anything that moves the cursor, colours the terminal or reorders what stands beside it.
#[must_use]
pub fn escape(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let plain = !is_control(c) && c != '\n' && c != '\t';
            let escaped = (!plain).then(|| c.escape_default());
            plain.then_some(c).into_iter().chain(escaped.into_iter().flatten())
        })
        .collect()
}

/// Lines after the first stand under it, so that no text can pass for a line of its own.
fn indent(text: &str) -> String {
    text.lines().map(escape).collect::<Vec<_>>().join("\n    ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_wire::Notice;
    use relay_wire::{Colour, DisplayName, MutedBy, Role, RoomName};

    #[test]
    fn people_come_talk_and_go() {
        let mut roster = Roster::default();
        let welcome = ServerMessage::Welcome {
            version: 1,
            room: RoomName::parse("stage").unwrap(),
            id: 1,
            role: Role::Talker,
            ptime_ms: 20,
            sample_rate: 48_000,
            bitrate: 64_000,
            clock_us: 0,
            participants: vec![person(1, "me"), person(2, "Ann")],
            boot: String::new(),
            resume: String::new(),
            resumed: false,
            echo: 0,
        };
        assert_eq!(roster.apply(&welcome).unwrap(), "joined room stage (20 ms packets), with Ann");
        assert_eq!(roster.apply(&ServerMessage::Joined { participant: person(3, "Bo") }).unwrap(), "Bo came");
        let called = |name| {
            let (name, colour) = (DisplayName::parse(name).unwrap(), Colour::of(7));
            ServerMessage::Identity { id: 3, name, colour }
        };
        assert_eq!(roster.apply(&called("Bob")).unwrap(), "Bo is called Bob now");
        assert_eq!(roster.apply(&called("Bob")), None, "only the colour is another");
        assert_eq!(roster.apply(&called("Bo")).unwrap(), "Bob is called Bo now");
        assert_eq!(roster.apply(&ServerMessage::Talking { id: 3, talking: true }), None);
        assert_eq!(roster.talking(), "Bo");
        assert_eq!(roster.apply(&ServerMessage::Away { id: 3, away: true }).unwrap(), "Bo is away");
        assert_eq!(roster.apply(&ServerMessage::Away { id: 3, away: false }).unwrap(), "Bo is back");
        assert_eq!(roster.apply(&ServerMessage::Left { id: 3 }).unwrap(), "Bo left");
        assert_eq!(roster.apply(&ServerMessage::Left { id: 3 }), None);
        assert_eq!(roster.talking(), "");
    }

    #[test]
    fn a_text_cannot_play_with_the_terminal() {
        assert_eq!(escape("a\u{1b}[31mb\r"), "a\\u{1b}[31mb\\r");
        assert_eq!(escape("\u{202E}gnp"), "\\u{202e}gnp");
        let notice = Notice { severity: Severity::Critical, title: "Fire".into(), text: "Leave\nAnn left".into() };
        let line = Roster::default().apply(&ServerMessage::Notification {
            message: 1,
            id: None,
            notice,
            at_ms: 0,
            echo: None,
        });
        assert_eq!(line.unwrap(), "[CRITICAL] Fire: Leave\n    Ann left");
    }

    #[test]
    fn who_is_muted_by_the_host_is_told() {
        let mut roster = Roster { own: Some(1), ..Roster::default() };
        let muted = |id| ServerMessage::Muted { id, muted: true, by: Some(MutedBy::Host) };
        assert!(roster.apply(&muted(1)).is_some_and(|line| line.contains("the host muted")));
        assert_eq!(roster.apply(&muted(2)), None);
    }

    fn person(id: u32, name: &str) -> Participant {
        Participant {
            id,
            name: DisplayName::parse(name).unwrap(),
            colour: Colour::of(id),
            role: Role::Talker,
            muted: false,
            talking: false,
            away: false,
            microphone_ms: None,
        }
    }
}
