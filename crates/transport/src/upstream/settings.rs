//! One upstream as it is configured, checked and compiled without opening a socket.

use super::breaker::BreakerSettings;
use super::compiled::{Compiled, Endpoint, Place};
use super::health::HealthSettings;
use super::resolve;
use super::standing::EjectionSettings;
use super::tls::{Identity, Pin, TlsError};
use crate::tls::Credential;
use http::Uri;
use http::uri::Scheme;
use portcullis_core::Clock;
use portcullis_core::config::{ConfigError, Spanned};
use rustls_pki_types::ServerName;
use schemars::JsonSchema;
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// What an endpoint may look like, for messages.
const ENDPOINT: &str = "`http://host:port` or `https://host:port`, nothing after the port";
/// Endpoints of one upstream; the record names them by a `u16`, choosing looks at all when some fail.
const MAX_ENDPOINTS: usize = 1000;

/// One upstream.
#[derive(Debug)]
pub struct Settings {
    /// Its name in the configuration.
    pub name: String,
    /// `http://host:port` or `https://host:port`.
    pub endpoints: Vec<Spanned<String>>,
    /// Addresses and networks that a name may stand for although they are this machine's, the link's or a metadata service's.
    pub allow_addresses: Vec<Spanned<String>>,
    /// What is spoken with them.
    pub protocol: Protocol,
    /// Deadlines.
    pub timeouts: Timeouts,
    /// How certificates of `https` endpoints are judged.
    pub tls: TlsSettings,
    /// When the upstream is not asked any more; `None`: it always is.
    pub breaker: Option<BreakerSettings>,
    /// When one endpoint is not.
    pub ejection: EjectionSettings,
    /// How endpoints are checked; `None`: they are not.
    pub health: Option<HealthSettings>,
}

/// What is spoken with an upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2: by ALPN with TLS, else with prior knowledge.
    Http2,
}

/// Deadlines of one upstream; the defaults are those of the configuration reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Name look-up, connection and TLS handshake of one attempt.
    pub connect: Duration,
    /// From the last byte of the request that the upstream took to the head of its response.
    pub response: Duration,
    /// Response content without a byte while one is waited for.
    pub between_bytes: Duration,
    /// How long an idle connection is kept.
    pub pool_idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(1),
            response: Duration::from_secs(15),
            between_bytes: Duration::from_secs(30),
            pool_idle: Duration::from_secs(60),
        }
    }
}

/// How the certificates of an upstream are judged. The default trusts the machine's authorities, else those of the web.
#[derive(Debug, Default)]
pub struct TlsSettings {
    /// PEM file with the only authorities to trust, its path resolved.
    pub ca: Option<Spanned<PathBuf>>,
    /// The name that the certificate must hold, in place of the endpoint's host.
    pub server_name: Option<Spanned<String>>,
    /// Any certificate will do, and why.
    pub insecure_because: Option<String>,
    /// The certificate's key must be one of these, where there are any.
    pub pins: Vec<Pin>,
    /// The certificate that the upstream is shown when it asks for one.
    pub client: Option<Credential>,
}

impl Settings {
    /// Checks everything and reads the `ca` file. `clock` times how long a failing endpoint is left alone.
    ///
    /// # Errors
    /// Everything that is wrong, each with its place.
    pub fn compile(&self, clock: &Clock) -> Result<Compiled, Vec<ConfigError>> {
        let mut errors = Vec::new();
        let mut endpoints = Vec::with_capacity(self.endpoints.len());
        for text in &self.endpoints {
            match self.endpoint(text) {
                Ok(endpoint) => endpoints.push(endpoint),
                Err(error) => errors.push(error),
            }
        }
        let mut allowed = Vec::with_capacity(self.allow_addresses.len());
        for text in &self.allow_addresses {
            match resolve::allowed(&text.value) {
                Some(net) => allowed.push(net),
                None => {
                    let message = format!("`{}` is neither an address nor a network", text.value);
                    let accepted = "such as `127.0.0.1` or `169.254.7.0/24`";
                    errors.push(ConfigError::at(&text.referenced, message, accepted));
                }
            }
        }
        if self.endpoints.is_empty() || self.endpoints.len() > MAX_ENDPOINTS {
            let message = format!("upstream `{}` has {} endpoints", self.name, self.endpoints.len());
            errors.push(ConfigError::new(message, format!("1 to {MAX_ENDPOINTS} endpoints")));
        }
        let wants_tls = endpoints.iter().any(|endpoint| endpoint.server_name.is_some());
        let tls = wants_tls.then(|| Identity::load(&self.tls, self.protocol)).transpose();
        match tls {
            Ok(tls) if errors.is_empty() => Ok(Compiled::new(self, endpoints, allowed, tls, clock)),
            Ok(_) => Err(errors),
            Err(error) => {
                errors.push(self.located(error));
                Err(errors)
            }
        }
    }

    fn endpoint(&self, text: &Spanned<String>) -> Result<Endpoint, ConfigError> {
        let refuse = || ConfigError::at(&text.referenced, format!("`{}` is not an endpoint", text.value), ENDPOINT);
        let uri: Uri = text.value.parse().map_err(|_| refuse())?;
        let authority = uri.authority().ok_or_else(refuse)?;
        let tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => false,
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            _ => return Err(refuse()),
        };
        let default_port = if tls { 443 } else { 80 };
        let port = authority.port_u16().unwrap_or(default_port);
        // User information, an empty port and one over 65535 are all nothing to `port`.
        let is_odd =
            authority.as_str().contains('@') || (authority.port().is_none() && authority.as_str() != authority.host());
        if is_odd || port == 0 || uri.path() != "/" || uri.query().is_some() {
            return Err(refuse());
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let server_name = match (&self.tls.server_name, tls) {
            (_, false) => None,
            (None, true) => Some(ServerName::try_from(host.clone()).map_err(|_| refuse())?),
            (Some(name), true) => Some(ServerName::try_from(name.value.clone()).map_err(|_| {
                let message = format!("`{}` is not a server name", name.value);
                ConfigError::at(&name.referenced, message, "a host name or an IP address")
            })?),
        };
        let place = match host.parse::<IpAddr>() {
            Ok(address) => Place::Address(SocketAddr::new(address, port)),
            Err(_) if host == "localhost" || host.ends_with(".localhost") => Place::Localhost(port),
            Err(_) => Place::Name(host.into_boxed_str(), port),
        };
        let shown =
            if port == default_port { authority.host().to_owned() } else { format!("{}:{port}", authority.host()) };
        Endpoint::new(shown.to_ascii_lowercase(), place, server_name).ok_or_else(refuse)
    }

    fn located(&self, error: TlsError) -> ConfigError {
        match &self.tls.ca {
            Some(ca) => {
                let message = format!("certificate authorities `{}`: {error}", ca.value.display());
                ConfigError::at(&ca.referenced, message, "a PEM file with at least one certificate")
            }
            None => ConfigError::new(format!("upstream `{}`: {error}", self.name), ""),
        }
    }
}
