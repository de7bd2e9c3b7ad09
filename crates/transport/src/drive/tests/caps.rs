use super::*;

#[test]
fn one_address_over_its_cap_is_closed_at_accept() {
    run(async {
        let server =
            Server::start(Options { connections: Some(Connections::bounded(100, 2)), ..Options::default() }).await;
        let held = [server.connect().await, server.connect().await];
        assert_eq!(read_to_end(&mut server.connect().await).await, "", "edge/S9");
        assert_eq!(server.connections.counts(), Counts { open: 2, accepted: 3, refused: 1, failed_handshakes: 0 });

        server.shop.trusted.set(Some("127.0.0.1".parse().unwrap()));
        let mut proxy = server.connect().await;
        proxy.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        assert!(read_response(&mut proxy).await.contains("200 OK"), "edge/S9: a trusted proxy is exempt");

        drop((held, proxy));
        settle().await;
        assert_eq!(server.connections.counts().open, 0);
    });
}

#[test]
fn at_the_cap_of_the_process_accepting_waits() {
    run(async {
        let server =
            Server::start(Options { connections: Some(Connections::bounded(1, 10)), ..Options::default() }).await;
        let first = server.connect().await;
        let mut second = server.connect().await;
        second.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        settle().await;
        server.wheel.advance(Duration::from_secs(1));
        settle().await;
        assert_eq!(server.connections.counts().accepted, 1, "edge/S9: the second waits in the kernel");
        drop(first);
        let (_, response) = server.seconds_until(read_response(&mut second)).await;
        assert!(response.contains("200 OK"), "edge/S9");
    });
}
