//! What a response must be before anything of it is believed, beyond the grammar.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, StatusCode};
use portcullis_core::Reason;

/// Where content ends, by the head of its response. HTTP/2 has frames for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// After so many bytes.
    Length(u64),
    /// With its last chunk.
    Chunked,
    /// With the connection.
    UntilClose,
}

/// Judges the head of a response. `upgrade`: the request asked for another protocol.
///
/// # Errors
/// The reason why the response is not passed on and its connection is closed.
pub(super) fn judge(status: StatusCode, headers: &HeaderMap, upgrade: bool) -> Result<Framing, (Reason, &'static str)> {
    match status.as_u16() {
        101 if !upgrade => return Err((Reason::UpstreamInterim, "101 that was not asked for")),
        // A challenge of the upstream's proxy, meant for us: it must never reach a client (RFC 9110 §15.5.8).
        407 => return Err((Reason::UpstreamMalformed, "407 from an upstream")),
        // It speaks of our connection (RFC 9110 §15.5.20); a client would leave its own, which is the right one.
        421 => return Err((Reason::UpstreamMalformed, "421 from an upstream")),
        101 | 200..=599 => {}
        _ => return Err((Reason::UpstreamMalformed, "status outside 200 to 599")),
    }
    framing(headers).map_err(|detail| (Reason::UpstreamMalformed, detail))
}

/// One way only to read where the content ends (RFC 9112 §6.3).
fn framing(headers: &HeaderMap) -> Result<Framing, &'static str> {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let length = lengths.next();
    if lengths.next().is_some() {
        return Err("Content-Length more than once");
    }
    let length = length.map(|value| parse_length(value).ok_or("malformed Content-Length")).transpose()?;
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else { return Ok(length.map_or(Framing::UntilClose, Framing::Length)) };
    if length.is_some() {
        return Err("Content-Length and Transfer-Encoding");
    }
    if codings.next().is_some() || !coding.as_bytes().eq_ignore_ascii_case(b"chunked") {
        return Err("Transfer-Encoding other than `chunked`");
    }
    Ok(Framing::Chunked)
}

/// Digits only, and no more than a `u64` surely holds.
fn parse_length(value: &HeaderValue) -> Option<u64> {
    let digits = value.to_str().ok()?;
    let is_plain = (1..=19).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
    if is_plain { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests;
