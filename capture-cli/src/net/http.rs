//! The two HTTP calls: a notification and a ticket. HTTP/1.1 by hand, one request a connection (RFC 9112).

use std::time::Duration;

use relay_wire::Notice;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::connect::{ConnectError, Target, error_sentence};
use super::ticket::Credential;

/// Time for the answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The relay's answers are a line of JSON.
const MAX_ANSWER: u64 = 64 * 1024;

/// Where a notification went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// Its number in the room.
    pub message: u64,
    /// To how many participants.
    pub participants: u64,
}

/// Sends a notification to the target's room.
///
/// # Errors
/// [`ConnectError`] with the relay's own sentence where it refused.
pub async fn notify(target: &Target, notice: &Notice) -> Result<Delivered, ConnectError> {
    let path = format!("/api/v1/rooms/{}/notifications", target.address.room);
    let key = match &target.credential {
        Some(Credential::Key(key)) => Some(key.as_str()),
        _ => None,
    };
    let notice = serde_json::to_value(notice).map_err(|e| target.unreachable(&e.to_string()))?;
    let (status, body) = post(target, &path, key, &notice).await?;
    let json: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
    let number = |name: &str| json.as_ref().and_then(|json| json.get(name)?.as_u64());
    match (status, number("message"), number("delivered")) {
        (200..=299, Some(message), Some(participants)) => Ok(Delivered { message, participants }),
        _ => {
            let sentence = error_sentence(&body).unwrap_or_else(|| format!("HTTP status {status}"));
            Err(ConnectError::Refused(target.address.authority(), sentence))
        }
    }
}

/// Posts JSON, and gives status and body of the answer.
pub(super) async fn post(
    target: &Target,
    path: &str,
    key: Option<&str>,
    body: &serde_json::Value,
) -> Result<(u16, Vec<u8>), ConnectError> {
    let unreachable = |reason: &str| target.unreachable(reason);
    // What cannot be in a header cannot be a key.
    let key = key.filter(|key| key.bytes().all(|b| b.is_ascii_graphic()));
    let authorization = key.map(|key| format!("Authorization: Bearer {key}\r\n")).unwrap_or_default();
    let mut stream = target.open().await?;
    let body = body.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n{authorization}\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        target.address.authority(),
        body.len()
    );
    let mut answer = Vec::new();
    let exchange = async {
        stream.write_all(request.as_bytes()).await?;
        stream.flush().await?;
        // A TLS peer that closes without saying so still has answered.
        match stream.take(MAX_ANSWER).read_to_end(&mut answer).await {
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Ok(0),
            result => result,
        }
    };
    match tokio::time::timeout(TIMEOUT, exchange).await {
        Ok(Ok(_)) => {}
        Ok(Err(e)) => return Err(unreachable(&e.to_string())),
        Err(_) => return Err(unreachable("no answer in 5 seconds")),
    }
    parse(&answer).ok_or_else(|| unreachable("not a relay: no HTTP answer"))
}

/// Status and body of a complete answer.
fn parse(answer: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let body = &answer[end + 4..];
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let chunked = lines.filter_map(|line| line.split_once(':')).any(|(name, value)| {
        name.eq_ignore_ascii_case("transfer-encoding") && value.trim().eq_ignore_ascii_case("chunked")
    });
    Some((status, if chunked { unchunk(body)? } else { body.to_vec() }))
}

fn unchunk(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let end = body.windows(2).position(|w| w == b"\r\n")?;
        let size = std::str::from_utf8(&body[..end]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        let data = body.get(end + 2..)?;
        if size == 0 {
            return Some(out);
        }
        out.extend_from_slice(data.get(..size)?);
        body = data.get(size + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_plain_and_chunked() {
        let plain = b"HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(parse(plain), Some((202, b"{}".to_vec())));
        let chunked = b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n";
        assert_eq!(parse(chunked), Some((404, b"abcde".to_vec())));
    }

    #[test]
    fn what_is_no_answer_is_none() {
        for bad in ["", "HTTP/1.1 200", "hello\r\n\r\n", "HTTP/1.1 x\r\n\r\n"] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad:?}");
        }
        let huge = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc";
        assert_eq!(parse(huge), None);
    }
}
