//! `Set-Cookie` on its way to the browser: attributes that protect a cookie are added, cookies that claim too much are not set.
//!
//! Attributes are read as browsers read them (RFC 6265bis §5.6): without case, the last of a name counts, unknown values count
//! as missing.

#[cfg(test)]
mod tests;

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};

/// What becomes of one cookie.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// It is as it should be.
    Fine,
    /// It is set like this.
    Weak(Vec<u8>),
    /// It is not set: browsers that know the rules would not take it, and those that do not must not.
    Refused,
}

/// Hardens every cookie (edge/Y26). `host` is the one that the client asked, `readable` holds names of cookies that scripts may
/// read. Returns how many cookies were not as they should be; with `apply: false` that is all.
pub fn harden(headers: &mut HeaderMap, host: &str, readable: &[Box<str>], apply: bool) -> u16 {
    let mut changed = 0_u16;
    let mut lines = Vec::new();
    for line in headers.get_all(SET_COOKIE) {
        let verdict = judge(line.as_bytes(), host, readable);
        changed = changed.saturating_add(u16::from(verdict != Verdict::Fine));
        match verdict {
            Verdict::Fine => lines.push(line.clone()),
            // What was a field value and grew by words of ours still is one.
            Verdict::Weak(text) => lines.extend(HeaderValue::from_bytes(&text).ok()),
            Verdict::Refused => {}
        }
    }
    if apply && changed > 0 {
        headers.remove(SET_COOKIE);
        for line in lines {
            headers.append(SET_COOKIE, line);
        }
    }
    changed
}

/// What the attributes of one cookie say.
#[derive(Default)]
struct Attributes<'a> {
    secure: bool,
    http_only: bool,
    path: Option<&'a [u8]>,
    domain: Option<&'a [u8]>,
    same_site: Option<SameSite>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SameSite {
    Stated,
    None,
}

fn judge(line: &[u8], host: &str, readable: &[Box<str>]) -> Verdict {
    let mut parts = line.split(|byte| *byte == b';');
    let pair = parts.next().unwrap_or_default();
    let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii();
    let said = attributes(parts.clone());
    let is_host_bound = starts_with(name, b"__Host-");
    let claims_more = said.domain.is_some() || said.path != Some(b"/");
    let is_cross_site = said.same_site == Some(SameSite::None);
    if (is_host_bound && claims_more) || (is_cross_site && !said.secure) {
        return Verdict::Refused;
    }
    let is_readable = readable.iter().any(|known| known.as_bytes() == name);
    let widens = said.domain.is_some_and(|domain| !is_host(domain, host));
    let missing = [
        (!said.secure, &b"; Secure"[..]),
        (!said.http_only && !is_readable, b"; HttpOnly"),
        (said.same_site.is_none(), b"; SameSite=Lax"),
    ];
    if !widens && missing.iter().all(|(is_missing, _)| !is_missing) {
        return Verdict::Fine;
    }
    let mut out = pair.to_vec();
    // Without `Domain` the cookie belongs to the host alone.
    for part in parts.filter(|part| !(widens && is_named(part, b"domain"))) {
        out.push(b';');
        out.extend_from_slice(part);
    }
    for (_, attribute) in missing.iter().filter(|(is_missing, _)| *is_missing) {
        out.extend_from_slice(attribute);
    }
    Verdict::Weak(out)
}

fn attributes<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Attributes<'a> {
    let mut said = Attributes::default();
    for part in parts {
        let value = part.iter().position(|byte| *byte == b'=').and_then(|at| part.get(at.saturating_add(1)..));
        let value = value.unwrap_or_default().trim_ascii();
        if is_named(part, b"secure") {
            said.secure = true;
        } else if is_named(part, b"httponly") {
            said.http_only = true;
        } else if is_named(part, b"path") {
            said.path = Some(value);
        } else if is_named(part, b"domain") {
            said.domain = Some(value);
        } else if is_named(part, b"samesite") {
            said.same_site = match value {
                value if value.eq_ignore_ascii_case(b"none") => Some(SameSite::None),
                value if value.eq_ignore_ascii_case(b"lax") || value.eq_ignore_ascii_case(b"strict") => {
                    Some(SameSite::Stated)
                }
                _ => None,
            };
        }
    }
    said
}

fn is_named(part: &[u8], name: &[u8]) -> bool {
    part.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii().eq_ignore_ascii_case(name)
}

/// Prefixes count without case: so do servers that read cookies (RFC 6265bis §5.4).
fn starts_with(name: &[u8], prefix: &[u8]) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Whether `Domain` is the host itself; a leading dot means nothing.
fn is_host(domain: &[u8], host: &str) -> bool {
    domain.strip_prefix(b".").unwrap_or(domain).eq_ignore_ascii_case(host.as_bytes())
}
