//! What upstream trouble is called.

use portcullis_core::{Reason, Stop};

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

/// What an upstream is blamed for when an exchange on a connection ends: it may close while content is still on its way, which is
/// how many a server refuses content that is too large for it, and a client's choice.
pub(super) fn is_blamed(stop: &Stop, has_all_content: bool) -> bool {
    is_fault_of_upstream(stop) && (has_all_content || stop.reason() != Reason::UpstreamClosed)
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
