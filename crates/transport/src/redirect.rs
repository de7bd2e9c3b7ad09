//! What a listener with `redirect_to_https: true` answers: the way to TLS, unless that would hide that a secret leaked.

#[cfg(test)]
mod tests;

use crate::head::Head;
use crate::target::Target;
use http::{HeaderValue, Method};
use portcullis_core::Reason;

/// Names of query pairs that carry a credential, without case and `-`, `_`, `.`.
const CREDENTIAL_NAMES: [&str; 16] = [
    "apikey",
    "xapikey",
    "accesstoken",
    "authtoken",
    "authorization",
    "bearertoken",
    "clientsecret",
    "idtoken",
    "jwt",
    "passwd",
    "password",
    "refreshtoken",
    "secret",
    "sessionid",
    "subscriptionkey",
    "token",
];

/// The answer on the plain-text port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redirect {
    /// 308 with this `Location`.
    To(HeaderValue),
    /// A refusal.
    Deny(Reason),
}

/// Decides for one normalised request (edge/T18). `is_known_host` says that some API is served under the host: a redirect
/// to a host that the client chose would be an open one.
///
/// A credential is refused also where the redirect would work: it was readable on the way already, and a client that is
/// redirected silently keeps sending it.
pub fn decide(method: &Method, head: &Head, is_known_host: bool, https_port: u16) -> Redirect {
    let Target::Origin(target) = &head.target else { return Redirect::Deny(Reason::MethodRefused) };
    if head.cleaned.is_credentialed || target.query().is_some_and(has_credential) {
        return Redirect::Deny(Reason::PlaintextCredentials);
    }
    if !is_known_host {
        return Redirect::Deny(Reason::HostUnknown);
    }
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Redirect::Deny(Reason::MethodRefused);
    }
    let host = head.authority.host();
    let location = match https_port {
        443 => format!("https://{host}{}", target.path_and_query()),
        port => format!("https://{host}:{port}{}", target.path_and_query()),
    };
    HeaderValue::try_from(location).map_or(Redirect::Deny(Reason::Internal), Redirect::To)
}

fn has_credential(query: &str) -> bool {
    query.split('&').filter_map(|pair| pair.split('=').next()).any(|name| {
        let plain =
            || name.bytes().filter(|byte| !matches!(byte, b'-' | b'_' | b'.')).map(|byte| byte.to_ascii_lowercase());
        CREDENTIAL_NAMES.iter().any(|known| known.bytes().eq(plain()))
    })
}
