//! TLS towards clients: a certificate and its key become a server configuration, or one clear finding each.
//!
//! TLS 1.2 and 1.3 with AEAD suites only (what rustls offers: no CBC, no RSA key exchange, no renegotiation, no compression),
//! h2 and http/1.1 by ALPN, tickets that rotate, no early data. Source: RFC 8446, 9325, 7301; `edge.md` T1–T3, T7, T10, T11.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis_core::bounds::MAX_PEM_BYTES;
use portcullis_core::config::{ConfigError, Spanned};
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::NoServerSessionStorage;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use schemars::JsonSchema;
use serde::Deserialize;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::PublicKey;

/// Below this many days left, an expiry is a warning.
const EXPIRY_WARNING_DAYS: i64 = 14;
const SECONDS_PER_DAY: i64 = 86_400;
/// Smallest RSA key in bits (RFC 9325 §4.5).
const MIN_RSA_BITS: usize = 2048;
/// Signatures made with MD5 or SHA-1 (PKCS#1, ECDSA).
const WEAK_SIGNATURES: [&str; 3] = ["1.2.840.113549.1.1.4", "1.2.840.113549.1.1.5", "1.2.840.10045.4.1"];

/// `tls:` of a listener: two PEM files, relative to the configuration file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The certificate chain in PEM, the listener's own certificate first.
    #[schemars(with = "String")]
    pub certificate: Spanned<PathBuf>,
    /// Its private key in PEM (PKCS#8, PKCS#1 or SEC1), not encrypted, not readable by everyone.
    #[schemars(with = "String")]
    pub key: Spanned<PathBuf>,
}

/// A certificate that was judged, ready to serve.
#[derive(Clone, Debug)]
pub struct Tls {
    /// What every handshake uses. Swapped on reload; connections made before keep theirs.
    pub server: Arc<ServerConfig>,
    /// When the certificate expires, in seconds since the epoch.
    pub expires_at: i64,
    /// Chain and key as they were read, to see whether a reload changed them.
    identity: Arc<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
}

impl Tls {
    /// Whether `other` shows the same chain with the same key.
    pub fn is_same(&self, other: &Self) -> bool {
        self.identity.0 == other.identity.0 && self.identity.1 == other.identity.1
    }
}

impl Config {
    /// Reads and judges both files. `base` is the folder of the configuration file, `now` seconds since the epoch.
    /// `None` when one of the `findings` added is an error.
    pub fn compile(&self, base: &Path, now: i64, findings: &mut Vec<ConfigError>) -> Option<Tls> {
        let chain = read(&self.certificate, base, "certificate").and_then(|pem| self.chain(&pem));
        let key = refuse_open_key(&self.key, base)
            .and_then(|()| read(&self.key, base, "key"))
            .and_then(|pem| private_key(&self.key, &pem));
        let (chain, key) = match (chain, key) {
            (Ok(chain), Ok(key)) => (chain, key),
            (chain, key) => {
                findings.extend([chain.err(), key.err()].into_iter().flatten());
                return None;
            }
        };
        let judged = self.judge(&chain, now, findings).and_then(|expires_at| {
            let server = self.server(chain.clone(), &key)?;
            Ok(Tls { server: Arc::new(server), expires_at, identity: Arc::new((chain, key)) })
        });
        judged.map_err(|error| findings.push(error)).ok()
    }

    fn chain(&self, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let found =
            |what: String| self.refuse(what, "a certificate chain in PEM, the listener's own certificate first");
        match chain {
            Ok(chain) if chain.is_empty() => Err(found(format!("`{}` holds no certificate", shown(&self.certificate)))),
            Ok(chain) => Ok(chain),
            Err(error) => Err(found(format!("`{}` is not valid PEM ({error})", shown(&self.certificate)))),
        }
    }

    /// Refuses what no client should trust, warns of what is about to expire. Gives the moment of expiry.
    fn judge(
        &self,
        chain: &[CertificateDer<'static>],
        now: i64,
        findings: &mut Vec<ConfigError>,
    ) -> Result<i64, ConfigError> {
        let mut expires_at = i64::MAX;
        for (place, der) in chain.iter().enumerate() {
            let nth = place.saturating_add(1);
            let file = shown(&self.certificate);
            let Ok((_, certificate)) = X509Certificate::from_der(der) else {
                return Err(self.refuse(
                    format!("certificate {nth} in `{file}` is not X.509"),
                    "DER of an X.509 v3 certificate in each PEM block",
                ));
            };
            self.judge_strength(&certificate, nth)?;
            let validity = certificate.validity();
            if validity.not_after.timestamp() <= now {
                let message = format!("certificate {nth} in `{file}` expired on {}", validity.not_after);
                return Err(self.refuse(message, "a certificate that is valid now"));
            }
            if validity.not_before.timestamp() > now {
                let message = format!("certificate {nth} in `{file}` is not valid before {}", validity.not_before);
                return Err(self.refuse(message, "a certificate that is valid now"));
            }
            expires_at = expires_at.min(validity.not_after.timestamp());
        }
        let days = expires_at.saturating_sub(now) / SECONDS_PER_DAY;
        if days < EXPIRY_WARNING_DAYS {
            let message = format!("`{}` expires in {days} days", shown(&self.certificate));
            findings.push(self.refuse(message, "a certificate with 14 days or more left").warning());
        }
        Ok(expires_at)
    }

    fn judge_strength(&self, certificate: &X509Certificate<'_>, nth: usize) -> Result<(), ConfigError> {
        let file = shown(&self.certificate);
        if let Ok(PublicKey::RSA(key)) = certificate.public_key().parsed()
            && key.key_size() < MIN_RSA_BITS
        {
            let message = format!("certificate {nth} in `{file}` has an RSA key of {} bits", key.key_size());
            return Err(self.refuse(message, "RSA of 2048 bits or more, or ECDSA"));
        }
        // The signature of a self-signed root proves nothing, so nobody checks it.
        let signature = certificate.signature_algorithm.algorithm.to_id_string();
        if certificate.subject() != certificate.issuer() && WEAK_SIGNATURES.contains(&signature.as_str()) {
            let message = format!("certificate {nth} in `{file}` is signed with MD5 or SHA-1");
            return Err(self.refuse(message, "a signature with SHA-256 or better"));
        }
        Ok(())
    }

    fn server(
        &self,
        chain: Vec<CertificateDer<'static>>,
        key: &PrivateKeyDer<'static>,
    ) -> Result<ServerConfig, ConfigError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let certified =
            CertifiedKey::from_der(chain.clone(), key.clone_key(), &provider).map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => {
                    let message = format!(
                        "key `{}` does not belong to certificate `{}`",
                        shown(&self.key),
                        shown(&self.certificate)
                    );
                    ConfigError::at(
                        &self.key.referenced,
                        message,
                        "the private key of the first certificate in the chain",
                    )
                }
                error => {
                    let message = format!("key `{}` cannot be used ({error})", shown(&self.key));
                    ConfigError::at(&self.key.referenced, message, "an RSA, ECDSA P-256, P-384 or Ed25519 key")
                }
            })?;
        drop(certified); // only judged here; the builder makes its own
        server_config(provider, chain, key.clone_key()).map_err(|error| {
            self.refuse(format!("`{}` cannot be served ({error})", shown(&self.certificate)), "a server certificate")
        })
    }

    /// An error at the name of the certificate.
    fn refuse(&self, message: String, accepted: &str) -> ConfigError {
        ConfigError::at(&self.certificate.referenced, message, accepted)
    }
}

pub(crate) fn server_config(
    provider: Arc<CryptoProvider>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.ticketer = aws_lc_rs::Ticketer::new()?; // keys rotate every 6 h and live 12 h
    config.session_storage = Arc::new(NoServerSessionStorage {}); // tickets carry the state: nothing grows with handshakes
    config.max_early_data_size = 0; // early data can be replayed
    Ok(config)
}

fn private_key(place: &Spanned<PathBuf>, pem: &[u8]) -> Result<PrivateKeyDer<'static>, ConfigError> {
    let accepted = "one private key in PEM (PKCS#8, PKCS#1 or SEC1), not encrypted";
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        rustls_pki_types::pem::Error::NoItemsFound => {
            ConfigError::at(&place.referenced, format!("`{}` holds no private key", shown(place)), accepted)
        }
        error => ConfigError::at(&place.referenced, format!("`{}` is not valid PEM ({error})", shown(place)), accepted),
    })
}

fn read(place: &Spanned<PathBuf>, base: &Path, what: &str) -> Result<Vec<u8>, ConfigError> {
    let mut bytes = Vec::new();
    let outcome = fs::File::open(base.join(&place.value))
        .and_then(|file| file.take(MAX_PEM_BYTES.saturating_add(1)).read_to_end(&mut bytes));
    match outcome {
        Ok(length) if length as u64 > MAX_PEM_BYTES => {
            let message = format!("{what} file `{}` is over {MAX_PEM_BYTES} bytes", shown(place));
            Err(ConfigError::at(&place.referenced, message, "a PEM file"))
        }
        Ok(_) => Ok(bytes),
        Err(error) => {
            let message = format!("{what} file `{}` cannot be read ({error})", shown(place));
            Err(ConfigError::at(&place.referenced, message, "a PEM file, relative to the configuration file"))
        }
    }
}

/// A key that every account of the machine can read is not a secret (CWE-732). A file that is missing is reported by [`read`].
#[cfg(unix)]
fn refuse_open_key(place: &Spanned<PathBuf>, base: &Path) -> Result<(), ConfigError> {
    use std::os::unix::fs::PermissionsExt as _;
    match fs::metadata(base.join(&place.value)) {
        Ok(metadata) if metadata.permissions().mode() & 0o007 != 0 => {
            let mode = metadata.permissions().mode() & 0o777;
            let message = format!("key file `{}` is open to everyone (mode {mode:o})", shown(place));
            Err(ConfigError::at(&place.referenced, message, "mode 600 or 640: `chmod o= FILE`"))
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn refuse_open_key(_place: &Spanned<PathBuf>, _base: &Path) -> Result<(), ConfigError> {
    Ok(())
}

fn shown(place: &Spanned<PathBuf>) -> std::path::Display<'_> {
    place.value.display()
}

#[cfg(test)]
mod tests;
