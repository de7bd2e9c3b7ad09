//! `response.errors`: what an error of the upstream says goes to the record, not to the client (CWE-209, edge/Y27).
//!
//! The content of a 5xx is replaced unseen: it was not written for the client. That of a 4xx is part of the contract, so it is
//! looked at and replaced where it shows a stack trace, a driver's message, an internal address or path; or where it cannot be
//! looked at, because it is coded or too long.

mod signs;

use crate::body::{FromUpstream, Held, RequestBody};
use crate::exchange::Exchange;
use http::header::{ALLOW, CONTENT_ENCODING, DATE, RETRY_AFTER, SET_COOKIE, VARY, VIA, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, Response, StatusCode};
use http_body::Body as _;
use portcullis_core::bounds::MAX_ERROR_BYTES;
use portcullis_core::record::Finding;
use portcullis_core::{Control, Mode, Reason, Stop};
use portcullis_transport::upstream::{self, UpstreamBody};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// What becomes of a response.
pub(crate) enum Judged {
    /// It is handed on.
    Passed(Response<FromUpstream>),
    /// Its status is, and what a client needs to act on it; the content is ours.
    Replaced { reason: Reason, status: StatusCode, fields: HeaderMap },
}

/// Fields of an error that are kept: what to do next, and what every response has. Others may tell as much as the content.
const KEPT: [HeaderName; 7] = [ALLOW, DATE, RETRY_AFTER, SET_COOKIE, VARY, VIA, WWW_AUTHENTICATE];
const KEPT_FAMILIES: [&str; 3] = ["access-control-", "ratelimit", "x-ratelimit-"];

/// Judges a response whose fields are clean.
pub(crate) async fn judge(
    x: &mut Exchange,
    upstream: &upstream::Compiled,
    response: Response<UpstreamBody<RequestBody>>,
) -> Result<Judged, Stop> {
    let status = response.status();
    let mode = if status.as_u16() < 400 { Mode::Off } else { x.mode(Control::ResponseErrors) };
    if mode == Mode::Off {
        return Ok(passed(response));
    }
    if status.is_server_error() {
        return Ok(replaced(x, mode, (Reason::ServerError, None), response).await);
    }
    if response.body().is_end_stream() {
        return Ok(passed(response));
    }
    if is_coded(response.headers()) {
        return Ok(replaced(x, mode, (Reason::ErrorDetail, Some("coded content")), response).await);
    }
    if mode == Mode::Monitor {
        x.seen = Some(Vec::new()); // looked at as it streams
        return Ok(passed(response));
    }
    let (parts, mut body) = response.into_parts();
    let sign = match Held::read(&mut body, MAX_ERROR_BYTES, None).await? {
        Some(held) => match signs::find(held.content(), upstream.authorities()) {
            None => return Ok(Judged::Passed(Response::from_parts(parts, FromUpstream::Held(held)))),
            Some(sign) => sign,
        },
        None => "long content",
    };
    Ok(replaced(x, mode, (Reason::ErrorDetail, Some(sign)), Response::from_parts(parts, body)).await)
}

/// In monitor: takes note of content on its way to the client.
pub(crate) fn watch(x: &mut Exchange, data: &[u8]) {
    if let Some(seen) = &mut x.seen {
        let room = MAX_ERROR_BYTES.saturating_add(1).saturating_sub(seen.len());
        seen.extend_from_slice(data.get(..room).unwrap_or(data));
    }
}

/// In monitor: what enforce would have found in the content that went to the client.
pub(crate) fn conclude(x: &mut Exchange) {
    let Some(seen) = x.seen.take() else { return };
    let snapshot = std::rc::Rc::clone(&x.snapshot);
    let api = x.record.api.and_then(|id| snapshot.api(id));
    let upstream = api.and_then(|api| snapshot.upstream(api));
    let authorities = upstream.into_iter().flat_map(|upstream| upstream.compiled.authorities());
    if seen.len() > MAX_ERROR_BYTES || signs::find(&seen, authorities).is_some() {
        x.record.note(Finding { control: Control::ResponseErrors, reason: Reason::ErrorDetail });
    }
}

fn passed(response: Response<UpstreamBody<RequestBody>>) -> Judged {
    Judged::Passed(response.map(FromUpstream::Streamed))
}

async fn replaced(
    x: &mut Exchange,
    mode: Mode,
    (reason, sign): (Reason, Option<&str>),
    response: Response<UpstreamBody<RequestBody>>,
) -> Judged {
    if mode != Mode::Enforce {
        x.record.note(Finding { control: Control::ResponseErrors, reason });
        return passed(response);
    }
    replace(x, (reason, sign), response.map(FromUpstream::Streamed)).await
}

/// Keeps the status, and of the fields those that say what to do next.
pub(crate) async fn replace(
    x: &mut Exchange,
    (reason, sign): (Reason, Option<&str>),
    response: Response<FromUpstream>,
) -> Judged {
    x.record.detail = sign.map(Into::into);
    let (mut parts, body) = response.into_parts();
    if let FromUpstream::Streamed(mut body) = body {
        drain(&mut body).await;
    }
    let is_kept =
        |name: &HeaderName| KEPT.contains(name) || KEPT_FAMILIES.iter().any(|family| name.as_str().starts_with(family));
    let dropped: Vec<HeaderName> = parts.headers.keys().filter(|name| !is_kept(name)).cloned().collect();
    for name in dropped {
        parts.headers.remove(name);
    }
    Judged::Replaced { reason, status: parts.status, fields: parts.headers }
}

/// Drops what has arrived already: mostly that is all, and the connection can serve the next request. Never waits.
async fn drain(body: &mut UpstreamBody<RequestBody>) {
    let mut left = MAX_ERROR_BYTES;
    poll_fn(|context| {
        while let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut *body).poll_frame(context) {
            match left.checked_sub(frame.data_ref().map_or(0, bytes::Bytes::len)) {
                Some(rest) => left = rest,
                None => break,
            }
        }
        Poll::Ready(())
    })
    .await;
}

fn is_coded(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}
