//! `Location`, `Content-Location` and `Link` on their way to the client: one that names the upstream is made to name the API, one that
//! names another internal address goes no further (CWE-200, edge/P19).
//!
//! A reference is read as browsers read it (WHATWG URL): `\` is `/`, the number of slashes behind `http:` does not matter.

#[cfg(test)]
mod tests;

use crate::target::canonical_authority;
use http::HeaderValue;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Names that exist inside of networks only: RFC 6761, RFC 6762 appendix G, RFC 8375, ICANN's `internal`, Kubernetes.
const INTERNAL: [&str; 11] =
    ["localhost", "local", "internal", "intranet", "private", "corp", "home", "lan", "arpa", "localdomain", "svc"];

/// Schemes whose authority is a host of the network.
const WEB: [&str; 5] = ["http", "https", "ws", "wss", "ftp"];

/// Where the API stands, seen from both sides.
#[derive(Clone, Copy)]
pub struct Map<'a> {
    /// The host that the client asked.
    pub host: &'a str,
    /// The path of the API before the client.
    pub base_path: &'a str,
    /// What the upstream has in its place, where that differs.
    pub upstream_path: Option<&'a str>,
    /// Whether this is the authority of an endpoint of the upstream.
    pub is_endpoint: &'a dyn Fn(&str) -> bool,
    /// Whether this is a host that the gateway serves.
    pub is_served: &'a dyn Fn(&str) -> bool,
}

/// What becomes of one reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It names nothing internal.
    Fine,
    /// The same place as the client knows it, as a path: so it holds for the scheme and the host that the client used, whatever
    /// stands between it and us.
    Public(HeaderValue),
    /// It names an internal address that has no public name.
    Internal,
}

/// Judges one value.
pub fn judge(value: &HeaderValue, map: &Map<'_>) -> Verdict {
    // No URI, and nobody knows what a client makes of it; browsers skip tabs.
    let Some(text) = value.to_str().ok().filter(|text| !text.contains('\t')) else { return Verdict::Internal };
    reference(text.trim_matches(' '), map)
}

/// Judges a value of `Link` (RFC 8288): what stands in `<…>`.
pub fn judge_links(value: &HeaderValue, map: &Map<'_>) -> Verdict {
    let Ok(mut rest) = value.to_str() else { return Verdict::Internal };
    let (mut out, mut is_changed) = (String::new(), false);
    while let Some((before, (place, after))) =
        rest.split_once('<').and_then(|(before, after)| Some((before, after.split_once('>')?)))
    {
        let verdict = if place.contains('\t') { Verdict::Internal } else { reference(place.trim_matches(' '), map) };
        let public = match &verdict {
            Verdict::Internal => return Verdict::Internal,
            Verdict::Fine => place,
            Verdict::Public(public) => public.to_str().unwrap_or(place),
        };
        is_changed |= verdict != Verdict::Fine;
        out.extend([before, "<", public, ">"]);
        rest = after;
    }
    if !is_changed {
        return Verdict::Fine;
    }
    out.push_str(rest);
    HeaderValue::from_str(&out).map_or(Verdict::Internal, Verdict::Public)
}

fn reference(text: &str, map: &Map<'_>) -> Verdict {
    match authority_and_rest(text) {
        None => match map.upstream_path {
            Some(_) if text.starts_with('/') => {
                let public = map.public(text);
                if public == text { Verdict::Fine } else { rewritten(&public) }
            }
            _ => Verdict::Fine,
        },
        Some(Parts { authority, default_port, rest }) => {
            let Some(canonical) = canonical_authority(authority, default_port) else { return Verdict::Internal };
            if (map.is_endpoint)(&canonical.to_ascii_lowercase()) {
                return rewritten(&map.public(rest));
            }
            let host = host_of(&canonical);
            let is_public = host == map.host || (map.is_served)(host) || !is_internal(host);
            if is_public { Verdict::Fine } else { Verdict::Internal }
        }
    }
}

/// A path that a client cannot take for another host.
fn rewritten(path: &str) -> Verdict {
    let is_path = path.starts_with('/') && !path.starts_with("//") && !path.starts_with("/\\");
    let value = HeaderValue::from_str(path).ok().filter(|_| is_path);
    value.map_or(Verdict::Internal, Verdict::Public)
}

impl Map<'_> {
    /// A path of the upstream, as the client knows it.
    fn public(&self, rest: &str) -> String {
        let path = rooted(rest);
        let below = self.upstream_path.and_then(|prefix| path.strip_prefix(prefix));
        match below.filter(|below| below.is_empty() || below.starts_with(['/', '?', '#'])) {
            Some(below) => rooted(&format!("{}{below}", self.base_path)),
            None => path,
        }
    }
}

fn rooted(path: &str) -> String {
    if path.starts_with(['/', '\\']) { path.to_owned() } else { format!("/{path}") }
}

struct Parts<'a> {
    authority: &'a str,
    default_port: u16,
    rest: &'a str,
}

/// `None`: a reference without an authority.
fn authority_and_rest(text: &str) -> Option<Parts<'_>> {
    let is_slash = ['/', '\\'];
    let (scheme, after) = match text.split_once(':') {
        Some((scheme, after)) if is_scheme(scheme) => (scheme, after),
        _ => ("", text),
    };
    let behind = after.trim_start_matches(is_slash);
    let slashes = after.len().saturating_sub(behind.len());
    let is_web = WEB.iter().any(|known| known.eq_ignore_ascii_case(scheme));
    // `/path` has none; neither has `example.app://callback`, whose words an application chose.
    let is_bare = scheme.is_empty() && slashes >= 2;
    if !is_web && !is_bare {
        return None;
    }
    let end = behind.find(['/', '\\', '?', '#']).unwrap_or(behind.len());
    let (authority, rest) = behind.split_at_checked(end)?;
    let authority = authority.rsplit_once('@').map_or(authority, |(_, authority)| authority);
    let default_port = if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 };
    Some(Parts { authority, default_port, rest })
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// Whether `host`, in lower case, means something inside of a network only.
fn is_internal(host: &str) -> bool {
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = literal.parse::<IpAddr>() {
        return match address.to_canonical() {
            IpAddr::V4(address) => is_internal_v4(address),
            IpAddr::V6(address) => is_internal_v6(address),
        };
    }
    // A last label of digits is an address to a browser, in a spelling that hides which: `10.1`, `0x0a.0.0.1`.
    let last = host.rsplit('.').next().unwrap_or(host);
    last == host || last.starts_with(|first: char| first.is_ascii_digit()) || INTERNAL.contains(&last)
}

/// Whether an address means something inside of a network only.
pub fn is_internal_v4(address: Ipv4Addr) -> bool {
    let shared = matches!(address.octets(), [100, 64..=127, ..]); // RFC 6598
    address.is_private() || address.is_loopback() || address.is_link_local() || address.is_unspecified() || shared
}

fn is_internal_v6(address: Ipv6Addr) -> bool {
    address.is_loopback() || address.is_unspecified() || address.is_unique_local() || address.is_unicast_link_local()
}
