//! The opening handshake: which page may ask, and what the upstream must answer.

#[cfg(test)]
mod tests;

use super::Compiled;
use crate::origin;
use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{
    CONNECTION, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    UPGRADE,
};
use http::{HeaderMap, HeaderValue};
use portcullis_core::{Fault, Reason, Stop};

/// What is hashed behind the key (RFC 6455 §1.3). The hash shows that the other side speaks WebSocket; it protects nothing.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Decides whether the page that asks may open a WebSocket. Browsers let every page open one to anywhere, with the cookies of
/// that place, and read what comes (CWE-1385); `Origin` is all that tells. Without it the client is no browser.
///
/// # Errors
/// [`Reason::WebSocketOrigin`].
pub fn check_origin(rules: &Compiled, headers: &HeaderMap, is_tls: bool, authority: &str) -> Result<(), Stop> {
    let Some(sent) = headers.get(ORIGIN) else { return Ok(()) };
    let is_allowed = match &rules.origins {
        Some(origins) => origins.iter().any(|origin| origin.is(sent.as_bytes())),
        None => origin::is_same(sent.as_bytes(), is_tls, authority),
    };
    if is_allowed { Ok(()) } else { Err(Stop::Deny(Reason::WebSocketOrigin)) }
}

/// What a client has offered, to judge the answer by.
#[derive(Debug)]
pub struct Handshake {
    key: Option<HeaderValue>,
    protocols: Vec<HeaderValue>,
}

impl Handshake {
    /// The offer in the fields of a request, which are clean.
    pub fn of(headers: &HeaderMap) -> Self {
        let protocols = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().cloned().collect();
        Self { key: headers.get(SEC_WEBSOCKET_KEY).cloned(), protocols }
    }

    /// Judges the fields of a 101 as a client has to (RFC 6455 §4.1): an upstream that has not understood the request as a
    /// handshake may have read something else in it, and answers with something else.
    ///
    /// # Errors
    /// [`Reason::UpstreamMalformed`], with what is wrong.
    pub fn judge(&self, answer: &HeaderMap) -> Result<(), Stop> {
        let fault = |detail: &'static str| Err(Fault::new(Reason::UpstreamMalformed, detail).into());
        if !one(answer, &UPGRADE).is_some_and(|upgrade| upgrade.as_bytes().eq_ignore_ascii_case(b"websocket")) {
            return fault("101 without `Upgrade: websocket`");
        }
        if !answer.get_all(CONNECTION).iter().flat_map(tokens).any(|token| token.eq_ignore_ascii_case("upgrade")) {
            return fault("101 without `Connection: upgrade`");
        }
        let expected = self.key.as_ref().map(|key| accept(key.as_bytes()));
        let accepted = one(answer, &SEC_WEBSOCKET_ACCEPT).map(HeaderValue::as_bytes);
        if expected.is_none() || accepted != expected.as_deref().map(str::as_bytes) {
            return fault("101 with a wrong Sec-WebSocket-Accept");
        }
        if answer.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
            return fault("101 with an extension that was not offered");
        }
        let mut chosen = answer.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
        let is_offered = |chosen: &HeaderValue| {
            self.protocols.iter().flat_map(tokens).any(|offered| offered.as_bytes() == chosen.as_bytes())
        };
        match (chosen.next(), chosen.next()) {
            (None, _) => Ok(()),
            (Some(chosen), None) if is_offered(chosen) => Ok(()),
            _ => fault("101 with a subprotocol that was not offered"),
        }
    }
}

/// The value of a field that stands once.
fn one<'a>(headers: &'a HeaderMap, name: &http::HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

fn tokens(list: &HeaderValue) -> impl Iterator<Item = &str> {
    list.to_str().unwrap_or_default().split(',').map(|token| token.trim_matches([' ', '\t']))
}

/// `Sec-WebSocket-Accept` for a key (RFC 6455 §4.2.2).
fn accept(key: &[u8]) -> String {
    let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    context.update(key);
    context.update(GUID);
    BASE64_STANDARD.encode(context.finish())
}
