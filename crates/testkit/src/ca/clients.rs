//! Certificates of clients, one for each way to be refused, and the lists that revoke one of them.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyIdMethod, RevokedCertParams, SanType,
};

use super::{Issued, TestCa, days_from_now};

/// The name that `device` holds.
pub const DEVICE: &str = "urn:example:device:7";

/// What clients show, by what is the matter with it.
#[derive(Debug)]
pub struct Clients {
    /// `device` is good; `expired`, `foreign` (another authority), `server` (a server's purpose), `any` (no purpose),
    /// `cn` (a common name only), `revoked` and `authority` (may sign others) are not.
    pub named: BTreeMap<&'static str, Issued>,
    /// Revokes `revoked`.
    pub list: String,
    /// The same, with a nextUpdate that has passed.
    pub stale_list: String,
    /// Revokes `device` too.
    pub full_list: String,
}

impl TestCa {
    /// A set of client certificates of this authority.
    pub fn clients(&self) -> Result<Clients> {
        let good = |params: &mut CertificateParams| -> Result<()> {
            params.subject_alt_names.push(SanType::URI(DEVICE.try_into()?));
            params.distinguished_name.push(DnType::CommonName, "device-7");
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            Ok(())
        };
        let issue = |ca: &Self, change: &dyn Fn(&mut CertificateParams)| {
            ca.issue_as(&[], |params| {
                good(params)?;
                change(params);
                Ok(())
            })
        };
        let named: BTreeMap<&'static str, Issued> = [
            ("device", issue(self, &|_| {})?),
            (
                "expired",
                issue(self, &|params| (params.not_before, params.not_after) = (days_from_now(-30), days_from_now(-1)))?,
            ),
            ("foreign", issue(&Self::new()?, &|_| {})?),
            ("server", issue(self, &|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth])?),
            ("any", issue(self, &|params| params.extended_key_usages.clear())?),
            ("cn", issue(self, &|params| params.subject_alt_names.clear())?),
            ("revoked", issue(self, &|_| {})?),
            ("authority", issue(self, &|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))?),
        ]
        .into();
        let list = |names: &[&str], until: i64| -> Result<String> {
            let revoked = names.iter().map(|name| named.get(name).context("a known name"));
            self.revocation_list(&revoked.collect::<Result<Vec<_>>>()?, until)
        };
        let lists = (list(&["revoked"], 7)?, list(&["revoked"], -1)?, list(&["revoked", "device"], 7)?);
        let (list, stale_list, full_list) = lists;
        Ok(Clients { named, list, stale_list, full_list })
    }

    /// A list that revokes `issued`, to be renewed in so many days, in PEM.
    pub fn revocation_list(&self, issued: &[&Issued], until: i64) -> Result<String> {
        let revoked_certs = issued.iter().map(|issued| RevokedCertParams {
            serial_number: issued.serial.clone(),
            revocation_time: days_from_now(-2),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: days_from_now(-3),
            next_update: days_from_now(until),
            crl_number: 1.into(),
            issuing_distribution_point: None,
            revoked_certs: revoked_certs.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(params.signed_by(&self.issuer)?.pem()?)
    }
}
