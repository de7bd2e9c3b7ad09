//! The client address: the right-most one in the chain that is not a trusted proxy.
//!
//! What stands left of it was written by the client itself and proves nothing; what an untrusted peer sends is not read.

#[cfg(test)]
mod tests;

use http::{HeaderMap, HeaderName};
use ipnet::{IpNet, Ipv4Net};
use portcullis_core::bounds::MAX_FORWARDED_HOPS;
use portcullis_core::config::{ConfigError, Spanned};
use portcullis_core::{Reason, Stop};
use schemars::JsonSchema;
use serde::Deserialize;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// `X-Forwarded-For`.
pub(crate) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Prefix lengths below which a trusted proxy is more likely a slip than a network of proxies.
const WIDE: (u8, u8) = (8, 32);

/// The one field that trusted proxies report the chain in; the other one is removed unread (edge/Y5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// `X-Forwarded-For: client, proxy`
    #[default]
    XForwardedFor,
    /// `Forwarded: for=client, for=proxy` (RFC 7239)
    Forwarded,
}

/// Who may report the address of a client.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    networks: Box<[IpNet]>,
    source: Source,
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// The client address; IPv4 also where it came mapped into IPv6.
    pub address: IpAddr,
    /// The peer of the connection, in the same form.
    pub peer: IpAddr,
    /// Whether the peer is a trusted proxy.
    pub is_trusted: bool,
    /// Whether reading the chain stopped at an entry that is no address.
    pub is_cut: bool,
}

impl TrustedProxies {
    /// Reads `trusted_proxies`: networks in CIDR form or plain addresses. The second part holds warnings.
    pub fn compile(list: &[Spanned<String>], source: Source) -> Result<(Self, Vec<ConfigError>), Vec<ConfigError>> {
        let (mut networks, mut warnings, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for entry in list {
            let (at, text) = (&entry.referenced, entry.value.as_str());
            let Some(written) = network(text) else {
                let accepted = "an address or a network, such as `10.0.0.5` or `10.0.0.0/24`";
                errors.push(ConfigError::at(at, format!("`{text}` is not a network"), accepted));
                continue;
            };
            let network = unmapped(written.trunc());
            if written != written.trunc() {
                let message = format!("`{text}` has bits beyond its prefix and is read as `{network}`");
                warnings.push(ConfigError::at(at, message, "the network address, or a plain address").warning());
            }
            let is_wide = match network {
                IpNet::V4(network) => network.prefix_len() < WIDE.0,
                IpNet::V6(network) => network.prefix_len() < WIDE.1,
            };
            if is_wide {
                let message = format!("`{text}` trusts so many peers that clients may be among them");
                warnings.push(ConfigError::at(at, message, "the addresses of your own proxies").warning());
            }
            networks.push(network);
        }
        if errors.is_empty() { Ok((Self { networks: networks.into(), source }, warnings)) } else { Err(errors) }
    }

    /// Whether `address` is a trusted proxy's.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }
}

fn network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// An IPv4 network that was written in its IPv6 mapping; addresses are compared unmapped.
fn unmapped(network: IpNet) -> IpNet {
    let IpNet::V6(inner) = network else { return network };
    let prefix = inner.prefix_len().checked_sub(96);
    let mapped = inner.network().to_ipv4_mapped().zip(prefix);
    mapped.and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok()).map_or(network, IpNet::V4)
}

/// Finds the client. From an untrusted peer no field is read, so what it sends costs nothing here.
pub fn address(peer: SocketAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> Result<Client, Stop> {
    let peer = peer.ip().to_canonical();
    let is_trusted = trusted.contains(peer);
    let mut client = Client { address: peer, peer, is_trusted, is_cut: false };
    if !is_trusted {
        return Ok(client);
    }
    let name = match trusted.source {
        Source::XForwardedFor => X_FORWARDED_FOR,
        Source::Forwarded => http::header::FORWARDED,
    };
    let mut hops = 0_usize;
    let mut is_found = false;
    for line in headers.get_all(name).iter().rev() {
        for entry in line.as_bytes().rsplit(|byte| *byte == b',') {
            hops = hops.saturating_add(1);
            if hops > MAX_FORWARDED_HOPS {
                return Err(Stop::Deny(Reason::ForwardedInvalid));
            }
            if is_found {
                continue; // only counted
            }
            let reported = std::str::from_utf8(entry).ok().and_then(|entry| match trusted.source {
                Source::XForwardedFor => node(entry.trim_matches([' ', '\t'])),
                Source::Forwarded => forwarded_for(entry),
            });
            if let Some(address) = reported {
                client.address = address;
                is_found = !trusted.contains(address);
            } else {
                (client.is_cut, is_found) = (true, true);
            }
        }
    }
    Ok(client)
}

/// The `for` of one element. A comma inside a quoted string cuts the element in two halves that both are no address: the
/// chain then ends there, which is the safe side.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut found = None;
    for pair in element.split(';') {
        let (name, value) = pair.trim_matches([' ', '\t']).split_once('=')?;
        if name.eq_ignore_ascii_case("for") {
            if found.is_some() {
                return None;
            }
            let value = value.strip_prefix('"').map_or(Some(value), |quoted| quoted.strip_suffix('"'))?;
            found = Some(node(value)?);
        }
    }
    found
}

/// An address as proxies write it: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn node(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address.ip().to_canonical());
    }
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    inner.parse::<Ipv6Addr>().ok().map(|address| IpAddr::V6(address).to_canonical())
}
