//! Pages of other origins: which may read an API, and what a browser is told before it asks (Fetch standard §3.3).
//!
//! An origin is compared as the browser spells it, byte for byte: no pattern, no `null`, no reflection of what was not
//! configured (CWE-942). What the upstream says about it itself is removed, or two opinions would reach the browser.

mod config;
#[cfg(test)]
mod tests;

pub use config::Config;

use crate::origin::Origin;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use portcullis_core::bounds::MAX_HEADER_FIELDS;
use portcullis_core::{Reason, Stop};

/// What the names of all fields of CORS begin with.
pub(crate) const FAMILY: &str = "access-control-";

static ANY: HeaderValue = HeaderValue::from_static("*");
static TRUE: HeaderValue = HeaderValue::from_static("true");
static VARIES: HeaderValue = HeaderValue::from_static("Origin");
static PREFLIGHT_VARIES: HeaderValue =
    HeaderValue::from_static("Origin, Access-Control-Request-Method, Access-Control-Request-Headers");

/// The settings of one API, ready to apply.
#[derive(Clone, Debug)]
pub struct Compiled {
    origins: Origins,
    credentials: bool,
    /// `None`: every method that the API has.
    methods: Option<Box<[Method]>>,
    /// Fields that a request may carry beside those that need no leave, and the value that lists them.
    fields: Box<[HeaderName]>,
    allow_headers: Option<HeaderValue>,
    expose: Option<HeaderValue>,
    max_age: HeaderValue,
}

/// Whose pages may read.
#[derive(Clone, Debug)]
enum Origins {
    /// Everybody's, without credentials.
    Any,
    /// These, in order of their bytes.
    Listed(Box<[Origin]>),
}

/// Whether a request is a preflight: a question of the browser, not of the page.
pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) && headers.contains_key(ORIGIN)
}

/// The method that a preflight asks for; `None`: none that there is.
pub fn asked_method(headers: &HeaderMap) -> Option<Method> {
    Method::from_bytes(headers.get(ACCESS_CONTROL_REQUEST_METHOD)?.as_bytes()).ok()
}

impl Compiled {
    /// What `Access-Control-Allow-Origin` says to a request of this origin with `method`; `None`: nothing (edge/Y22).
    pub fn grant(&self, method: &Method, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        let is_offered = |methods: &[Method]| {
            methods.contains(method) || (*method == Method::HEAD && methods.contains(&Method::GET))
        };
        if !self.methods.as_deref().is_none_or(is_offered) {
            return None;
        }
        match &self.origins {
            Origins::Any => Some(ANY.clone()),
            Origins::Listed(known) => {
                let at = known.binary_search_by(|known| known.value().as_bytes().cmp(origin.as_bytes())).ok()?;
                known.get(at).map(Origin::value).cloned()
            }
        }
    }

    /// Whether every page may read: what `check --coverage` says.
    pub const fn is_open(&self) -> bool {
        matches!(self.origins, Origins::Any)
    }

    /// The fields that answer a preflight for `method`, those of [`Self::apply`] aside.
    ///
    /// # Errors
    /// What the page may not do: come from there, use this method, set one of these fields.
    pub fn preflight(&self, method: &Method, headers: &HeaderMap) -> Result<HeaderMap, Stop> {
        if self.grant(method, headers).is_none() {
            let may_come = self.methods.is_some() && self.is_listed(headers);
            return Err(Stop::Deny(if may_come { Reason::CorsMethod } else { Reason::CorsOrigin }));
        }
        if !self.takes_fields(headers) {
            return Err(Stop::Deny(Reason::CorsField));
        }
        let method = HeaderValue::from_str(method.as_str()).map_err(|_| Stop::Deny(Reason::CorsMethod))?;
        let mut answer = HeaderMap::with_capacity(16);
        answer.insert(ACCESS_CONTROL_ALLOW_METHODS, method);
        answer.extend(self.allow_headers.clone().map(|names| (ACCESS_CONTROL_ALLOW_HEADERS, names)));
        answer.insert(ACCESS_CONTROL_MAX_AGE, self.max_age.clone());
        answer.insert(VARY, PREFLIGHT_VARIES.clone());
        Ok(answer)
    }

    fn is_listed(&self, headers: &HeaderMap) -> bool {
        match (&self.origins, headers.get(ORIGIN)) {
            (Origins::Any, Some(_)) => true,
            (Origins::Listed(known), Some(origin)) => known.iter().any(|known| known.is(origin.as_bytes())),
            (_, None) => false,
        }
    }

    /// Whether every field that the page wants to set may be set. More names than a request may have fields are refused.
    fn takes_fields(&self, headers: &HeaderMap) -> bool {
        let names = headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter();
        let names = names.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
        let names = names.map(<[u8]>::trim_ascii).filter(|name| !name.is_empty());
        names.enumerate().all(|(count, name)| {
            count < MAX_HEADER_FIELDS
                && self.fields.iter().any(|known| known.as_str().as_bytes().eq_ignore_ascii_case(name))
        })
    }

    /// Says on any response of the API what a browser needs to know. `granted` is what [`Self::grant`] gave for its request.
    pub fn apply(&self, granted: Option<&HeaderValue>, headers: &mut HeaderMap) {
        if let Some(origin) = granted {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            if self.credentials {
                headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE.clone());
            }
            headers.extend(self.expose.clone().map(|names| (ACCESS_CONTROL_EXPOSE_HEADERS, names)));
        }
        // Also where nothing is granted: a cache must not give this answer to the next origin.
        if !varies_by_origin(headers) {
            headers.append(VARY, VARIES.clone());
        }
    }
}

fn varies_by_origin(headers: &HeaderMap) -> bool {
    headers.get_all(VARY).iter().any(|line| {
        let mut members = line.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        members.any(|member| member == b"*" || member.eq_ignore_ascii_case(b"origin"))
    })
}

/// Removes what the upstream says about other origins (edge/Y25).
pub fn remove(headers: &mut HeaderMap) {
    let own: Vec<HeaderName> = headers.keys().filter(|name| name.as_str().starts_with(FAMILY)).cloned().collect();
    for name in own {
        headers.remove(name);
    }
}
