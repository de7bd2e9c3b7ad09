//! Host and port of a request, from `Host`, `:authority` and an absolute-form target: all of them together, or none.

use http::header::HOST;
use http::{HeaderMap, HeaderValue, Uri};
use portcullis_core::{Authority, Reason, Stop};
use std::borrow::Cow;
use std::net::Ipv6Addr;

/// Longest registered name (RFC 1035 §2.3.4).
const MAX_HOST_BYTES: usize = 255;

/// The authority of one request, owned without a copy where the client wrote it in canonical form.
#[derive(Clone, Debug)]
pub struct RequestAuthority {
    text: Text,
    port: Option<u16>,
}

#[derive(Clone, Debug)]
enum Text {
    /// The value of `Host`.
    Field(HeaderValue),
    /// `:authority`, or the authority of an absolute-form target.
    Target(http::uri::Authority),
    Written(Box<str>),
}

impl RequestAuthority {
    /// Host and port where it is not the default one, as a canonical `Host` field has it.
    pub fn as_str(&self) -> &str {
        match &self.text {
            Text::Field(value) => value.to_str().unwrap_or_default(),
            Text::Target(authority) => authority.as_str(),
            Text::Written(text) => text,
        }
    }

    /// The host alone.
    pub fn host(&self) -> &str {
        let text = self.as_str();
        match self.port {
            None => text,
            Some(_) => text.rsplit_once(':').map_or(text, |(host, _)| host),
        }
    }

    /// The port where one was written and is not the scheme's default.
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// As the word of the field that the other rooms take.
    pub fn view(&self) -> Authority<'_> {
        Authority { host: Cow::Borrowed(self.host()), port: self.port }
    }

    /// As a field value, without a copy where there was one already.
    pub fn to_value(&self) -> Result<HeaderValue, Stop> {
        match &self.text {
            Text::Field(value) => Ok(value.clone()),
            Text::Target(_) | Text::Written(_) => {
                HeaderValue::from_str(self.as_str()).map_err(|_| Stop::Deny(Reason::AuthorityInvalid))
            }
        }
    }
}

/// Takes `Host` out of `headers` and returns the one authority that the request names.
///
/// Nothing behind this function sees the client's own spelling; what the upstream gets is set when forwarding (P21).
/// HTTP/1.1 needs exactly one `Host`, HTTP/2 an `:authority` or a `Host`; where several are given they must be equal.
pub fn authority(uri: &Uri, headers: &mut HeaderMap, is_http2: bool, is_tls: bool) -> Result<RequestAuthority, Stop> {
    let invalid = || Stop::Deny(Reason::AuthorityInvalid);
    if headers.get_all(HOST).iter().nth(1).is_some() {
        return Err(invalid());
    }
    let field = headers.remove(HOST);
    let default_port = if is_tls { 443 } else { 80 };
    let parse = |text| Parsed::read(text, default_port).ok_or_else(invalid);
    match (uri.authority(), field) {
        (None, Some(field)) => {
            let parsed = parse(field.as_bytes())?;
            let (port, written) = (parsed.port, parsed.rewritten());
            Ok(RequestAuthority { port, text: written.map_or(Text::Field(field), Text::Written) })
        }
        (Some(target), None) if is_http2 => Ok(own(&parse(target.as_str().as_bytes())?, target)),
        (None, None) | (Some(_), None) => Err(invalid()),
        (Some(target), Some(field)) => {
            // The target wins (RFC 9112 §3.2.2), and whoever would look at the field must have seen the same.
            let parsed = parse(target.as_str().as_bytes())?;
            if parse(field.as_bytes())?.equals(&parsed) { Ok(own(&parsed, target)) } else { Err(invalid()) }
        }
    }
}

/// `host[:port]` in canonical spelling; `None` where it is no authority. `default_port` is left out.
pub(crate) fn canonical_authority(text: &str, default_port: u16) -> Option<Cow<'_, str>> {
    let parsed = Parsed::read(text.as_bytes(), default_port)?;
    Some(parsed.rewritten().map_or(Cow::Borrowed(text), |text| Cow::Owned(text.into())))
}

fn own(parsed: &Parsed<'_>, target: &http::uri::Authority) -> RequestAuthority {
    let text = parsed.rewritten().map_or_else(|| Text::Target(target.clone()), Text::Written);
    RequestAuthority { text, port: parsed.port }
}

/// `host[:port]` in strict grammar: no userinfo, no escapes, no empty label, no trailing dot, no IPvFuture, no zone.
struct Parsed<'a> {
    host: &'a str,
    literal: Option<Ipv6Addr>,
    /// Without a default one.
    port: Option<u16>,
    is_port_dropped: bool,
}

impl<'a> Parsed<'a> {
    fn read(text: &'a [u8], default_port: u16) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (host, literal, rest) = if let Some(inner) = text.strip_prefix('[') {
            let (inner, rest) = inner.split_once(']')?;
            let literal = inner.parse::<Ipv6Addr>().ok()?;
            (text.strip_suffix(rest)?, Some(literal), rest)
        } else {
            let end = memchr::memchr(b':', text.as_bytes()).unwrap_or(text.len());
            let (host, rest) = text.split_at_checked(end)?;
            if !is_registered_name(host) {
                return None;
            }
            (host, None, rest)
        };
        let written = match rest.strip_prefix(':') {
            Some(digits) => Some(port(digits)?),
            None if rest.is_empty() => None,
            None => return None,
        };
        let port = written.filter(|port| *port != default_port);
        Some(Self { host, literal, port, is_port_dropped: port != written })
    }

    fn equals(&self, other: &Self) -> bool {
        self.port == other.port
            && self.literal == other.literal
            && (self.literal.is_some() || self.host.eq_ignore_ascii_case(other.host))
    }

    /// The canonical spelling, unless this is it.
    fn rewritten(&self) -> Option<Box<str>> {
        let host = match self.literal {
            Some(address) => Cow::Owned(format!("[{address}]")),
            None if self.host.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                Cow::Owned(self.host.to_ascii_lowercase())
            }
            None => Cow::Borrowed(self.host),
        };
        if !self.is_port_dropped && host == self.host {
            return None;
        }
        Some(match self.port {
            Some(port) => format!("{host}:{port}").into(),
            None => host.into(),
        })
    }
}

fn is_registered_name(host: &str) -> bool {
    let mut previous = b'.';
    for byte in host.bytes() {
        match byte {
            b'.' if previous == b'.' => return false,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => previous = byte,
            _ => return false,
        }
    }
    previous != b'.' && host.len() <= MAX_HOST_BYTES
}

/// One spelling of each port: no sign, no leading zero, not 0.
fn port(digits: &str) -> Option<u16> {
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    if is_plain { digits.parse().ok() } else { None }
}
