//! Active health checks: an endpoint that does not answer them gets no requests (edge/P9).
//!
//! They run on the control thread; what they find is an atomic of the endpoint's [`Standing`](super::standing::Standing), which
//! all cores read. Nothing on the data path waits for them. An endpoint counts as well until its checks say otherwise.

use super::compiled::{Compiled, Endpoint};
use super::connect::dial;
use super::error::is_fault_of_upstream;
use super::http1;
use super::io::UpstreamIo;
use super::targets::Target;
use http::header::{CONNECTION, HOST, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Request, Uri};
use portcullis_core::{Fault, Reason, Stop};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

/// Endpoints that are checked at once; a check of a dead one holds a socket until its timeout.
const AT_ONCE: usize = 32;

/// How endpoints are checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthSettings {
    /// What is asked for, with GET; any 2xx is well.
    pub path: PathAndQuery,
    /// From one check of an endpoint to its next.
    pub interval: Duration,
    /// For connection, TLS handshake and answer together.
    pub timeout: Duration,
    /// Failures in a row that take an endpoint down.
    pub unhealthy: u32,
    /// Checks in a row that bring it up again.
    pub healthy: u32,
}

impl Default for HealthSettings {
    fn default() -> Self {
        Self {
            path: PathAndQuery::from_static("/healthz"),
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(1),
            unhealthy: 3,
            healthy: 2,
        }
    }
}

/// Checks the endpoints of an upstream until it is dropped; returns at once where no checks are configured. `fields` are those
/// that the upstream gets with every request. Runs within a `LocalSet` or a local runtime.
pub(super) async fn watch(upstream: Arc<Compiled>, fields: Vec<(HeaderName, HeaderValue)>) {
    let Some(settings) = &upstream.health else { return };
    let fields: Arc<[_]> = fields.into();
    let mut interval = tokio::time::interval(settings.interval);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        round(&upstream, &fields).await;
    }
}

/// One check of each target.
pub(super) async fn round(upstream: &Arc<Compiled>, fields: &Arc<[(HeaderName, HeaderValue)]>) {
    let targets = upstream.targets();
    let mut left = 0..targets.len();
    let mut running = JoinSet::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(index) = left.next()
        {
            let (upstream, targets, fields) = (Arc::clone(upstream), Arc::clone(&targets), Arc::clone(fields));
            running.spawn_local(async move {
                let Some(target) = targets.get(index) else { return };
                if let Some(outcome) = check(&upstream, target, &fields).await {
                    upstream.checked(target, outcome);
                }
            });
        }
        if running.join_next().await.is_none() {
            return;
        }
    }
}

/// One check of one target; `None` where this machine lacks what it takes.
pub(super) async fn check(
    upstream: &Compiled,
    target: &Target,
    fields: &[(HeaderName, HeaderValue)],
) -> Option<Result<(), Stop>> {
    let settings = upstream.health.as_ref()?;
    let endpoint = upstream.endpoints.get(usize::from(target.endpoint))?;
    let asked = async {
        match dial(upstream, target).await {
            Ok(io) => Some(ask(io, endpoint, settings, fields).await),
            Err(stop) => is_fault_of_upstream(&stop).then_some(Err(stop)),
        }
    };
    tokio::time::timeout(settings.timeout, asked).await.unwrap_or(Some(Err(Stop::fault(Reason::UpstreamTimeout))))
}

/// Asks over a connection of its own, which says nothing of the kept ones: those may live although nothing new gets through.
async fn ask(
    io: UpstreamIo,
    endpoint: &Endpoint,
    settings: &HealthSettings,
    fields: &[(HeaderName, HeaderValue)],
) -> Result<(), Stop> {
    let mut request = Request::new(());
    *request.uri_mut() = Uri::from(settings.path.clone());
    let headers = request.headers_mut();
    headers.insert(HOST, endpoint.authority.clone());
    headers.insert(USER_AGENT, HeaderValue::from_static("portcullis-health"));
    headers.extend(fields.iter().cloned());
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    let status = http1::ask(io, &request).await?;
    if status.is_success() {
        Ok(())
    } else {
        Err(Fault::new(Reason::UpstreamUnavailable, format!("status {status}")).into())
    }
}
