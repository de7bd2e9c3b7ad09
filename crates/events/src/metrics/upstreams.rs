//! What `/metrics` shows of upstreams, by their names in the configuration.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::{counter::Counter, family::Family, gauge::Gauge};
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByUpstream {
    upstream: String,
}

/// What is known of one upstream now.
#[derive(Clone, Copy, Debug, Default)]
pub struct UpstreamState {
    /// All of its endpoints.
    pub endpoints: usize,
    /// Those that requests are sent to.
    pub usable: usize,
    /// Those whose health checks fail.
    pub down: usize,
    /// Nothing is sent to it, or only to find out.
    pub is_open: bool,
    /// Endpoints ejected so far.
    pub ejections: u64,
    /// Times so far that nothing was sent for a while.
    pub openings: u64,
}

/// Metrics of upstreams.
#[derive(Default)]
pub struct Upstreams {
    endpoints: Family<ByUpstream, Gauge>,
    usable: Family<ByUpstream, Gauge>,
    down: Family<ByUpstream, Gauge>,
    open: Family<ByUpstream, Gauge>,
    ejections: Family<ByUpstream, Counter>,
    openings: Family<ByUpstream, Counter>,
}

impl Upstreams {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("upstream_endpoints", "Endpoints of an upstream", self.endpoints.clone());
        registry.register("upstream_endpoints_usable", "Endpoints that requests are sent to", self.usable.clone());
        registry.register("upstream_endpoints_down", "Endpoints whose health checks fail", self.down.clone());
        let open = self.open.clone();
        registry.register("upstream_breaker_open", "1 while an upstream is not asked, or only to find out", open);
        registry.register("upstream_ejections", "Endpoints ejected for failing", self.ejections.clone());
        let openings = self.openings.clone();
        registry.register("upstream_breaker_openings", "Times that an upstream was given up for a while", openings);
    }

    /// Forgets the state of all, before those of the present Snapshot are named.
    pub fn clear(&self) {
        [&self.endpoints, &self.usable, &self.down, &self.open].into_iter().for_each(Family::clear);
    }

    /// Names the state of one. Counters never fall: what an upstream that was removed and came back counts anew shows once it
    /// is more.
    pub fn set(&self, upstream: &str, state: UpstreamState) {
        let labels = ByUpstream { upstream: upstream.to_owned() };
        let UpstreamState { endpoints, usable, down, is_open, ejections, openings } = state;
        let gauges = [(&self.endpoints, endpoints), (&self.usable, usable), (&self.down, down)];
        for (family, count) in gauges.into_iter().chain([(&self.open, usize::from(is_open))]) {
            family.get_or_create(&labels).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        for (family, count) in [(&self.ejections, ejections), (&self.openings, openings)] {
            let counter = family.get_or_create(&labels);
            counter.inc_by(count.saturating_sub(counter.get()));
        }
    }
}
