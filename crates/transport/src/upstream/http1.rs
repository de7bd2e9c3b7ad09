//! HTTP/1.1 to upstreams: one exchange at a time on a connection that it has for itself.
//!
//! [`Link::begin`] takes the content of a request, [`Link::poll_answer`] sends and waits for the head of the response, and
//! [`Content`] reads what follows it. All of this runs in the task of the exchange: what the socket wakes is that task, and
//! nothing else polls the connection. Bytes are read into and written from room that all connections of a core share, which is
//! why it is always in the cache; what a connection keeps is what has not been taken yet, and an idle one keeps nothing.
//! `docs/decisions/0023-an-own-http1-connection.md`. Source: RFC 9112.

mod ask;
mod chunks;
mod content;
mod decoder;
mod encode;
mod head;
mod link;
mod outgoing;
mod upload;

pub(super) use ask::ask;
pub(super) use content::Content;
pub(super) use head::Head;
pub(super) use link::Link;

use portcullis_core::{Fault, Reason, Stop};
use std::error::Error;
use std::io;

/// A response that breaks the grammar.
fn malformed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Stop {
    Fault::new(Reason::UpstreamMalformed, source).into()
}

/// The end of the connection, where more was to come.
fn closed(what: &'static str) -> Stop {
    Fault::new(Reason::UpstreamClosed, what).into()
}

/// What an error of the socket is called. That of TLS is what it cannot read.
fn of_socket(error: io::Error) -> Stop {
    let reason = match error.kind() {
        io::ErrorKind::InvalidData => Reason::UpstreamMalformed,
        io::ErrorKind::TimedOut => Reason::UpstreamTimeout,
        _ => Reason::UpstreamClosed,
    };
    Fault::new(reason, error).into()
}

#[cfg(test)]
mod tests;
