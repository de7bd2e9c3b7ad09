//! TLS towards clients: certificates and their keys become a server configuration, or one clear finding each.
//!
//! TLS 1.2 and 1.3 with AEAD suites only (what rustls offers: no CBC, no RSA key exchange, no renegotiation, no compression),
//! h2 and http/1.1 by ALPN, no early data. Source: RFC 8446, 9325, 7301, 6066, 5280; `edge.md` T.

mod clients;
pub(crate) mod files;
mod names;
mod pair;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis_core::config::{ConfigError, Spanned};
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{Acceptor, NoServerSessionStorage, WebPkiClientVerifier};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use clients::Clients;
use names::Names;

pub(crate) use clients::Settings as ClientSettings;
pub use clients::{ClientCertificate, Demand};
pub use pair::{Credential, Pair};

/// Below this many days left, an expiry is a warning.
pub const EXPIRY_WARNING_DAYS: i64 = 14;
/// Seconds of a day.
const DAY: i64 = 86_400;
/// A fatal alert `unrecognized_name` in a record of its own (RFC 8446 §6, RFC 6066 §3).
const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];

/// `tls:` of a listener.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The certificate chain in PEM, the listener's own certificate first. Shown for the names in it, and to clients that
    /// name no host.
    #[schemars(with = "String")]
    pub certificate: Spanned<PathBuf>,
    /// Its private key in PEM (PKCS#8, PKCS#1 or SEC1), not encrypted, not readable by everyone.
    #[schemars(with = "String")]
    pub key: Spanned<PathBuf>,
    /// Further certificates with their keys, each shown for the names in it.
    #[serde(default)]
    pub certificates: Vec<Pair>,
    /// Clients that ask for a name which no certificate holds are shown the first. Default: `false`, they are refused.
    #[serde(default)]
    pub default: bool,
}

/// Certificates that were judged, ready to serve.
#[derive(Clone, Debug)]
pub struct Tls {
    /// What every handshake uses. Swapped on reload; connections made before keep theirs.
    pub server: Arc<Server>,
    /// The certificates, in the order of the file.
    pub certificates: Arc<[Shown]>,
    /// The first `nextUpdate` of the revocation lists, in seconds since the epoch: from then on no client certificate passes.
    pub lists_end: Option<i64>,
    source: Arc<Source>,
}

/// A certificate of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The file as it is written in the configuration.
    pub file: Box<str>,
    /// When the first certificate of the chain expires, in seconds since the epoch.
    pub expires_at: i64,
}

/// All that was read, to see whether a reload changed it.
#[derive(Debug, PartialEq)]
struct Source {
    pairs: Vec<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    serves_unknown: bool,
    clients: Option<Clients>,
}

/// One side of every handshake on a listener.
#[derive(Debug)]
pub struct Server {
    config: Arc<ServerConfig>,
    names: Arc<Names>,
}

impl Tls {
    /// Whether `other` shows the same chains with the same keys and asks the same of clients.
    pub fn is_same(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Config {
    /// Reads and judges all files. `base` is the folder of the configuration file, `now` seconds since the epoch.
    /// `None` when one of the `findings` added is an error.
    pub(crate) fn compile(
        &self,
        clients: Option<&ClientSettings<'_>>,
        base: &Path,
        now: i64,
        findings: &mut Vec<ConfigError>,
    ) -> Option<Tls> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let first = Pair { certificate: self.certificate.clone(), key: self.key.clone() };
        let pairs: Vec<&Pair> = std::iter::once(&first).chain(&self.certificates).collect();
        let judged: Vec<_> = pairs.iter().map(|pair| pair.judge(base, now, findings)).collect();
        let clients = clients.map(|clients| clients.compile(base, now, &provider, findings));
        let judged = judged.into_iter().collect::<Option<Vec<_>>>()?;
        let clients = match clients {
            Some(clients) => Some(clients?),
            None => None,
        };
        let mut names = Names::new(Arc::clone(&judged.first()?.certified), self.default);
        for (pair, judged) in pairs.iter().zip(&judged) {
            pair.names(judged, findings).iter().for_each(|name| names.add(name, &judged.certified));
        }
        let (clients, verifier) = clients.unzip();
        let server = match Server::new(provider, names, verifier) {
            Ok(server) => Arc::new(server),
            Err(error) => {
                let message = format!("`{}` cannot be served ({error})", files::shown(&self.certificate));
                findings.push(ConfigError::at(&self.certificate.referenced, message, "a server certificate"));
                return None;
            }
        };
        let shown = |(pair, judged): (&&Pair, &Credential)| Shown {
            file: pair.certificate.value.display().to_string().into_boxed_str(),
            expires_at: judged.expires_at,
        };
        let certificates = pairs.iter().zip(&judged).map(shown).collect();
        let lists_end = clients.as_ref().and_then(|clients| clients.lists_end);
        let pairs = judged.into_iter().map(|judged| judged.source).collect();
        let source = Arc::new(Source { pairs, serves_unknown: self.default, clients });
        Some(Tls { server, certificates, lists_end, source })
    }

    /// Every file that is read.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let further = self.certificates.iter().flat_map(|pair| [&pair.certificate, &pair.key]);
        [&self.certificate, &self.key].into_iter().chain(further).map(|file| file.value.as_path())
    }
}

impl Server {
    fn new(
        provider: Arc<CryptoProvider>,
        names: Names,
        clients: Option<Arc<dyn rustls::server::danger::ClientCertVerifier>>,
    ) -> Result<Self, rustls::Error> {
        let names = Arc::new(names);
        // A session that is resumed carries the certificate of the handshake before it, and rustls does not judge it again:
        // with client certificates each connection proves itself anew (edge/T9, decision 0011).
        let resumes = clients.is_none();
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(clients.unwrap_or_else(WebPkiClientVerifier::no_client_auth))
            .with_cert_resolver(Arc::clone(&names) as _);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {}); // tickets carry the state: nothing grows with handshakes
        if resumes {
            config.ticketer = aws_lc_rs::Ticketer::new()?; // random keys, new ones every 6 h, good for 12 h
        } else {
            config.send_tls13_tickets = 0;
        }
        config.max_early_data_size = 0; // early data can be replayed
        Ok(Self { config: Arc::new(config), names })
    }

    /// Shows one certificate for its `name` and to who asks for none.
    #[cfg(test)]
    pub(crate) fn of(
        certified: rustls::sign::CertifiedKey,
        name: &str,
        clients: Option<Arc<dyn rustls::server::danger::ClientCertVerifier>>,
    ) -> Arc<Self> {
        let certified = Arc::new(certified);
        let mut names = Names::new(Arc::clone(&certified), false);
        names.add(name, &certified);
        Arc::new(Self::new(Arc::new(aws_lc_rs::default_provider()), names, clients).unwrap())
    }

    /// What must never be: the same certificates, and sessions that allow early data.
    #[cfg(test)]
    pub(crate) fn with_early_data(&self, size: u32) -> Arc<Self> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(self.config.crypto_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.names) as _);
        config.max_early_data_size = size;
        Arc::new(Self { config: Arc::new(config), names: Arc::clone(&self.names) })
    }

    /// One handshake. Who asks for a name that is not served here gets the alert for it, not another host's certificate.
    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let mut start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        if self.names.serves(start.client_hello().server_name()) {
            return start.into_stream(Arc::clone(&self.config)).await;
        }
        start.io.write_all(&UNRECOGNIZED_NAME).await?;
        Err(io::Error::new(io::ErrorKind::InvalidData, "no certificate for the name that the client asks for"))
    }
}

#[cfg(test)]
mod tests;
