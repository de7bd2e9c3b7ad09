//! Which API serves a host and a base path.

use portcullis_core::ApiId;
use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr};

/// All hosts of a Snapshot.
#[derive(Debug, Default)]
pub(crate) struct Hosts {
    /// Under a host with a name stand its own APIs and those of any host.
    named: HashMap<Box<str>, Bases>,
    any: Option<Bases>,
}

/// Base paths of one host, a trie by segments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bases {
    api: Option<ApiId>,
    next: HashMap<Box<str>, Bases>,
}

impl Hosts {
    /// Puts APIs of any host under every host; call with those of a named host first.
    pub(crate) fn new(named: HashMap<Box<str>, Bases>, any: Option<Bases>) -> Self {
        Self { named, any }
    }

    /// Whether a configuration names this host, in lower case. APIs without `hosts` do not count.
    pub(crate) fn names(&self, host: &str) -> bool {
        self.named.contains_key(host)
    }

    pub(crate) fn bases(&self, host: &str) -> Option<&Bases> {
        self.named.get(host).or(self.any.as_ref())
    }
}

impl Bases {
    pub(crate) fn insert(&mut self, base: &[Box<str>], api: ApiId) {
        match base.split_first() {
            None => self.api = Some(api),
            Some((segment, after)) => self.next.entry(segment.clone()).or_default().insert(after, api),
        }
    }

    /// The API with the longest base path that `path` begins with, and what follows the slash after it.
    pub(crate) fn find<'p>(&self, path: &'p str) -> Option<(ApiId, Option<&'p str>)> {
        let mut node = self;
        let mut rest = path.strip_prefix('/');
        let mut found = None;
        loop {
            if let Some(api) = node.api {
                found = Some((api, rest));
            }
            let Some(here) = rest else { return found };
            let (segment, after) = here.split_once('/').map_or((here, None), |(segment, after)| (segment, Some(after)));
            let Some(next) = node.next.get(segment) else { return found };
            node = next;
            rest = after;
        }
    }
}

/// Why a text is no host of `hosts:`.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HostError {
    #[error("has a wildcard")]
    Wildcard,
    #[error("has a port")]
    Port,
    #[error("ends with a dot")]
    TrailingDot,
    #[error("has a scheme or a path")]
    Url,
    #[error("is no host name")]
    Grammar,
}

/// The host as an authority has it: lower case, IPv6 in brackets and shortest form.
pub(crate) fn parse_host(text: &str) -> Result<Box<str>, HostError> {
    if text.contains('/') {
        return Err(HostError::Url);
    }
    if text.contains('*') {
        return Err(HostError::Wildcard);
    }
    if let Some(inner) = text.strip_prefix('[') {
        let (address, after) = inner.split_once(']').ok_or(HostError::Grammar)?;
        let address: Ipv6Addr = address.parse().map_err(|_| HostError::Grammar)?;
        return if after.is_empty() { Ok(format!("[{address}]").into()) } else { Err(HostError::Port) };
    }
    match text.bytes().filter(|octet| *octet == b':').count() {
        0 => {}
        1 => return Err(HostError::Port),
        _ => return Err(HostError::Grammar), // IPv6 without brackets
    }
    if text.ends_with('.') {
        return Err(HostError::TrailingDot);
    }
    let host = text.to_ascii_lowercase();
    let is_label = |label: &str| {
        let is_text = label.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'));
        is_text && !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_numeric = host.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.');
    let is_host =
        host.len() <= 253 && host.split('.').all(is_label) && (!is_numeric || host.parse::<Ipv4Addr>().is_ok());
    if is_host { Ok(host.into()) } else { Err(HostError::Grammar) }
}

#[cfg(test)]
mod tests;
