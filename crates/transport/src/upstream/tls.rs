//! Who an upstream has to prove to be.

use super::settings::{Protocol, TlsSettings};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// The authorities that an upstream's certificate is judged by.
pub(super) struct Identity {
    pub(super) config: Arc<ClientConfig>,
    /// Differs where the authorities do, so that no connection judged by one set serves another (edge/T16).
    pub(super) trust: u64,
}

/// Why the authorities cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    #[error("{0}")]
    Read(#[from] rustls_pki_types::pem::Error),
    #[error("{0}")]
    Tls(#[from] rustls::Error),
    #[error("{0}")]
    Verifier(#[from] VerifierBuilderError),
    #[error("no certificate in it")]
    Empty,
}

impl Identity {
    pub(super) fn load(settings: &TlsSettings, protocol: Protocol) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder =
            ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
        let mut hasher = DefaultHasher::new();
        let mut verifier: Arc<dyn ServerCertVerifier> = if settings.insecure_because.is_some() {
            "any certificate".hash(&mut hasher);
            Arc::new(AnyCertificate(provider))
        } else {
            let roots = match &settings.ca {
                Some(path) => own(&path.value)?,
                None => usual(),
            };
            for root in &roots.roots {
                root.subject_public_key_info.as_ref().hash(&mut hasher);
            }
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build()?
        };
        settings.pins.hash(&mut hasher);
        if !settings.pins.is_empty() {
            verifier = Arc::new(Pinned { verifier, pins: settings.pins.clone().into_boxed_slice() });
        }
        let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
        let mut config = match &settings.client {
            Some(credential) => {
                let (chain, key) = &credential.source;
                chain.iter().for_each(|certificate| certificate.as_ref().hash(&mut hasher));
                builder.with_client_auth_cert(chain.clone(), key.clone_key())?
            }
            None => builder.with_no_client_auth(),
        };
        protocol.hash(&mut hasher);
        config.alpn_protocols = match protocol {
            Protocol::Http1 => vec![b"http/1.1".to_vec()],
            Protocol::Http2 => vec![b"h2".to_vec()],
        };
        Ok(Self { config: Arc::new(config), trust: hasher.finish() })
    }
}

fn own(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path)? {
        roots.add(certificate?)?;
    }
    if roots.is_empty() { Err(TlsError::Empty) } else { Ok(roots) }
}

/// The machine's authorities; on a machine without any, those that browsers trust.
fn usual() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

/// SHA-256 of a public key: of SubjectPublicKeyInfo in DER, as RFC 7469 §2.4 has it. It outlives the certificate: a renewed one
/// of the same key still fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pin([u8; 32]);

impl Pin {
    /// Reads `sha256/` and 44 characters of base64.
    pub fn parse(text: &str) -> Option<Self> {
        let decoded = BASE64_STANDARD.decode(text.strip_prefix("sha256/")?).ok()?;
        decoded.try_into().ok().map(Self)
    }

    /// Of the key in a certificate.
    fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
        digest(&SHA256, certificate.public_key().raw).as_ref().try_into().ok().map(Self)
    }
}

/// Takes what `verifier` takes if its key is one of `pins` (edge/T17). Only the upstream's own key counts: whoever can show a
/// certificate of their own can show the pinned authority's behind it.
#[derive(Debug)]
struct Pinned {
    verifier: Arc<dyn ServerCertVerifier>,
    pins: Box<[Pin]>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.verifier.verify_server_cert(end_entity, intermediates, name, ocsp, now)?;
        match Pin::of(end_entity) {
            Some(pin) if self.pins.contains(&pin) => Ok(verified),
            _ => Err(rustls::Error::General("the key of the certificate is none of `pin_spki`".to_owned())),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// Takes any certificate, because the operator wrote so; the peer still has to hold its key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
