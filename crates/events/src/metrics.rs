//! What `/metrics` shows. Labels come from enums and the configuration, never from requests, so the number of series is bounded.

mod upstreams;

use portcullis_core::{Control, Reason, Record, Verdict};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram};
use prometheus_client::registry::{Registry, Unit};
use std::fmt::{self, Write as _};
use std::net::SocketAddr;

pub use upstreams::{UpstreamState, Upstreams};

const VERDICTS: [Verdict; 4] = [Verdict::Abandoned, Verdict::Allow, Verdict::Deny, Verdict::Fault];
/// Upper bounds of the latency buckets in microseconds.
const BUCKETS: [u32; 10] = [250, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 250_000, 1_000_000, 10_000_000];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByVerdict {
    verdict: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByReason {
    control: Word,
    reason: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByControl {
    control: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByCause {
    cause: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByCertificate {
    listener: String,
    certificate: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByListener {
    listener: String,
}

/// A label value out of our own tables.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Word(&'static str);

impl EncodeLabelValue for Word {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        encoder.write_str(self.0)
    }
}

/// Counters and gauges of the process.
pub struct Metrics {
    registry: Registry,
    exchanges: Family<ByVerdict, Counter>,
    refusals: Family<ByReason, Counter>,
    monitored: Family<ByControl, Counter>,
    bytes_in: Counter,
    bytes_out: Counter,
    removed_fields: Counter,
    latency: Histogram,
    /// Lines of the record that could not be kept.
    pub events_lost: Counter,
    /// Bytes of the record written to disk.
    pub events_written: Counter,
    /// Client connections now open.
    pub connections: Gauge,
    closed: Family<ByCause, Counter>,
    /// TLS handshakes that failed or took too long.
    pub handshakes_failed: Counter,
    /// Days until a certificate expires.
    certificate_days_left: Family<ByCertificate, Gauge>,
    /// Hours until the nextUpdate of a revocation list.
    revocation_list_hours_left: Family<ByListener, Gauge>,
    /// State of upstreams.
    pub upstreams: Upstreams,
    /// Configurations taken into use after the first.
    pub reloads: Counter,
    /// Configurations refused while running.
    pub reload_failures: Counter,
    /// 1 while the running configuration is not the one on disk.
    pub reload_failed: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("portcullis"),
            exchanges: Family::default(),
            refusals: Family::default(),
            monitored: Family::default(),
            bytes_in: Counter::default(),
            bytes_out: Counter::default(),
            removed_fields: Counter::default(),
            latency: Histogram::new(BUCKETS.iter().map(|micros| f64::from(*micros) / 1e6)),
            events_lost: Counter::default(),
            events_written: Counter::default(),
            connections: Gauge::default(),
            closed: Family::default(),
            handshakes_failed: Counter::default(),
            certificate_days_left: Family::default(),
            revocation_list_hours_left: Family::default(),
            upstreams: Upstreams::default(),
            reloads: Counter::default(),
            reload_failures: Counter::default(),
            reload_failed: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("exchanges", "Exchanges by how they ended", self.exchanges.clone());
        registry.register(
            "refusals",
            "Exchanges refused, failed or with content replaced, by control and reason",
            self.refusals.clone(),
        );
        registry.register("monitored", "What controls in monitor would have refused", self.monitored.clone());
        registry.register_with_unit("request_content", "Content received", Unit::Bytes, self.bytes_in.clone());
        registry.register_with_unit("response_content", "Content sent", Unit::Bytes, self.bytes_out.clone());
        registry.register("removed_fields", "Forged or ambiguous header fields removed", self.removed_fields.clone());
        registry.register_with_unit("exchange", "From head to last byte", Unit::Seconds, self.latency.clone());
        registry.register("events_lost", "Lines of the record that could not be kept", self.events_lost.clone());
        registry.register_with_unit("events_written", "Record written", Unit::Bytes, self.events_written.clone());
        registry.register("connections", "Client connections now open", self.connections.clone());
        registry.register("connections_closed", "Connections closed without an answer", self.closed.clone());
        let handshakes = self.handshakes_failed.clone();
        registry.register("handshakes_failed", "TLS handshakes that failed or took too long", handshakes);
        let days = self.certificate_days_left.clone();
        registry.register("certificate_days_left", "Days until a certificate expires, 0 on its last day", days);
        let hours = self.revocation_list_hours_left.clone();
        registry.register("revocation_list_hours_left", "Hours until nextUpdate; below 0 no client passes", hours);
        self.upstreams.register(registry);
        registry.register("config_reloads", "Configurations taken into use after the first", self.reloads.clone());
        registry.register("config_reload_failures", "Configurations refused", self.reload_failures.clone());
        registry.register("config_reload_failed", "1 while the file on disk is refused", self.reload_failed.clone());
    }

    /// Everything in the OpenMetrics text format.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        // Writing into a String cannot fail; an encoder's own error leaves what was written so far.
        if encode(&mut text, &self.registry).is_err() {
            text.push_str("# EOF\n");
        }
        text
    }

    /// Connections closed without an answer so far, for a cause out of a table of the build.
    pub fn connections_closed(&self, cause: &'static str, count: u64) {
        let counter = self.closed.get_or_create(&ByCause { cause: Word(cause) });
        counter.inc_by(count.saturating_sub(counter.get()));
    }

    /// Forgets what was said of certificates and revocation lists, before those of the present Snapshot are named.
    pub fn clear_expiries(&self) {
        self.certificate_days_left.clear();
        self.revocation_list_hours_left.clear();
    }

    /// Names one certificate of a listener.
    pub fn set_certificate_days_left(&self, listener: SocketAddr, certificate: &str, days: i64) {
        let labels = ByCertificate { listener: listener.to_string(), certificate: certificate.to_owned() };
        self.certificate_days_left.get_or_create(&labels).set(days);
    }

    /// Names the revocation list of a listener that ends first.
    pub fn set_revocation_list_hours_left(&self, listener: SocketAddr, hours: i64) {
        let labels = ByListener { listener: listener.to_string() };
        self.revocation_list_hours_left.get_or_create(&labels).set(hours);
    }

    /// Takes what one core has counted.
    pub(crate) fn add(&self, counts: &mut Counts) {
        let counts = std::mem::take(counts);
        for (verdict, count) in VERDICTS.iter().zip(counts.verdicts).filter(|(_, count)| *count > 0) {
            self.exchanges.get_or_create(&ByVerdict { verdict: Word(verdict.id()) }).inc_by(count);
        }
        for (reason, count) in Reason::ALL.iter().zip(&counts.reasons).filter(|(_, count)| **count > 0) {
            let labels = ByReason { control: Word(reason.control().id()), reason: Word(reason.id()) };
            self.refusals.get_or_create(&labels).inc_by(*count);
        }
        for (control, count) in Control::ALL.iter().zip(&counts.monitored).filter(|(_, count)| **count > 0) {
            self.monitored.get_or_create(&ByControl { control: Word(control.id()) }).inc_by(*count);
        }
        self.bytes_in.inc_by(counts.bytes_in);
        self.bytes_out.inc_by(counts.bytes_out);
        self.removed_fields.inc_by(counts.removed_fields);
        for micros in counts.latencies {
            self.latency.observe(f64::from(micros) / 1e6);
        }
    }
}

/// What one core has counted since its last flush.
#[derive(Debug)]
pub(crate) struct Counts {
    verdicts: [u64; VERDICTS.len()],
    reasons: Vec<u64>,
    monitored: Vec<u64>,
    bytes_in: u64,
    bytes_out: u64,
    removed_fields: u64,
    /// At most [`MAX_LATENCIES`] between two flushes.
    latencies: Vec<u32>,
}

/// Latencies kept between two flushes; a core answers fewer in one tick.
const MAX_LATENCIES: usize = 50_000;

impl Default for Counts {
    fn default() -> Self {
        Self {
            verdicts: [0; VERDICTS.len()],
            reasons: vec![0; Reason::ALL.len()],
            monitored: vec![0; Control::COUNT],
            bytes_in: 0,
            bytes_out: 0,
            removed_fields: 0,
            latencies: Vec::new(),
        }
    }
}

impl Counts {
    pub(crate) fn add(&mut self, record: &Record) {
        increase(&mut self.verdicts, record.verdict as usize);
        if let Some(reason) = record.reason {
            increase(&mut self.reasons, reason as usize);
        }
        for finding in record.findings() {
            increase(&mut self.monitored, finding.control.index());
        }
        self.bytes_in = self.bytes_in.saturating_add(record.bytes_in);
        self.bytes_out = self.bytes_out.saturating_add(record.bytes_out);
        self.removed_fields = self.removed_fields.saturating_add(u64::from(record.removed_fields));
        if self.latencies.len() < MAX_LATENCIES {
            self.latencies.push(record.stages.ended);
        }
    }
}

fn increase(counters: &mut [u64], at: usize) {
    if let Some(counter) = counters.get_mut(at) {
        *counter = counter.saturating_add(1);
    }
}
