//! Stage 14: a response keeps what the document promises, and nothing else leaves.

use super::{Step, note, remove_digests};
use crate::body::{FromUpstream, Held};
use crate::errors::{self, Judged};
use crate::exchange::Exchange;
use crate::worker::Worker;
use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, ETAG, HeaderValue, IF_RANGE, RANGE,
    TRANSFER_ENCODING,
};
use http::{HeaderMap, Method, Response, StatusCode};
use portcullis_core::bounds::MAX_HELD_RESPONSE_BYTES;
use portcullis_core::{Control, Mode, Reason, Stop};
use portcullis_schema::contract::{Contract, Promised, Refused, ResponseRules};
use std::sync::Arc;

/// Before forwarding: what would come in a form that cannot be looked at is not asked for.
pub(crate) fn prepare(x: &Exchange, contract: &Contract, headers: &mut HeaderMap) {
    if !contract.promises_content() || x.mode(Control::ContractResponse) != Mode::Enforce {
        return;
    }
    headers.remove(RANGE); // a part of the content would get round the rules for the whole (contract/S-13)
    headers.remove(IF_RANGE);
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
}

/// Judges a response: passed on as it is, edited, or with content of ours.
pub(crate) fn response<'a>(
    worker: &'a Worker,
    x: &'a mut Exchange,
    contract: &Arc<Contract>,
    mut response: Response<FromUpstream>,
) -> Step<'a, Judged> {
    let mode = x.mode(Control::ContractResponse);
    if mode == Mode::Off {
        return Step::Ready(Judged::Passed(response));
    }
    let status = response.status();
    if mode == Mode::Enforce && x.record.method == Method::HEAD && contract.promises_content() {
        // The length of what a GET would not get as it is (contract/S-12).
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    let has_content = !is_without_content(&x.record.method, status) && !response.body().is_end_stream();
    let promised = contract.promised(status, response.headers(), has_content);
    if mode == Mode::Monitor {
        return Step::Ready(Judged::Passed(super::monitor::response(worker, x, promised, response)));
    }
    match promised {
        Ok(Promised::Anything) => Step::Ready(Judged::Passed(response)),
        Ok(Promised::Whole(rules)) => Step::Held(Box::pin(whole(worker, x, rules, response))),
        Err(refused) => Step::Held(Box::pin(refuse(x, refused, response))),
    }
}

async fn whole(
    worker: &Worker,
    x: &mut Exchange,
    rules: ResponseRules,
    response: Response<FromUpstream>,
) -> Result<Judged, Stop> {
    let (mut parts, body) = response.into_parts();
    let mut share = worker.held.share(x.record.client);
    let held = match body {
        FromUpstream::Held(held) => Some(held),
        FromUpstream::Streamed(mut body) => Held::read(&mut body, MAX_HELD_RESPONSE_BYTES, Some(&mut share)).await?,
    };
    let Some(mut held) = held else { return Err(Stop::Deny(Reason::ResponseTooLarge)) };
    let content = held.take();
    let max_bytes = MAX_HELD_RESPONSE_BYTES as u64;
    share.cover((content.len() as u64).saturating_add(rules.room(content.len(), max_bytes)))?;
    match rules.judge(content, max_bytes) {
        Ok(accepted) => {
            note(x, accepted.noted);
            if accepted.is_changed {
                keep_true(&mut parts.headers);
            }
            share.cover(accepted.content.len() as u64)?;
            let held = held.with(accepted.content, share);
            Ok(Judged::Passed(Response::from_parts(parts, FromUpstream::Held(held))))
        }
        Err(refused) => {
            note(x, refused.violations);
            Err(Stop::Deny(refused.reason))
        }
    }
}

/// An undeclared success is refused; of an undeclared error the status says enough (contract/S-01).
async fn refuse(x: &mut Exchange, refused: Refused, response: Response<FromUpstream>) -> Result<Judged, Stop> {
    note(x, refused.violations);
    if response.status().as_u16() < 400 {
        return Err(Stop::Deny(refused.reason));
    }
    Ok(errors::replace(x, (refused.reason, None), response).await)
}

fn is_without_content(method: &Method, status: StatusCode) -> bool {
    *method == Method::HEAD || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// What an upstream said of the bytes that it sent is not true of others (contract/S-11).
fn keep_true(headers: &mut HeaderMap) {
    for name in [CONTENT_LENGTH, TRANSFER_ENCODING, CONTENT_ENCODING, ACCEPT_RANGES] {
        headers.remove(name);
    }
    remove_digests(headers);
    let Some(tag) = headers.get(ETAG).filter(|tag| !tag.as_bytes().starts_with(b"W/")) else { return };
    match HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat()) {
        Ok(weak) => drop(headers.insert(ETAG, weak)),
        Err(_) => drop(headers.remove(ETAG)),
    }
}
