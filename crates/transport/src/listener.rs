//! Listeners: what the configuration says of one, and its sockets.

mod bind;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use portcullis_core::config::{ConfigError, ScalarOr, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::address_rate::{self, Pace};
use crate::tls::{self, ClientSettings, Demand, Tls};

pub use bind::{BindError, Bound, bind};

/// One entry of `listeners:`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where it listens, address and port. Port 0 picks a free port, which `run` prints.
    #[schemars(with = "String")]
    pub address: Spanned<String>,
    /// TLS with this certificate; without it the listener speaks plain text.
    #[serde(default)]
    pub tls: Option<tls::Config>,
    /// PEM file with the authorities whose client certificates are accepted (mutual TLS). Needs `tls`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub client_ca: Option<Spanned<PathBuf>>,
    /// Revocation lists of those authorities, one file or several, PEM or DER: one for each authority that a client's chain
    /// can hold. A list past its nextUpdate lets nobody in.
    #[serde(default)]
    #[schemars(with = "Option<ScalarOr<Vec<String>>>")]
    pub client_crl: Option<Spanned<ScalarOr<Vec<Spanned<PathBuf>>>>>,
    /// Whether a client must have a certificate: `required` or `optional`. Default: `required`.
    #[serde(default)]
    #[schemars(with = "Option<Demand>")]
    pub client_certificate: Option<Spanned<Demand>>,
    /// Answers every request with a redirect to `https` (configured hosts, safe methods, no credentials).
    #[serde(default = "off")]
    #[schemars(with = "bool")]
    pub redirect_to_https: Spanned<bool>,
    /// Serves internal operations too.
    #[serde(default)]
    pub internal: bool,
    /// Accepts HTTP/2 with prior knowledge in plain text.
    #[serde(default = "off")]
    #[schemars(with = "bool")]
    pub h2c: Spanned<bool>,
    /// Every connection begins with a PROXY protocol header, version 1 or 2, of a trusted proxy; others are closed.
    #[serde(default = "off")]
    #[schemars(with = "bool")]
    pub proxy_protocol: Spanned<bool>,
    /// Requests that one client address may send, `off` or a rate and a burst; over it 429. A trusted proxy has no limit of its
    /// own. Default: `{ rate: 2000/s, burst: 4000 }`.
    #[serde(default)]
    #[schemars(with = "Option<ScalarOr<address_rate::Config>>")]
    pub requests_per_address: Option<Spanned<ScalarOr<address_rate::Config>>>,
}

fn off() -> Spanned<bool> {
    Spanned { value: false, referenced: serde_saphyr::Location::UNKNOWN, defined: serde_saphyr::Location::UNKNOWN }
}

/// What an exchange may know of the listener that it came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Tells it from the others. A reload keeps it while the address stays, wherever that stands in `listeners:`.
    pub id: u16,
    /// The address that it is bound to; with port 0 configured, the port that was picked.
    pub address: SocketAddr,
    /// Whether it speaks TLS.
    pub tls: bool,
    /// Whether internal operations are served.
    pub internal: bool,
    /// Whether every request is answered with a redirect to `https`.
    pub redirect_to_https: bool,
    /// Whether HTTP/2 with prior knowledge is accepted in plain text.
    pub h2c: bool,
    /// Whether connections begin with a PROXY protocol header.
    pub proxy_protocol: bool,
    /// Requests that one client address may send.
    pub requests_per_address: Option<Pace>,
}

/// A listener that was judged, not yet bound.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// As configured: [`Facts::address`] has port 0 where the configuration says so, until [`bind`] picked one.
    pub facts: Facts,
    /// The certificate, on a TLS listener.
    pub tls: Option<Tls>,
}

impl Config {
    /// Judges the entry at place `id` and reads its certificate; opens no socket. `base` is the folder of the configuration
    /// file, `now` seconds since the epoch. `None` when one of the `findings` added is an error.
    pub fn compile(&self, id: u16, base: &Path, now: i64, findings: &mut Vec<ConfigError>) -> Option<Compiled> {
        let before = findings.len();
        let address = self.address.value.parse::<SocketAddr>();
        if address.is_err() {
            let message = format!("`{}` is not an address with a port", self.address.value);
            findings.push(ConfigError::at(&self.address.referenced, message, "such as `0.0.0.0:8443` or `[::1]:8080`"));
        }
        if self.tls.is_some() {
            for (setting, name, accepted) in [
                (&self.redirect_to_https, "redirect_to_https", "`redirect_to_https` on a listener without `tls`"),
                (&self.h2c, "h2c", "no `h2c` under `tls`: there HTTP/2 is chosen by ALPN"),
            ] {
                if setting.value {
                    let message = format!("`{name}` on a listener with `tls`");
                    findings.push(ConfigError::at(&setting.referenced, message, accepted));
                }
            }
        }
        let requests_per_address = address_rate::compile(self.requests_per_address.as_ref(), findings);
        self.refuse_idle_client_settings(findings);
        let refused = findings.len() > before;
        let revoked = self.revocation_lists();
        let demand = self.client_certificate.as_ref().map(|demand| demand.value).unwrap_or_default();
        let clients = self.client_ca.as_ref().map(|ca| ClientSettings { ca, revoked: &revoked, demand });
        let tls = match &self.tls {
            Some(tls) => Some(tls.compile(clients.as_ref(), base, now, findings)?),
            None => None,
        };
        let address = address.ok().filter(|_| !refused)?;
        let facts = Facts {
            id,
            address,
            tls: tls.is_some(),
            internal: self.internal,
            redirect_to_https: self.redirect_to_https.value,
            h2c: self.h2c.value,
            proxy_protocol: self.proxy_protocol.value,
            requests_per_address,
        };
        Some(Compiled { facts, tls })
    }

    /// Every file that [`Config::compile`] reads, as written.
    pub fn files(&self) -> Vec<PathBuf> {
        let certificates = self.tls.iter().flat_map(|tls| tls.files().map(Path::to_owned));
        let clients = self.client_ca.iter().cloned().chain(self.revocation_lists()).map(|file| file.value);
        certificates.chain(clients).collect()
    }

    fn revocation_lists(&self) -> Vec<Spanned<PathBuf>> {
        match &self.client_crl {
            None => Vec::new(),
            Some(Spanned { value: ScalarOr::Long(files), .. }) => files.clone(),
            Some(Spanned { value: ScalarOr::Scalar(file), referenced, defined }) => {
                vec![Spanned { value: PathBuf::from(file), referenced: *referenced, defined: *defined }]
            }
        }
    }

    /// A setting that protects nothing is an error: it looks as if it did.
    fn refuse_idle_client_settings(&self, findings: &mut Vec<ConfigError>) {
        if let (Some(ca), None) = (&self.client_ca, &self.tls) {
            let message = "`client_ca` on a listener without `tls`";
            findings.push(ConfigError::at(&ca.referenced, message, "`tls: { certificate, key }` beside it"));
        }
        if self.client_ca.is_some() {
            return;
        }
        let crl = self.client_crl.as_ref().map(|crl| ("client_crl", crl.referenced));
        let demand = self.client_certificate.as_ref().map(|demand| ("client_certificate", demand.referenced));
        for (name, place) in [crl, demand].into_iter().flatten() {
            let message = format!("`{name}` without `client_ca`");
            findings.push(ConfigError::at(&place, message, "`client_ca` with the authorities of your clients"));
        }
    }
}

impl Compiled {
    /// Keeps the running server configuration where chain and key did not change, so that tickets given out before a reload
    /// still resume and a reload under load does not bring a storm of full handshakes.
    pub fn keep_tls(&mut self, running: &Self) {
        if let (Some(new), Some(old)) = (&mut self.tls, &running.tls)
            && new.is_same(old)
        {
            *new = old.clone();
        }
    }
}

#[cfg(test)]
mod tests;
