//! The cases, a table for each group.

use crate::peer::{Answer, BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, close, frame, header, unmasked};

/// What is sent and what has to come back; with no close at the end, the connection goes on.
pub struct Case {
    pub name: String,
    pub sent: Vec<u8>,
    pub expected: Vec<Answer>,
}

impl Case {
    /// It has messages sent back.
    pub fn echoes(&self) -> bool {
        self.expected.iter().any(|answer| matches!(answer, Answer::Text(_) | Answer::Binary(_)))
    }
}

fn case(name: impl Into<String>, sent: &[Vec<u8>], expected: &[Answer]) -> Case {
    Case { name: name.into(), sent: sent.concat(), expected: expected.to_vec() }
}

fn text(text: &str) -> Vec<u8> {
    frame(FIN | TEXT, text.as_bytes())
}

fn says(text: &str) -> Answer {
    Answer::Text(text.as_bytes().to_vec())
}

fn pong(payload: &[u8]) -> Answer {
    Answer::Pong(payload.to_vec())
}

fn closed(code: u16) -> Answer {
    Answer::Close(Some(code))
}

/// Group 1, and the limit.
pub fn sizes() -> Vec<Case> {
    let mut cases = Vec::new();
    for length in [0, 1, 125, 126, 127, 128, 4095, 4096, 4097, 65535, 65536, 1 << 20] {
        let payload = vec![b'*'; length];
        let sent = [frame(FIN | TEXT, &payload), frame(FIN | BINARY, &payload)];
        cases.push(case(format!("{length} bytes"), &sent, &[Answer::Text(payload.clone()), Answer::Binary(payload)]));
    }
    let bytes: Vec<u8> = (0..=255).collect();
    cases.push(case("every byte", &[frame(FIN | BINARY, &bytes)], &[Answer::Binary(bytes.clone())]));
    // Refused by its header, before any of it has come.
    let header = header(FIN | BINARY, 0x80, (16 << 20) + 1);
    cases.push(case("more than 16 MiB", &[[header, vec![0; 4]].concat()], &[closed(1009)]));
    cases
}

/// Group 2.
pub fn pings() -> Vec<Case> {
    let full = [0xFE; 125];
    let ten: Vec<_> = (0..10).map(|n| frame(FIN | PING, &[n])).collect();
    let ten_pongs: Vec<_> = (0..10).map(|n| pong(&[n])).collect();
    vec![
        case("no payload", &[frame(FIN | PING, b"")], &[pong(b"")]),
        case("text", &[frame(FIN | PING, b"Hello, world!")], &[pong(b"Hello, world!")]),
        case("binary", &[frame(FIN | PING, &[0, 0xFF, 0xFE, 0xC0])], &[pong(&[0, 0xFF, 0xFE, 0xC0])]),
        case("125 bytes", &[frame(FIN | PING, &full)], &[pong(&full)]),
        case("126 bytes", &[frame(FIN | PING, &[0xFE; 126])], &[closed(1002)]),
        case("a pong nobody asked for", &[frame(FIN | PONG, b"")], &[]),
        case("one with a payload, then a ping", &[frame(FIN | PONG, b"x"), frame(FIN | PING, b"y")], &[pong(b"y")]),
        case("a pong of 126 bytes", &[frame(FIN | PONG, &[0; 126])], &[closed(1002)]),
        case("ten", &ten, &ten_pongs),
    ]
}

/// Groups 3 and 4, and the mask.
pub fn reserved() -> Vec<Case> {
    let mut cases = Vec::new();
    for bits in 1..8 {
        for opcode in [TEXT, BINARY, CLOSE, PING, PONG] {
            let sent = [frame(FIN | bits << 4 | opcode, b""), frame(FIN | PING, b"")];
            cases.push(case(format!("reserved bits {bits:03b}, opcode {opcode}"), &sent, &[closed(1002)]));
        }
        let sent = [text("before"), frame(FIN | bits << 4 | TEXT, b"x"), text("after")];
        cases.push(case(format!("reserved bits {bits:03b} after a message"), &sent, &[says("before"), closed(1002)]));
    }
    for opcode in (3..8).chain(11..16) {
        for payload in [&b""[..], b"payload"] {
            let sent = [frame(FIN | opcode, payload), frame(FIN | PING, b"")];
            cases.push(case(format!("opcode {opcode}, {} bytes", payload.len()), &sent, &[closed(1002)]));
        }
        let sent = [text("before"), frame(FIN | opcode, b"x"), text("after")];
        cases.push(case(format!("opcode {opcode} after a message"), &sent, &[says("before"), closed(1002)]));
    }
    for opcode in [TEXT, BINARY, CLOSE, PING, PONG] {
        cases.push(case(format!("opcode {opcode} unmasked"), &[unmasked(FIN | opcode, b"")], &[closed(1002)]));
    }
    cases
}

/// Group 5, what is right.
pub fn fragments() -> Vec<Case> {
    let start = frame(TEXT, b"frag");
    let middle = frame(CONTINUATION, b"men");
    let end = frame(FIN | CONTINUATION, b"ts");
    let ping = frame(FIN | PING, b"p");
    let whole = says("fragments");
    let single: Vec<_> = b"fragment".iter().map(|byte| frame(CONTINUATION, &[*byte])).collect();
    let single = [vec![frame(TEXT, b"")], single, vec![frame(FIN | CONTINUATION, b"s")]].concat();
    let parts = [start.clone(), middle.clone(), end.clone()];
    vec![
        case("three", &parts, std::slice::from_ref(&whole)),
        case(
            "pings between",
            &[&start, &ping, &middle, &ping, &end].map(Clone::clone),
            &[pong(b"p"), pong(b"p"), whole.clone()],
        ),
        case("a pong between", &[start, frame(FIN | PONG, b""), middle, end], std::slice::from_ref(&whole)),
        case("single bytes", &single, std::slice::from_ref(&whole)),
        case("two messages", &[parts.concat(), parts.concat()], &[whole.clone(), whole]),
        case(
            "nothing, in three",
            &[frame(TEXT, b""), frame(CONTINUATION, b""), frame(FIN | CONTINUATION, b"")],
            &[says("")],
        ),
        case(
            "binary",
            &[frame(BINARY, &[0xFF]), frame(FIN | CONTINUATION, &[0xFE])],
            &[Answer::Binary(vec![0xFF, 0xFE])],
        ),
    ]
}

/// Group 5, what is wrong.
pub fn wrong_fragments() -> Vec<Case> {
    let refused = &[closed(1002)];
    let ping = frame(FIN | PING, b"");
    let start = frame(TEXT, b"frag");
    let end = frame(FIN | CONTINUATION, b"ment");
    vec![
        case("a ping in two", &[frame(PING, b"x"), end.clone()], refused),
        case("a pong in two", &[frame(PONG, b"x"), end.clone()], refused),
        case("a close in two", &[frame(CLOSE, &[3]), frame(FIN | CONTINUATION, &[0xE8])], refused),
        case("an end without a start", &[end.clone(), ping.clone()], refused),
        case("a middle without a start", &[frame(CONTINUATION, b"x"), ping], refused),
        case("a text inside", &[start.clone(), text("x")], refused),
        case("a binary message inside", &[start.clone(), frame(FIN | BINARY, b"x")], refused),
        case("another start inside", &[start.clone(), start.clone(), end.clone()], refused),
        case("an end after the end", &[start, end.clone(), end], &[says("fragment"), closed(1002)]),
    ]
}

/// Group 6, what is right: each whole, and in fragments of one byte.
pub fn valid_utf8() -> Vec<Case> {
    let mut cases = Vec::new();
    for string in [
        "Hello-µ@ßöäüàá-UTF-8!!",
        "κόσμε",
        "\u{0}\u{7F}",
        "\u{80}\u{7FF}",
        "\u{800}\u{D7FF}\u{E000}\u{FFFD}\u{FFFE}\u{FFFF}",
        "\u{10000}\u{10FFFF}",
        "🎧 語",
    ] {
        cases.push(case(format!("{string:?}"), &[text(string)], &[says(string)]));
        let mut parts: Vec<_> = string.bytes().map(|byte| frame(CONTINUATION, &[byte])).collect();
        parts[0][0] = TEXT;
        parts.push(frame(FIN | CONTINUATION, b""));
        cases.push(case(format!("{string:?} in fragments"), &parts, &[says(string)]));
    }
    let bytes = vec![0xC0, 0x80, 0xFF];
    cases.push(case("binary need not be", &[frame(FIN | BINARY, &bytes)], &[Answer::Binary(bytes)]));
    cases
}

/// Group 6, what is wrong: whole, and in a message that is not finished, which must not have to be.
pub fn invalid_utf8() -> Vec<Case> {
    let refused = &[closed(1007)];
    let mut cases = Vec::new();
    for (name, bytes) in [
        ("a continuation byte alone", &b"\x80"[..]),
        ("another", b"ok\xBF"),
        ("no continuation byte", b"\xC3("),
        ("overlong in two bytes", b"\xC0\xAF"),
        ("overlong in three bytes", b"\xE0\x80\xAF"),
        ("overlong in four bytes", b"\xF0\x80\x80\xAF"),
        ("overlong zero", b"\xC0\x80"),
        ("a high surrogate", b"\xED\xA0\x80"),
        ("a low surrogate", b"\xED\xBF\xBF"),
        ("beyond U+10FFFF", b"\xF4\x90\x80\x80"),
        ("five bytes", b"\xF8\x88\x80\x80\x80"),
        ("six bytes", b"\xFC\x84\x80\x80\x80\x80"),
        ("a byte that never is", b"\xFE"),
        ("another that never is", b"\xFF"),
    ] {
        cases.push(case(name, &[frame(FIN | TEXT, bytes)], refused));
        let unfinished = [frame(TEXT, "κόσμε".as_bytes()), frame(CONTINUATION, bytes)];
        cases.push(case(format!("{name}, unfinished"), &unfinished, refused));
    }
    cases.push(case("cut off", &[frame(FIN | TEXT, b"\xCE")], refused));
    let cut = [frame(TEXT, b"\xF0\x90"), frame(FIN | CONTINUATION, b"\x80")];
    cases.push(case("cut off in fragments", &cut, refused));
    let split = [frame(TEXT, b"\xF4"), frame(CONTINUATION, b"\x90")];
    cases.push(case("beyond U+10FFFF, split and unfinished", &split, refused));
    cases
}

/// Group 7.
pub fn closes() -> Vec<Case> {
    let bye = close(1000, b"bye");
    let normal = &[closed(1000)];
    let reason = "x".repeat(123);
    let mut cases = vec![
        case("no code", &[frame(FIN | CLOSE, b"")], &[Answer::Close(None)]),
        case("half a code", &[frame(FIN | CLOSE, &[3])], &[closed(1002)]),
        case("a reason of 123 bytes", &[close(1000, reason.as_bytes())], normal),
        case("a reason of 124 bytes", &[close(1000, &[b'x'; 124])], &[closed(1002)]),
        case("a reason that is no UTF-8", &[close(1000, b"\xCE\xBA\xE1\xBD\xB9\xED\xA0\x80")], &[closed(1007)]),
        case("twice", &[bye.clone(), bye.clone()], normal),
        case("then a ping", &[bye.clone(), frame(FIN | PING, b"")], normal),
        case("then a text", &[bye.clone(), text("late")], normal),
        case("then much", &[bye.clone(), frame(FIN | BINARY, &vec![0; 8 << 20])], normal),
        case("then nonsense", &[bye.clone(), vec![0xFF; 300]], normal),
        case("in a message", &[frame(TEXT, b"unfinished"), bye.clone()], normal),
        case("after a message", &[text("last words"), bye], &[says("last words"), closed(1000)]),
    ];
    let right = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4999];
    let wrong = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535];
    let answered = right.map(|code| (code, code)).into_iter().chain(wrong.map(|code| (code, 1002)));
    for (code, answer) in answered {
        cases.push(case(format!("code {code}"), &[close(code, b"")], &[closed(answer)]));
    }
    cases
}
