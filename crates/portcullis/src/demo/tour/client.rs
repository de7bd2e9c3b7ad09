//! A small HTTP/1.1 client that sends exactly the bytes it is given.
//!
//! A library client would repair or refuse what an attack is made of: two lengths, dots in a path, two Host lines. What it
//! reads is bounded in bytes and time, and a response is complete by its own framing (RFC 9112 §6.3), not by a pause.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

const MAX_ANSWER_BYTES: usize = 4 << 20;
/// For one connection, from connect to the last byte.
const DEADLINE: Duration = Duration::from_secs(5);

/// One response, or status 0 for a connection that was closed without one.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    pub(super) const fn is_closed(&self) -> bool {
        self.status == 0
    }

    pub(super) fn is_plain_json(&self) -> bool {
        self.header("content-type").is_some_and(|value| value.starts_with("application/json"))
    }

    /// The first field line of that name (lower case).
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn has(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    /// The body as JSON, `Null` when it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The value at a JSON Pointer, `Null` when there is none.
    pub(super) fn at(&self, pointer: &str) -> Value {
        self.json().pointer(pointer).cloned().unwrap_or_default()
    }

    /// For the table: the status with the last segment of the problem type.
    pub(super) fn reason(&self) -> String {
        if self.is_closed() {
            return "closed".to_owned();
        }
        let kind = self.at("/type");
        match kind.as_str().and_then(|kind| kind.rsplit(['/', ':', '#']).next()) {
            Some(kind) => format!("{} {kind}", self.status),
            None if self.status < 400 => format!("{} harmless", self.status),
            None if self.is_plain_json() => format!("{} by the API", self.status),
            None => self.status.to_string(),
        }
    }
}

/// Sends `request` on a new connection and reads up to `count` answers, fewer when the peer closes. None at all gives one
/// closed [`Answer`]. `head` tells that the answers have no content although they name a length.
///
/// # Errors
/// When there is no connection, when time is up, or when what came is no HTTP/1.1.
pub(super) fn exchange(peer: SocketAddr, request: &[u8], count: usize, head: bool) -> Result<Vec<Answer>, String> {
    let deadline = Instant::now().checked_add(DEADLINE).ok_or("no time")?;
    let mut stream = TcpStream::connect_timeout(&peer, DEADLINE).map_err(|error| format!("no connection: {error}"))?;
    stream.set_write_timeout(Some(DEADLINE)).map_err(|error| error.to_string())?;
    // A peer that refuses early may close while the rest is still being sent; its answer is then still worth reading.
    let sent = stream.write_all(request);
    let mut held = Vec::new();
    let mut answers = Vec::new();
    let mut ended = sent.is_err();
    loop {
        while let Some((answer, used)) = parse(&held, head, ended)? {
            held.drain(..used);
            // 1xx is not the answer yet.
            if answer.status >= 200 {
                answers.push(answer);
            }
        }
        if answers.len() >= count {
            return Ok(answers);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err("timed out".to_owned());
        }
        stream.set_read_timeout(Some(left)).map_err(|error| error.to_string())?;
        let mut buffer = [0; 16 << 10];
        match stream.read(&mut buffer) {
            Ok(0) if ended || held.is_empty() => break,
            Ok(0) => ended = true,
            Ok(read) if held.len().saturating_add(read) > MAX_ANSWER_BYTES => return Err("endless answer".to_owned()),
            Ok(read) => held.extend_from_slice(buffer.get(..read).unwrap_or_default()),
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                return Err("timed out".to_owned());
            }
            Err(_) if ended => break,
            Err(_) => ended = true,
        }
    }
    if answers.is_empty() {
        answers.push(Answer::default());
    }
    Ok(answers)
}

/// One response from the front of `held` and its length; `None` while it is incomplete. `ended`: no more will come.
fn parse(held: &[u8], head: bool, ended: bool) -> Result<Option<(Answer, usize)>, String> {
    let Some(end) = find(held, b"\r\n\r\n") else { return Ok(None) };
    let (lines, _) = held.split_at_checked(end).unwrap_or_default();
    let body_at = end.saturating_add(4);
    let rest = held.get(body_at..).unwrap_or_default();
    let lines = String::from_utf8_lossy(lines);
    let mut lines = lines.split("\r\n");
    let status = lines.next().unwrap_or_default();
    let status = status.strip_prefix("HTTP/1.").and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let status = status.ok_or("not an HTTP/1.1 answer")?;
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut answer = Answer { status, headers, body: Vec::new() };
    if head || matches!(status, 100..=199 | 204 | 304) {
        return Ok(Some((answer, body_at)));
    }
    let used = if answer.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        let Some((body, used)) = unchunk(rest)? else { return Ok(None) };
        answer.body = body;
        used
    } else if let Some(length) = answer.header("content-length") {
        let length: usize = length.parse().map_err(|_| "a Content-Length that is no number")?;
        let Some(body) = rest.get(..length) else { return Ok(None) };
        answer.body = body.to_vec();
        length
    } else if ended {
        answer.body = rest.to_vec();
        rest.len()
    } else {
        return Ok(None);
    };
    Ok(Some((answer, body_at.saturating_add(used))))
}

/// The content of a chunked body and its length on the wire; `None` while it is incomplete.
fn unchunk(wire: &[u8]) -> Result<Option<(Vec<u8>, usize)>, String> {
    let mut body = Vec::new();
    let mut rest = wire;
    loop {
        let Some(end) = find(rest, b"\r\n") else { return Ok(None) };
        let line = String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned();
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| "a chunk size that is no number")?;
        rest = rest.get(end.saturating_add(2)..).unwrap_or_default();
        if size == 0 {
            // Trailer lines, then an empty one.
            loop {
                let Some(end) = find(rest, b"\r\n") else { return Ok(None) };
                rest = rest.get(end.saturating_add(2)..).unwrap_or_default();
                if end == 0 {
                    return Ok(Some((body, wire.len().saturating_sub(rest.len()))));
                }
            }
        }
        let Some(data) = rest.get(..size) else { return Ok(None) };
        body.extend_from_slice(data);
        let Some(after) = rest.get(size.saturating_add(2)..) else { return Ok(None) };
        rest = after;
    }
}

fn find(held: &[u8], text: &[u8]) -> Option<usize> {
    held.windows(text.len()).position(|window| window == text)
}

#[cfg(test)]
mod tests;
