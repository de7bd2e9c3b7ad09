//! The two parts of a request that say where it goes, in the one form that routing, rules, the record and the upstream see.

use http::uri::PathAndQuery;
use std::borrow::Cow;

/// The canonical path and query of a request. Only `transport::target` makes one from a request.
///
/// The path starts with `/`, has no dot segment, no empty segment but a last one, no encoded slash; escapes of unreserved
/// octets are decoded once, all others have upper-case digits (RFC 3986 §6.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalTarget(PathAndQuery);

impl CanonicalTarget {
    /// Takes `canonical` at its word: the caller has normalised it.
    pub const fn from_canonical(canonical: PathAndQuery) -> Self {
        Self(canonical)
    }

    /// The path, from its first `/` to before any `?`.
    pub fn path(&self) -> &str {
        self.0.path()
    }

    /// The query without its `?`.
    pub fn query(&self) -> Option<&str> {
        self.0.query()
    }

    /// Path segments in order, still percent-encoded: `/a/b` gives `a`, `b`; `/` gives one empty segment.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.path().split('/').skip(1)
    }

    /// Both parts as they are written to the upstream.
    pub const fn path_and_query(&self) -> &PathAndQuery {
        &self.0
    }
}

/// The host and port that a request speaks to (RFC 9110 §7.2): lower case, without a default port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority<'a> {
    /// Registered name or IP literal (IPv6 in brackets), lower case.
    pub host: Cow<'a, str>,
    /// The port where one was written and is not the scheme's default.
    pub port: Option<u16>,
}
