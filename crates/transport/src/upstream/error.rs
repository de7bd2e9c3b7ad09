//! What upstream trouble is called.

use super::io::{Progress, Watch};
use portcullis_core::{Fault, Reason, Stop};
use std::error::Error;
use std::io;

/// No response that may be passed on.
#[derive(Debug)]
pub struct Failed {
    /// Why: an upstream fault, or what the client's own content came to.
    pub stop: Stop,
    /// The endpoint of the last attempt, by its place in the upstream.
    pub endpoint: Option<u16>,
    /// Attempts made.
    pub attempts: u8,
}

/// Names what ended an exchange on a connection. What the client did comes first: it is no fault of the upstream.
pub(super) fn stop_of(watch: &Watch, error: hyper::Error) -> Stop {
    if let Some(stop) = watch.client_failed.borrow_mut().take() {
        return stop;
    }
    if watch.flooded.get() {
        return Fault::new(Reason::UpstreamInterim, error).into();
    }
    Fault::new(reason_of(&error), error).into()
}

fn reason_of(error: &hyper::Error) -> Reason {
    if error.is_parse() {
        return Reason::UpstreamMalformed;
    }
    // A broken chunk is an I/O error of hyper's decoder; only its kind tells it from a socket that closed.
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return match error.kind() {
                io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Reason::UpstreamMalformed,
                io::ErrorKind::TimedOut => Reason::UpstreamTimeout,
                _ => Reason::UpstreamClosed,
            };
        }
        source = error.source();
    }
    Reason::UpstreamClosed
}

/// What an upstream is blamed for when an exchange on a connection ends: it may close while content is still on its way, which is
/// how many a server refuses content that is too large for it, and a client's choice.
pub(super) fn is_blamed(watch: &Watch, stop: &Stop) -> bool {
    let is_refusal = stop.reason() == Reason::UpstreamClosed && watch.upload.get() != Progress::Done;
    is_fault_of_upstream(stop) && !is_refusal
}

/// What an upstream is blamed for: not what the client's own content came to, and not our own faults.
pub(super) const fn is_fault_of_upstream(stop: &Stop) -> bool {
    matches!(
        stop.reason(),
        Reason::UpstreamConnect
            | Reason::UpstreamTls
            | Reason::UpstreamTimeout
            | Reason::ExchangeTimeout
            | Reason::UpstreamClosed
            | Reason::UpstreamMalformed
            | Reason::UpstreamInterim
    )
}
