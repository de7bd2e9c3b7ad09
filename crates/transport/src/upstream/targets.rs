//! Where requests go: one target for an endpoint that is an address, one for each address of an endpoint that is a name (edge/P11).

use super::compiled::{Compiled, Endpoint, Place};
use super::resolve::is_suspect;
use super::standing::{Attempted, Claim, Moved, Standing};
use portcullis_core::Stop;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// One server.
pub(super) struct Target {
    /// The endpoint's place in the upstream.
    pub(super) endpoint: u16,
    pub(super) at: At,
    pub(super) standing: Arc<Standing>,
}

/// Where a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum At {
    Address(SocketAddr),
    /// This machine, which may listen on either of two addresses.
    Localhost(u16),
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Localhost(port) => write!(f, "localhost:{port}"),
        }
    }
}

impl Target {
    pub(super) fn new(endpoint: u16, at: At) -> Self {
        Self { endpoint, at, standing: Arc::default() }
    }
}

/// The targets of one upstream at one time.
pub(super) type Targets = [Target];

impl Endpoint {
    /// Where it is, unless it is a name.
    pub(super) fn at(&self) -> Option<At> {
        match self.place {
            Place::Address(address) => Some(At::Address(address)),
            Place::Localhost(port) => Some(At::Localhost(port)),
            Place::Name(..) => None,
        }
    }
}

impl Compiled {
    /// Where requests go now.
    pub(super) fn targets(&self) -> Arc<Box<Targets>> {
        self.targets.load_full()
    }

    /// Changes when [`Compiled::targets`] does.
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Whether any request may be sent to the target.
    pub(super) fn is_open(targets: &Targets, index: usize) -> bool {
        targets.get(index).is_some_and(|target| target.standing.is_open())
    }

    /// Whether the target was left alone for long enough: one caller is told so, and must try it. Another one may once this one
    /// has had the time for it, in case it was given up.
    pub(super) fn claim(&self, targets: &Targets, index: usize) -> Option<Claim> {
        let patience = self.timeouts.connect.saturating_add(self.timeouts.response);
        targets.get(index)?.standing.claim(&self.clock, patience)
    }

    /// Notes what an attempt says of its target. At most half of the targets are set aside (edge/P7), and never the only one.
    pub(super) fn note(&self, targets: &Targets, index: usize, claim: Option<Claim>, attempted: Attempted) {
        let Some(target) = targets.get(index) else { return };
        let may_leave = || {
            let others = targets.iter().filter(|other| !Arc::ptr_eq(&other.standing, &target.standing));
            let out = others.filter(|other| other.standing.is_out()).count();
            out.saturating_add(1).saturating_mul(2) <= targets.len()
        };
        let (upstream, endpoint, at) = (self.name(), self.endpoint(target.endpoint), target.at);
        match target.standing.note(attempted, claim, self.ejection, &self.clock, may_leave) {
            None => {}
            Some(Moved::Ejected(span, failures)) => {
                tracing::warn!(upstream, endpoint, %at, ?span, failures, "endpoint ejected: it fails again and again");
            }
            Some(Moved::Returned) => tracing::info!(upstream, endpoint, %at, "endpoint is back"),
        }
    }

    /// Notes what a health check of a target came to.
    pub(super) fn checked(&self, target: &Target, outcome: Result<(), Stop>) {
        let Some(health) = &self.health else { return };
        let contrary = if outcome.is_ok() { health.healthy } else { health.unhealthy };
        if !target.standing.checked(outcome.is_ok(), contrary) {
            return;
        }
        let (upstream, endpoint, at) = (self.name(), self.endpoint(target.endpoint), target.at);
        match outcome {
            Ok(()) => tracing::info!(upstream, endpoint, %at, "endpoint up: its health checks pass"),
            Err(stop) => {
                let detail = if let Stop::Fault(fault) = &stop { fault.source.as_deref() } else { None };
                let (reason, detail) = (stop.reason().id(), detail.map(ToString::to_string));
                tracing::warn!(upstream, endpoint, %at, reason, detail, "endpoint down: its health checks fail");
            }
        }
    }

    /// The addresses that an endpoint is at now.
    pub(super) fn addresses(&self, endpoint: u16) -> Vec<IpAddr> {
        let targets = self.targets.load();
        let of_endpoint = targets.iter().filter(|target| target.endpoint == endpoint);
        of_endpoint.filter_map(|target| if let At::Address(at) = target.at { Some(at.ip()) } else { None }).collect()
    }

    /// Takes what a name stands for now; what is known of addresses that stay is kept. The control thread alone calls it.
    pub(super) fn move_to(&self, endpoint: u16, addresses: &[IpAddr]) {
        let Some(Place::Name(_, port)) = self.endpoints.get(usize::from(endpoint)).map(|endpoint| &endpoint.place)
        else {
            return;
        };
        let moved: Vec<At> = addresses.iter().map(|address| At::Address(SocketAddr::new(*address, *port))).collect();
        let targets = self.arranged(&self.targets(), |index| u16::try_from(index).ok(), Some((endpoint, &moved)));
        self.targets.store(Arc::new(targets));
        self.version.fetch_add(1, Ordering::Release);
    }

    /// The targets of all endpoints, with what is known of them from `before`, where `was` says which endpoint each was then.
    /// A name is where `moved` says, else where it was, as far as it may be there.
    pub(super) fn arranged(
        &self,
        before: &Targets,
        was: impl Fn(usize) -> Option<u16>,
        moved: Option<(u16, &[At])>,
    ) -> Box<Targets> {
        let mut targets = Vec::new();
        for (index, endpoint) in (0..).zip(&self.endpoints) {
            let earlier = was(usize::from(index));
            let earlier: Vec<&Target> = before.iter().filter(|target| Some(target.endpoint) == earlier).collect();
            let places = match (endpoint.at(), moved) {
                (Some(at), _) => vec![at],
                (None, Some((of, moved))) if of == index => moved.to_vec(),
                (None, _) => earlier.iter().map(|target| target.at).filter(|at| self.may_be_at(*at)).collect(),
            };
            targets.extend(places.into_iter().map(|at| {
                let known = earlier.iter().find(|target| target.at == at);
                let standing = known.map(|target| Arc::clone(&target.standing)).unwrap_or_default();
                Target { endpoint: index, at, standing }
            }));
        }
        targets.into_boxed_slice()
    }

    /// Whether a name may stand for this.
    pub(super) fn may_be_at(&self, at: At) -> bool {
        let At::Address(at) = at else { return false };
        !is_suspect(at.ip()) || self.allowed.iter().any(|net| net.contains(&at.ip()))
    }

    /// Notes that an endpoint that is a name was asked for: whoever waits for addresses looks again.
    pub(super) fn was_looked_up(&self, endpoint: u16) {
        if let Some(endpoint) = self.endpoints.get(usize::from(endpoint)) {
            endpoint.is_looked_up.store(true, Ordering::Release);
        }
        self.looked_up.notify_waiters();
    }

    /// Returns once there is a target, or all names were asked for in vain.
    pub(super) async fn until_looked_up(&self) {
        loop {
            let mut again = std::pin::pin!(self.looked_up.notified());
            again.as_mut().enable();
            let is_done = |endpoint: &Endpoint| endpoint.is_looked_up.load(Ordering::Acquire);
            if !self.targets.load().is_empty() || self.endpoints.iter().all(is_done) {
                return;
            }
            again.await;
        }
    }
}
