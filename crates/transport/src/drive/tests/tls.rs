use super::*;
use crate::tls;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, HandshakeKind};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use std::io::{Read as _, Write as _};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A server certificate for `name`, signed by itself.
pub(in crate::drive) fn server(name: &str) -> Arc<tls::Server> {
    let rcgen::CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = aws_lc_rs::default_provider();
    let certified = rustls::sign::CertifiedKey::from_der(vec![cert.der().clone()], key, &provider).unwrap();
    tls::Server::of(certified, name, None)
}

/// Trusts whatever is shown: these tests are about the server.
#[derive(Debug)]
struct Trusting;

impl rustls::client::danger::ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: rustls_pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

fn only(version: &'static rustls::SupportedProtocolVersion) -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trusting))
        .with_no_client_auth()
}

fn client(alpn: &[&str]) -> ClientConfig {
    let mut config = only(&rustls::version::TLS13);
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

pub(super) async fn connect(server: &Server, alpn: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
    over(server.connect().await, alpn).await
}

pub(super) async fn over(socket: TcpStream, alpn: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
    TlsConnector::from(Arc::new(client(alpn))).connect("A.test".try_into().unwrap(), socket).await
}

async fn connect_as(server: &Server, client: &Arc<ClientConfig>, name: &str) -> std::io::Result<TlsStream<TcpStream>> {
    let (stream, name) = (server.connect().await, ServerName::try_from(name.to_owned()).unwrap());
    TlsConnector::from(Arc::clone(client)).connect(name, stream).await
}

/// One request, so that the tickets that follow a handshake are read too.
async fn get(stream: &mut TlsStream<TcpStream>) {
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    read_response(stream).await;
}

async fn secure() -> Server {
    Server::start(Options { tls: Some(server("a.test")), ..Options::default() }).await
}

#[test]
fn without_h2_by_alpn_http_1_1_is_spoken() {
    run(async {
        let server = secure().await;
        for alpn in [&[][..], &["http/1.1"], &["foo", "http/1.1"]] {
            let mut client = connect(&server, alpn).await.unwrap();
            client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
            assert!(read_response(&mut client).await.ends_with("Http1 1"), "edge/T7: {alpn:?}");
        }
        assert_eq!(server.shop.connection.borrow().as_ref().unwrap().sni.as_deref(), Some("a.test"));
    });
}

#[test]
fn an_unknown_protocol_alone_is_refused() {
    run(async {
        let error = connect(&secure().await, &["foo"]).await.unwrap_err();
        assert!(error.to_string().contains("NoApplicationProtocol"), "edge/T7: {error}");
    });
}

#[test]
fn the_preface_of_h2_is_refused_after_http_1_1_was_chosen() {
    run(async {
        let server = secure().await;
        let mut client = connect(&server, &["http/1.1"]).await.unwrap();
        client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        assert_eq!(read_to_end(&mut client).await, refusal(Reason::VersionUnsupported), "edge/T8");
    });
}

#[test]
fn plain_text_on_a_tls_port_is_closed_without_an_answer_of_http() {
    run(async {
        let server = secure().await;
        let read = server.exchange(b"GET /secret HTTP/1.1\r\nhost: a\r\n\r\n").await;
        assert!(!read.contains("HTTP") && !read.contains("secret"), "edge/T20: {read:?}");
        assert!(server.shop.seen.borrow().is_empty());
    });
}

/// A ClientHello of `version` with these suites, and the alert that answers it.
async fn alert_for(server: &Server, version: [u8; 2], suites: &[u8]) -> (u8, u8) {
    let extensions = [
        0, 10, 0, 4, 0, 2, 0, 23, // supported_groups: P-256
        0, 11, 0, 2, 1, 0, // ec_point_formats: uncompressed
        0, 13, 0, 4, 0, 2, 4, 3, // signature_algorithms: ECDSA P-256 with SHA-256
    ];
    let mut hello = version.to_vec();
    hello.extend([7; 32]); // random
    hello.extend([0, 0, u8::try_from(suites.len()).unwrap()]); // no session
    hello.extend(suites);
    hello.extend([1, 0, 0, u8::try_from(extensions.len()).unwrap()]); // no compression
    hello.extend(extensions);
    let body = u8::try_from(hello.len()).unwrap();
    let mut record = vec![22, 3, 1, 0, body.saturating_add(4), 1, 0, 0, body];
    record.extend(hello);
    let mut client = server.connect().await;
    client.write_all(&record).await.unwrap();
    let mut alert = [0; 7];
    client.read_exact(&mut alert).await.unwrap();
    assert_eq!(read_to_end(&mut client).await, "", "nothing is served");
    (alert[0], alert[6])
}

#[test]
fn old_versions_are_refused_by_their_number() {
    run(async {
        let server = secure().await;
        for (version, name) in [([3, 0], "SSLv3"), ([3, 1], "TLS 1.0"), ([3, 2], "TLS 1.1")] {
            let alert = alert_for(&server, version, &[0xc0, 0x2b, 0xc0, 0x13, 0x00, 0x2f]).await;
            assert_eq!(alert, (21, 70), "edge/T1: {name} gets protocol_version");
        }
    });
}

#[test]
fn weak_suites_alone_are_refused() {
    run(async {
        let server = secure().await;
        let cases = [
            (&[0xc0, 0x09, 0xc0, 0x13, 0xc0, 0x23][..], "ECDHE with CBC"),
            (&[0x00, 0x9c, 0x00, 0x9d], "AES-GCM without forward secrecy: RSA key exchange"),
            (&[0x00, 0x2f, 0x00, 0x0a, 0x00, 0x05], "CBC, 3DES, RC4"),
        ];
        for (suites, name) in cases {
            assert_eq!(alert_for(&server, [3, 3], suites).await, (21, 40), "edge/T2: {name} gets handshake_failure");
        }
    });
}

#[test]
fn a_new_certificate_is_shown_to_new_connections_and_old_ones_live_on() {
    run(async {
        let server = secure().await;
        let mut old = connect(&server, &["http/1.1"]).await.unwrap();
        old.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        read_response(&mut old).await;

        *server.tls.borrow_mut() = Some(self::server("a.test"));
        let new = connect(&server, &["http/1.1"]).await.unwrap();
        let shown = |client: &TlsStream<TcpStream>| client.get_ref().1.peer_certificates().unwrap()[0].clone();
        assert_ne!(shown(&old), shown(&new), "edge/T10");

        old.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        assert!(read_response(&mut old).await.ends_with("Http1 2"), "edge/T10");
    });
}

#[test]
fn a_name_that_no_certificate_holds_gets_the_alert_for_it() {
    run(async {
        let server = secure().await;
        let client = Arc::new(client(&[]));
        for name in ["b.test", "x.a.test", "test"] {
            let error = connect_as(&server, &client, name).await.unwrap_err();
            assert!(error.to_string().contains("UnrecognisedName"), "edge/T6: {name}: {error}");
        }
        get(&mut connect_as(&server, &client, "127.0.0.1").await.unwrap()).await; // a client that names none
    });
}

#[test]
fn sessions_resume_until_the_certificate_changes() {
    run(async {
        let server = secure().await;
        let kind = |stream: &TlsStream<TcpStream>| stream.get_ref().1.handshake_kind();
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            let client = Arc::new(only(version));
            for expected in [HandshakeKind::Full, HandshakeKind::Resumed] {
                let mut stream = connect_as(&server, &client, "a.test").await.unwrap();
                get(&mut stream).await;
                assert_eq!(kind(&stream), Some(expected), "edge/T9: {version:?}");
            }
            *server.tls.borrow_mut() = Some(self::server("a.test"));
            let stream = connect_as(&server, &client, "a.test").await.unwrap();
            assert_eq!(
                kind(&stream),
                Some(HandshakeKind::Full),
                "edge/T9: the keys of tickets are never the same twice"
            );
        }
    });
}

#[test]
fn early_data_is_neither_offered_nor_taken() {
    run(async {
        let server = secure().await;
        let secure = server.tls.borrow().clone().unwrap();
        let mut config = client(&[]);
        config.enable_early_data = true;
        let client = Arc::new(config);
        get(&mut connect_as(&server, &client, "a.test").await.unwrap()).await;
        let mut resumed = rustls::ClientConnection::new(Arc::clone(&client), "a.test".try_into().unwrap()).unwrap();
        assert!(resumed.early_data().is_none(), "edge/T4: our tickets allow none");

        // A session that allows it, shown to us all the same.
        *server.tls.borrow_mut() = Some(secure.with_early_data(1024));
        get(&mut connect_as(&server, &client, "a.test").await.unwrap()).await;
        *server.tls.borrow_mut() = Some(secure);
        let address = server.address;
        let (offered, accepted) = tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            let mut tls = rustls::ClientConnection::new(client, "a.test".try_into().unwrap()).unwrap();
            let request = b"GET /early HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
            let offered = tls.early_data().map(|mut early| early.write(request).unwrap());
            while tls.is_handshaking() {
                tls.complete_io(&mut stream).unwrap();
            }
            let accepted = tls.is_early_data_accepted();
            let request = b"GET /late HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
            let mut stream = rustls::Stream::new(&mut tls, &mut stream);
            stream.write_all(request).unwrap();
            let _ = stream.read_to_end(&mut Vec::new()); // some end without a close_notify
            (offered, accepted)
        })
        .await
        .unwrap();
        assert!(offered.is_some_and(|written| written > 0), "the client offers it: else this shows nothing");
        assert!(!accepted, "edge/T4");
        assert_eq!(
            *server.shop.seen.borrow(),
            ["GET /", "GET /", "GET /late"],
            "edge/T4: what came early was not heard"
        );
    });
}
