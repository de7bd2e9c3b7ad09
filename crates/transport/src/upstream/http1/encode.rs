//! The head of a request as it is written (RFC 9112 §3, §5, §6).

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Request};
use portcullis_core::{Fault, Reason, Stop};
use std::io::Write as _;

/// Where the content of a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// After so many bytes more.
    Length(u64),
    /// With its last chunk.
    Chunked,
}

/// Writes the head. The field that frames the content is the one that stands in `request`, or is written after `exact`, the length
/// of the content where it is known.
///
/// # Errors
/// Fields that frame the content in two ways: the upstream might take the other one.
pub(super) fn head(request: &Request<()>, exact: Option<u64>, out: &mut Vec<u8>) -> Result<Framing, Stop> {
    let target = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    for part in [request.method().as_str(), " ", target, " HTTP/1.1\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    let mut framing = None;
    for (name, value) in request.headers() {
        field(name, value, out);
        let framed = match () {
            () if *name == CONTENT_LENGTH => length(value).map(Framing::Length),
            () if *name == TRANSFER_ENCODING => {
                value.as_bytes().eq_ignore_ascii_case(b"chunked").then_some(Framing::Chunked)
            }
            () => continue,
        };
        if framed.is_none() || framing.is_some() {
            return Err(Fault::new(Reason::Internal, "a request that is framed in more than one way").into());
        }
        framing = framed;
    }
    let framing = framing.unwrap_or_else(|| match exact {
        Some(0) => Framing::Length(0),
        Some(length) => {
            let _infallible = write!(out, "{CONTENT_LENGTH}: {length}\r\n");
            Framing::Length(length)
        }
        None => {
            field(&TRANSFER_ENCODING, &HeaderValue::from_static("chunked"), out);
            Framing::Chunked
        }
    });
    out.extend_from_slice(b"\r\n");
    Ok(framing)
}

fn field(name: &HeaderName, value: &HeaderValue, out: &mut Vec<u8>) {
    for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
        out.extend_from_slice(part);
    }
}

fn length(value: &HeaderValue) -> Option<u64> {
    value.to_str().ok().filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))?.parse().ok()
}

#[cfg(test)]
mod tests;
