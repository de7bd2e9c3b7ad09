//! Whom an upstream has to prove to be (edge/T15, T16).

use super::*;
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

    /// The authority in a file of its own.
    fn file(&self, test: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("portcullis-upstream-{test}-{}.pem", std::process::id()));
        std::fs::write(&path, &self.pem).unwrap();
        path
    }
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
        for changed in ["authorities", "name", "verification"] {
            match changed {
                "authorities" => settings.tls.ca = Some(written(foreign.clone())),
                "name" => {
                    settings.tls.ca = Some(written(own.clone()));
                    settings.tls.server_name = Some(written("shop.internal".to_owned()));
                }
                _ => {
                    settings.tls.server_name = None;
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
