//! HTTP/2 to upstreams: a few connections per core and endpoint, shared by exchanges.
//!
//! The one task that a connection has ([`driver`]) reads and writes frames; everything that belongs to one exchange, its upload
//! included, is driven by the task of that exchange. Dropping an [`exchange`] resets its stream and nothing else. On h2 itself,
//! not on hyper's client: that spawns a task for each request and one more for its content, which lives on when the exchange
//! is gone, and it does not say what the upstream has not seen. `docs/decisions/0017-http2-to-upstreams.md`.

mod content;
mod driver;
mod exchange;
mod head;
mod session;
mod sessions;
mod upload;

pub(super) use content::Content;
pub(super) use exchange::{Exchange, Lost, Unsent};
pub(super) use head::head;
pub(super) use sessions::Sessions;
pub(super) use upload::Remembered;

use portcullis_core::{Fault, Reason, Stop};

/// What an error of h2 is called.
fn stop_of(error: h2::Error) -> Stop {
    let reason = match () {
        () if error.is_library() => Reason::UpstreamMalformed,
        () if error.is_io() || error.is_remote() => Reason::UpstreamClosed,
        () => Reason::Internal,
    };
    Fault::new(reason, error).into()
}

/// Whether the upstream says that it has done nothing about the request (RFC 9113 §8.7): the stream was refused, or it is
/// behind the last one of a GOAWAY. h2 gives that error to no other stream.
fn is_unprocessed(error: &h2::Error) -> bool {
    error.is_remote() && (error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM))
}
