//! From the written shape to the [`Plan`]: everything that is wrong is found in one run.

mod address;
mod api;
mod controls;
mod upstream;

use super::plan::{Plan, Timeouts};
use super::secret::Resolver;
use super::shape::Config;
use http::HeaderName;
use portcullis_core::config::{ConfigError, Period, Severity, Spanned};
use portcullis_core::{Clock, bounds};
use portcullis_transport::client::TrustedProxies;
use portcullis_transport::{drive, fields, head, listener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The only version of the file's format.
const VERSION: u32 = 1;
/// Where records are kept unless the file says otherwise.
const DATA_DIR: &str = "portcullis-data";
/// Default of `drain_delay`: two looks of a load balancer that checks every two seconds.
const DRAIN_DELAY: Duration = Duration::from_secs(5);
/// Default of `drain_deadline`.
const DRAIN_DEADLINE: Duration = Duration::from_secs(30);

/// What compiling reads besides the file, and what it finds.
pub(super) struct Compiler<'a> {
    /// The folder of the configuration file.
    pub(super) base: &'a Path,
    pub(super) clock: &'a Clock,
    pub(super) secrets: Resolver,
    /// Files read.
    pub(super) files: Vec<PathBuf>,
    /// Errors and warnings.
    pub(super) findings: Vec<ConfigError>,
}

impl Compiler<'_> {
    /// The Plan; `None` when a finding is an error.
    pub(super) fn compile(&mut self, config: &Config) -> Option<Plan> {
        if config.version.value != VERSION {
            let message = format!("version `{}` is not known", config.version.value);
            self.error(&config.version, message, "`version: 1`");
        }
        let cores = self.cores(config);
        let listeners = self.listeners(config);
        let (admin, health) = self.own_addresses(config);
        let upstreams = self.upstreams(config);
        let head = self.head(config, &upstreams);
        self.refuse_loops(config);
        let timeouts = self.timeouts(config);
        let served = self.apis(config, timeouts.exchange);
        self.findings.append(&mut self.secrets.warnings);
        self.files.append(&mut self.secrets.files);
        if self.findings.iter().any(|finding| finding.severity == Severity::Error) {
            return None;
        }
        let served = served?;
        Some(Plan {
            cores,
            data_dir: self.base.join(config.data_dir.as_ref().map_or(Path::new(DATA_DIR), |dir| &dir.value)),
            listeners,
            admin,
            health,
            head,
            drain_delay: config.drain_delay.as_ref().map_or(DRAIN_DELAY, |period| period.value.0),
            drain_deadline: config.drain_deadline.as_ref().map_or(DRAIN_DEADLINE, |period| period.value.0),
            content_memory: config.content_memory.as_ref().map_or(bounds::HELD_BYTES, |size| size.value.0),
            timeouts,
            routes: served.routes,
            contracts: served.contracts,
            upstreams,
            apis: served.apis,
            operations: served.operations,
        })
    }

    fn cores(&mut self, config: &Config) -> usize {
        let available = std::thread::available_parallelism().map_or(1, usize::from);
        let Some(written) = &config.cores else { return available };
        if written.value == 0 || written.value > available {
            let message = format!("`{}` cores", written.value);
            self.error(written, message, format!("1 to {available}, what this machine has; leave it out for all"));
        }
        written.value
    }

    fn listeners(&mut self, config: &Config) -> Vec<listener::Compiled> {
        if config.listeners.is_empty() {
            self.findings
                .push(ConfigError::new("`listeners` is empty, so nobody could connect", "at least one listener"));
        }
        let now = self.now();
        let mut compiled = Vec::new();
        for (listener, id) in config.listeners.iter().zip(0..) {
            self.files.extend(listener.files().iter().map(|file| self.base.join(file)));
            compiled.extend(listener.compile(id, self.base, now, &mut self.findings));
        }
        for listener in config.listeners.iter().filter(|listener| listener.proxy_protocol.value) {
            if config.trusted_proxies.is_empty() {
                let message = "`proxy_protocol` without `trusted_proxies`, so nobody could connect";
                let place = &listener.proxy_protocol.referenced;
                self.findings.push(ConfigError::at(place, message, "the addresses of those proxies"));
            }
        }
        let redirect = config.listeners.iter().find(|listener| listener.redirect_to_https.value);
        if let Some(redirect) = redirect
            && config.listeners.iter().all(|listener| listener.tls.is_none())
        {
            let message = "`redirect_to_https` without a listener with `tls`";
            let place = &redirect.redirect_to_https.referenced;
            self.findings
                .push(ConfigError::at(place, message, "a listener with `tls`, where clients are sent").warning());
        }
        compiled
    }

    fn head(&mut self, config: &Config, upstreams: &[super::plan::Upstream]) -> head::Compiled {
        let proxies = match TrustedProxies::compile(&config.trusted_proxies, config.forwarded_source) {
            Ok((proxies, warnings)) => {
                self.findings.extend(warnings);
                proxies
            }
            Err(errors) => {
                self.findings.extend(errors);
                TrustedProxies::default()
            }
        };
        self.warn_of_trusted_endpoints(config, &proxies);
        let injected = upstreams.iter().flat_map(|upstream| &upstream.fields).map(|(name, _)| name.clone()).collect();
        let allowed = config.allowed_headers.iter().filter_map(|name| self.field_name(name)).collect();
        head::Compiled { fields: fields::Rules { injected, credentials: Box::default(), allowed }, proxies }
    }

    fn field_name(&mut self, name: &Spanned<String>) -> Option<HeaderName> {
        let parsed = HeaderName::from_bytes(name.value.as_bytes()).ok();
        if parsed.is_none() {
            self.error(name, format!("`{}` is not a field name", name.value), "a token, such as `X-Token`");
        }
        parsed
    }

    fn timeouts(&mut self, config: &Config) -> Timeouts {
        let written = &config.timeouts;
        Timeouts {
            connection: Arc::new(drive::Timeouts {
                handshake: self.period(written.handshake.as_ref(), bounds::HANDSHAKE_TIMEOUT),
                head: self.period(written.head.as_ref(), bounds::HEAD_TIMEOUT),
                idle: self.period(written.idle.as_ref(), bounds::IDLE_TIMEOUT),
                write_stall: self.period(written.write_stall.as_ref(), bounds::WRITE_STALL_TIMEOUT),
                tunnel_idle: self.period(written.tunnel_idle.as_ref(), bounds::TUNNEL_IDLE_TIMEOUT),
                linger: self.period(written.linger.as_ref(), bounds::LINGER_TIMEOUT),
            }),
            body_idle: self.period(written.body_idle.as_ref(), bounds::BODY_IDLE_TIMEOUT),
            slow_body: self.period(written.slow_body.as_ref(), bounds::SLOW_BODY_TIMEOUT),
            exchange: self.period(written.exchange.as_ref(), bounds::EXCHANGE_TIMEOUT),
        }
    }

    /// A deadline; none is 0, because a deadline that has passed before it began refuses everything.
    fn period(&mut self, written: Option<&Spanned<Period>>, default: Duration) -> Duration {
        let Some(period) = written else { return default };
        if period.value.0.is_zero() {
            self.error(period, "`0s` would refuse everything", "at least `1ms`");
        }
        period.value.0
    }

    /// Seconds since the epoch.
    fn now(&self) -> i64 {
        i64::try_from(self.clock.unix_micros() / 1_000_000).unwrap_or(i64::MAX)
    }

    fn error<T>(&mut self, at: &Spanned<T>, message: impl Into<String>, accepted: impl Into<String>) {
        self.findings.push(ConfigError::at(&at.referenced, message, accepted));
    }
}
