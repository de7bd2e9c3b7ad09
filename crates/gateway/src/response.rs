//! Stage 14: what an upstream says is judged before anything of it is handed on.

use crate::config::Api;
use crate::cors;
use crate::exchange::Exchange;
use http::header::{CONTENT_LOCATION, LINK, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use portcullis_core::record::Finding;
use portcullis_core::{ApiId, Control, Mode, Reason, Stop};
use portcullis_schema::contract::Contract;
use portcullis_transport::head::Head;
use portcullis_transport::location::{self, Map, Verdict};
use portcullis_transport::{cookies, harden, upstream};
use std::sync::Arc;

/// What the response answers.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) head: &'a Head,
    pub(crate) id: ApiId,
    pub(crate) api: &'a Api,
    pub(crate) upstream: &'a upstream::Compiled,
    /// What the document promises, where there is an Operation.
    pub(crate) contract: Option<&'a Arc<Contract>>,
}

/// What only concerned the connection goes; what names other origins, cookies and places is made to fit the API.
pub(crate) fn fields(
    x: &mut Exchange,
    asked: Asked<'_>,
    status: StatusCode,
    headers: &mut HeaderMap,
) -> Result<(), Stop> {
    let met = harden::strip(headers);
    if met.cors {
        cors::drop_upstream(x, headers);
    }
    if met.cookies {
        harden_cookies(x, asked, headers);
    }
    if met.locations {
        settle_location(x, asked, status, LOCATION, headers)?;
        settle_location(x, asked, status, CONTENT_LOCATION, headers)?;
        settle_location(x, asked, status, LINK, headers)?;
    }
    Ok(())
}

fn harden_cookies(x: &mut Exchange, asked: Asked<'_>, headers: &mut HeaderMap) {
    let mode = x.mode(Control::ResponseHeaders);
    let Some(readable) = asked.api.harden.readable_cookies().filter(|_| mode != Mode::Off) else { return };
    let changed = cookies::harden(headers, asked.head.authority.host(), readable, mode == Mode::Enforce);
    if changed > 0 && mode == Mode::Monitor {
        x.record.note(Finding { control: Control::ResponseHeaders, reason: Reason::CookieWeak });
    }
}

/// A redirect to an internal address is refused: there is nothing to follow. Elsewhere the field is left out.
fn settle_location(
    x: &mut Exchange,
    asked: Asked<'_>,
    status: StatusCode,
    name: HeaderName,
    headers: &mut HeaderMap,
) -> Result<(), Stop> {
    let mode = x.mode(Control::ResponseHeaders);
    if mode == Mode::Off || asked.api.harden.keeps(&name) {
        return Ok(());
    }
    let snapshot = std::rc::Rc::clone(&x.snapshot);
    let map = Map {
        host: asked.head.authority.host(),
        base_path: snapshot.routes.base_path(asked.id),
        upstream_path: asked.api.upstream_path.as_deref(),
        is_endpoint: &|authority| asked.upstream.is_endpoint(authority),
        is_served: &|host| snapshot.routes.serves_host(host),
    };
    let judge = if name == LINK { location::judge_links } else { location::judge };
    let verdicts: Vec<Verdict> = headers.get_all(&name).iter().map(|value| judge(value, &map)).collect();
    if verdicts.iter().all(|verdict| *verdict == Verdict::Fine) {
        return Ok(());
    }
    let is_internal = verdicts.contains(&Verdict::Internal);
    let refused = Stop::Deny(Reason::LocationInternal);
    if mode == Mode::Monitor || (is_internal && name == LOCATION && status.is_redirection()) {
        x.settle(Control::ResponseHeaders, Err::<(), _>(refused))?;
    } else if is_internal {
        headers.remove(&name);
    } else {
        rewrite(headers, &name, verdicts);
    }
    Ok(())
}

fn rewrite(headers: &mut HeaderMap, name: &HeaderName, verdicts: Vec<Verdict>) {
    let before: Vec<HeaderValue> = headers.get_all(name).iter().cloned().collect();
    headers.remove(name);
    for (before, verdict) in before.into_iter().zip(verdicts) {
        headers.append(name, if let Verdict::Public(value) = verdict { value } else { before });
    }
}
