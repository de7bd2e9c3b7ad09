//! Certificates of clients: who may connect, judged anew in each handshake.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use portcullis_core::bounds::MAX_REVOCATION_LIST_BYTES;
use portcullis_core::config::{ConfigError, Severity, Spanned};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use schemars::JsonSchema;
use serde::Deserialize;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};
use x509_parser::revocation_list::CertificateRevocationList;

use super::files::{self, shown};

/// First byte of DER, which no PEM file begins with.
const SEQUENCE: u8 = 0x30;

/// Whether a client must have a certificate.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Demand {
    /// Without one there is no connection.
    #[default]
    Required,
    /// A client may come without one; one that it shows is verified all the same.
    Optional,
}

/// What a listener says of client certificates; the paths as written.
pub(crate) struct Settings<'a> {
    pub(crate) ca: &'a Spanned<PathBuf>,
    pub(crate) revoked: &'a [Spanned<PathBuf>],
    pub(crate) demand: Demand,
}

/// Who is let in, as it was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Clients {
    authorities: Vec<CertificateDer<'static>>,
    revoked: Vec<CertificateRevocationListDer<'static>>,
    demand: Demand,
    /// The first `nextUpdate` of the revocation lists, in seconds since the epoch: from then on nobody is let in.
    pub(super) lists_end: Option<i64>,
}

/// The certificate that a client has proven to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate in DER, as shown. Its chain, purpose, validity and revocation were verified in the handshake.
    pub der: Box<[u8]>,
    /// SHA-256 of [`ClientCertificate::der`]: `x5t#S256` of RFC 8705.
    pub sha256: [u8; 32],
    /// When it expires, in seconds since the epoch: a connection may outlive it.
    pub expires_at: u64,
}

impl ClientCertificate {
    /// Of the first certificate that the peer showed; `None` for what is no X.509, which no handshake lets pass.
    pub(crate) fn new(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let sha256 = digest(&SHA256, der).as_ref().try_into().ok()?;
        let expires_at = u64::try_from(certificate.validity().not_after.timestamp()).unwrap_or(0);
        Some(Self { der: der.into(), sha256, expires_at })
    }
}

impl Settings<'_> {
    /// Reads and judges the files. `None` when one of the `findings` added is an error.
    pub(super) fn compile(
        &self,
        base: &Path,
        now: i64,
        provider: &Arc<CryptoProvider>,
        findings: &mut Vec<ConfigError>,
    ) -> Option<(Clients, Arc<dyn ClientCertVerifier>)> {
        let before = findings.len();
        let authorities = self.authorities(base, now).unwrap_or_else(|error| {
            findings.push(error);
            Vec::new()
        });
        let (mut revoked, mut lists_end) = (Vec::new(), None);
        for place in self.revoked {
            match list(place, base) {
                Ok((der, end)) => {
                    warn_of_stale(place, end, now, findings);
                    lists_end = [lists_end, end].into_iter().flatten().min();
                    revoked.extend(der);
                }
                Err(error) => findings.push(error),
            }
        }
        if findings.iter().skip(before).any(|finding| finding.severity == Severity::Error) {
            return None;
        }
        let clients = Clients { authorities, revoked, demand: self.demand, lists_end };
        match clients.verifier(provider) {
            Ok(verifier) => Some((clients, verifier)),
            Err(error) => {
                let message = format!("`{}` cannot be used ({error})", shown(self.ca));
                findings.push(ConfigError::at(&self.ca.referenced, message, "authorities and their revocation lists"));
                None
            }
        }
    }

    fn authorities(&self, base: &Path, now: i64) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
        let accepted = "certificates of authorities in PEM";
        let authorities = files::certificates(self.ca, base, "client authority", accepted)?;
        for (nth, der) in (1_usize..).zip(&authorities) {
            let file = shown(self.ca);
            let refuse =
                |message: String| ConfigError::at(&self.ca.referenced, message, "an authority that is valid now");
            let Ok((_, authority)) = X509Certificate::from_der(der) else {
                return Err(refuse(format!("certificate {nth} in `{file}` is not X.509")));
            };
            // Path validation begins below the trust anchor and never looks at its dates (RFC 5280 §6.1).
            let end = authority.validity().not_after;
            if end.timestamp() <= now {
                return Err(refuse(format!("certificate {nth} in `{file}` expired on {end}")));
            }
            if !authority.is_ca() {
                return Err(refuse(format!("certificate {nth} in `{file}` is no authority")));
            }
        }
        Ok(authorities)
    }
}

impl Clients {
    fn verifier(&self, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>, String> {
        let mut roots = RootCertStore::empty();
        for authority in &self.authorities {
            roots.add(authority.clone()).map_err(|error| error.to_string())?;
        }
        let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
        if !self.revoked.is_empty() {
            // Each certificate of the chain must be covered by a list that is not out of date: what is not known to be
            // good is refused.
            builder = builder.with_crls(self.revoked.iter().cloned()).enforce_revocation_expiration();
        }
        if self.demand == Demand::Optional {
            builder = builder.allow_unauthenticated();
        }
        let chain = builder.build().map_err(|error| error.to_string())?;
        Ok(Arc::new(Verifier(chain)))
    }
}

/// The lists of a file, and the first `nextUpdate` among them.
fn list(
    place: &Spanned<PathBuf>,
    base: &Path,
) -> Result<(Vec<CertificateRevocationListDer<'static>>, Option<i64>), ConfigError> {
    let accepted = "X.509 revocation lists in PEM or one in DER, each with nextUpdate";
    let refuse = |message: String| ConfigError::at(&place.referenced, message, accepted);
    let bytes = files::read(place, base, "revocation list", MAX_REVOCATION_LIST_BYTES)?;
    let lists = if bytes.first() == Some(&SEQUENCE) {
        vec![CertificateRevocationListDer::from(bytes)]
    } else {
        let lists: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&bytes).collect();
        lists.map_err(|error| refuse(format!("`{}` is not valid PEM ({error})", shown(place))))?
    };
    let mut end = None;
    for der in &lists {
        let parsed = CertificateRevocationList::from_der(der);
        let next = parsed.ok().and_then(|(_, list)| list.next_update());
        let Some(next) = next else {
            return Err(refuse(format!("`{}` holds what is no revocation list with nextUpdate", shown(place))));
        };
        end = [end, Some(next.timestamp())].into_iter().flatten().min();
    }
    if lists.is_empty() {
        Err(refuse(format!("`{}` holds no revocation list", shown(place))))
    } else {
        Ok((lists, end))
    }
}

/// No error: a restart must not depend on whether the authority is late today, and nobody is let in meanwhile.
fn warn_of_stale(place: &Spanned<PathBuf>, end: Option<i64>, now: i64, findings: &mut Vec<ConfigError>) {
    if end.is_some_and(|end| end <= now) {
        let message = format!("`{}` is past its nextUpdate: every client certificate is refused", shown(place));
        findings.push(ConfigError::at(&place.referenced, message, "a list that is up to date").warning());
    }
}

/// What webpki asks of a chain, and two things that it leaves open: a certificate says in writing that it is one of a client,
/// and it names its holder where names belong (RFC 5280 §4.2.1.6): a common name alone is text that nobody checked.
#[derive(Debug)]
struct Verifier(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for Verifier {
    fn client_auth_mandatory(&self) -> bool {
        self.0.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verified = self.0.verify_client_cert(end_entity, intermediates, now)?;
        let (_, certificate) = X509Certificate::from_der(end_entity).map_err(|_| CertificateError::BadEncoding)?;
        let purposes = certificate.extended_key_usage().map_err(|_| CertificateError::BadEncoding)?;
        if !purposes.is_some_and(|purposes| purposes.value.client_auth) {
            return Err(CertificateError::InvalidPurpose.into());
        }
        let names = certificate.subject_alternative_name().map_err(|_| CertificateError::BadEncoding)?;
        let is_named = |name: &GeneralName<'_>| {
            matches!(
                name,
                GeneralName::DNSName(_)
                    | GeneralName::URI(_)
                    | GeneralName::RFC822Name(_)
                    | GeneralName::IPAddress(_)
                    | GeneralName::DirectoryName(_)
            )
        };
        if !names.is_some_and(|names| names.value.general_names.iter().any(is_named)) {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
