//! `contract.request` and `contract.response`: what the API's own document says, and what becomes of what breaks it.
//!
//! What has to be looked at whole is held; what was looked at, or its edited form, is what is forwarded.

mod monitor;
mod response;

pub(crate) use monitor::{Seen, conclude, watch};
pub(crate) use response::{prepare, response};

use crate::body::RequestBody;
use crate::exchange::Exchange;
use crate::worker::Worker;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method};
use http_body::Body as _;
use portcullis_core::bounds::MAX_VIOLATIONS;
use portcullis_core::{CanonicalTarget, Control, Fault, Mode, Reason, Stop, Violation};
use portcullis_schema::contract::{Contract, Expected, Refused, RequestRules};
use std::pin::Pin;
use std::sync::Arc;

/// Fields that speak of the bytes of content: they are not true of edited ones (RFC 9530, RFC 1864).
const DIGESTS: [HeaderName; 4] = [
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-md5"),
];

/// Stage 6: what the parameters are. The target to forward, where it is another than the one that came.
///
/// `base` is the length of the base path.
pub(crate) fn parameters(
    x: &mut Exchange,
    contract: &Contract,
    base: usize,
    target: &CanonicalTarget,
    headers: &HeaderMap,
) -> Result<Option<CanonicalTarget>, Stop> {
    let mode = x.mode(Control::ContractRequest);
    if mode == Mode::Off {
        return Ok(None);
    }
    let path = target.path().get(base..).unwrap_or_default();
    match contract.parameters(path, target.query(), headers) {
        Ok(Some(query)) if mode == Mode::Enforce => with_query(target, &query).map(Some),
        Ok(_) => Ok(None),
        Err(violations) => {
            note(x, violations);
            x.settle(Control::ContractRequest, Err(Stop::Deny(Reason::ParameterInvalid)))
        }
    }
}

/// What needs no waiting, or has to be held first.
pub(crate) enum Step<'a, T> {
    /// At once.
    Ready(T),
    /// In a box, so that an exchange whose content passes does not pay for its size.
    Held(Pin<Box<dyn Future<Output = Result<T, Stop>> + 'a>>),
}

impl<T> Step<'_, T> {
    /// Waits where that is needed.
    pub(crate) async fn done(self) -> Result<T, Stop> {
        match self {
            Self::Ready(ready) => Ok(ready),
            Self::Held(held) => held.await,
        }
    }
}

/// Stage 8: what the content is. `headers` are those of the request, and stay true of what is returned.
pub(crate) fn content<'a>(
    worker: &'a Worker,
    x: &'a mut Exchange,
    (contract, max_bytes): (&Arc<Contract>, u64),
    method: &'a Method,
    content: RequestBody,
    headers: &'a mut HeaderMap,
) -> Result<Step<'a, RequestBody>, Stop> {
    let mode = x.mode(Control::ContractRequest);
    if mode == Mode::Off {
        return Ok(Step::Ready(content));
    }
    let expected = contract.expected(headers, content.is_end_stream());
    if mode == Mode::Monitor {
        return Ok(Step::Ready(monitor::content(worker, x, expected, max_bytes, content)));
    }
    match expected {
        Ok(Expected::Opaque) => Ok(Step::Ready(content)),
        Ok(Expected::Nothing) if content.is_end_stream() => Ok(Step::Ready(content)),
        Ok(Expected::Nothing) => Ok(Step::Held(Box::pin(nothing(worker, x, content, headers)))),
        Ok(Expected::Whole(rules)) => {
            let request = Whole { rules, max_bytes, method, content };
            Ok(Step::Held(Box::pin(whole(worker, x, request, headers))))
        }
        Err(refused) => {
            x.accept = contract.accept().cloned();
            Err(refuse(x, refused))
        }
    }
}

/// Content that is judged as a whole.
struct Whole<'a> {
    rules: RequestRules,
    max_bytes: u64,
    method: &'a Method,
    content: RequestBody,
}

async fn whole(
    worker: &Worker,
    x: &mut Exchange,
    Whole { rules, max_bytes, method, content }: Whole<'_>,
    headers: &mut HeaderMap,
) -> Result<RequestBody, Stop> {
    let mut share = worker.held.share(x.record.client);
    let bytes = content.read(&mut share).await?;
    share.cover((bytes.len() as u64).saturating_add(rules.room(bytes.len(), max_bytes)))?;
    let accepted = rules.judge(bytes, max_bytes).map_err(|refused| refuse(x, refused))?;
    note(x, accepted.noted);
    if accepted.is_changed {
        headers.remove(CONTENT_ENCODING);
        remove_digests(headers);
    }
    share.cover(accepted.content.len() as u64)?;
    headers.remove(TRANSFER_ENCODING);
    headers.remove(CONTENT_LENGTH);
    // RFC 9110 §8.6: an empty one is said only of methods that are sent with content.
    if !accepted.content.is_empty() || !matches!(*method, Method::GET | Method::HEAD) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(accepted.content.len()));
    }
    Ok(RequestBody::held(accepted.content, share))
}

/// An operation that takes no content: chunks that hold nothing are none (contract/V-31).
async fn nothing(
    worker: &Worker,
    x: &mut Exchange,
    content: RequestBody,
    headers: &mut HeaderMap,
) -> Result<RequestBody, Stop> {
    let is_announced = content.size_hint().lower() > 0;
    if is_announced || !content.read(&mut worker.held.share(x.record.client)).await?.is_empty() {
        return Err(Stop::Deny(Reason::ContentUnexpected));
    }
    headers.remove(TRANSFER_ENCODING);
    Ok(RequestBody::Empty)
}

fn refuse(x: &mut Exchange, refused: Refused) -> Stop {
    note(x, refused.violations);
    x.record.detail = refused.detail.map(Into::into);
    Stop::Deny(refused.reason)
}

/// Adds to the record, up to its bound.
fn note(x: &mut Exchange, more: Vec<Violation>) {
    let mut all = std::mem::take(&mut x.record.violations).into_vec();
    all.extend(more);
    all.truncate(MAX_VIOLATIONS);
    x.record.violations = all.into();
}

fn remove_digests(headers: &mut HeaderMap) {
    for name in &DIGESTS {
        headers.remove(name);
    }
}

/// The same path with another query; an empty one is none.
fn with_query(target: &CanonicalTarget, query: &str) -> Result<CanonicalTarget, Stop> {
    let path = target.path();
    let text = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    let changed = PathAndQuery::try_from(text).map_err(|error| Stop::from(Fault::new(Reason::Internal, error)))?;
    Ok(CanonicalTarget::from_canonical(changed))
}
