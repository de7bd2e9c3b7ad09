//! What a response must be before anything of it is believed. hyper checks the grammar, not the rules.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use portcullis_core::Reason;
use portcullis_core::bounds::MAX_UPSTREAM_HEAD_BYTES;

/// Judges the head of a response. `upgrade`: the request asked for another protocol. `read`: bytes read so far, the head at least.
///
/// # Errors
/// The reason why the response is not passed on and its connection is closed.
pub(super) fn judge(
    status: StatusCode,
    headers: &HeaderMap,
    upgrade: bool,
    read: u64,
) -> Result<(), (Reason, &'static str)> {
    match status.as_u16() {
        101 if !upgrade => return Err((Reason::UpstreamInterim, "101 that was not asked for")),
        // A challenge of the upstream's proxy, meant for us: it must never reach a client (RFC 9110 §15.5.8).
        407 => return Err((Reason::UpstreamMalformed, "407 from an upstream")),
        // It speaks of our connection (RFC 9110 §15.5.20); a client would leave its own, which is the right one.
        421 => return Err((Reason::UpstreamMalformed, "421 from an upstream")),
        101 | 200..=599 => {}
        _ => return Err((Reason::UpstreamMalformed, "status outside 200 to 599")),
    }
    // hyper looks at its bound between reads, so that a head may be twice as long. Rarely is so much read before a head is whole.
    if read > MAX_UPSTREAM_HEAD_BYTES as u64 && is_over_bound(headers) {
        return Err((Reason::UpstreamMalformed, "head over its bound"));
    }
    framing(headers).map_err(|detail| (Reason::UpstreamMalformed, detail))
}

/// The fields as they came, but for white space: `: ` and a line end each.
fn is_over_bound(headers: &HeaderMap) -> bool {
    let bytes = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len().saturating_add(value.len());
    let fields = headers.iter().map(|field| bytes(field).saturating_add(4)).fold(0_usize, usize::saturating_add);
    fields > MAX_UPSTREAM_HEAD_BYTES
}

/// One way only to read where the content ends (RFC 9112 §6.3). hyper accepts both lengths together, and re-uses the connection.
fn framing(headers: &HeaderMap) -> Result<(), &'static str> {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let length = lengths.next();
    if lengths.next().is_some() {
        return Err("Content-Length more than once");
    }
    if !length.is_none_or(is_length) {
        return Err("malformed Content-Length");
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else { return Ok(()) };
    if length.is_some() {
        return Err("Content-Length and Transfer-Encoding");
    }
    if codings.next().is_some() || !coding.as_bytes().eq_ignore_ascii_case(b"chunked") {
        return Err("Transfer-Encoding other than `chunked`");
    }
    Ok(())
}

/// Digits only, and no more than a `u64` surely holds; hyper does not look at it where no content follows (HEAD, 304).
fn is_length(value: &HeaderValue) -> bool {
    let digits = value.as_bytes();
    (1..=19).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests;
