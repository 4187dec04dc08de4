//! Lines typed on the terminal, as chat.

use std::io::{self, BufRead};

use relay_wire::name::is_control;
use relay_wire::text::MAX_CHAT_CHARS;
use tokio::sync::mpsc;

/// The lines of standard input that say something.
pub(super) fn lines() -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel(1);
    // A thread of its own: nothing interrupts a read from a terminal, and nobody waits for this thread. It reads on once
    // the line before is taken.
    std::thread::spawn(move || {
        let typed = io::stdin().lock().split(b'\n').map_while(Result::ok);
        for line in typed.filter_map(|typed| as_chat(&typed)) {
            if send.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receive
}

/// The next of them; never where none are read.
pub(super) async fn next(lines: &mut Option<mpsc::Receiver<String>>) -> Option<String> {
    match lines {
        Some(lines) => lines.recv().await,
        None => std::future::pending().await,
    }
}

/// What the relay takes of a typed line, whatever the terminal's encoding. It refuses hidden characters, and a line that
/// it refuses would be said again on each new connection.
fn as_chat(typed: &[u8]) -> Option<String> {
    let shown = String::from_utf8_lossy(typed).replace('\t', " ").replace(is_control, "");
    let line: String = shown.trim().chars().take(MAX_CHAT_CHARS).collect();
    (!line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_wire::ClientMessage;

    #[test]
    fn a_typed_line_is_chat_that_the_relay_takes() {
        let long = "ä".repeat(2 * MAX_CHAT_CHARS);
        let cases: [(&[u8], &str); 6] = [
            (b"  hello \t room \r", "hello   room"),
            (b"gr\xfc\xdfe", "gr\u{fffd}\u{fffd}e"),
            ("\u{202e}hsals\u{202c}".as_bytes(), "hsals"),
            (b"\x1b[31mred", "[31mred"),
            ("\u{200b} \u{feff} a".as_bytes(), "a"),
            (long.as_bytes(), &long[..2 * MAX_CHAT_CHARS]),
        ];
        for (typed, said) in cases {
            let line = as_chat(typed).unwrap();
            assert_eq!(line, said);
            let message = ClientMessage::Chat { text: line, echo: None };
            assert_eq!(ClientMessage::parse(&message.to_json()), Ok(Some(message)));
        }
    }

    #[test]
    fn a_line_that_says_nothing_is_none() {
        for typed in ["", " \t\r", "\u{200b} \u{200e}", "\u{7}"] {
            assert_eq!(as_chat(typed.as_bytes()), None, "{typed:?}");
        }
    }
}
