//! What the control thread does for upstreams: it looks after their endpoints and shows their state.

use crate::config::Upstream;
use crate::snapshot::Snapshot;
use portcullis_events::{Metrics, UpstreamState};
use portcullis_transport::upstream;
use std::sync::Arc;
use tokio::task::AbortHandle;

/// What looks after the upstreams of the present Snapshot.
#[derive(Default)]
pub(crate) struct Watches(Vec<AbortHandle>);

impl Watches {
    /// Looks after the upstreams of `snapshot`, and no more after those of the one before. Runs on the control thread.
    pub(crate) fn follow(&mut self, snapshot: &Snapshot) {
        self.0.drain(..).for_each(|watch| watch.abort());
        for Upstream { compiled, fields, .. } in snapshot.upstreams() {
            let watching = upstream::watch(Arc::clone(compiled), fields.clone());
            self.0.push(tokio::task::spawn_local(watching).abort_handle());
        }
    }
}

/// Shows the state of all upstreams of a Snapshot.
pub(crate) fn count(snapshot: &Snapshot, metrics: &Metrics) {
    metrics.upstreams.clear();
    for Upstream { compiled, .. } in snapshot.upstreams() {
        let upstream::Look { endpoints, usable, down, ejections, is_open, openings } = compiled.look();
        let state = UpstreamState { endpoints, usable, down, is_open, ejections, openings };
        metrics.upstreams.set(compiled.name(), state);
    }
}
