//! Request fields: what a client may not say is removed, what it may say once stands once, what we say is added.

mod forwarded;
pub(crate) mod names;
#[cfg(test)]
mod tests;

pub use forwarded::{ForwardedCache, Onward, forwarded};
pub(crate) use forwarded::{OUR_VIA, TRACEPARENT, TRACESTATE, X_REQUEST_ID};

use http::header::{
    CONNECTION, CONTENT_LENGTH, COOKIE, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
    TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
use names::{Does, REQUEST, bit, is_forged_family, is_odd};
use portcullis_core::bounds::{MAX_CONNECTION_TOKENS, MAX_HEADER_FIELDS, MAX_HEADER_LIST_BYTES, MAX_RANGES};
use portcullis_core::{Reason, Stop};

/// Bytes that one field counts beside its name and value.
pub const FIELD_OVERHEAD: usize = 4;
/// The name by which [`forwarded`] and `harden` sign `Via`.
pub const PSEUDONYM: &str = "portcullis";

/// What the configuration adds to the names that this module knows.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Fields that the configuration injects: a client's own are removed as forged.
    pub injected: Box<[HeaderName]>,
    /// Fields that carry a credential, such as the `header:` of an API key.
    pub credentials: Box<[HeaderName]>,
    /// Fields that are forwarded although their name is odd or of a forged family.
    pub allowed: Box<[HeaderName]>,
}

impl Rules {
    /// Whether the configuration speaks of `name` at all.
    fn names(&self, name: &HeaderName) -> bool {
        [&self.injected, &self.credentials, &self.allowed].iter().any(|list| list.contains(name))
    }
}

/// What was learned while the fields were cleaned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Fields removed because they were forged, ambiguous or excessive; connection-specific ones are not counted.
    pub removed: u16,
    /// The protocol that the client asks to switch to; its fields are removed, [`restore_upgrade`] puts them back.
    pub upgrade: Option<Upgrade>,
    /// Fields of a WebSocket handshake are there; [`drop_handshake`] removes them where no tunnel is opened.
    pub has_handshake: bool,
    /// The client waits for 100 before it sends content.
    pub expects_continue: bool,
    /// The client takes trailer sections (`TE: trailers`).
    pub takes_trailers: bool,
    /// A field that carries a credential was there.
    pub is_credentialed: bool,
}

/// A protocol that can be tunnelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upgrade {
    /// RFC 6455.
    WebSocket,
}

/// Removes what a client may not send and refuses what two readers may understand differently.
///
/// Runs after `target::authority`, which takes `Host` out. `is_trusted` says that the peer is a trusted proxy.
pub fn clean(parts: &mut Parts, is_trusted: bool, rules: &Rules) -> Result<Cleaned, Stop> {
    if parts.headers.len() > MAX_HEADER_FIELDS {
        return Err(Stop::Deny(Reason::HeadTooLarge));
    }
    let mut pass = Pass { is_http2: parts.version == Version::HTTP_2, is_trusted, ..Pass::default() };
    for (name, value) in &parts.headers {
        pass.field(name, value, rules)?;
    }
    if rules.credentials.iter().any(|name| parts.headers.get_all(name).iter().nth(1).is_some()) {
        return Err(Stop::Deny(Reason::HeaderRepeated));
    }
    if pass.vias > 1 {
        return Err(Stop::Deny(Reason::ForwardingLoop));
    }
    if pass.upgrades && pass.connection_upgrades {
        pass.cleaned.upgrade = upgrade(parts)?;
    }
    for name in REQUEST.named(pass.doomed) {
        parts.headers.remove(name);
    }
    for name in &pass.doomed_names {
        parts.headers.remove(name);
    }
    if pass.crumbs > 1 {
        join_cookies(&mut parts.headers)?;
    }
    Ok(pass.cleaned)
}

/// Cleans the trailer section of a request. A field that frames, routes, proves or describes the request comes too late there
/// (RFC 9110 §6.5.1), and one that only a proxy may set is forged there too: what stays is known to nobody on the way.
///
/// # Errors
/// More fields than a head may have.
pub fn clean_trailers(trailers: &mut HeaderMap, rules: &Rules) -> Result<(), Stop> {
    if trailers.len() > MAX_HEADER_FIELDS {
        return Err(Stop::Deny(Reason::HeadTooLarge));
    }
    let is_late = |name: &HeaderName| {
        let text = name.as_str();
        let is_known = REQUEST.find(text).is_some() || is_protected_family(text);
        is_known || rules.injected.contains(name) || rules.credentials.contains(name)
    };
    let is_unwanted = |name: &HeaderName| is_late(name) || (is_odd(name.as_str()) && !rules.allowed.contains(name));
    let unwanted: Vec<HeaderName> = trailers.keys().filter(|name| is_unwanted(name)).cloned().collect();
    for name in unwanted {
        trailers.remove(name);
    }
    Ok(())
}

/// Puts back what a tunnel needs in its request and in its 101 response.
pub fn restore_upgrade(headers: &mut HeaderMap, upgrade: Upgrade) {
    match upgrade {
        Upgrade::WebSocket => {
            headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        }
    }
}

/// Removes what only a WebSocket handshake needs: without the upgrade the request is a plain GET, and an upstream must not take
/// it for more (edge/H50b).
pub fn drop_handshake(headers: &mut HeaderMap) {
    for name in [SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, SEC_WEBSOCKET_PROTOCOL] {
        headers.remove(name);
    }
}

/// The one pass over the fields.
#[derive(Default)]
struct Pass {
    cleaned: Cleaned,
    is_http2: bool,
    is_trusted: bool,
    /// Rows of [`REQUEST`] that were met.
    seen: u128,
    /// Rows of [`REQUEST`] to remove.
    doomed: u128,
    /// Other names to remove; empty, thus without an allocation, for most requests.
    doomed_names: Vec<HeaderName>,
    list_bytes: usize,
    connection_tokens: usize,
    connection_upgrades: bool,
    upgrades: bool,
    crumbs: usize,
    vias: usize,
}

impl Pass {
    fn field(&mut self, name: &HeaderName, value: &HeaderValue, rules: &Rules) -> Result<(), Stop> {
        let text = name.as_str();
        self.list_bytes = self.list_bytes.saturating_add(text.len()).saturating_add(value.len());
        self.list_bytes = self.list_bytes.saturating_add(FIELD_OVERHEAD);
        if self.list_bytes > MAX_HEADER_LIST_BYTES {
            return Err(Stop::Deny(Reason::HeadTooLarge));
        }
        if self.is_http2 && is_padded(value.as_bytes()) {
            return Err(Stop::Deny(Reason::RequestMalformed)); // RFC 9113 §8.2.1; HTTP/1.1 readers would trim it
        }
        if rules.credentials.contains(name) {
            self.cleaned.is_credentialed = true;
        }
        if rules.injected.contains(name) {
            self.forge(name);
            return Ok(());
        }
        match REQUEST.find(text) {
            Some((at, row)) => self.known(at, row, value, rules),
            None if is_odd(text) || is_forged_family(text) => {
                if !rules.allowed.contains(name) {
                    self.forge(name);
                }
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn known(&mut self, at: u8, row: names::Request, value: &HeaderValue, rules: &Rules) -> Result<(), Stop> {
        if row.is_single && self.seen & bit(at) != 0 {
            return Err(Stop::Deny(Reason::HeaderRepeated));
        }
        if row.is_ascii && !value.as_bytes().is_ascii() {
            return Err(Stop::Deny(Reason::RequestMalformed));
        }
        self.cleaned.is_credentialed |= row.is_credential;
        let is_repeated = self.seen & bit(at) != 0;
        self.seen |= bit(at);
        match row.does {
            Does::Pass => return Ok(()),
            Does::ContentLength => return content_length(value.as_bytes()),
            Does::Cookie => return self.cookie(),
            Does::Handshake => {
                self.cleaned.has_handshake = true;
                return Ok(());
            }
            Does::Via => {
                self.vias = self.vias.saturating_add(own_vias(value));
                return Ok(());
            }
            Does::Range if !has_too_many_ranges(value) => return Ok(()),
            Does::Range | Does::Forged => self.count(),
            Does::Forwarding => {
                if !self.is_trusted {
                    self.count();
                }
            }
            Does::Hop => {}
            Does::Connection => self.connection(value, rules)?,
            Does::Te => self.cleaned.takes_trailers |= value.as_bytes().eq_ignore_ascii_case(b"trailers"),
            Does::Upgrade => self.upgrades = value.as_bytes().eq_ignore_ascii_case(b"websocket"),
            Does::Expect => {
                if is_repeated || !value.as_bytes().eq_ignore_ascii_case(b"100-continue") {
                    return Err(Stop::Deny(Reason::ExpectationUnknown));
                }
                self.cleaned.expects_continue = true;
            }
        }
        self.doomed |= bit(at);
        Ok(())
    }

    /// HTTP/2 may send a cookie in crumbs (RFC 9113 §8.2.3); in HTTP/1.1 a second line is a second opinion.
    fn cookie(&mut self) -> Result<(), Stop> {
        self.crumbs = self.crumbs.saturating_add(1);
        if self.crumbs > 1 && !self.is_http2 { Err(Stop::Deny(Reason::HeaderRepeated)) } else { Ok(()) }
    }

    /// A list that names what is not connection-specific would let a client delete what we or the upstream rely on
    /// (CVE-2021-32813): refused. Names that nobody interprets are removed, as RFC 9110 §7.6.1 asks.
    fn connection(&mut self, value: &HeaderValue, rules: &Rules) -> Result<(), Stop> {
        let refused = || Stop::Deny(Reason::ConnectionField);
        for token in value.to_str().map_err(|_| refused())?.split(',') {
            self.connection_tokens = self.connection_tokens.saturating_add(1);
            if self.connection_tokens > MAX_CONNECTION_TOKENS {
                return Err(refused());
            }
            let token = token.trim_matches([' ', '\t']);
            if token.is_empty() || token.eq_ignore_ascii_case("keep-alive") || token.eq_ignore_ascii_case("close") {
                continue;
            }
            if token.eq_ignore_ascii_case("upgrade") {
                self.connection_upgrades = true;
                continue;
            }
            let name = HeaderName::from_bytes(token.as_bytes()).map_err(|_| refused())?;
            match REQUEST.find(name.as_str()) {
                Some((_, row)) if matches!(row.does, Does::Hop | Does::Te | Does::Upgrade | Does::Connection) => {}
                Some(_) => return Err(refused()),
                None if is_protected_family(name.as_str()) || rules.names(&name) => return Err(refused()),
                None => self.doomed_names.push(name),
            }
        }
        Ok(())
    }

    fn forge(&mut self, name: &HeaderName) {
        self.count();
        self.doomed_names.push(name.clone());
    }

    const fn count(&mut self) {
        self.cleaned.removed = self.cleaned.removed.saturating_add(1);
    }
}

/// End-to-end families, beside what [`REQUEST`] knows.
fn is_protected_family(name: &str) -> bool {
    ["content-", "if-", "accept-", "sec-", "access-control-", "host"].iter().any(|family| name.starts_with(family))
        || is_forged_family(name)
}

const fn is_padded(value: &[u8]) -> bool {
    matches!(value, [b' ' | b'\t', ..] | [.., b' ' | b'\t'])
}

/// One spelling of each length: `0005` is octal to some readers (edge/H19).
fn content_length(value: &[u8]) -> Result<(), Stop> {
    let is_plain = !value.is_empty() && value.iter().all(u8::is_ascii_digit) && !matches!(value, [b'0', _, ..]);
    if is_plain { Ok(()) } else { Err(Stop::Deny(Reason::RequestMalformed)) }
}

fn has_too_many_ranges(value: &HeaderValue) -> bool {
    value.as_bytes().iter().filter(|byte| **byte == b',').count() >= MAX_RANGES
}

/// How often this gateway, or another one of its kind, has signed the message already.
fn own_vias(value: &HeaderValue) -> usize {
    let is_own = |element: &&[u8]| {
        let mut words = element.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
        words.nth(1).is_some_and(|by| by.eq_ignore_ascii_case(PSEUDONYM.as_bytes()))
    };
    value.as_bytes().split(|byte| *byte == b',').filter(is_own).count()
}

/// A WebSocket handshake that may be tunnelled (RFC 6455 §4.2.1); one with content may not: its bytes would be read as
/// frames by one side and as content by the other (CVE-2026-58055).
fn upgrade(parts: &Parts) -> Result<Option<Upgrade>, Stop> {
    if parts.version != Version::HTTP_11 {
        return Ok(None);
    }
    let headers = &parts.headers;
    let is_keyed = headers.get(SEC_WEBSOCKET_KEY).is_some_and(|key| is_websocket_key(key.as_bytes()));
    let version = headers.get(SEC_WEBSOCKET_VERSION);
    let has_content = headers.contains_key(TRANSFER_ENCODING)
        || headers.get(CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0");
    match version {
        Some(version) if parts.method == Method::GET && is_keyed && !has_content => {
            if version == "13" {
                Ok(Some(Upgrade::WebSocket))
            } else {
                Err(Stop::Deny(Reason::WebSocketVersion))
            }
        }
        _ => Err(Stop::Deny(Reason::UpgradeRefused)),
    }
}

/// Base64 of 16 bytes: 22 digits, two pads.
fn is_websocket_key(key: &[u8]) -> bool {
    let digits = key.strip_suffix(b"==").unwrap_or_default();
    digits.len() == 22 && digits.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

fn join_cookies(headers: &mut HeaderMap) -> Result<(), Stop> {
    let mut joined = Vec::new();
    for crumb in headers.get_all(COOKIE) {
        if !joined.is_empty() {
            joined.extend_from_slice(b"; ");
        }
        joined.extend_from_slice(crumb.as_bytes());
    }
    let value = HeaderValue::from_maybe_shared(bytes::Bytes::from(joined));
    headers.insert(COOKIE, value.map_err(|_| Stop::Deny(Reason::RequestMalformed))?);
    Ok(())
}
