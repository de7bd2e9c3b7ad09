use super::*;
use portcullis_core::bounds::{EVICTED_AT_ONCE, HANDSHAKES_PER_ADDRESS, MAX_CONNECTION_AGE};

#[test]
fn one_address_over_its_cap_is_closed_at_accept() {
    run(async {
        let server =
            Server::start(Options { connections: Some(Connections::bounded(100, 2)), ..Options::default() }).await;
        let held = [server.connect().await, server.connect().await];
        assert_eq!(read_to_end(&mut server.connect().await).await, "", "edge/S9");
        assert_eq!(
            server.connections.counts(),
            Counts { open: 2, accepted: 3, closed: [1, 0, 0, 0, 0], ..Counts::default() }
        );

        server.shop.trusted.set(Some("127.0.0.1".parse().unwrap()));
        let mut proxy = server.connect().await;
        proxy.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        assert!(read_response(&mut proxy).await.contains("200 OK"), "edge/S9: a trusted proxy is exempt");

        drop((held, proxy));
        settle().await;
        assert_eq!(server.connections.counts().open, 0);
    });
}

/// A connection that has had one answer, and the answer.
async fn served(server: &Server) -> TcpStream {
    let mut client = server.connect().await;
    get(&mut client).await;
    client
}

async fn get(client: &mut TcpStream) -> String {
    client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    read_response(client).await
}

#[test]
fn at_the_cap_of_the_process_accepting_waits() {
    run(async {
        let server =
            Server::start(Options { connections: Some(Connections::bounded(1, 10)), ..Options::default() }).await;
        let mut first = server.connect().await;
        first.write_all(b"GET /hold HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        settle().await;
        let mut second = server.connect().await;
        second.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        settle().await;
        server.wheel.advance(Duration::from_secs(1));
        settle().await;
        assert_eq!(server.connections.counts().accepted, 1, "edge/S9: the second waits in the kernel");
        assert_eq!(server.connections.counts().closed, [0; 5], "an exchange is not cut to make room");
        drop(first);
        let (_, response) = server.seconds_until(read_response(&mut second)).await;
        assert!(response.contains("200 OK"), "edge/S9");
    });
}

#[test]
fn at_the_cap_of_the_process_the_oldest_idle_connections_make_room() {
    run(async {
        let max = EVICTED_AT_ONCE + 2;
        let server =
            Server::start(Options { connections: Some(Connections::bounded(max, 1000)), ..Options::default() }).await;
        let mut old = Vec::new();
        for _ in 0..EVICTED_AT_ONCE {
            old.push(served(&server).await);
        }
        server.wheel.advance(Duration::from_secs(10)); // their buffers go, and time passes
        settle().await;
        let mut young = served(&server).await;
        let mut running = server.connect().await;
        running.write_all(b"GET /hold HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        settle().await;

        let mut late = server.connect().await;
        let (_, response) = server.seconds_until(get(&mut late)).await;
        assert!(response.contains("200 OK"), "edge/S9: {response}");
        for client in &mut old {
            assert_eq!(read_to_end(client).await, "", "edge/S9: closed without an answer");
        }
        assert!(get(&mut young).await.contains("200 OK"), "edge/S9: the oldest first");
        server.shop.release.notify_one();
        assert!(read_response(&mut running).await.ends_with("held"), "edge/S9: not one with an exchange");
        assert_eq!(server.connections.counts().closed, [0, 0, 0, EVICTED_AT_ONCE as u64, 0]);
    });
}

#[test]
fn an_address_begins_so_many_handshakes_a_second() {
    run(async {
        let server = Server::start(Options { tls: Some(tls::server("a.test")), ..Options::default() }).await;
        let begin = || async {
            drop(server.connect().await);
            settle().await;
        };
        for _ in 0..HANDSHAKES_PER_ADDRESS {
            begin().await;
        }
        assert_eq!(server.connections.counts().closed, [0; 5]);
        begin().await;
        assert_eq!(server.connections.counts().closed, [0, 1, 0, 0, 0], "edge/S2: before any TLS work");
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        drop(socket.connect(server.address).await.unwrap());
        settle().await;
        assert_eq!(server.connections.counts().closed, [0, 1, 0, 0, 0], "edge/S2: another address has its own");

        server.shop.trusted.set(Some("127.0.0.1".parse().unwrap()));
        assert!(tls::connect(&server, &[]).await.is_ok(), "edge/S2: a trusted proxy is exempt");
        server.shop.trusted.set(None);
        server.clock.advance(Duration::from_secs(1));
        assert!(tls::connect(&server, &[]).await.is_ok(), "edge/S2: a second later");
    });
}

#[test]
fn handshakes_leave_a_part_of_the_core_to_others() {
    run(async {
        let server = Server::start(Options { tls: Some(tls::server("a.test")), ..Options::default() }).await;
        let mut open = tls::connect(&server, &[]).await.unwrap();
        CPU_STEP.set(400_000); // each poll of a handshake
        assert!(tls::connect(&server, &[]).await.is_ok(), "within the burst");
        assert!(tls::connect(&server, &[]).await.is_err(), "edge/S2: closed at accept");
        assert_eq!(server.connections.counts().closed, [0, 0, 1, 0, 0]);
        open.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        assert!(read_response(&mut open).await.contains("200 OK"), "edge/S2: who is there is served");
        CPU_STEP.set(0);
        server.clock.advance(Duration::from_secs(10));
        assert!(tls::connect(&server, &[]).await.is_ok());
    });
}

#[test]
fn a_connection_of_an_hour_closes_after_its_exchanges() {
    run(async {
        let server = Server::start(Options { h2c: true, ..Options::default() }).await;
        let mut busy = server.connect().await;
        busy.write_all(b"GET /hold HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        settle().await;
        server.wheel.advance(MAX_CONNECTION_AGE - Duration::from_secs(1));
        server.roster.sweep();
        let mut idle = served(&server).await; // younger
        server.wheel.advance(Duration::from_secs(2));
        server.roster.sweep();
        settle().await;
        server.shop.release.notify_one();
        let response = read_to_end(&mut busy).await;
        assert!(response.contains("\r\nconnection: close\r\n") && response.ends_with("held"), "edge/H59: {response}");
        assert!(!get(&mut idle).await.contains("connection: close"), "edge/H59: not before");
    });
}
