//! One upstream, ready to forward to: shared by all cores, nothing in it takes a lock.

use super::breaker::{Breaker, Change, Permit};
use super::health::HealthSettings;
use super::settings::{Protocol, Settings, Timeouts};
use super::standing::EjectionSettings;
use super::targets::{Target, Targets};
use super::tls::Identity;
use arc_swap::ArcSwap;
use http::HeaderValue;
use ipnet::IpNet;
use portcullis_core::Clock;
use rustls_pki_types::ServerName;
use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::Notify;

/// One upstream of a Snapshot.
pub struct Compiled {
    /// Unlike that of any other upstream of this process.
    pub(super) id: u64,
    pub(super) name: Box<str>,
    pub(super) endpoints: Box<[Endpoint]>,
    pub(super) protocol: Protocol,
    pub(super) timeouts: Timeouts,
    pub(super) tls: Option<Identity>,
    insecure_because: Option<Box<str>>,
    is_pinned: bool,
    /// `None`: it is always asked.
    breaker: Option<Arc<Breaker>>,
    pub(super) ejection: EjectionSettings,
    /// `None`: its endpoints are not checked.
    pub(super) health: Option<HealthSettings>,
    /// Addresses that a name may have although it should not.
    pub(super) allowed: Box<[IpNet]>,
    pub(super) targets: ArcSwap<Box<Targets>>,
    /// Changes of `targets`.
    pub(super) version: AtomicU64,
    /// A name was looked up.
    pub(super) looked_up: Notify,
    pub(super) clock: Clock,
}

/// One server of an upstream.
pub(super) struct Endpoint {
    /// Host and port as `Host` has them.
    pub(super) authority: HeaderValue,
    pub(super) shown: Box<str>,
    pub(super) place: Place,
    /// Who it must prove to be; `None` without TLS.
    pub(super) server_name: Option<ServerName<'static>>,
    /// Its last TLS handshake failed: said once, not with every request.
    tls_failed: AtomicBool,
    /// Nothing has to be found out any more before a request may be sent, or it was tried in vain.
    pub(super) is_looked_up: AtomicBool,
}

/// Where an endpoint is.
pub(super) enum Place {
    Address(SocketAddr),
    /// `localhost` and names below it: this machine, never a question to a name server (RFC 6761 §6.3).
    Localhost(u16),
    Name(Box<str>, u16),
}

impl Endpoint {
    pub(super) fn new(shown: String, place: Place, server_name: Option<ServerName<'static>>) -> Option<Self> {
        let authority = HeaderValue::from_str(&shown).ok()?;
        let is_looked_up = AtomicBool::new(!matches!(place, Place::Name(..)));
        let (shown, tls_failed) = (shown.into_boxed_str(), AtomicBool::new(false));
        Some(Self { authority, shown, place, server_name, tls_failed, is_looked_up })
    }

    /// Notes how a TLS handshake with it ended. An upstream that proves to be somebody else is for a person to look at.
    pub(super) fn proved(&self, upstream: &str, outcome: Result<(), &std::io::Error>) {
        match outcome {
            Ok(()) if self.tls_failed.load(Ordering::Relaxed) => {
                self.tls_failed.store(false, Ordering::Relaxed);
                tracing::info!(upstream, endpoint = &*self.shown, "the upstream proves its identity again");
            }
            Err(error) if !self.tls_failed.swap(true, Ordering::Relaxed) => {
                tracing::warn!(upstream, endpoint = &*self.shown, %error, "the upstream does not prove its identity");
            }
            _ => {}
        }
    }
}

impl Compiled {
    pub(super) fn new(
        settings: &Settings,
        endpoints: Vec<Endpoint>,
        allowed: Vec<IpNet>,
        tls: Option<Identity>,
        clock: &Clock,
    ) -> Self {
        static IDS: AtomicU64 = AtomicU64::new(0);
        let places = (0..).zip(&endpoints);
        let targets = places.filter_map(|(index, endpoint)| Some(Target::new(index, endpoint.at()?)));
        Self {
            targets: ArcSwap::from_pointee(targets.collect()),
            version: AtomicU64::new(0),
            looked_up: Notify::new(),
            allowed: allowed.into_boxed_slice(),
            id: IDS.fetch_add(1, Ordering::Relaxed),
            name: settings.name.as_str().into(),
            endpoints: endpoints.into_boxed_slice(),
            protocol: settings.protocol,
            timeouts: settings.timeouts,
            tls,
            insecure_because: settings.tls.insecure_because.as_deref().map(Into::into),
            is_pinned: !settings.tls.pins.is_empty(),
            breaker: settings.breaker.map(|settings| Arc::new(Breaker::new(settings))),
            ejection: settings.ejection,
            health: settings.health.clone(),
            clock: clock.clone(),
        }
    }

    /// Its name in the configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Host and port of an endpoint, for the record; the number is that of [`Answer`](super::Answer).
    pub fn endpoint(&self, index: u16) -> Option<&str> {
        self.endpoints.get(usize::from(index)).map(|endpoint| &*endpoint.shown)
    }

    /// Host and port of every endpoint.
    pub fn authorities(&self) -> impl Iterator<Item = &str> {
        self.endpoints.iter().map(|endpoint| &*endpoint.shown)
    }

    /// Whether `authority`, in lower case and without a default port, is that of an endpoint.
    pub fn is_endpoint(&self, authority: &str) -> bool {
        self.authorities().any(|known| known == authority)
    }

    /// The `Host` that the upstream sees unless the client's is preserved: that of its first endpoint (edge/P21).
    pub fn host(&self) -> Option<&HeaderValue> {
        self.endpoints.first().map(|endpoint| &endpoint.authority)
    }

    /// What is spoken with it.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Why certificates of this upstream are not verified, where they are not (edge/T15: a warning at each start).
    pub fn insecure_because(&self) -> Option<&str> {
        self.insecure_because.as_deref()
    }

    /// Whether the upstream's key must be one that the configuration names.
    pub fn is_pinned(&self) -> bool {
        self.is_pinned
    }

    /// Takes over what is known of the upstream `before` of the same name: a reload neither closes a breaker nor brings back an
    /// endpoint that fails. Both are of one process, so their clocks agree.
    pub fn keep(&mut self, before: &Self) {
        if let (Some(breaker), Some(running)) = (&mut self.breaker, &before.breaker)
            && breaker.settings == running.settings
        {
            *breaker = Arc::clone(running);
        }
        let key = |endpoint: &Endpoint| (endpoint.shown.clone(), endpoint.server_name.is_some());
        let places: HashMap<_, u16> = before.endpoints.iter().map(key).zip(0..).collect();
        let targets =
            self.arranged(&before.targets(), |index| places.get(&key(self.endpoints.get(index)?)).copied(), None);
        if self.health.is_none() {
            targets.iter().for_each(|target| target.standing.unchecked());
        }
        self.targets = ArcSwap::from_pointee(targets);
    }

    /// What it looks like now.
    pub fn look(&self) -> Look {
        let targets = self.targets.load();
        let standings = || targets.iter().map(|target| &target.standing);
        Look {
            endpoints: targets.len(),
            usable: standings().filter(|standing| standing.is_open()).count(),
            down: standings().filter(|standing| standing.is_down()).count(),
            ejections: standings().map(|standing| standing.ejections()).sum(),
            is_open: self.breaker.as_ref().is_some_and(|breaker| !breaker.is_closed()),
            openings: self.breaker.as_ref().map_or(0, |breaker| breaker.openings()),
        }
    }

    /// Lets a request pass, or not. `Some(None)`: no breaker.
    pub(super) fn admit(&self) -> Option<Option<Permit<'_>>> {
        match &self.breaker {
            Some(breaker) => breaker.admit(&self.clock).map(Some),
            None => Some(None),
        }
    }

    /// What a request that was let through came to in the end.
    pub(super) fn settle(&self, permit: Option<&mut Permit<'_>>, is_failed: bool) {
        let (upstream, breaker) = (&*self.name, &self.breaker);
        match permit.and_then(|permit| permit.settle(is_failed)) {
            None => {}
            Some(Change::Opened) => {
                let open = breaker.as_ref().map(|breaker| breaker.settings.open);
                tracing::warn!(upstream, ?open, "breaker open: the upstream fails, and is not asked for a while");
            }
            Some(Change::Closed) => tracing::info!(upstream, "breaker closed: the upstream is well again"),
        }
    }

    /// Microseconds of the clock that its state is timed by.
    pub(super) fn now(&self) -> u64 {
        self.clock.monotonic_micros()
    }
}

/// What metrics show of an upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// All of its endpoints; a name counts once for each of its addresses.
    pub endpoints: usize,
    /// Those that any request may be sent to.
    pub usable: usize,
    /// Those whose health checks fail.
    pub down: usize,
    /// Ejections so far.
    pub ejections: u64,
    /// Its breaker is open or half-open.
    pub is_open: bool,
    /// Times that the breaker opened so far.
    pub openings: u64,
}

impl fmt::Debug for Compiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiled").field("name", &self.name).finish_non_exhaustive()
    }
}
