//! What we say to the upstream about the request: who, from where, under which host, in which trace.

use crate::client::{Client, X_FORWARDED_FOR};
use crate::target::RequestAuthority;
use crate::trace::{TraceContext, Tracestate};
use http::header::{FORWARDED, VIA};
use http::{HeaderMap, HeaderName, HeaderValue};
use portcullis_core::{Fault, Reason, Stop};
use std::net::IpAddr;

const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Names that [`forwarded`] adds.
const ADDED: usize = 7;

static HTTP: HeaderValue = HeaderValue::from_static("http");
static HTTPS: HeaderValue = HeaderValue::from_static("https");
/// Our `Via`: [`super::PSEUDONYM`] without a version of ours.
pub(crate) static OUR_VIA: HeaderValue = HeaderValue::from_static("1.1 portcullis");

/// What [`forwarded`] tells.
#[derive(Debug)]
pub struct Onward<'a> {
    /// Who asks.
    pub client: Client,
    /// Whether the client's connection is TLS.
    pub is_tls: bool,
    /// The authority that the client asked.
    pub authority: &'a RequestAuthority,
    /// Ours, also given to the client.
    pub request_id: HeaderValue,
    /// The trace to continue.
    pub trace: TraceContext,
}

/// The values made for the last request of a connection: nearly always those of the next one too.
#[derive(Debug, Default)]
pub struct ForwardedCache(Option<Entry>);

#[derive(Debug)]
struct Entry {
    client: Client,
    is_tls: bool,
    host: HeaderValue,
    x_forwarded_for: HeaderValue,
    forwarded: HeaderValue,
}

/// Sets our fields on cleaned `headers`. `Host` is left to whoever writes the request: it depends on the upstream.
pub fn forwarded(headers: &mut HeaderMap, onward: Onward<'_>, cache: &mut ForwardedCache) -> Result<(), Stop> {
    let entry = match cache.0.take() {
        Some(entry) if entry.is_for(&onward) => entry,
        _ => Entry::new(&onward)?,
    };
    let entry = cache.0.insert(entry);
    headers.reserve(ADDED + 1); // grows once, with room for the `Host` to come
    headers.insert(X_FORWARDED_FOR, entry.x_forwarded_for.clone());
    headers.insert(X_FORWARDED_PROTO, if onward.is_tls { HTTPS.clone() } else { HTTP.clone() });
    headers.insert(X_FORWARDED_HOST, entry.host.clone());
    headers.insert(FORWARDED, entry.forwarded.clone());
    headers.append(VIA, OUR_VIA.clone());
    headers.insert(X_REQUEST_ID, onward.request_id);
    headers.insert(TRACEPARENT, onward.trace.traceparent);
    match onward.trace.tracestate {
        Tracestate::Kept => {}
        Tracestate::Dropped => drop(headers.remove(TRACESTATE)),
        Tracestate::Cut(value) => drop(headers.insert(TRACESTATE, value)),
    }
    Ok(())
}

impl Entry {
    fn new(onward: &Onward<'_>) -> Result<Self, Stop> {
        let client = onward.client;
        let proto = if onward.is_tls { "https" } else { "http" };
        let mut chain = client.address.to_string();
        let mut elements = format!("for={};host=\"{}\";proto={proto}", Node(client.address), onward.authority.as_str());
        if client.peer != client.address {
            chain = format!("{chain}, {}", client.peer);
            elements = format!("{elements}, for={}", Node(client.peer));
        }
        let value = |text: String| HeaderValue::try_from(text).map_err(|error| Fault::new(Reason::Internal, error));
        Ok(Self {
            client,
            is_tls: onward.is_tls,
            host: onward.authority.to_value()?,
            x_forwarded_for: value(chain)?,
            forwarded: value(elements)?,
        })
    }

    fn is_for(&self, onward: &Onward<'_>) -> bool {
        self.client == onward.client && self.is_tls == onward.is_tls && self.host == *onward.authority.as_str()
    }
}

/// A node as RFC 7239 §6 writes it.
struct Node(IpAddr);

impl std::fmt::Display for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            IpAddr::V4(address) => write!(f, "{address}"),
            IpAddr::V6(address) => write!(f, "\"[{address}]\""),
        }
    }
}
