use super::*;
use portcullis_core::bounds::HANDSHAKE_TIMEOUT;

const LINE: &[u8] = b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n";
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

/// Expects a header; 127.0.0.1 is a trusted proxy.
async fn behind_proxy(options: Options) -> Server {
    let server = Server::start(Options { proxy_protocol: true, ..options }).await;
    server.shop.trusted.set(Some("127.0.0.1".parse().unwrap()));
    server
}

fn closed_for_header(server: &Server) -> u64 {
    server.connections.counts().closed[Closed::ProxyHeader as usize]
}

#[test]
fn the_header_says_who_the_client_is() {
    run(async {
        let server = behind_proxy(Options::default()).await;
        let mut client = server.connect().await;
        for part in [&LINE[..3], &LINE[3..30], &[&LINE[30..], &REQUEST[..5]].concat(), &REQUEST[5..]] {
            client.write_all(part).await.unwrap();
            settle().await;
        }
        assert!(read_response(&mut client).await.contains("200 OK"), "edge/Y8");
        let peer = server.shop.connection.borrow().as_ref().unwrap().peer;
        assert_eq!(peer, "192.0.2.7:4711".parse().unwrap(), "edge/Y8");
        assert_eq!(closed_for_header(&server), 0);
    });
}

#[test]
fn what_follows_the_header_is_left_to_tls() {
    run(async {
        let server = behind_proxy(Options { tls: Some(tls::server("a.test")), ..Options::default() }).await;
        let mut socket = server.connect().await;
        socket
            .write_all(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\xc6\x33\x64\x01\x12\x67\x01\xbb")
            .await
            .unwrap();
        let mut client = tls::over(socket, &["h2"]).await.unwrap();
        client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
        let mut settings = [0; 9];
        client.read_exact(&mut settings).await.unwrap();
        assert_eq!(settings[3], 4, "edge/Y8: SETTINGS of a server");
    });
}

#[test]
fn a_proxy_that_speaks_for_itself_keeps_its_address() {
    run(async {
        let server = behind_proxy(Options::default()).await;
        for header in [&b"PROXY UNKNOWN\r\n"[..], b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"] {
            let mut client = server.connect().await;
            client.write_all(&[header, REQUEST].concat()).await.unwrap();
            assert!(read_response(&mut client).await.contains("200 OK"), "edge/Y9");
            let peer = server.shop.connection.borrow().as_ref().unwrap().peer;
            assert_eq!(peer, client.local_addr().unwrap(), "edge/Y9");
        }
    });
}

#[test]
fn without_a_header_nothing_is_answered() {
    run(async {
        let server = behind_proxy(Options::default()).await;
        let long = [b"PROXY UNKNOWN ".as_slice(), &[b'x'; 92], b"\r\n"].concat();
        let bare = b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\n".as_slice();
        for bytes in [REQUEST, &long, bare, b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"] {
            assert_eq!(server.exchange(bytes).await, "", "edge/Y9: {bytes:?}");
        }
        assert_eq!(closed_for_header(&server), 4);
        let mut silent = server.connect().await;
        silent.write_all(&LINE[..20]).await.unwrap();
        let (seconds, read) = server.seconds_until(read_to_end(&mut silent)).await;
        assert_eq!(read, "", "edge/Y9");
        let limit = HANDSHAKE_TIMEOUT.as_secs();
        assert!((limit..=limit + 2).contains(&seconds), "{seconds}");

        server.shop.trusted.set(None);
        assert_eq!(server.exchange(&[LINE, REQUEST].concat()).await, "", "edge/Y9: an untrusted peer");
        assert_eq!(closed_for_header(&server), 6);
        assert_eq!(*server.shop.seen.borrow(), [""; 0]);
    });
}

#[test]
fn caps_by_address_hold_for_the_client_and_not_for_its_proxy() {
    run(async {
        let connections = Some(Connections::bounded(100, 2));
        let server = behind_proxy(Options { connections, ..Options::default() }).await;
        let mut held = Vec::new();
        for host in ["192.0.2.7", "192.0.2.7", "192.0.2.8", "192.0.2.9"] {
            let mut client = server.connect().await;
            let header = format!("PROXY TCP4 {host} 198.51.100.1 4711 443\r\n");
            client.write_all(&[header.as_bytes(), REQUEST].concat()).await.unwrap();
            assert!(read_response(&mut client).await.contains("200 OK"), "edge/Y8: {host}");
            held.push(client);
        }
        assert_eq!(server.exchange(&[LINE, REQUEST].concat()).await, "", "edge/S9: the third of one client");
        assert_eq!(server.connections.counts().closed, [1, 0, 0, 0, 0]);
    });
}
