//! Whom an upstream has to prove to be (edge/T15, T16).

use super::*;
use crate::upstream::Pin;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::path::PathBuf;
use tokio_rustls::TlsAcceptor;

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn acceptor(&self, name: &str, version: &'static rustls::SupportedProtocolVersion) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        acceptor(&certificate, &key, version)
    }

    /// Shows what expired before today.
    fn expired(&self, name: &str) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        acceptor(&params.signed_by(&key, &self.issuer).unwrap(), &key, &rustls::version::TLS13)
    }

    /// The authority in a file of its own.
    fn file(&self, test: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("portcullis-upstream-{test}-{}.pem", std::process::id()));
        std::fs::write(&path, &self.pem).unwrap();
        path
    }
}

fn acceptor(
    certificate: &rcgen::Certificate,
    key: &KeyPair,
    version: &'static rustls::SupportedProtocolVersion,
) -> TlsAcceptor {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// The pin of a key: the SHA-256 of its SubjectPublicKeyInfo.
fn pin(key: &KeyPair) -> Pin {
    use base64::Engine as _;
    use rcgen::PublicKeyData as _;
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &key.subject_public_key_info());
    Pin::parse(&format!("sha256/{}", base64::prelude::BASE64_STANDARD.encode(hash))).unwrap()
}

/// Answers one request over TLS, if the handshake comes that far.
async fn serve_once(fake: &Fake, acceptor: TlsAcceptor) {
    let Ok(mut stream) = acceptor.accept(fake.accept().await.0).await else { return };
    let mut buffer = [0; 1024];
    let read = stream.read(&mut buffer).await.unwrap_or(0);
    if read > 0 {
        assert!(buffer[..read].ends_with(b"\r\n\r\n"), "the whole request in one record");
        stream.write_all(OK).await.unwrap();
        stream.flush().await.unwrap();
        let _ = stream.read(&mut buffer).await;
    }
}

#[test]
fn a_certificate_is_judged_by_authority_and_name() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (own, foreign) = (authority.file("own"), other.file("foreign"));
    let (v12, v13) = (&rustls::version::TLS12, &rustls::version::TLS13);
    let tls = |ca: &PathBuf, name: Option<&str>, because: Option<&str>| TlsSettings {
        ca: Some(written(ca.clone())),
        server_name: name.map(|name| written(name.to_owned())),
        insecure_because: because.map(str::to_owned),
        ..TlsSettings::default()
    };
    let refused = Err(Reason::UpstreamTls);
    let answered = Ok((200, Bytes::from_static(b"ok")));
    let cases = [
        ("own CA, address in the certificate", "127.0.0.1", v13, tls(&own, None, None), &answered),
        ("TLS 1.2", "127.0.0.1", v12, tls(&own, None, None), &answered),
        ("name set, and it is the one", "shop.internal", v13, tls(&own, Some("shop.internal"), None), &answered),
        ("another CA", "127.0.0.1", v13, tls(&foreign, None, None), &refused),
        ("the machine's CAs", "127.0.0.1", v13, TlsSettings::default(), &refused),
        ("another name", "shop.internal", v13, tls(&own, None, None), &refused),
        ("name set, and it is another", "127.0.0.1", v13, tls(&own, Some("shop.internal"), None), &refused),
        ("not verified, in writing", "other", v13, tls(&foreign, None, Some("bench")), &answered),
        ("not verified, TLS 1.2", "other", v12, tls(&foreign, None, Some("bench")), &answered),
    ];
    run(async {
        for (row, name, version, tls, expected) in cases {
            let fake = Fake::new().await;
            let mut settings = settings(&[fake.url("https")]);
            settings.tls = tls;
            let gateway = Gateway::new(&settings);
            let answer = async {
                let answer = gateway.get().await;
                let idle = gateway.idle();
                gateway.pools.clear();
                (answer, idle)
            };
            let ((answer, idle), ()) = tokio::join!(answer, serve_once(&fake, authority.acceptor(name, version)));
            assert_eq!((&answer, idle), (expected, usize::from(answer.is_ok())), "edge/T15: {row}");
        }
    });
    for file in [own, foreign] {
        std::fs::remove_file(file).unwrap();
    }
}

#[test]
fn connections_are_kept_apart_by_whom_they_proved_to_be() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (own, foreign) = (authority.file("apart-own"), other.file("apart-foreign"));
    run(async {
        let fake = Fake::new().await;
        let mut settings = settings(&[fake.url("https")]);
        settings.tls.ca = Some(written(own.clone()));
        let mut gateway = Gateway::new(&settings);
        let serve = serve_once(&fake, authority.acceptor("127.0.0.1", &rustls::version::TLS13));
        tokio::select! {
            () = serve => panic!("the connection was closed"),
            answer = gateway.get() => { answer.unwrap(); }
        }
        assert_eq!(gateway.idle(), 1);
        gateway.upstream = Arc::new(settings.compile(&gateway.clock).unwrap());
        assert_eq!(gateway.idle(), 1, "the same authorities, read again");
        let key = KeyPair::generate().unwrap();
        for changed in ["authorities", "name", "pins", "verification"] {
            match changed {
                "pins" => {
                    settings.tls.server_name = None;
                    settings.tls.pins = vec![pin(&key)];
                }
                "authorities" => settings.tls.ca = Some(written(foreign.clone())),
                "name" => {
                    settings.tls.ca = Some(written(own.clone()));
                    settings.tls.server_name = Some(written("shop.internal".to_owned()));
                }
                _ => {
                    settings.tls.pins.clear();
                    settings.tls.insecure_because = Some("bench".to_owned());
                }
            }
            gateway.upstream = Arc::new(settings.compile(&gateway.clock).unwrap());
            assert_eq!(gateway.idle(), 0, "edge/T16: other {changed}");
        }
    });
    for file in [own, foreign] {
        std::fs::remove_file(file).unwrap();
    }
}

#[test]
fn a_certificate_that_expired_or_signed_itself_is_not_believed() {
    let authority = Authority::new();
    let own = authority.file("expired");
    let key = KeyPair::generate().unwrap();
    let itself = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    run(async {
        for (row, acceptor) in [
            ("expired", authority.expired("127.0.0.1")),
            ("signed by itself", acceptor(&itself, &key, &rustls::version::TLS13)),
        ] {
            let fake = Fake::new().await;
            let mut settings = settings(&[fake.url("https")]);
            settings.tls.ca = Some(written(own.clone()));
            let gateway = Gateway::new(&settings);
            let (answer, ()) = tokio::join!(gateway.get(), serve_once(&fake, acceptor));
            assert_eq!(answer, Err(Reason::UpstreamTls), "edge/T15: {row}");
        }
    });
    std::fs::remove_file(own).unwrap();
}

#[test]
fn an_upstream_that_speaks_tls_1_1_at_most_is_not_spoken_to() {
    run(async {
        let fake = Fake::new().await;
        let gateway = Gateway::new(&settings(&[fake.url("https")]));
        let serve = async {
            let mut stream = fake.accept().await.0;
            let mut hello = [0; 4096];
            assert!(stream.read(&mut hello).await.unwrap() > 0);
            // A ServerHello of TLS 1.1: version, random, no session, ECDHE-RSA with AES-CBC, no compression.
            let mut answer = vec![22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
            answer.extend([7; 32]);
            answer.extend([0, 0xc0, 0x13, 0]);
            stream.write_all(&answer).await.unwrap();
            let mut alert = [0; 7];
            stream.read_exact(&mut alert).await.unwrap();
            (alert[0], alert[6])
        };
        let (answer, alert) = tokio::join!(gateway.get(), serve);
        assert_eq!(answer, Err(Reason::UpstreamTls), "edge/T15");
        assert_eq!(alert, (21, 70), "protocol_version");
    });
}

#[test]
fn a_pinned_upstream_must_hold_one_of_the_keys() {
    let authority = Authority::new();
    let own = authority.file("pinned");
    let keys = [KeyPair::generate().unwrap(), KeyPair::generate().unwrap(), KeyPair::generate().unwrap()];
    let pins = vec![pin(&keys[0]), pin(&keys[1])];
    let answered = Ok((200, Bytes::from_static(b"ok")));
    let refused = Err(Reason::UpstreamTls);
    let cases = [
        (&keys[0], "127.0.0.1", None, &answered, "the first pin"),
        (&keys[1], "127.0.0.1", None, &answered, "renewed, with the second"),
        (&keys[2], "127.0.0.1", None, &refused, "another key of the same authority"),
        (&keys[0], "other", None, &refused, "a pin does not replace the name"),
        (&keys[0], "other", Some("pinned"), &answered, "unless the operator says so"),
        (&keys[2], "127.0.0.1", Some("pinned"), &refused, "and then the pin still counts"),
    ];
    run(async {
        for (key, name, because, expected, row) in cases {
            let fake = Fake::new().await;
            let mut settings = settings(&[fake.url("https")]);
            settings.tls.ca = Some(written(own.clone()));
            settings.tls.insecure_because = because.map(str::to_owned);
            settings.tls.pins.clone_from(&pins);
            let certificate = CertificateParams::new([name.to_owned()]).unwrap();
            let certificate = certificate.signed_by(key, &authority.issuer).unwrap();
            let gateway = Gateway::new(&settings);
            let answer = async {
                let answer = gateway.get().await;
                gateway.pools.clear();
                answer
            };
            let acceptor = acceptor(&certificate, key, &rustls::version::TLS13);
            let (answer, ()) = tokio::join!(answer, serve_once(&fake, acceptor));
            assert_eq!(&answer, expected, "edge/T17: {row}");
        }
    });
    std::fs::remove_file(own).unwrap();
}
