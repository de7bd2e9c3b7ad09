//! What leaves the gateway in a response head: connection-specific and revealing fields go, security fields are set.
//!
//! [`strip`] always happens. [`response`] is the control `response.headers` and can be tried: with `apply: false` it
//! counts what it would change and changes nothing.

mod config;
#[cfg(test)]
mod tests;

pub use config::{Compiled, Config};

use config::{CROSS_ORIGIN_RESOURCE_POLICY, Field};

use crate::fields::names::{Table, bit, is_odd};
use crate::fields::{OUR_VIA, X_REQUEST_ID};
use http::header::{CACHE_CONTROL, CONNECTION, STRICT_TRANSPORT_SECURITY, VIA};
use http::{HeaderMap, HeaderName, HeaderValue};

/// What `Cross-Origin-Resource-Policy` says where CORS allows the page to read (edge/Y19).
static CROSS_ORIGIN: HeaderValue = HeaderValue::from_static("cross-origin");

/// What a response field is to the gateway.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Handed on; the upstream's `Connection` may not remove it.
    Pass,
    /// Speaks about the upstream's connection only (RFC 9110 §7.6.1).
    Hop,
    /// Only the gateway says it.
    Ours,
    /// Tells an attacker what runs behind us (CWE-200).
    Revealing,
    /// Tells browsers which other origins may read: [`crate::cors`].
    Cors,
    /// Names a place: [`crate::location`].
    Location,
    /// Sets a cookie: [`crate::cookies`].
    Cookie,
}

static RESPONSE: Table<Kind> = Table::new(&[
    ("accept-ranges", Kind::Pass),
    ("age", Kind::Pass),
    ("allow", Kind::Pass),
    ("cache-control", Kind::Pass),
    ("content-security-policy", Kind::Pass),
    ("cross-origin-resource-policy", Kind::Pass),
    ("date", Kind::Pass),
    ("etag", Kind::Pass),
    ("expires", Kind::Pass),
    ("last-modified", Kind::Pass),
    ("link", Kind::Location),
    ("location", Kind::Location),
    ("content-location", Kind::Location),
    ("referrer-policy", Kind::Pass),
    ("retry-after", Kind::Pass),
    ("set-cookie", Kind::Cookie),
    ("strict-transport-security", Kind::Pass),
    ("vary", Kind::Pass),
    ("via", Kind::Pass),
    ("www-authenticate", Kind::Pass),
    ("x-content-type-options", Kind::Pass),
    ("x-frame-options", Kind::Pass),
    ("connection", Kind::Hop),
    ("keep-alive", Kind::Hop),
    ("proxy-authenticate", Kind::Hop),
    ("proxy-authorization", Kind::Hop),
    ("proxy-connection", Kind::Hop),
    ("te", Kind::Hop),
    ("trailer", Kind::Hop),
    ("transfer-encoding", Kind::Hop),
    ("upgrade", Kind::Hop),
    ("x-request-id", Kind::Ours),
    ("server", Kind::Revealing),
    ("x-aspnet-version", Kind::Revealing),
    ("x-aspnetmvc-version", Kind::Revealing),
    ("x-backend-server", Kind::Revealing),
    ("x-generator", Kind::Revealing),
    ("x-powered-by", Kind::Revealing),
    ("x-powered-cms", Kind::Revealing),
    ("x-runtime", Kind::Revealing),
    ("x-version", Kind::Revealing),
]);

fn kind(name: &str) -> (Kind, u128) {
    match RESPONSE.find(name) {
        Some((at, kind)) => (kind, bit(at)),
        None if name.starts_with(crate::cors::FAMILY) => (Kind::Cors, 0),
        None if !name.starts_with("x-") => (Kind::Pass, 0),
        None if name.starts_with("x-portcullis-") => (Kind::Ours, 0),
        None if ["x-debug-", "x-internal-", "x-envoy-"].iter().any(|family| name.starts_with(family)) => {
            (Kind::Revealing, 0)
        }
        None => (Kind::Pass, 0),
    }
}

/// Names to remove: known ones as bits, so that most responses need no allocation.
#[derive(Default)]
struct Doomed {
    known: u128,
    others: Vec<HeaderName>,
    count: u16,
}

impl Doomed {
    fn add(&mut self, bit: u128, name: &HeaderName) {
        self.known |= bit;
        if bit == 0 {
            self.others.push(name.clone());
        }
    }

    fn remove_from(&self, headers: &mut HeaderMap) {
        for name in RESPONSE.named(self.known) {
            headers.remove(name);
        }
        for name in &self.others {
            headers.remove(name);
        }
    }
}

/// What [`strip`] met on its one way through the fields, so that nobody has to look for it again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Met {
    /// Odd names, which were removed.
    pub odd: u16,
    /// Fields of CORS.
    pub cors: bool,
    /// `Location`, `Content-Location` or `Link`.
    pub locations: bool,
    /// `Set-Cookie`.
    pub cookies: bool,
}

/// Removes what spoke to us only and what only we say, and signs `Via`.
///
/// A tunnel's 101 gets its fields back from [`crate::fields::restore_upgrade`].
pub fn strip(headers: &mut HeaderMap) -> Met {
    let mut doomed = Doomed::default();
    let mut met = Met::default();
    for name in headers.keys() {
        match kind(name.as_str()) {
            (Kind::Hop | Kind::Ours, bit) => doomed.add(bit, name),
            _ if is_odd(name.as_str()) => {
                met.odd = met.odd.saturating_add(1);
                doomed.add(0, name);
            }
            (Kind::Cors, _) => met.cors = true,
            (Kind::Location, _) => met.locations = true,
            (Kind::Cookie, _) => met.cookies = true,
            (Kind::Pass | Kind::Revealing, _) => {}
        }
    }
    for line in headers.get_all(CONNECTION) {
        for token in line.as_bytes().split(|byte| *byte == b',') {
            if let Ok(name) = HeaderName::from_bytes(token.trim_ascii())
                && RESPONSE.find(name.as_str()).is_none()
                && !["content-", "access-control-", "ratelimit"].iter().any(|family| name.as_str().starts_with(family))
            {
                doomed.others.push(name);
            }
        }
    }
    doomed.remove_from(headers);
    headers.append(VIA, OUR_VIA.clone());
    met
}

/// Cleans the trailer section of a response: what the gateway judges in a head must not come behind its back (RFC 9110
/// §6.5.1), so only names stay that mean nothing to it, such as those of gRPC.
pub fn strip_trailers(trailers: &mut HeaderMap) {
    let is_unwanted = |name: &HeaderName| {
        let text = name.as_str();
        let is_known = RESPONSE.find(text).is_some() || kind(text).0 != Kind::Pass || text == "host";
        is_known || is_odd(text) || ["content-", "access-control-"].iter().any(|family| text.starts_with(family))
    };
    let unwanted: Vec<HeaderName> = trailers.keys().filter(|name| is_unwanted(name)).cloned().collect();
    for name in unwanted {
        trailers.remove(name);
    }
}

/// What [`response`] needs to know of the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Whether the client's connection is TLS.
    pub is_tls: bool,
    /// Whether the request carried a credential.
    pub is_credentialed: bool,
    /// Whether a page of another origin may read the response.
    pub is_shared: bool,
}

/// What [`response`] changed, or would change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Security fields that were missing, weaker or repeated.
    pub set: u16,
    /// Revealing fields, and HSTS on plain text.
    pub removed: u16,
}

impl Changes {
    /// Whether the response was as it should be already.
    pub const fn is_empty(self) -> bool {
        self.set == 0 && self.removed == 0
    }
}

/// Sets security fields and removes revealing ones; with `apply: false` only counts them.
pub fn response(headers: &mut HeaderMap, facts: Facts, rules: &Compiled, apply: bool) -> Changes {
    let mut doomed = Doomed::default();
    for name in headers.keys() {
        let (kind, bit) = kind(name.as_str());
        if (kind == Kind::Revealing && !rules.keeps(name)) || rules.removes(name) {
            doomed.count = doomed.count.saturating_add(1);
            doomed.add(bit, name);
        }
    }
    if apply {
        doomed.remove_from(headers);
    }
    let changes = Changes { set: 0, removed: doomed.count };
    let mut setter = Setter { headers, apply, is_shared: facts.is_shared, changes };
    for field in rules.fields() {
        setter.set(field);
    }
    match rules.hsts() {
        Some(hsts) if facts.is_tls => setter.set(hsts),
        _ if facts.is_tls => {}
        _ => setter.remove(&STRICT_TRANSPORT_SECURITY), // RFC 6797 §7.2
    }
    if let Some(no_store) = rules.cache_control()
        && facts.is_credentialed
        && is_shareable(setter.headers)
    {
        setter.set(no_store);
    }
    setter.changes
}

struct Setter<'a> {
    headers: &'a mut HeaderMap,
    apply: bool,
    is_shared: bool,
    changes: Changes,
}

impl Setter<'_> {
    /// Replaces all lines of `name` by one (edge/Y20).
    fn set(&mut self, field: &Field) {
        let Field { name, value, yields } = field;
        let value = if self.is_shared && *name == CROSS_ORIGIN_RESOURCE_POLICY { &CROSS_ORIGIN } else { value };
        if *yields && self.headers.contains_key(name) {
            return;
        }
        let was_there = if self.apply {
            self.headers.insert(name, value.clone()).is_some_and(|before| before == *value)
        } else {
            self.headers.get(name).is_some_and(|before| before == *value)
        };
        self.changes.set = self.changes.set.saturating_add(u16::from(!was_there));
    }

    fn remove(&mut self, name: &HeaderName) {
        let was_there = if self.apply { self.headers.remove(name).is_some() } else { self.headers.contains_key(name) };
        self.changes.removed = self.changes.removed.saturating_add(u16::from(was_there));
    }
}

/// Whether a shared cache may keep the response although it answers a credential (RFC 9111 §3.5).
fn is_shareable(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(CACHE_CONTROL).iter().peekable();
    lines.peek().is_none()
        || lines.any(|line| {
            line.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii).any(|directive| {
                directive.eq_ignore_ascii_case(b"public")
                    || directive.get(..8).is_some_and(|name| name.eq_ignore_ascii_case(b"s-maxage"))
            })
        })
}

/// Replaces the request id of the upstream by ours.
pub fn sign(headers: &mut HeaderMap, request_id: HeaderValue) {
    headers.insert(X_REQUEST_ID, request_id);
}
