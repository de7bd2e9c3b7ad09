//! Which requests are calls of gRPC.

use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{Method, Version};

/// The media type that a call is answered in; `None` for every other request. gRPC is HTTP/2 and POST only.
pub(crate) fn media_type(parts: &Parts) -> Option<&'static str> {
    if parts.version != Version::HTTP_2 || parts.method != Method::POST {
        return None;
    }
    let written = parts.headers.get(CONTENT_TYPE)?.as_bytes();
    // Never what the client wrote: one of ours.
    ["application/grpc-web-text", "application/grpc-web", "application/grpc"].into_iter().find(|known| {
        written.split_at_checked(known.len()).is_some_and(|(name, rest)| {
            name.eq_ignore_ascii_case(known.as_bytes()) && matches!(rest, [] | [b'+' | b';' | b' ' | b'\t', ..])
        })
    })
}

#[cfg(test)]
mod tests;
