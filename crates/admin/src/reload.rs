//! Asking for a reload over HTTP, and what comes of it.

use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Somebody asks for the configuration on disk to be taken into use.
#[derive(Debug)]
pub struct Asked {
    /// From where. That the token was shown is certain.
    pub peer: SocketAddr,
    /// Where the outcome goes. Nobody may be waiting any more.
    pub answer: oneshot::Sender<Outcome>,
}

/// What came of a reload.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The configuration on disk is in use.
    Reloaded {
        /// The Snapshot before.
        before: u64,
        /// The Snapshot in use.
        snapshot: u64,
        /// What changed, in short.
        changes: Arc<[String]>,
    },
    /// It was refused, and the Snapshot before it runs on.
    Refused {
        /// The Snapshot in use.
        snapshot: u64,
        /// Why, with places and excerpts; secrets are masked.
        errors: Arc<str>,
    },
}

impl Outcome {
    /// For scripts.
    pub(crate) fn json(&self) -> Value {
        match self {
            Self::Reloaded { before, snapshot, changes } => {
                json!({ "outcome": "reloaded", "before": before, "snapshot": snapshot, "changes": &**changes })
            }
            Self::Refused { snapshot, errors } => {
                json!({ "outcome": "refused", "snapshot": snapshot, "errors": &**errors })
            }
        }
    }
}
