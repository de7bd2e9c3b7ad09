//! HTTP/2 by hand: fields that no library would send.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;

use anyhow::{Context as _, Result};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// Field lines as raw octets.
type Fields = [(Vec<u8>, Vec<u8>)];

/// One exchange on stream 1: the status, as far as one octet of HPACK tells it (1 for all others); `None` for a reset, GOAWAY
/// or the end of the connection.
pub(crate) fn exchange(
    connection: &mut TcpStream,
    fields: &Fields,
    content: Option<&[u8]>,
    trailers: &Fields,
) -> Result<Option<u16>> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    frame(&mut bytes, SETTINGS, 0, 0, &[])?;
    let ends_with_head = if content.is_none() && trailers.is_empty() { END_STREAM } else { 0 };
    frame(&mut bytes, HEADERS, END_HEADERS | ends_with_head, 1, &block(fields))?;
    if let Some(content) = content {
        frame(&mut bytes, DATA, if trailers.is_empty() { END_STREAM } else { 0 }, 1, content)?;
    }
    if !trailers.is_empty() {
        frame(&mut bytes, HEADERS, END_HEADERS | END_STREAM, 1, &block(trailers))?;
    }
    drop(connection.write_all(&bytes)); // refused before it was read to its end: the answer counts
    let mut status = None;
    let mut head = [0; 9];
    while read(connection, &mut head)? {
        let [a, b, c, kind, flags, stream @ ..] = head;
        let length = u32::from_be_bytes([0, a, b, c]);
        let mut payload = vec![0; usize::try_from(length)?];
        connection.read_exact(&mut payload).context("half a frame")?;
        let is_ours = stream == [0, 0, 0, 1];
        match kind {
            GOAWAY => return Ok(status),
            RST_STREAM if is_ours => return Ok(status),
            HEADERS if is_ours => status = status.or_else(|| Some(status_of(&payload))),
            _ => {}
        }
        if is_ours && matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0 {
            return Ok(status);
        }
    }
    Ok(status)
}

/// False at the end of the connection; a reset is one too.
fn read(connection: &mut TcpStream, into: &mut [u8]) -> Result<bool> {
    match connection.read_exact(into) {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => Ok(false),
        Err(error) => Err(error).context("neither an answer nor the end of the connection"),
    }
}

/// The first field of an answer is its status; the usual ones are one octet (RFC 7541 appendix A), after any change of the
/// table's size.
fn status_of(block: &[u8]) -> u16 {
    let first = block.iter().find(|octet| **octet & 0xE0 != 0x20);
    match first {
        Some(0x88) => 200,
        Some(0x89) => 204,
        Some(0x8C) => 400,
        Some(0x8D) => 404,
        _ => 1,
    }
}

fn frame(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Result<()> {
    let length = u32::try_from(payload.len())?.to_be_bytes();
    out.extend_from_slice(length.get(1..).unwrap_or_default());
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
    Ok(())
}

/// Literal field lines without indexing, without Huffman codes (RFC 7541 §6.2.2).
fn block(fields: &Fields) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            length(&mut block, text.len());
            block.extend_from_slice(text);
        }
    }
    block
}

/// An integer with a prefix of 7 bits (RFC 7541 §5.1).
fn length(out: &mut Vec<u8>, length: usize) {
    match u8::try_from(length) {
        Ok(short) if short < 127 => out.push(short),
        _ => {
            out.push(127);
            let mut rest = length.saturating_sub(127);
            while rest >= 128 {
                out.push(u8::try_from(rest % 128).unwrap_or(0) | 128);
                rest /= 128;
            }
            out.push(u8::try_from(rest).unwrap_or(0));
        }
    }
}
