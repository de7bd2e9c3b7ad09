//! One certificate chain and its key, judged before any client sees them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis_core::config::{ConfigError, Spanned};
use rustls::crypto::aws_lc_rs;
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use schemars::JsonSchema;
use serde::Deserialize;
use x509_parser::prelude::{FromDer as _, GeneralName, ParsedExtension, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::signature_algorithm::SignatureAlgorithm;

use super::files::{self, shown};
use super::{DAY, EXPIRY_WARNING_DAYS};

/// Smallest RSA key in bits (RFC 9325 §4.5).
const MIN_RSA_BITS: usize = 2048;
/// SHA-256, SHA-384 and SHA-512 as RSASSA-PSS names them; what names none means SHA-1 (RFC 4055 §3.1).
const PSS_HASHES: [&str; 3] = ["2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2", "2.16.840.1.101.3.4.2.3"];
/// The X.509 extension by which a certificate asks for a stapled response (RFC 7633).
const TLS_FEATURE: &str = "1.3.6.1.5.5.7.1.24";
const CHAIN: &str = "a certificate chain in PEM, the own certificate first";

/// A certificate and its key: two PEM files, relative to the configuration file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// The certificate chain in PEM, the own certificate first.
    #[schemars(with = "String")]
    pub certificate: Spanned<PathBuf>,
    /// Its private key in PEM (PKCS#8, PKCS#1 or SEC1), not encrypted, not readable by everyone.
    #[schemars(with = "String")]
    pub key: Spanned<PathBuf>,
}

/// A pair that may be shown.
#[derive(Debug)]
pub struct Credential {
    /// Chain and key as they were read, to see whether a reload changed them.
    pub(crate) source: (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>),
    pub(super) certified: Arc<CertifiedKey>,
    /// When the first certificate of the chain expires, in seconds since the epoch.
    pub expires_at: i64,
}

impl Pair {
    /// Reads and judges both files. `base` is the folder of the configuration file, `now` seconds since the epoch.
    /// `None` when one of the `findings` added is an error.
    pub fn judge(&self, base: &Path, now: i64, findings: &mut Vec<ConfigError>) -> Option<Credential> {
        let chain = files::certificates(&self.certificate, base, "certificate", CHAIN);
        let (chain, key) = match (chain, files::private_key(&self.key, base)) {
            (Ok(chain), Ok(key)) => (chain, key),
            (chain, key) => {
                findings.extend([chain.err(), key.err()].into_iter().flatten());
                return None;
            }
        };
        let judged = self.judge_chain(&chain, now, findings).and_then(|expires_at| {
            let certified = Arc::new(self.certified(&chain, &key)?);
            Ok(Credential { source: (chain, key), certified, expires_at })
        });
        judged.map_err(|error| findings.push(error)).ok()
    }

    /// Refuses what no client should trust, warns of what is about to expire. Gives the moment of expiry.
    fn judge_chain(
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
        let days = expires_at.saturating_sub(now) / DAY;
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
        if certificate.subject() != certificate.issuer() && !is_strong(certificate) {
            let signature = certificate.signature_algorithm.algorithm.to_id_string();
            let message = format!("certificate {nth} in `{file}` is signed with MD5, SHA-1 or worse ({signature})");
            return Err(self.refuse(message, "a signature with SHA-256 or better"));
        }
        Ok(())
    }

    fn certified(
        &self,
        chain: &[CertificateDer<'static>],
        key: &PrivateKeyDer<'static>,
    ) -> Result<CertifiedKey, ConfigError> {
        let provider = aws_lc_rs::default_provider();
        CertifiedKey::from_der(chain.to_vec(), key.clone_key(), &provider).map_err(|error| {
            let (message, accepted) = match error {
                rustls::Error::InconsistentKeys(_) => (
                    format!("key `{}` does not belong to certificate `{}`", shown(&self.key), shown(&self.certificate)),
                    "the private key of the first certificate in the chain",
                ),
                error => (
                    format!("key `{}` cannot be used ({error})", shown(&self.key)),
                    "an RSA, ECDSA P-256, P-384 or Ed25519 key",
                ),
            };
            ConfigError::at(&self.key.referenced, message, accepted)
        })
    }

    /// The names that clients may ask for, lower case; a wildcard begins with `*.`. Clients have not looked at the common name
    /// for years (RFC 9525 §2).
    pub(super) fn names(&self, credential: &Credential, findings: &mut Vec<ConfigError>) -> Vec<Box<str>> {
        let own = credential.source.0.first().and_then(|der| X509Certificate::from_der(der).ok());
        let Some((_, own)) = own else { return Vec::new() };
        let file = shown(&self.certificate);
        if own.extensions().iter().any(|extension| extension.oid.to_id_string() == TLS_FEATURE) {
            let message = format!("`{file}` demands a stapled OCSP response, and this build staples none");
            findings.push(self.refuse(message, "a certificate without the TLS feature extension").warning());
        }
        let mut names = Vec::new();
        let mut has_address = false;
        for extension in own.extensions() {
            let ParsedExtension::SubjectAlternativeName(alternatives) = extension.parsed_extension() else { continue };
            for name in &alternatives.general_names {
                match name {
                    GeneralName::DNSName(name) => names.push(name.to_ascii_lowercase().into_boxed_str()),
                    GeneralName::IPAddress(_) => has_address = true,
                    _ => {}
                }
            }
        }
        if names.is_empty() && !has_address {
            let message = format!("`{file}` names no host, so no client accepts it");
            findings.push(self.refuse(message, "a certificate with subjectAltName").warning());
        }
        names
    }

    /// An error at the name of the certificate.
    fn refuse(&self, message: String, accepted: &str) -> ConfigError {
        ConfigError::at(&self.certificate.referenced, message, accepted)
    }
}

/// A list of what is good: what is not known to be strong is not strong (edge/T3).
fn is_strong(certificate: &X509Certificate<'_>) -> bool {
    match SignatureAlgorithm::try_from(&certificate.signature_algorithm) {
        Ok(SignatureAlgorithm::RSASSA_PSS(parameters)) => {
            PSS_HASHES.contains(&parameters.hash_algorithm_oid().to_id_string().as_str())
        }
        Ok(SignatureAlgorithm::ED25519) => true,
        _ => matches!(
            certificate.signature_algorithm.algorithm.to_id_string().as_str(),
            "1.2.840.113549.1.1.11" | "1.2.840.113549.1.1.12" | "1.2.840.113549.1.1.13" // RSA, SHA-256 to SHA-512
                | "1.2.840.10045.4.3.2" | "1.2.840.10045.4.3.3" | "1.2.840.10045.4.3.4" // ECDSA, the same
        ),
    }
}
