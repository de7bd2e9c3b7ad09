//! Forwarding to upstreams: own connections, own pool, every response judged before its connection is used again.
//!
//! Everything here belongs to one core. A connection has no task of its own: whoever waits for its response polls it, so an
//! exchange costs no wake-up beyond those of its socket. [`forward`] chooses an endpoint, takes or opens a connection, sends,
//! repeats where that is safe, and returns the judged response; [`UpstreamBody`] then drives the connection until the content
//! ends. A connection goes back to the [`Pools`] when the whole response was read and nothing else, the whole request is
//! sent, and neither side asked to close. That is HTTP/1.1, see [`http1`]; over HTTP/2 exchanges share connections, see [`http2`].

mod body;
mod breaker;
mod compiled;
mod connect;
mod error;
mod forward;
mod health;
mod http1;
mod http2;
mod io;
mod judge;
mod latency;
mod pool;
mod resolve;
mod settings;
mod standing;
mod targets;
mod tls;
mod upload;

pub use body::{UpstreamBody, UpstreamBodyError};
pub use breaker::BreakerSettings;
pub use compiled::{Compiled, Look};
pub use error::Failed;
pub use forward::{Answer, Attempt, Forwarded, forward};
pub use health::HealthSettings;
pub use io::UpstreamIo;
pub use pool::Pools;
pub use settings::{Protocol, Settings, Timeouts, TlsSettings};
pub use standing::EjectionSettings;
pub use tls::Pin;
pub use upload::{Replay, RequestBody};

use http::{HeaderName, HeaderValue};
use std::sync::Arc;

/// Looks after an upstream until it is dropped: resolves names, checks endpoints. `fields` are those that the upstream gets with
/// every request. For the control thread, within a local runtime.
pub async fn watch(upstream: Arc<Compiled>, fields: Vec<(HeaderName, HeaderValue)>) {
    tokio::join!(resolve::follow_all(Arc::clone(&upstream)), health::watch(upstream, fields));
}

#[cfg(test)]
mod tests;
