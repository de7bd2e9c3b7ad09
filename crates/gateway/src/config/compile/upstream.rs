//! Upstreams: what they get from us, and how they are reached.

use super::Compiler;
use crate::config::plan::Upstream;
use crate::config::secret::SecretText;
use crate::config::shape::{self, Config};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, header};
use portcullis_core::bounds::{MAX_FORWARDED_HEAD_BYTES, MAX_HEADER_LIST_BYTES, MAX_TARGET_BYTES, OWN_FIELDS_BYTES};
use portcullis_core::config::{ConfigError, ScalarOr, Spanned};
use portcullis_transport::fields::FIELD_OVERHEAD;
use portcullis_transport::tls::{Credential, Pair};
use portcullis_transport::upstream::{
    BreakerSettings, EjectionSettings, HealthSettings, Pin, Protocol, Settings, Timeouts, TlsSettings,
};
use std::sync::Arc;
use std::time::Duration;

/// Fields that frame a message or that only the gateway itself writes.
const RESERVED: &[HeaderName] = &[
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
    header::TE,
    header::TRAILER,
    header::EXPECT,
    header::VIA,
    header::FORWARDED,
    header::PROXY_AUTHORIZATION,
];

/// Least time from one health check of an endpoint to the next.
const LEAST_INTERVAL: Duration = Duration::from_millis(100);

impl Compiler<'_> {
    pub(super) fn upstreams(&mut self, config: &Config) -> Vec<Upstream> {
        let mut compiled = Vec::new();
        for (name, upstream) in config.upstreams.iter() {
            let used = config.apis.iter().any(|(_, api)| api.value.upstream.value == name.value);
            if !used {
                let message = format!("upstream `{}` is used by no API", name.value);
                self.findings.push(ConfigError::at(&name.referenced, message, "").warning());
            }
            let fields = self.fields(&upstream.value.headers.0);
            let settings = self.upstream_settings(name, &upstream.value);
            match settings.compile(self.clock) {
                Ok(settled) => {
                    let may_overflow = self.may_overflow(&upstream.value, &fields);
                    compiled.push(Upstream { compiled: Arc::new(settled), fields, may_overflow });
                }
                Err(errors) => self.findings.extend(errors.into_iter().map(|mut error| {
                    if error.line == 0 {
                        (error.line, error.column) = (name.referenced.line(), name.referenced.column());
                    }
                    error
                })),
            }
        }
        compiled
    }

    fn upstream_settings(&mut self, name: &Spanned<String>, written: &shape::Upstream) -> Settings {
        let defaults = Timeouts::default();
        let timeouts = Timeouts {
            connect: self.period(written.timeouts.connect.as_ref(), defaults.connect),
            response: self.period(written.timeouts.response.as_ref(), defaults.response),
            between_bytes: self.period(written.timeouts.between_bytes.as_ref(), defaults.between_bytes),
            pool_idle: self.period(written.timeouts.pool_idle.as_ref(), defaults.pool_idle),
        };
        let tls = written.tls.as_ref().map_or_else(TlsSettings::default, |tls| self.tls(tls, &written.endpoints));
        let (breaker, ejection) = (self.breaker(written.breaker.as_ref()), self.ejection(written.ejection.as_ref()));
        let health = written.health.as_ref().map(|health| self.health(health));
        if written.health.is_some() && written.protocol == Protocol::Http2 {
            self.error(name, "`health` of an upstream with `protocol: http2`", "no `health`: checks speak HTTP/1.1");
        }
        let (name, endpoints) = (name.value.clone(), written.endpoints.clone());
        let allow_addresses = written.allow_addresses.clone();
        let protocol = written.protocol;
        Settings { name, endpoints, allow_addresses, protocol, timeouts, tls, breaker, ejection, health }
    }

    fn health(&mut self, written: &shape::HealthCheck) -> HealthSettings {
        let defaults = HealthSettings::default();
        let path = written.path.as_ref().and_then(|path| self.health_path(path));
        let interval = self.period(written.interval.as_ref(), defaults.interval);
        if let Some(written) = &written.interval
            && interval < LEAST_INTERVAL
        {
            self.error(written, "checks that often are a load of their own", "at least `100ms`");
        }
        HealthSettings {
            path: path.unwrap_or(defaults.path),
            interval,
            timeout: self.period(written.timeout.as_ref(), defaults.timeout),
            unhealthy: self.at_least_one(written.unhealthy.as_ref()).unwrap_or(defaults.unhealthy),
            healthy: self.at_least_one(written.healthy.as_ref()).unwrap_or(defaults.healthy),
        }
    }

    fn health_path(&mut self, written: &Spanned<String>) -> Option<PathAndQuery> {
        let text = &written.value;
        let is_plain = text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        let path = text.parse().ok().filter(|_| is_plain);
        if path.is_none() {
            self.error(
                written,
                format!("`{text}` is not a path"),
                "a path with or without a query, such as `/healthz`",
            );
        }
        path
    }

    fn breaker(&mut self, written: Option<&Spanned<ScalarOr<shape::Breaker>>>) -> Option<BreakerSettings> {
        let defaults = BreakerSettings::default();
        let Some(long) = self.unless_off(written, "{ requests: 20, open: 10s }")? else { return Some(defaults) };
        Some(BreakerSettings {
            requests: self.at_least_one(long.requests.as_ref()).unwrap_or(defaults.requests),
            open: self.period(long.open.as_ref(), defaults.open),
        })
    }

    fn ejection(&mut self, written: Option<&Spanned<ScalarOr<shape::Ejection>>>) -> EjectionSettings {
        let defaults = EjectionSettings::default();
        match self.unless_off(written, "{ failures: 5, span: 30s }") {
            None => EjectionSettings { failures: None, ..defaults },
            Some(None) => defaults,
            Some(Some(long)) => EjectionSettings {
                failures: self.at_least_one(long.failures.as_ref()).or(defaults.failures),
                span: self.period(long.span.as_ref(), defaults.span),
            },
        }
    }

    /// A setting that is `off` (`None`), absent (`Some(None)`), or a map.
    fn unless_off<'a, T>(&mut self, written: Option<&'a Spanned<ScalarOr<T>>>, example: &str) -> Option<Option<&'a T>> {
        match written {
            None => Some(None),
            Some(Spanned { value: ScalarOr::Long(long), .. }) => Some(Some(long)),
            Some(Spanned { value: ScalarOr::Scalar(word), .. }) if word == "off" || word == "false" => None,
            Some(other @ Spanned { value: ScalarOr::Scalar(word), .. }) => {
                self.error(
                    other,
                    format!("`{word}` is no choice here"),
                    format!("`off`, or a map such as `{example}`"),
                );
                None
            }
        }
    }

    fn at_least_one(&mut self, written: Option<&Spanned<u32>>) -> Option<u32> {
        let written = written?;
        if written.value == 0 {
            self.error(written, "`0` would be met by everything", "at least `1`");
        }
        Some(written.value)
    }

    fn tls(&mut self, written: &Spanned<shape::UpstreamTls>, endpoints: &[Spanned<String>]) -> TlsSettings {
        let tls = &written.value;
        if !endpoints.iter().any(|endpoint| endpoint.value.starts_with("https:")) {
            self.error(written, "`tls` of an upstream without `https` endpoints", "`https://…` endpoints, or no `tls`");
        }
        let verifies = tls.verify.as_ref().is_none_or(|verify| verify.value);
        match (verifies, &tls.verify, &tls.because) {
            (false, _, Some(because)) if !because.value.trim().is_empty() => {
                let message = format!("certificates are not verified: {}", because.value);
                let accepted = "`ca:` with the authority of the upstream";
                self.findings.push(ConfigError::at(&written.referenced, message, accepted).warning()); // edge/T15
            }
            (false, Some(verify), _) => {
                self.error(
                    verify,
                    "`verify: false` accepts any certificate, without a reason",
                    "`because: \"why\"` beside it",
                );
            }
            (true, _, Some(because)) => self.error(because, "`because` without `verify: false`", "leave it out"),
            _ => {}
        }
        let ca = tls.ca.as_ref().map(|ca| Spanned { value: self.base.join(&ca.value), ..ca.clone() });
        self.files.extend(ca.iter().map(|ca| ca.value.clone()));
        TlsSettings {
            ca,
            server_name: tls.server_name.clone(),
            insecure_because: tls.because.as_ref().filter(|_| !verifies).map(|because| because.value.clone()),
            pins: tls.pin_spki.iter().filter_map(|written| self.pin(written)).collect(),
            client: self.client_credential(tls),
        }
    }

    fn pin(&mut self, written: &Spanned<String>) -> Option<Pin> {
        let pin = Pin::parse(&written.value);
        if pin.is_none() {
            let accepted = "`sha256/` and 44 characters of base64, such as `openssl pkey -pubin -outform der | openssl \
                            dgst -sha256 -binary | base64` prints";
            self.error(written, format!("`{}` is not a pin", written.value), accepted);
        }
        pin
    }

    /// What the upstream is shown of us.
    fn client_credential(&mut self, tls: &shape::UpstreamTls) -> Option<Credential> {
        let (certificate, key) = match (&tls.client_certificate, &tls.client_key) {
            (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
            (None, None) => return None,
            (Some(alone), None) => {
                self.error(alone, "`client_certificate` without `client_key`", "both");
                return None;
            }
            (None, Some(alone)) => {
                self.error(alone, "`client_key` without `client_certificate`", "both");
                return None;
            }
        };
        self.files.extend([&certificate, &key].map(|file| self.base.join(&file.value)));
        let now = self.now();
        Pair { certificate, key }.judge(self.base, now, &mut self.findings)
    }

    /// Whether a request that is within its bounds may be over them with `fields`: said at load (edge/P22).
    fn may_overflow(&mut self, written: &shape::Upstream, fields: &[(HeaderName, HeaderValue)]) -> bool {
        let bytes = fields.iter().fold(0_usize, |sum, (name, value)| {
            sum.saturating_add(name.as_str().len()).saturating_add(value.len()).saturating_add(FIELD_OVERHEAD)
        });
        let room = MAX_FORWARDED_HEAD_BYTES - MAX_TARGET_BYTES - MAX_HEADER_LIST_BYTES - OWN_FIELDS_BYTES;
        let Some((first, _)) = written.headers.0.first().filter(|_| bytes > room) else { return false };
        let message = format!("`headers` take {bytes} bytes: requests with long heads will be refused with 502");
        let accepted = format!("fields of at most {room} bytes together");
        self.findings.push(ConfigError::at(&first.referenced, message, accepted).warning());
        true
    }

    /// Fields with their secrets. With `--without-secrets` those that are references are left out.
    fn fields(&mut self, written: &[(Spanned<String>, Spanned<SecretText>)]) -> Vec<(HeaderName, HeaderValue)> {
        let mut fields: Vec<(HeaderName, HeaderValue)> = Vec::new();
        for (name, secret) in written {
            let Some(field) = self.field_name(name) else { continue };
            if RESERVED.contains(&field) || field.as_str().starts_with("x-forwarded-") || field == "x-request-id" {
                self.error(name, format!("`{}` is written by the gateway", name.value), "any other field");
                continue;
            }
            if fields.iter().any(|(known, _)| *known == field) {
                self.error(name, format!("`{}` stands twice", name.value), "each field once, whatever its case");
                continue;
            }
            match self.secrets.resolve(secret) {
                Ok(Some(value)) => match HeaderValue::from_str(value.expose()) {
                    Ok(mut value) => {
                        value.set_sensitive(true);
                        fields.push((field, value));
                    }
                    Err(_) => self.error(
                        secret,
                        format!("the value of `{}` cannot stand in a header field", name.value),
                        "visible ASCII on one line",
                    ),
                },
                Ok(None) => {}
                Err(error) => self.findings.push(error),
            }
        }
        fields
    }
}
