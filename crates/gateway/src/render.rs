//! The one place where the answer to a [`Reason`] is chosen: status, problem type, header fields.
//!
//! No `_` arm: a new Reason does not compile until its answer stands here. The text of an answer never depends on rules,
//! upstreams or values of the request, so that a refusal tells a prober nothing but its kind (RFC 9457).

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use http::{HeaderMap, HeaderName, StatusCode};
use portcullis_core::{Place, Reason, Violation};
use std::io::Write as _;

/// What every problem type begins with.
pub const TYPE_PREFIX: &str = "urn:portcullis:problem:";

/// The answer to one Reason.
#[derive(Clone, Copy, Debug)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// The problem type, kebab-case, stable.
    pub kind: &'static str,
    /// The title: the same for every occurrence.
    pub title: &'static str,
    /// Whether an HTTP/1.1 connection ends with this answer, because its framing can no longer be trusted.
    pub close: bool,
    /// `Retry-After` in seconds.
    pub retry_after: Option<&'static str>,
}

impl Problem {
    const fn new(status: StatusCode, kind: &'static str, title: &'static str) -> Self {
        Self { status, kind, title, close: false, retry_after: None }
    }

    const fn closing(self) -> Self {
        Self { close: true, ..self }
    }

    const fn retry_after(self, seconds: &'static str) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }
}

const fn malformed(kind: &'static str, title: &'static str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, kind, title).closing()
}

const NOT_FOUND: Problem = Problem::new(StatusCode::NOT_FOUND, "not-found", "Nothing is served here");
const BAD_GATEWAY: Problem =
    Problem::new(StatusCode::BAD_GATEWAY, "upstream-failed", "The service behind this API failed");
const GATEWAY_TIMEOUT: Problem =
    Problem::new(StatusCode::GATEWAY_TIMEOUT, "upstream-timeout", "The service behind this API did not answer in time");

/// What the client sees.
#[expect(clippy::too_many_lines, reason = "one arm for each Reason, in one place")]
pub const fn problem(reason: Reason) -> Problem {
    match reason {
        Reason::RequestMalformed => malformed("request-malformed", "The request is not valid HTTP"),
        Reason::TransferCodingUnknown => {
            let title = "The only transfer coding that is served is chunked";
            Problem::new(StatusCode::NOT_IMPLEMENTED, "transfer-coding-unknown", title).closing()
        }
        Reason::BodyMalformed => malformed("content-malformed", "The content is incomplete or badly framed"),
        Reason::HeaderRepeated => malformed("field-repeated", "A header field that may stand once stands twice"),
        Reason::ConnectionField => malformed("connection-field", "The Connection header field is not acceptable"),
        Reason::UpgradeRefused => malformed("upgrade-refused", "The upgrade is not acceptable"),
        Reason::TargetAmbiguous => malformed("target-ambiguous", "The request target is ambiguous"),
        Reason::TargetForm => malformed("target-form", "The request target is not in origin form"),
        Reason::AuthorityInvalid => {
            malformed("host-invalid", "The host of the request is missing, malformed or contradictory")
        }
        Reason::QueryTooMany => malformed("query-too-large", "The query has too many or too long names"),
        Reason::ForwardedInvalid => malformed("forwarding-chain", "The forwarding chain is too long"),
        Reason::VersionUnsupported => {
            Problem::new(StatusCode::HTTP_VERSION_NOT_SUPPORTED, "version-unsupported", "Use HTTP/1.1 or HTTP/2")
                .closing()
        }
        Reason::ExpectationUnknown => {
            Problem::new(StatusCode::EXPECTATION_FAILED, "expectation-unknown", "The expectation is not supported")
                .closing()
        }
        Reason::MethodRefused => {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "This method is never served").closing()
        }
        Reason::AddressRate => {
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "This address sends too many requests")
                .retry_after("1")
        }
        Reason::TargetTooLong => {
            Problem::new(StatusCode::URI_TOO_LONG, "target-too-long", "The request target is too long").closing()
        }
        Reason::HeadTooLarge => {
            let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            Problem::new(status, "head-too-large", "The header fields are too large or too many").closing()
        }
        Reason::ContentMemory => {
            let title = "There is no room for this content now";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "content-memory", title).closing().retry_after("1")
        }
        Reason::ParameterInvalid => {
            Problem::new(StatusCode::BAD_REQUEST, "parameter-invalid", "Parameters of the request are not valid")
        }
        Reason::ContentUnexpected => {
            Problem::new(StatusCode::BAD_REQUEST, "content-unexpected", "This operation takes no content").closing()
        }
        Reason::ContentMissing => {
            Problem::new(StatusCode::BAD_REQUEST, "content-missing", "This operation needs content")
        }
        Reason::MediaTypeRefused => {
            let title = "The content is not in a form that this operation takes";
            Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type-refused", title).closing()
        }
        Reason::ContentUnreadable => {
            Problem::new(StatusCode::BAD_REQUEST, "content-unreadable", "The content cannot be read").closing()
        }
        Reason::ContentInvalid => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "content-invalid", "The content is not valid")
        }
        Reason::BodyTooLarge => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "content-too-large", "The content is too large").closing()
        }
        Reason::HeadTimeout | Reason::BodyTimeout => {
            Problem::new(StatusCode::REQUEST_TIMEOUT, "request-timeout", "The request did not arrive in time").closing()
        }
        Reason::ExchangeTimeout | Reason::UpstreamTimeout => GATEWAY_TIMEOUT,
        Reason::PlaintextCredentials => {
            let title = "A credential was sent without TLS: replace it, and use https";
            Problem::new(StatusCode::FORBIDDEN, "plaintext-credentials", title).closing()
        }
        // Never sent: nobody reads it.
        Reason::WriteStalled => {
            Problem::new(StatusCode::REQUEST_TIMEOUT, "response-not-read", "The response was not read")
        }
        // Never sent: the connection ends with a GOAWAY.
        Reason::H2Flood => Problem::new(StatusCode::TOO_MANY_REQUESTS, "frames-too-many", "Too many HTTP/2 frames"),
        Reason::ForwardingLoop => {
            Problem::new(StatusCode::LOOP_DETECTED, "forwarding-loop", "The request went in a circle")
        }
        // One answer for all of these: which part was unknown is nobody's business.
        Reason::HostUnknown | Reason::OperationUnknown | Reason::InternalOnly => NOT_FOUND,
        Reason::HostMisdirected => Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "host-misdirected",
            "This connection does not serve this host",
        ),
        Reason::MethodUnknown => {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "The method is not allowed here")
        }
        Reason::Deprecated => BAD_GATEWAY, // only ever noted: enforcing sets the fields instead of refusing
        Reason::Sunset => Problem::new(StatusCode::GONE, "gone", "This operation has ended"),
        Reason::WebSocketOrigin => {
            Problem::new(StatusCode::FORBIDDEN, "origin-refused", "This page may not open a WebSocket here").closing()
        }
        Reason::WebSocketVersion => {
            Problem::new(StatusCode::UPGRADE_REQUIRED, "websocket-version", "Use version 13 of WebSocket").closing()
        }
        // Never sent: a WebSocket ends with a close frame.
        Reason::WebSocketFrame | Reason::WebSocketTooLarge | Reason::WebSocketRate | Reason::WebSocketTimeout => {
            Problem::new(StatusCode::BAD_REQUEST, "websocket-closed", "The WebSocket was closed")
        }
        Reason::UpstreamUnavailable => {
            let title = "The service behind this API is not available";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "upstream-unavailable", title).retry_after("10")
        }
        Reason::UpstreamConnect
        | Reason::UpstreamTls
        | Reason::UpstreamClosed
        | Reason::UpstreamMalformed
        | Reason::UpstreamHead
        | Reason::UpstreamInterim => BAD_GATEWAY,
        // One answer: the page is told that it may not, not how far it came.
        Reason::CorsOrigin | Reason::CorsMethod | Reason::CorsField => {
            Problem::new(StatusCode::FORBIDDEN, "cors-refused", "Pages of this origin may not send this request")
        }
        Reason::ResponseStatus
        | Reason::ResponseMediaType
        | Reason::ResponseUnreadable
        | Reason::ResponseInvalid
        | Reason::ResponseTooLarge => BAD_GATEWAY,
        Reason::ResponseUndeclared => BAD_GATEWAY, // only ever noted: enforcing takes the properties out
        Reason::CorsUpstream => BAD_GATEWAY,       // only ever noted: enforcing removes the fields
        Reason::LocationInternal => BAD_GATEWAY,
        Reason::CookieWeak => BAD_GATEWAY, // only ever noted: enforcing mends the cookie, or does not set it
        Reason::ServerError | Reason::ErrorDetail => upstream_error(StatusCode::BAD_GATEWAY), // the upstream's status stands
        Reason::ResponseHeadersWeak => BAD_GATEWAY, // only ever noted: enforcing sets the fields instead of refusing
        Reason::Internal => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The gateway failed"),
    }
}

/// What stands in place of the content of an upstream's error.
pub const fn upstream_error(status: StatusCode) -> Problem {
    match status.as_u16() {
        400..=499 => Problem::new(status, "upstream-refused", "The service behind this API refused the request"),
        _ => Problem::new(status, "upstream-error", "The service behind this API reports an error"),
    }
}

/// The content of a refusal: always the same members in the same order; `errors` only where something of the request breaks its
/// contract.
pub fn content(problem: &Problem, request_id: &str, violations: &[Violation]) -> Bytes {
    let mut out = Vec::with_capacity(256);
    for part in [
        "{\"type\":\"",
        TYPE_PREFIX,
        problem.kind,
        "\",\"title\":\"",
        problem.title,
        "\",\"status\":",
        problem.status.as_str(),
        ",\"instance\":\"urn:uuid:",
        request_id,
        "\"",
    ] {
        out.extend_from_slice(part.as_bytes());
    }
    if !violations.is_empty() {
        errors(&mut out, violations);
    }
    out.extend_from_slice(b"}\n");
    Bytes::from(out)
}

/// Places and rules, never a value: what is told about a request may be read by whoever made the client send it.
fn errors(out: &mut Vec<u8>, violations: &[Violation]) {
    let mut separator = ",\"errors\":[{";
    for Violation { place, rule } in violations {
        out.extend_from_slice(separator.as_bytes());
        let written = match place {
            Place::Parameter(name) => write!(out, "\"parameter\":{}", json_string(name)),
            Place::Pointer(pointer) => write!(out, "\"pointer\":{}", json_string(pointer)),
            Place::Byte(offset) => write!(out, "\"byte\":{offset}"),
        };
        if written.and_then(|()| write!(out, ",\"rule\":\"{rule}\"")).is_err() {
            return; // writing into a Vec cannot fail
        }
        separator = "},{";
    }
    out.extend_from_slice(b"}]");
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Header fields of a refusal; request id and security header fields aside.
pub fn fields(problem: &Problem, allow: Option<&HeaderValue>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(16);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = problem.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from_static(seconds));
    }
    if problem.status == StatusCode::METHOD_NOT_ALLOWED {
        // RFC 9110 §15.5.6: a 405 always lists what is allowed; an empty list is allowed too.
        headers.insert(ALLOW, allow.cloned().unwrap_or(HeaderValue::from_static("")));
    }
    if problem.status == StatusCode::UPGRADE_REQUIRED {
        // RFC 9110 §15.5.22: a 426 says what to upgrade to; RFC 6455 §4.4: and in which version.
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
    headers
}

/// The head that answers a gRPC call of this media type in place of [`fields`] and [`content`]: 200, and the status of the call
/// where its trailers would be, with nothing in between ("trailers-only"). Clients of gRPC take any other status for a broken
/// proxy and give up the reason.
pub fn grpc(problem: &Problem, media_type: &'static str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(16);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(GRPC_STATUS, HeaderValue::from_static(grpc_status(problem.status)));
    headers.insert(GRPC_MESSAGE, HeaderValue::from_static(problem.title));
    headers
}

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// The code of gRPC that says what `status` does, as far as there is one.
const fn grpc_status(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 | 415 | 417 | 422 => "3",        // INVALID_ARGUMENT
        408 => "4",                          // DEADLINE_EXCEEDED
        403 => "7",                          // PERMISSION_DENIED
        413 | 414 | 429 | 431 => "8",        // RESOURCE_EXHAUSTED
        404 | 405 | 410 | 501 | 505 => "12", // UNIMPLEMENTED
        421 | 502 | 503 | 504 => "14",       // UNAVAILABLE
        401 => "16",                         // UNAUTHENTICATED
        _ => "13",                           // INTERNAL
    }
}

/// A whole HTTP/1.1 response, for a connection that ends before there is a request to answer.
pub fn raw(problem: &Problem, mut headers: HeaderMap, request_id: &str) -> Bytes {
    let content = content(problem, request_id, &[]);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(content.len()));
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(problem.status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(problem.status.canonical_reason().unwrap_or_default().as_bytes());
    out.extend_from_slice(b"\r\n");
    for (name, value) in &headers {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(&content);
    Bytes::from(out)
}

#[cfg(test)]
mod tests;
