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

#[test]
fn a_certificate_for_nobody_or_that_demands_a_staple_is_a_warning() {
    let folder = Folder::new();
    let key = KeyPair::generate().unwrap();
    folder.write("new.key", &key.serialize_pem());
    let mut nameless = CertificateParams::new(Vec::new()).unwrap();
    nameless.not_after = date_time_ymd(2040, 1, 1);
    folder.write("nameless.pem", &nameless.self_signed(&key).unwrap().pem());
    let mut staple = CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
    staple.not_after = date_time_ymd(2040, 1, 1);
    let feature = rcgen::CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 24], vec![0x30, 3, 2, 1, 5]);
    staple.custom_extensions.push(feature);
    folder.write("staple.pem", &staple.self_signed(&key).unwrap().pem());
    let cases = [
        ("nameless.pem", "`nameless.pem` names no host", "RFC 9525: a common name is no name"),
        ("staple.pem", "`staple.pem` demands a stapled OCSP response", "edge/T12"),
    ];
    for (certificate, message, why) in cases {
        let (tls, findings) = folder.compile(certificate, "new.key");
        assert!(tls.is_some(), "{why}");
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].severity, portcullis_core::config::Severity::Warning, "{why}");
        assert!(findings[0].message.contains(message), "{}: {why}", findings[0]);
    }
}

#[test]
fn names_are_matched_as_clients_match_them() {
    let folder = Folder::new();
    let key = KeyPair::generate().unwrap();
    let names = ["a.test", "*.b.test"].map(str::to_owned);
    let mut params = CertificateParams::new(names).unwrap();
    params.not_after = date_time_ymd(2040, 1, 1);
    folder.write("names.pem", &params.self_signed(&key).unwrap().pem());
    folder.write("names.key", &key.serialize_pem());
    let (tls, _) = folder.compile("names.pem", "names.key");
    let server = &tls.unwrap().server;
    let cases = [
        // name, whether it is served, why
        (Some("a.test"), true, "in the certificate"),
        (Some("A.Test"), true, "in any case"),
        (Some("x.b.test"), true, "one label for the wildcard"),
        (Some("x.y.b.test"), false, "a wildcard stands for one label (RFC 9525 §6.3)"),
        (Some("b.test"), false, "and for no less than one"),
        (Some("x.a.test"), false, "edge/T6: below a name is another name"),
        (Some("test"), false, "edge/T6"),
        (None, true, "edge/T6: the first certificate is for those that name none"),
    ];
    for (name, served, why) in cases {
        assert_eq!(server.names.serves(name), served, "{name:?}: {why}");
    }
    let config = "certificate: names.pem\nkey: names.key\ndefault: true\n";
    let config: Config = serde_saphyr::from_str(config).unwrap();
    let open = config.compile(None, folder.0.path(), NOW, &mut Vec::new()).unwrap();
    assert!(open.server.names.serves(Some("test")), "edge/T6: the operator wrote so");
}

#[test]
fn tickets_rotate_and_are_none_where_clients_have_certificates() {
    let folder = Folder::new();
    let (tls, _) = folder.compile("good.pem", "good.key");
    let ticketer = &tls.as_ref().unwrap().server.config.ticketer;
    assert_eq!(ticketer.lifetime(), 12 * 3_600, "edge/T9: two keys of 6 h, the one in use and the one before it");
    let other = folder.compile("good.pem", "good.key").0.unwrap();
    let ticket = ticketer.encrypt(b"session").unwrap();
    assert_eq!(ticketer.decrypt(&ticket).as_deref(), Some(&b"session"[..]));
    assert_eq!(other.server.config.ticketer.decrypt(&ticket), None, "edge/T9: random keys, not those of a file");

    let authority = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    folder.write("ca.pem", &params.self_signed(&authority).unwrap().pem());
    let settings: serde_saphyr::Spanned<PathBuf> = serde_saphyr::from_str("ca.pem").unwrap();
    let config: Config = serde_saphyr::from_str("certificate: good.pem\nkey: good.key\n").unwrap();
    let compile = |demand| {
        let clients = ClientSettings { ca: &settings, revoked: &[], demand };
        config.compile(Some(&clients), folder.0.path(), NOW, &mut Vec::new()).unwrap()
    };
    let mutual = compile(Demand::Required);
    assert!(!mutual.server.config.ticketer.enabled(), "edge/T9: each handshake judges the certificate anew");
    assert_eq!(mutual.server.config.send_tls13_tickets, 0, "edge/T9");
    assert!(!mutual.server.config.session_storage.can_cache(), "nothing grows with handshakes");
    assert!(mutual.is_same(&compile(Demand::Required)));
    assert!(!mutual.is_same(&compile(Demand::Optional)), "a reload takes what is asked of clients into use");
    assert!(!mutual.is_same(&tls.unwrap()));
}
