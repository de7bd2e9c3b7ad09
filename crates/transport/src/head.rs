//! Stage 2 for the head of a request: one target, one authority, clean fields, in one call.

#[cfg(test)]
mod tests;

use crate::client::{Client, TrustedProxies};
use crate::fields::{self, Cleaned, Rules};
use crate::target::{self, RequestAuthority, Target};
use http::request::Parts;
use http::uri::Scheme;
use http::{Method, Uri, Version};
use portcullis_core::bounds::MAX_METHOD_BYTES;
use portcullis_core::{Reason, Stop};

/// What a Snapshot knows about heads.
#[derive(Clone, Debug, Default)]
pub struct Compiled {
    /// Field names of the configuration.
    pub fields: Rules,
    /// Who may report client addresses.
    pub proxies: TrustedProxies,
}

/// The head of a request as every later stage sees it; method and fields stay in its `Parts`.
#[derive(Debug)]
pub struct Head {
    /// What is asked for.
    pub target: Target,
    /// Whom it is asked of.
    pub authority: RequestAuthority,
    /// Who asks.
    pub client: Client,
    /// What cleaning the fields found.
    pub cleaned: Cleaned,
}

/// Normalises `parts` in place: afterwards its URI is `/` and its fields hold no `Host`, so that nothing behind this
/// stage can act on the raw form. `client` comes from [`crate::client::address`], so that a refusal has it too.
pub fn normalise(parts: &mut Parts, client: Client, is_tls: bool, rules: &Compiled) -> Result<Head, Stop> {
    check_version(parts.version)?;
    check_method(&parts.method)?;
    let uri = std::mem::take(&mut parts.uri);
    check_scheme(&uri, is_tls, client.is_trusted)?;
    let target = target::canonical(&uri, &parts.method)?;
    let is_http2 = parts.version == Version::HTTP_2;
    let authority = target::authority(&uri, &mut parts.headers, is_http2, is_tls)?;
    let mut cleaned = fields::clean(parts, client.is_trusted, &rules.fields)?;
    cleaned.removed = cleaned.removed.saturating_add(u16::from(client.is_cut));
    Ok(Head { target, authority, client, cleaned })
}

const fn check_version(version: Version) -> Result<(), Stop> {
    match version {
        Version::HTTP_11 | Version::HTTP_2 => Ok(()),
        _ => Err(Stop::Deny(Reason::VersionUnsupported)),
    }
}

/// Methods are case-sensitive, so `get` is another method than GET, and whoever folds it runs what no rule looked at.
fn check_method(method: &Method) -> Result<(), Stop> {
    let text = method.as_str();
    match text {
        "GET" | "POST" | "PUT" | "DELETE" | "HEAD" | "PATCH" | "OPTIONS" => Ok(()),
        "TRACE" | "TRACK" | "CONNECT" => Err(Stop::Deny(Reason::MethodRefused)),
        _ if text.len() <= MAX_METHOD_BYTES && text.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'-')) => Ok(()),
        _ => Err(Stop::Deny(Reason::MethodRefused)),
    }
}

/// A written scheme is the listener's own; a trusted proxy that ends TLS may pass on its client's.
fn check_scheme(uri: &Uri, is_tls: bool, is_trusted: bool) -> Result<(), Stop> {
    match uri.scheme() {
        Some(scheme) if (*scheme == Scheme::HTTPS) != is_tls && !is_trusted => Err(Stop::Deny(Reason::TargetForm)),
        _ => Ok(()),
    }
}
