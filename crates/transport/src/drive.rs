//! Drives client connections: accept, TLS, HTTP/1.1 or HTTP/2 by ALPN, deadlines, the end of each connection.
//!
//! **Does**  accepts under the connection caps, serves each connection in one local task, writes the gateway's bytes where a
//! connection dies before a request exists, carries tunnels, drains.
//! **Never** decides about a request, picks a status code, or re-uses a connection after an error on it.
//! **Flow**  [`accept_loop`] → handshake → [`guarded::Guarded`] between the socket and hyper → [`Handler::handle`] → … → linger, close.
//! **Fails** by closing: every refusal is rendered by [`Handler::refuse`].
//! **Source** RFC 9112 §9.6 (closing), RFC 9113 §6.8 (GOAWAY), RFC 7301 (ALPN); `edge.md` facts 1–6, table S.

mod accept;
mod connection;
mod connections;
mod content;
mod drain;
mod finish;
mod frames;
mod guarded;
mod http1;
mod http2;
mod proxy_header;
mod refusal;
mod roster;
mod service;
mod share;
mod streams;
mod tunnel;

use std::future::Future;
use std::net::IpAddr;
use std::rc::Rc;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use portcullis_core::Reason;

pub use accept::{Accept, Settings, accept_loop};
pub use connection::{Connection, Protocol, Timeouts};
pub use connections::{Closed, Connections, Counts};
pub use content::{Content, broken_content, has_left};
pub use drain::{Drain, Watch};
pub use roster::Roster;
pub use service::Tracked;
pub use share::Share;
pub use tunnel::{Cut, Stream, Tunnel, TunnelEnd};

/// What the gateway does with a connection. One per core.
pub trait Handler: 'static {
    /// The body of every response; its end, error or drop closes the exchange.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + 'static;

    /// Answers one request. Dropped when the client vanishes.
    fn handle(
        self: Rc<Self>,
        connection: Rc<Connection>,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Self::Body>> + 'static;

    /// The whole HTTP/1.1 answer, head and content, for a connection that ends before a request exists. The place to record it.
    fn refuse(&self, connection: &Connection, reason: Reason) -> Bytes;

    /// A connection is cut without an answer: HTTP/2 has none before a request exists. The place to record it.
    fn cut(&self, connection: &Connection, reason: Reason, detail: &'static str);

    /// Whether `peer` is a trusted proxy, which bounds per address do not hold for: many clients stand behind it.
    fn is_trusted_proxy(&self, peer: IpAddr) -> bool;
}

#[cfg(test)]
mod tests;
