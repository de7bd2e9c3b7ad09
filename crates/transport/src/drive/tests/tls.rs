use super::*;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use crate::tls;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
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

pub(super) async fn connect(server: &Server, alpn: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
    over(server.connect().await, alpn).await
}

pub(super) async fn over(socket: TcpStream, alpn: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trusting))
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsConnector::from(Arc::new(config)).connect("A.test".try_into().unwrap(), socket).await
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

#[test]
fn tls_1_1_is_refused_by_its_version() {
    let signatures = [0, 8, 0, 13, 0, 4, 0, 2, 4, 3]; // signature_algorithms: ECDSA P-256 with SHA-256
    let mut hello = vec![0x03, 0x02]; // ClientHello.client_version: TLS 1.1
    hello.extend([7; 32]); // random
    hello.extend([0, 0, 4, 0xc0, 0x13, 0x00, 0x2f, 1, 0]); // no session, two CBC suites, no compression
    hello.extend(signatures);
    let body = u8::try_from(hello.len()).unwrap();
    let mut record = vec![22, 3, 1, 0, body + 4, 1, 0, 0, body];
    record.extend(hello);
    run(async {
        let server = secure().await;
        let mut client = server.connect().await;
        client.write_all(&record).await.unwrap();
        let mut alert = [0; 7];
        client.read_exact(&mut alert).await.unwrap();
        assert_eq!((alert[0], alert[6]), (21, 70), "edge/T1: alert protocol_version");
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
