//! HTTP/2 by hand, frame by frame, for what no client library sends.

use anyhow::{Context, Result};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{PATIENCE, Target};
use crate::latin1::to_bytes;

/// The connection preface (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// One frame to send, or several of the same. What says nothing of its kind is HEADERS.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// HEADERS of a `GET` of this path.
    pub get: Option<String>,
    /// HEADERS of a `POST` to this path.
    pub post: Option<String>,
    /// HEADERS: more fields, or the only ones; pseudo-header fields among them are sent as they stand.
    pub fields: Vec<(String, String)>,
    /// HEADERS: this header block, or this at its end.
    pub block: Option<String>,
    /// DATA with this content.
    pub data: Option<String>,
    /// A frame of this type, with `payload`.
    pub kind: Option<u8>,
    /// The payload of a frame with a `kind`.
    pub payload: String,
    /// These bytes, which are no frame; as the first step they stand in place of the preface.
    pub bytes: Option<String>,
    /// The flags, where they are not those of a frame that ends its header block and its stream.
    pub flags: Option<u8>,
    /// The stream; 1 when absent, 0 for a frame with a `kind`.
    pub stream: Option<u32>,
    /// END_STREAM is not set.
    pub open: bool,
    /// So many times.
    pub repeat: Option<usize>,
}

/// How it ended: whichever came first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// GOAWAY with an error, or the connection closed without an answer.
    Connection,
    /// The stream was reset.
    Stream,
    /// The stream was answered to its end.
    Answer(u16),
}

impl Ending {
    /// The word of a case.
    pub fn word(&self) -> String {
        match self {
            Self::Connection => "connection".to_owned(),
            Self::Stream => "stream".to_owned(),
            Self::Answer(status) => status.to_string(),
        }
    }
}

/// The bytes of `steps`, each text through `fill` first, and the stream whose end is looked for.
pub fn bytes(steps: &[Step], scheme: &str, fill: impl Fn(&str) -> String) -> Result<(Vec<u8>, u32)> {
    let mut out = Vec::new();
    if steps.first().is_none_or(|step| step.bytes.is_none()) {
        out.extend_from_slice(PREFACE);
        out.extend(frame(SETTINGS, 0, 0, b""));
    }
    let mut last = 1;
    for step in steps {
        let once = step.encode(scheme, &fill)?;
        if step.kind.is_none() {
            last = step.stream.unwrap_or(last).max(last);
        }
        for _ in 0..step.repeat.unwrap_or(1) {
            out.extend_from_slice(&once);
        }
    }
    Ok((out, last))
}

impl Step {
    fn encode(&self, scheme: &str, fill: impl Fn(&str) -> String) -> Result<Vec<u8>> {
        let text = |text: &str| to_bytes(&fill(text));
        let end = if self.open { 0 } else { END_STREAM };
        if let Some(bytes) = &self.bytes {
            return text(bytes);
        }
        if let Some(kind) = self.kind {
            return Ok(frame(kind, self.flags.unwrap_or(0), self.stream.unwrap_or(0), &text(&self.payload)?));
        }
        let stream = self.stream.unwrap_or(1);
        if let Some(data) = &self.data {
            return Ok(frame(DATA, self.flags.unwrap_or(end), stream, &text(data)?));
        }
        let mut block = Vec::new();
        let line = self.get.iter().map(|path| ("GET", path)).chain(self.post.iter().map(|path| ("POST", path))).next();
        if let Some((method, path)) = line {
            for (name, value) in
                [(":method", method), (":scheme", scheme), (":authority", "api.example.com"), (":path", path)]
            {
                literal(&mut block, name.as_bytes(), &text(value)?);
            }
        }
        for (name, value) in &self.fields {
            literal(&mut block, &text(name)?, &text(value)?);
        }
        block.extend(text(self.block.as_deref().unwrap_or_default())?);
        Ok(frame(HEADERS, self.flags.unwrap_or(end | END_HEADERS), stream, &block))
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    let mut out = length.get(1..).unwrap_or_default().to_vec();
    out.extend([kind, flags]);
    out.extend(stream.to_be_bytes());
    out.extend_from_slice(payload);
    out
}

/// A field that enters no table (RFC 7541 §6.2.2), with its name in full and nothing compressed.
fn literal(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.push(0);
    for text in [name, value] {
        // §5.1: a prefix of seven bits.
        match u8::try_from(text.len()) {
            Ok(short) if short < 127 => out.push(short),
            _ => {
                out.push(127);
                let mut rest = text.len() - 127;
                while rest >= 128 {
                    out.push(u8::try_from(rest % 128).unwrap_or_default() | 128);
                    rest /= 128;
                }
                out.push(u8::try_from(rest).unwrap_or_default());
            }
        }
        out.extend_from_slice(text);
    }
}

/// Sends `bytes` on a new connection and waits until `stream` or the connection ends.
pub async fn exchange(target: &Target, bytes: &[u8], stream: u32) -> Result<Ending> {
    let (mut reader, mut writer) = tokio::io::split(target.connect().await?);
    let write = async {
        // A gateway that closed already does not take them.
        if writer.write_all(bytes).await.is_ok() {
            let _flushed = writer.flush().await;
        }
        std::future::pending::<()>().await;
    };
    let read = async {
        let (mut buffer, mut status) = (Vec::new(), 0);
        loop {
            while let Some((head, rest)) = buffer.split_first_chunk::<9>() {
                let [long, middle, low, kind, flags, on @ ..] = *head;
                let Some((payload, after)) = usize::try_from(u32::from_be_bytes([0, long, middle, low]))
                    .ok()
                    .and_then(|length| rest.split_at_checked(length))
                else {
                    break;
                };
                let is_ours = u32::from_be_bytes(on) == stream;
                match kind {
                    GOAWAY if payload.get(4..8) != Some(&[0; 4]) => return Ending::Connection,
                    RST_STREAM if is_ours => return Ending::Stream,
                    HEADERS if is_ours && status == 0 => status = self::status(payload),
                    _ => {}
                }
                if is_ours && matches!(kind, HEADERS | DATA) && flags & END_STREAM != 0 {
                    return Ending::Answer(status);
                }
                buffer = after.to_vec();
            }
            if !matches!(reader.read_buf(&mut buffer).await, Ok(1..)) {
                return Ending::Connection;
            }
        }
    };
    let ending = async {
        tokio::select! { ending = read => ending, () = write => Ending::Connection }
    };
    tokio::time::timeout(PATIENCE, ending).await.context("neither the stream nor the connection ended")
}

/// `:status`, which comes first: a row of the static table, or three digits by its name.
fn status(block: &[u8]) -> u16 {
    let Some((first, rest)) = block.split_first() else { return 0 };
    let table = [200, 204, 206, 304, 400, 404, 500];
    if let Some(status) = first.checked_sub(0x88).and_then(|row| table.get(usize::from(row))) {
        return *status;
    }
    let Some((length, digits)) = rest.split_first() else { return 0 };
    if length & 0x80 == 0 {
        return std::str::from_utf8(digits.get(..3).unwrap_or_default())
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
    }
    // RFC 7541 appendix B: 0 to 2 have five bits (00000 to 00010), 3 to 9 six (011001 to 011111).
    let bits: Vec<u16> =
        digits.iter().flat_map(|byte| (0..8).rev().map(move |bit| u16::from(byte >> bit & 1))).collect();
    let take = |from: usize, count: usize| {
        bits.get(from..from + count).map(|bits| bits.iter().fold(0, |value, bit| value * 2 + bit))
    };
    let (mut at, mut status) = (0, 0);
    for _ in 0..3 {
        let digit = match (take(at, 5), take(at, 6)) {
            (Some(short @ 0..=2), _) => {
                at += 5;
                short
            }
            (_, Some(long @ 25..=31)) => {
                at += 6;
                long - 22
            }
            _ => return 0,
        };
        status = status * 10 + digit;
    }
    status
}

#[cfg(test)]
mod tests;
