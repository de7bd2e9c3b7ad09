//! `routing.lifecycle`: what has ended is refused, and every response of what is deprecated or ends says so.

use crate::exchange::Exchange;
use http::HeaderMap;
use portcullis_core::record::Finding;
use portcullis_core::{ApiId, Control, Mode, Reason, Stop};
use std::rc::Rc;

/// Stage 3, once it is known what the request asks for and that the client may know of it.
///
/// # Errors
/// Its sunset has passed, by the clock of this exchange.
pub(crate) fn check(x: &mut Exchange, api: ApiId) -> Result<(), Stop> {
    x.is_routed = true;
    let now = x.record.started_at / 1_000_000;
    let outcome = x.snapshot.routes.lifecycle(api, x.record.operation).map_or(Ok(()), |lifecycle| lifecycle.check(now));
    x.settle(Control::RoutingLifecycle, outcome).map(|_| ())
}

/// Stage 15, refusals included. A path or an internal operation that does not exist for the client has no lifecycle either.
pub(crate) fn say(x: &mut Exchange, headers: &mut HeaderMap) {
    let Some(api) = x.record.api.filter(|_| x.is_routed) else { return };
    let snapshot = Rc::clone(&x.snapshot);
    let Some(lifecycle) = snapshot.routes.lifecycle(api, x.record.operation) else { return };
    match x.mode(Control::RoutingLifecycle) {
        Mode::Enforce => lifecycle.say(headers),
        Mode::Monitor => x.record.note(Finding { control: Control::RoutingLifecycle, reason: Reason::Deprecated }),
        Mode::Off => {}
    }
}
