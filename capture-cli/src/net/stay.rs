//! What outlives a socket: the way back to the seat, how far the room was read, and what was said but has not come back.

use std::collections::VecDeque;

use relay_wire::{ClientMessage, ServerMessage};

/// One stay in a room, over however many sockets it takes.
#[derive(Debug, Default)]
pub(super) struct Stay {
    id: u32,
    token: Option<String>,
    /// The number of the last chat line or notification.
    last_message: u64,
    /// The last `echo` that was given.
    echo: u32,
    /// Lines with their echoes, until they come back.
    unheard: VecDeque<(u32, String)>,
    /// The socket there is now was welcomed.
    welcomed: bool,
}

impl Stay {
    /// A new socket, not welcomed yet.
    pub(super) fn begin(&mut self) {
        self.welcomed = false;
    }

    /// Whether lines may be sent: those of the socket before go first.
    pub(super) fn is_welcomed(&self) -> bool {
        self.welcomed
    }

    /// What to show for the seat: the token, and the number of the last message.
    pub(super) fn claim(&self) -> Option<(String, u64)> {
        self.token.clone().map(|token| (token, self.last_message))
    }

    /// The token brought nobody back.
    pub(super) fn forget_token(&mut self) {
        self.token = None;
    }

    /// Takes a message into account; what there is to answer, in order.
    pub(super) fn hear(&mut self, message: &ServerMessage) -> Vec<ClientMessage> {
        match message {
            ServerMessage::Welcome { id, resume, resumed, echo, .. } => {
                (self.id, self.token, self.welcomed) = (*id, Some(resume.clone()), true);
                let mut answers = vec![ClientMessage::ResumeReceived {}];
                answers.extend(if *resumed { self.say_again_after(*echo) } else { self.say_anew() });
                return answers;
            }
            ServerMessage::Resume { token } => {
                self.token = Some(token.clone());
                return vec![ClientMessage::ResumeReceived {}];
            }
            ServerMessage::Chat { message, id, echo, .. } => {
                self.last_message = *message;
                if let Some(echo) = echo.filter(|_| *id == self.id) {
                    self.unheard.retain(|(unheard, _)| *unheard > echo);
                }
            }
            ServerMessage::Notification { message, .. } => self.last_message = *message,
            _ => {}
        }
        Vec::new()
    }

    /// The message as it is to be sent; a line is kept until it comes back.
    pub(super) fn say(&mut self, message: ClientMessage) -> ClientMessage {
        match message {
            ClientMessage::Chat { text, .. } => {
                self.echo += 1;
                self.unheard.push_back((self.echo, text.clone()));
                ClientMessage::Chat { text, echo: Some(self.echo) }
            }
            other => other,
        }
    }

    /// The seat is the same: the relay has taken all up to that echo, and says it once more.
    fn say_again_after(&mut self, echo: u32) -> Vec<ClientMessage> {
        self.echo = self.echo.max(echo);
        self.unheard.retain(|(unheard, _)| *unheard > echo);
        self.lines()
    }

    /// Another seat, maybe of another run of the relay: all numbers begin anew.
    fn say_anew(&mut self) -> Vec<ClientMessage> {
        self.last_message = 0;
        self.echo = 0;
        for (echo, _) in &mut self.unheard {
            self.echo += 1;
            *echo = self.echo;
        }
        self.lines()
    }

    fn lines(&self) -> Vec<ClientMessage> {
        self.unheard.iter().map(|(echo, text)| ClientMessage::Chat { text: text.clone(), echo: Some(*echo) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_wire::{DisplayName, RoomName};

    fn welcome(resumed: bool, echo: u32) -> ServerMessage {
        ServerMessage::Welcome {
            version: 1,
            room: RoomName::parse("stage").unwrap(),
            id: 4,
            role: relay_wire::Role::Talker,
            ptime_ms: 20,
            sample_rate: 48_000,
            bitrate: 64_000,
            clock_us: 0,
            participants: Vec::new(),
            boot: "boot".into(),
            resume: format!("token {resumed}"),
            resumed,
            echo,
        }
    }

    fn line(message: u64, id: u32, echo: u32) -> ServerMessage {
        let name = DisplayName::parse("Ann").unwrap();
        ServerMessage::Chat { message, id, name, text: "x".into(), at_ms: 0, echo: Some(echo) }
    }

    fn chat(text: &str, echo: Option<u32>) -> ClientMessage {
        ClientMessage::Chat { text: text.into(), echo }
    }

    #[test]
    fn what_has_not_come_back_is_said_again_in_the_same_seat() {
        let mut stay = Stay::default();
        assert_eq!(stay.claim(), None);
        assert_eq!(stay.hear(&welcome(false, 0)), [ClientMessage::ResumeReceived {}]);
        for (text, echo) in [("a", 1), ("b", 2), ("c", 3), ("d", 4)] {
            assert_eq!(stay.say(chat(text, None)), chat(text, Some(echo)));
        }
        stay.hear(&line(7, 4, 1));
        stay.hear(&line(8, 5, 4));
        assert_eq!(stay.claim(), Some(("token false".into(), 8)));
        stay.begin();
        assert!(!stay.is_welcomed());
        let answers = stay.hear(&welcome(true, 2));
        assert_eq!(answers, [ClientMessage::ResumeReceived {}, chat("c", Some(3)), chat("d", Some(4))]);
        assert_eq!(stay.say(chat("e", None)), chat("e", Some(5)));
        assert!(stay.is_welcomed());
    }

    #[test]
    fn in_another_seat_numbers_begin_anew() {
        let mut stay = Stay::default();
        stay.hear(&welcome(false, 0));
        stay.say(chat("a", None));
        stay.say(chat("b", None));
        stay.hear(&line(9, 4, 1));
        assert_eq!(stay.hear(&welcome(false, 0)), [ClientMessage::ResumeReceived {}, chat("b", Some(1))]);
        assert_eq!(stay.claim().unwrap().1, 0);
        assert_eq!(stay.say(chat("c", None)), chat("c", Some(2)));
    }

    #[test]
    fn a_new_token_replaces_the_old_one() {
        let mut stay = Stay::default();
        stay.hear(&welcome(true, 0));
        let answer = stay.hear(&ServerMessage::Resume { token: "new".into() });
        assert_eq!((answer.len(), stay.claim()), (1, Some(("new".into(), 0))));
        stay.forget_token();
        assert_eq!(stay.claim(), None);
    }
}
