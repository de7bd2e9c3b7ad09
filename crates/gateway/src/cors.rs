//! `response.cors`: which page asks is noted, its preflight answered, and every response says who may read it.

use crate::exchange::Exchange;
use http::request::Parts;
use http::{HeaderMap, Method};
use portcullis_core::record::Finding;
use portcullis_core::{Control, Mode, OperationId, Reason, Stop};
use portcullis_transport::cors;
use std::rc::Rc;

/// The fields that answer a preflight, which goes no further; `None` for any other request.
///
/// Behind routing, because it allows what an operation allows, and before identity, because a browser sends no credential with
/// it (edge/Y24). `find` routes another method to the same target.
pub(crate) fn preflight(
    x: &mut Exchange,
    parts: &Parts,
    find: impl FnOnce(&Method) -> Option<OperationId>,
) -> Result<Option<HeaderMap>, Stop> {
    let snapshot = Rc::clone(&x.snapshot);
    let Some(rules) = x.record.api.and_then(|id| snapshot.api(id)?.cors.as_ref()) else { return Ok(None) };
    if !cors::is_preflight(&parts.method, &parts.headers) {
        x.granted = rules.grant(&parts.method, &parts.headers);
        return Ok(None);
    }
    let asked = cors::asked_method(&parts.headers);
    x.record.operation = asked.as_ref().and_then(find);
    // Where routing lets unknown operations pass, a page may ask for one.
    let is_served = x.record.operation.is_some() || x.mode(Control::RoutingOperation) != Mode::Enforce;
    let answer = match &asked {
        Some(method) if is_served => rules.preflight(method, &parts.headers),
        _ => Err(Stop::Deny(Reason::CorsMethod)),
    };
    let granted = answer.is_ok().then(|| rules.grant(asked.as_ref()?, &parts.headers)).flatten();
    let answer = x.settle(Control::ResponseCors, answer)?;
    if x.mode(Control::ResponseCors) == Mode::Enforce {
        x.granted = granted;
        return Ok(answer);
    }
    x.record.operation = None; // a method like any other
    Ok(None)
}

/// What the upstream says about other origins goes: the gateway alone says it.
pub(crate) fn drop_upstream(x: &mut Exchange, headers: &mut HeaderMap) {
    match x.mode(Control::ResponseCors) {
        Mode::Enforce => cors::remove(headers),
        Mode::Monitor => x.record.note(Finding { control: Control::ResponseCors, reason: Reason::CorsUpstream }),
        Mode::Off => {}
    }
}

/// Says on any response of an API with CORS, refusals included, who may read it. True when the page that asked may.
pub(crate) fn say(x: &Exchange, headers: &mut HeaderMap) -> bool {
    let api = x.record.api.and_then(|id| x.snapshot.api(id));
    let Some(rules) = api.and_then(|api| api.cors.as_ref()) else { return false };
    if x.mode(Control::ResponseCors) != Mode::Enforce {
        return false;
    }
    rules.apply(x.granted.as_ref(), headers);
    x.granted.is_some()
}
