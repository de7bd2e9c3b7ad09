//! Which certificate is shown to whom.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// The certificates of one listener by the names in them.
#[derive(Debug)]
pub(super) struct Names {
    /// For clients that name no host, and for unknown names where the listener says so.
    default: Arc<CertifiedKey>,
    /// For names that none holds: [`Names::default`] (edge/T6).
    serves_unknown: bool,
    exact: HashMap<Box<str>, Vec<Arc<CertifiedKey>>>,
    /// `*.example.com`, under `example.com`.
    below: HashMap<Box<str>, Vec<Arc<CertifiedKey>>>,
}

impl Names {
    pub(super) fn new(default: Arc<CertifiedKey>, serves_unknown: bool) -> Self {
        Self { default, serves_unknown, exact: HashMap::new(), below: HashMap::new() }
    }

    /// Shows `certified` to clients that ask for `name`, behind those that were added before.
    pub(super) fn add(&mut self, name: &str, certified: &Arc<CertifiedKey>) {
        let place = match name.strip_prefix("*.") {
            Some(parent) => self.below.entry(parent.into()),
            None => self.exact.entry(name.into()),
        };
        place.or_default().push(Arc::clone(certified));
    }

    /// Whether a client that asks for `name` is shown a certificate at all.
    pub(super) fn serves(&self, name: Option<&str>) -> bool {
        self.serves_unknown || name.is_none_or(|name| self.find(name).is_some())
    }

    /// The certificates that hold `name`; a wildcard stands for one label (RFC 9525 §6.3).
    fn find(&self, name: &str) -> Option<&[Arc<CertifiedKey>]> {
        let name = if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(name.to_ascii_lowercase())
        } else {
            Cow::Borrowed(name)
        };
        let below = || self.below.get(name.split_once('.')?.1);
        self.exact.get(name.as_ref()).or_else(below).map(Vec::as_slice)
    }
}

impl ResolvesServerCert for Names {
    /// Of several for one name, the first that the client can verify: an RSA certificate beside an ECDSA one serves old clients.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let of_name = hello.server_name().and_then(|name| self.find(name));
        let Some(found) = of_name else { return Some(Arc::clone(&self.default)) };
        let fits = |certified: &&Arc<CertifiedKey>| certified.key.choose_scheme(hello.signature_schemes()).is_some();
        found.iter().find(fits).or_else(|| found.first()).map(Arc::clone)
    }
}
