//! One upstream, ready to forward to: shared by all cores, nothing in it takes a lock.

use super::settings::{Settings, Timeouts};
use super::tls::Identity;
use http::HeaderValue;
use portcullis_core::Clock;
use rustls_pki_types::ServerName;
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// An endpoint that refuses connections is left alone for this long, doubled with each further failure up to
/// [`EJECTION_MAX`]; then one request tries it.
const EJECTION: Duration = Duration::from_secs(1);
/// The longest that an endpoint is left alone.
const EJECTION_MAX: Duration = Duration::from_secs(30);

/// One upstream of a Snapshot.
pub struct Compiled {
    /// Unlike that of any other upstream of this process.
    pub(super) id: u64,
    pub(super) name: Box<str>,
    pub(super) endpoints: Box<[Endpoint]>,
    pub(super) timeouts: Timeouts,
    pub(super) tls: Option<Identity>,
    insecure_because: Option<Box<str>>,
    is_pinned: bool,
    clock: Clock,
}

/// One server of an upstream.
pub(super) struct Endpoint {
    /// Host and port as `Host` has them.
    authority: HeaderValue,
    pub(super) shown: Box<str>,
    pub(super) place: Place,
    /// Who it must prove to be; `None` without TLS.
    pub(super) server_name: Option<ServerName<'static>>,
    /// Its last TLS handshake failed: said once, not with every request.
    tls_failed: AtomicBool,
    /// Failures to connect since the last success.
    failures: AtomicU32,
    /// Left alone until then, in microseconds of the clock; 0 when it is not.
    ejected_until: AtomicU64,
}

/// Where an endpoint is.
pub(super) enum Place {
    Address(SocketAddr),
    Name(Box<str>, u16),
}

impl Endpoint {
    pub(super) fn new(shown: String, place: Place, server_name: Option<ServerName<'static>>) -> Option<Self> {
        let authority = HeaderValue::from_str(&shown).ok()?;
        let (failures, ejected_until) = (AtomicU32::new(0), AtomicU64::new(0));
        let (shown, tls_failed) = (shown.into_boxed_str(), AtomicBool::new(false));
        Some(Self { authority, shown, place, server_name, tls_failed, failures, ejected_until })
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

    fn is_ejected(&self) -> bool {
        self.ejected_until.load(Ordering::Relaxed) != 0
    }
}

impl Compiled {
    pub(super) fn new(settings: &Settings, endpoints: Vec<Endpoint>, tls: Option<Identity>, clock: &Clock) -> Self {
        static IDS: AtomicU64 = AtomicU64::new(0);
        Self {
            id: IDS.fetch_add(1, Ordering::Relaxed),
            name: settings.name.as_str().into(),
            endpoints: endpoints.into_boxed_slice(),
            timeouts: settings.timeouts,
            tls,
            insecure_because: settings.tls.insecure_because.as_deref().map(Into::into),
            is_pinned: !settings.tls.pins.is_empty(),
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

    /// The `Host` that the upstream sees unless the client's is preserved: that of its first endpoint (edge/P21).
    pub fn host(&self) -> Option<&HeaderValue> {
        self.endpoints.first().map(|endpoint| &endpoint.authority)
    }

    /// Why certificates of this upstream are not verified, where they are not (edge/T15: a warning at each start).
    pub fn insecure_because(&self) -> Option<&str> {
        self.insecure_because.as_deref()
    }

    /// Whether the upstream's key must be one that the configuration names.
    pub fn is_pinned(&self) -> bool {
        self.is_pinned
    }

    /// Whether any request may be sent to the endpoint.
    pub(super) fn is_open(&self, index: usize) -> bool {
        self.endpoints.get(index).is_some_and(|endpoint| !endpoint.is_ejected())
    }

    /// Whether the endpoint was left alone for long enough: one caller a second is told so, and must try it.
    pub(super) fn claim(&self, index: usize) -> bool {
        let Some(endpoint) = self.endpoints.get(index) else { return false };
        let (until, now) = (endpoint.ejected_until.load(Ordering::Relaxed), self.clock.monotonic_micros());
        let next = now.saturating_add(micros(EJECTION)).max(1);
        until != 0
            && now >= until
            && endpoint.ejected_until.compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Notes that a connection could not be made. At most half of the endpoints are left alone (edge/P7), and never the only one.
    pub(super) fn connect_failed(&self, index: usize) {
        let Some(endpoint) = self.endpoints.get(index) else { return };
        let earlier = endpoint.failures.fetch_add(1, Ordering::Relaxed);
        let ejected = self.endpoints.iter().filter(|other| other.is_ejected()).count();
        if endpoint.is_ejected() || ejected.saturating_add(1).saturating_mul(2) <= self.endpoints.len() {
            let span = EJECTION.saturating_mul(1 << earlier.min(5)).min(EJECTION_MAX);
            let until = self.clock.monotonic_micros().saturating_add(micros(span)).max(1);
            endpoint.ejected_until.store(until, Ordering::Relaxed);
        }
    }

    /// Notes that a connection was made.
    pub(super) fn connected(&self, index: usize) {
        let Some(endpoint) = self.endpoints.get(index) else { return };
        if endpoint.failures.load(Ordering::Relaxed) != 0 || endpoint.is_ejected() {
            endpoint.failures.store(0, Ordering::Relaxed);
            endpoint.ejected_until.store(0, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for Compiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiled").field("name", &self.name).finish_non_exhaustive()
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
