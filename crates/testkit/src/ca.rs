//! A certificate authority for tests: made afresh in each run, so no key is ever committed.

mod clients;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData as _, SerialNumber, date_time_ymd,
};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::OffsetDateTime;

pub use clients::{Clients, DEVICE};

/// Days that a server certificate lives: public authorities give no more (Mozilla's recommendation).
const DAYS: i64 = 90;

/// One authority and what it signs.
#[derive(Debug)]
pub struct TestCa {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
}

/// A certificate and its key, as PEM text and as DER.
#[derive(Debug)]
pub struct Issued {
    /// The certificate in PEM.
    pub certificate_pem: String,
    /// The private key in PEM (PKCS#8).
    pub key_pem: String,
    serial: SerialNumber,
    /// `sha256/…` of its public key.
    pub pin: String,
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

impl TestCa {
    /// A new authority with a new key.
    pub fn new() -> Result<Self> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::<String>::new())?;
        params.distinguished_name.push(DnType::CommonName, "Portcullis test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let signed = params.self_signed(&key)?;
        Ok(Self { certificate: signed.der().clone(), pem: signed.pem(), issuer: Issuer::new(params, key) })
    }

    /// The authority's own certificate, for `ca:` settings.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A server certificate for `names` (DNS names or IP literals).
    pub fn issue(&self, names: &[&str]) -> Result<Issued> {
        self.issue_as(names, |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            Ok(())
        })
    }

    /// A server certificate that expired yesterday.
    pub fn expired(&self, names: &[&str]) -> Result<Issued> {
        self.issue_as(names, |params| {
            (params.not_before, params.not_after) = (days_from_now(-30), days_from_now(-1));
            Ok(())
        })
    }

    /// A certificate for `names`, changed as wanted before it is signed. Valid since yesterday.
    pub fn issue_as(
        &self,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams) -> Result<()>,
    ) -> Result<Issued> {
        Issued::new(names, change, Some(&self.issuer))
    }

    /// A client that trusts only this authority and offers `alpn`.
    pub fn client(&self, alpn: &[&str]) -> Result<Arc<ClientConfig>> {
        self.client_as(alpn, None)
    }

    /// The same, which shows `certificate` when it is asked for one.
    pub fn client_as(&self, alpn: &[&str], certificate: Option<&Issued>) -> Result<Arc<ClientConfig>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone())?;
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let mut config = match certificate {
            Some(issued) => builder.with_client_auth_cert(vec![issued.certificate.clone()], issued.key())?,
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(Arc::new(config))
    }
}

impl Issued {
    /// A server certificate that nobody but itself has signed.
    pub fn self_signed(names: &[&str]) -> Result<Self> {
        Self::new(names, |_| Ok(()), None)
    }

    fn new(
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams) -> Result<()>,
        issuer: Option<&Issuer<'static, KeyPair>>,
    ) -> Result<Self> {
        static SERIALS: AtomicU64 = AtomicU64::new(1);
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())?;
        let serial = SerialNumber::from(SERIALS.fetch_add(1, Ordering::Relaxed));
        params.serial_number = Some(serial.clone());
        params.not_before = days_from_now(-1);
        // Half a day more: whole days left are the same all through a run.
        params.not_after = days_from_now(DAYS - 2) + Duration::from_secs(43_200);
        params.use_authority_key_identifier_extension = issuer.is_some();
        change(&mut params)?;
        let signed = match issuer {
            Some(issuer) => params.signed_by(&key, issuer)?,
            None => params.self_signed(&key)?,
        };
        Ok(Self {
            certificate_pem: signed.pem(),
            key_pem: key.serialize_pem(),
            serial,
            pin: format!("sha256/{}", BASE64_STANDARD.encode(digest(&SHA256, &key.subject_public_key_info()))),
            certificate: signed.der().clone(),
            key: key.serialize_der(),
        })
    }

    /// The certificate in DER.
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// SHA-256 of the certificate, in hexadecimal.
    pub fn sha256(&self) -> String {
        digest(&SHA256, &self.certificate).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone()))
    }

    /// A TLS server that shows this certificate.
    pub fn server(&self) -> Result<Arc<ServerConfig>> {
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.key())
            .context("test certificate")?;
        Ok(Arc::new(config))
    }

    /// The same, offering HTTP/2 by ALPN.
    pub fn server_http2(&self) -> Result<Arc<ServerConfig>> {
        let mut config = self.server()?;
        Arc::make_mut(&mut config).alpn_protocols = vec![b"h2".to_vec()];
        Ok(config)
    }
}

/// So many days from now, or ago.
#[expect(clippy::disallowed_methods, reason = "certificates live in the time of the machine")]
fn days_from_now(days: i64) -> OffsetDateTime {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seconds = now.as_secs().saturating_add_signed(days.saturating_mul(86_400));
    date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}
