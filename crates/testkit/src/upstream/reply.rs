//! What the fake upstream answers.

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Seen;
use crate::scenario::format::Fields;

/// One scripted answer. The default is 200 with a JSON echo of the request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reply {
    /// Status code; 200 when absent.
    pub status: Option<u16>,
    /// 1xx responses sent first.
    pub interim: Vec<u16>,
    /// Header lines, added to the framing; `@HOST@` in them is the host that the request names.
    pub headers: Fields,
    /// The content, as JSON.
    pub json: Option<Value>,
    /// The content, one character a byte.
    pub body: Option<String>,
    /// The content: so many bytes of `x`.
    pub size: Option<usize>,
    /// Frame the content in chunks.
    pub chunked: bool,
    /// The trailer section of a chunked content.
    pub trailers: Fields,
    /// Exactly these bytes instead of a response, placeholders filled; then it closes.
    pub raw: Option<String>,
    /// It does not close after `raw`.
    pub open: bool,
    /// Close after the response, or instead of one when nothing else is said.
    pub close: bool,
    /// Send the bytes in four pieces with so many milliseconds between them: a stream.
    pub pause: Option<u64>,
    /// Wait before answering until the case releases it.
    pub hang: bool,
    /// Send back every WebSocket frame that follows, unmasked.
    pub echo: bool,
}

impl Reply {
    /// True when the connection ends with this answer.
    pub fn closes(&self) -> bool {
        self.close || (self.raw.is_some() && !self.echo && !self.open)
    }

    /// The bytes to send in answer to `seen`.
    pub fn bytes(&self, seen: &Seen) -> Result<Vec<u8>> {
        if let Some(raw) = &self.raw {
            return crate::latin1::to_bytes(raw);
        }
        let silent = self.close && self.status.is_none() && !self.has_content();
        if silent {
            return Ok(Vec::new());
        }
        let status = self.status.unwrap_or(200);
        let mut out = String::new();
        for code in &self.interim {
            out.push_str(&format!("HTTP/1.1 {code} Interim\r\n\r\n"));
        }
        out.push_str(&format!("HTTP/1.1 {status} Scripted\r\n"));
        let body = self.content(seen)?;
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        if !names.iter().any(|name| name == "content-type") && !matches!(status, 101 | 204 | 304) {
            out.push_str("content-type: application/json\r\n");
        }
        let host = seen.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host"));
        let host = host.map_or("", |(_, host)| host);
        for (name, value) in self.headers.iter() {
            out.push_str(&format!("{name}: {}\r\n", value.replace("@HOST@", host)));
        }
        if self.close {
            out.push_str("connection: close\r\n");
        }
        let bodiless = seen.method == "HEAD" || matches!(status, 101 | 204 | 304);
        if self.chunked && !bodiless {
            out.push_str("transfer-encoding: chunked\r\n\r\n");
            return self.chunks(&out, &body);
        }
        if !matches!(status, 101 | 204 | 304) && !names.iter().any(|name| name == "content-length") {
            out.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        out.push_str("\r\n");
        let mut bytes = crate::latin1::to_bytes(&out)?;
        if !bodiless {
            bytes.extend_from_slice(&body);
        }
        Ok(bytes)
    }

    fn has_content(&self) -> bool {
        self.json.is_some() || self.body.is_some() || self.size.is_some() || !self.headers.is_empty()
    }

    pub(super) fn content(&self, seen: &Seen) -> Result<Vec<u8>> {
        match (&self.body, &self.json, self.size) {
            (Some(body), _, _) => crate::latin1::to_bytes(body),
            (_, Some(json), _) => Ok(serde_json::to_vec(json)?),
            (_, _, Some(size)) => Ok(vec![b'x'; size]),
            _ => Ok(serde_json::to_vec(&json!({
                "method": seen.method, "target": seen.target, "body": crate::latin1::to_text(&seen.body),
            }))?),
        }
    }

    fn chunks(&self, head: &str, body: &[u8]) -> Result<Vec<u8>> {
        let mut out = crate::latin1::to_bytes(head)?;
        for chunk in body.chunks(7.max(body.len() / 4)) {
            out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            out.extend_from_slice(chunk);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"0\r\n");
        for (name, value) in self.trailers.iter() {
            out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        Ok(out)
    }
}
