//! The head of a request as HTTP/2 has it (RFC 9113 §8.2.2, §8.3.1).

use http::header::{CONNECTION, HOST, TRANSFER_ENCODING, UPGRADE};
use http::request::Parts;
use http::{HeaderName, Request, Uri, Version};

/// What means something in HTTP/1.1 only. `content-length` stays: h2 of either side judges it.
const HTTP1_FIELDS: [HeaderName; 5] = [
    CONNECTION,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// The request without its content; `Host` becomes `:authority`. `None` where that is no authority.
pub(in super::super) fn head(mut parts: Parts, is_tls: bool) -> Option<Request<()>> {
    let host = parts.headers.remove(HOST)?;
    for name in &HTTP1_FIELDS {
        parts.headers.remove(name);
    }
    let uri = Uri::builder()
        .scheme(if is_tls { "https" } else { "http" })
        .authority(host.as_bytes())
        .path_and_query(parts.uri.path_and_query()?.clone());
    parts.uri = uri.build().ok()?;
    parts.version = Version::HTTP_2;
    Some(Request::from_parts(parts, ()))
}
