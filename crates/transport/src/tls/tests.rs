use super::*;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use std::os::unix::fs::PermissionsExt as _;

/// 2026-01-01.
const NOW: i64 = 1_767_225_600;

struct Folder(tempfile::TempDir);

impl Folder {
    /// `good.pem`/`good.key` valid for years, `soon.pem` of the same key with 13 days left, `old.pem` expired, `other.key`.
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        let key = KeyPair::generate().unwrap();
        for (name, year, month, day) in [("good.pem", 2040, 1, 1), ("soon.pem", 2026, 1, 14), ("old.pem", 2025, 12, 31)]
        {
            let mut params = CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(year, month, day);
            folder.write(name, &params.self_signed(&key).unwrap().pem());
        }
        let mut future = CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
        future.not_before = date_time_ymd(2030, 1, 1);
        folder.write("future.pem", &future.self_signed(&key).unwrap().pem());
        folder.write("good.key", &key.serialize_pem());
        folder.write("other.key", &KeyPair::generate().unwrap().serialize_pem());
        folder.write("open.key", &key.serialize_pem());
        folder.chmod("open.key", 0o644);
        folder.write("empty.pem", "");
        folder.write("broken.pem", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n");
        folder.write("rubbish.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        folder.write("rsa-1024.pem", include_str!("tests/rsa-1024.pem"));
        folder.write("signed-sha1.pem", include_str!("tests/signed-sha1.pem"));
        folder
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
        self.chmod(name, 0o600);
    }

    fn chmod(&self, name: &str, mode: u32) {
        std::fs::set_permissions(self.0.path().join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn compile(&self, certificate: &str, key: &str) -> (Option<Tls>, Vec<ConfigError>) {
        let config: Config = serde_saphyr::from_str(&format!("certificate: {certificate}\nkey: {key}\n")).unwrap();
        let mut findings = Vec::new();
        (config.compile(None, self.0.path(), NOW, &mut findings), findings)
    }
}

#[test]
fn pairs_that_cannot_be_served_are_refused_with_one_finding_each() {
    let folder = Folder::new();
    let cases = [
        // certificate, key, line of the finding, part of its message, why
        ("none.pem", "good.key", 1, "certificate file `none.pem` cannot be read", "missing"),
        ("good.pem", "none.key", 2, "key file `none.key` cannot be read", "missing"),
        ("empty.pem", "good.key", 1, "`empty.pem` holds no certificate", "empty"),
        ("broken.pem", "good.key", 1, "`broken.pem` is not valid PEM", "not base64"),
        ("rubbish.pem", "good.key", 1, "certificate 1 in `rubbish.pem` is not X.509", "not DER"),
        ("good.pem", "good.pem", 2, "`good.pem` holds no private key", "files swapped"),
        ("good.pem", "other.key", 2, "key `other.key` does not belong to certificate `good.pem`", "edge/T11"),
        ("good.pem", "open.key", 2, "key file `open.key` is open to everyone (mode 644)", "edge/T11"),
        ("old.pem", "good.key", 1, "certificate 1 in `old.pem` expired on", "edge/T11"),
        (
            "future.pem",
            "good.key",
            1,
            "certificate 1 in `future.pem` is not valid before",
            "a clock or a file is wrong",
        ),
        ("rsa-1024.pem", "good.key", 1, "has an RSA key of 1024 bits", "edge/T3"),
        ("signed-sha1.pem", "good.key", 1, "is signed with MD5, SHA-1 or worse", "edge/T3"),
    ];
    for (certificate, key, line, message, why) in cases {
        let (tls, findings) = folder.compile(certificate, key);
        assert!(tls.is_none(), "{certificate} {key}: {why}");
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].message.contains(message), "{}: {why}", findings[0]);
        assert_eq!(findings[0].line, line, "{}", findings[0]);
    }
}

#[test]
fn a_certificate_near_its_end_loads_with_a_warning() {
    let (tls, findings) = Folder::new().compile("soon.pem", "good.key");
    assert!(tls.is_some());
    assert_eq!(findings.len(), 1, "edge/T11");
    assert_eq!(findings[0].severity, portcullis_core::config::Severity::Warning);
    assert!(findings[0].message.contains("expires in 13 days"), "{}", findings[0]);
}

#[test]
fn a_good_pair_serves_h2_and_http_1_1_without_early_data() {
    let folder = Folder::new();
    let (tls, findings) = folder.compile("good.pem", "good.key");
    let tls = tls.unwrap();
    assert_eq!(findings, []);
    assert_eq!(tls.server.config.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
    assert_eq!(tls.server.config.max_early_data_size, 0);
    assert!(tls.server.config.ticketer.enabled());
    assert_eq!(tls.certificates[0].expires_at, 2_208_988_800);
    assert!(tls.is_same(&folder.compile("good.pem", "good.key").0.unwrap()), "same files, same identity");
    assert!(!tls.is_same(&folder.compile("soon.pem", "good.key").0.unwrap()), "a renewed certificate is another one");
}

#[test]
fn only_aead_suites_are_offered() {
    let (tls, _) = Folder::new().compile("good.pem", "good.key");
    for suite in &tls.unwrap().server.config.crypto_provider().cipher_suites {
        let name = format!("{:?}", suite.suite());
        assert!(name.contains("GCM") || name.contains("CHACHA20"), "edge/T2: {name}");
        assert!(name.starts_with("TLS13_") || name.starts_with("TLS_ECDHE_"), "edge/T2: {name}");
    }
}
