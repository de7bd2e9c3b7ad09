//! One immutable compiled configuration, and how cores read it without a lock.

use crate::config::{Api, Plan, Settings, Timeouts, Upstream};
use arc_swap::ArcSwap;
use http::uri::PathAndQuery;
use portcullis_core::{ApiId, CanonicalTarget, Control, Fault, Mode, OperationId, Reason, Stop};
use portcullis_transport::{harden, head, listener};
use std::rc::Rc;
use std::sync::Arc;

/// The outer count is this core's, the inner one all cores share: they touch it once per reload, not once per request.
pub type Pinned = Rc<Arc<Snapshot>>;

/// One per core.
pub struct SnapshotReader {
    cache: arc_swap::Cache<Arc<ArcSwap<Snapshot>>, Arc<Snapshot>>,
    local: Pinned,
}

impl SnapshotReader {
    /// Reads what `shared` holds, now and later.
    pub fn new(shared: &Arc<ArcSwap<Snapshot>>) -> Self {
        Self { cache: arc_swap::Cache::new(Arc::clone(shared)), local: Rc::new(shared.load_full()) }
    }

    /// The Snapshot that an exchange uses from its first stage to its last, also when a reload lands in between.
    pub fn pin(&mut self) -> Pinned {
        let latest = self.cache.load(); // one atomic load while nothing changes
        if !Arc::ptr_eq(latest, &self.local) {
            self.local = Rc::new(Arc::clone(latest));
        }
        Rc::clone(&self.local)
    }
}

/// One immutable compiled configuration: the parts of a [`Plan`] that exchanges read.
pub struct Snapshot {
    /// Counts the configurations of this process, from 1.
    pub id: u64,
    /// Hosts, paths and methods.
    pub routes: portcullis_routing::Compiled,
    /// What each operation takes and promises.
    pub contracts: portcullis_schema::contract::Compiled,
    /// What may be in a head.
    pub head: head::Compiled,
    /// What is set on answers before an API is known.
    pub harden: harden::Compiled,
    /// Deadlines on the client side.
    pub timeouts: Timeouts,
    /// Listeners, with the addresses that they are bound to.
    pub listeners: Vec<listener::Compiled>,
    /// Where `redirect_to_https` points.
    pub https_port: u16,
    upstreams: Vec<Upstream>,
    apis: Vec<Api>,
    operations: Vec<Settings>,
}

impl Snapshot {
    /// The Snapshot of a plan; its listeners are not bound yet.
    pub fn new(plan: Plan, id: u64) -> Self {
        let Plan { routes, contracts, head, timeouts, listeners, upstreams, apis, operations, .. } = plan;
        let harden = harden::Compiled::default();
        Self { id, routes, contracts, head, harden, timeouts, listeners, https_port: 443, upstreams, apis, operations }
    }

    /// Points `redirect_to_https` to the first TLS listener, once its port is known.
    pub fn settle_https_port(&mut self) {
        let https = self.listeners.iter().find(|listener| listener.facts.tls && !listener.facts.internal);
        self.https_port = https.map_or(443, |listener| listener.facts.address.port());
    }

    /// Keeps session tickets of listeners whose certificate did not change. Both are bound.
    pub fn keep_tickets(&mut self, before: &Self) {
        for listener in &mut self.listeners {
            if let Some(running) = before.listeners.iter().find(|old| old.facts.id == listener.facts.id) {
                listener.keep_tls(running);
            }
        }
    }

    /// Keeps what is known of upstreams with the same name: breakers, endpoints that are set aside.
    pub fn keep_upstreams(&mut self, before: &Self) {
        for Upstream { compiled, .. } in &mut self.upstreams {
            let running = before.upstreams.iter().find(|old| old.compiled.name() == compiled.name());
            // Nobody else has it yet.
            if let (Some(running), Some(compiled)) = (running, Arc::get_mut(compiled)) {
                compiled.keep(&running.compiled);
            }
        }
    }

    /// Everything behind this gateway.
    pub fn upstreams(&self) -> &[Upstream] {
        &self.upstreams
    }

    /// One API; `None` for an id of another Snapshot.
    pub fn api(&self, id: ApiId) -> Option<&Api> {
        self.apis.get(id.index())
    }

    /// Where an API's requests go.
    pub fn upstream(&self, api: &Api) -> Option<&Upstream> {
        self.upstreams.get(api.upstream)
    }

    /// What holds for an Operation; `None` for an id of another Snapshot.
    pub fn operation(&self, id: OperationId) -> Option<&Settings> {
        self.operations.get(id.index())
    }

    /// The mode of a control where this much is known of an exchange.
    pub fn mode(&self, control: Control, api: Option<ApiId>, operation: Option<OperationId>) -> Mode {
        let settings = match operation {
            Some(id) => self.operation(id),
            None => api.and_then(|id| self.api(id)).map(|api| &api.default),
        };
        settings.and_then(|settings| settings.modes.get(control.index())).copied().unwrap_or(control.row().default)
    }

    /// The target that the upstream gets: the canonical one, with `upstream_path` in place of the base path.
    ///
    /// # Errors
    /// Our own fault: a canonical target stays one under a prefix that was checked at load.
    pub fn upstream_target(&self, api: ApiId, target: &CanonicalTarget) -> Result<PathAndQuery, Stop> {
        let Some(prefix) = self.api(api).and_then(|api| api.upstream_path.as_deref()) else {
            return Ok(target.path_and_query().clone());
        };
        let rest = target.path_and_query().as_str().get(self.routes.base_path(api).len()..).unwrap_or_default();
        let slash = if rest.starts_with('/') { "" } else { "/" };
        PathAndQuery::try_from(format!("{prefix}{slash}{rest}"))
            .map_err(|error| Fault::new(Reason::Internal, error).into())
    }
}
