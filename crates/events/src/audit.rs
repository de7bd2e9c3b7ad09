//! The audit lane: one line for each administrative change, also for one that was refused.

use crate::line::Second;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// Longest text of an error in a line, in bytes.
const MAX_ERROR_BYTES: usize = 1024;

/// Who asked for a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// SIGHUP.
    Signal,
    /// A file of the configuration changed.
    File,
    /// Whoever holds this token.
    Admin {
        /// The name of the token, never the token.
        token: &'static str,
        /// Where the request came from.
        peer: SocketAddr,
    },
}

/// One change of the configuration in use.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// Microseconds since the epoch.
    pub at: u64,
    /// Who asked for it; several asked for one.
    pub by: &'a [By],
    /// The Snapshot before.
    pub before: u64,
    /// What came of it.
    pub result: Result<Changed<'a>, &'a str>,
}

/// A change that took effect.
#[derive(Clone, Copy, Debug)]
pub struct Changed<'a> {
    /// The Snapshot now in use.
    pub snapshot: u64,
    /// What differs, in short.
    pub changes: &'a [String],
}

/// Appends the line of `change`, newline included.
pub(crate) fn write(out: &mut Vec<u8>, change: &Change<'_>, second: &mut Second) {
    let (outcome, snapshot, key, value) = match change.result {
        Ok(Changed { snapshot, changes }) => ("reloaded", snapshot, "changes", changes.into()),
        Err(error) => ("refused", change.before, "error", Value::from(shortened(error))),
    };
    let line = json!({
        "time": second.stamp(change.at),
        "lane": "audit",
        "action": "configuration.reload",
        "by": change.by.iter().map(who).collect::<Vec<_>>(),
        "outcome": outcome,
        "before": change.before,
        "snapshot": snapshot,
        key: value,
    });
    out.extend_from_slice(line.to_string().as_bytes());
    out.push(b'\n');
}

fn shortened(text: &str) -> &str {
    let end = (0..=MAX_ERROR_BYTES.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

fn who(by: &By) -> Value {
    match by {
        By::Signal => json!({ "via": "signal" }),
        By::File => json!({ "via": "file" }),
        By::Admin { token, peer } => json!({ "via": "admin", "token": token, "peer": peer.to_string() }),
    }
}

#[cfg(test)]
mod tests;
