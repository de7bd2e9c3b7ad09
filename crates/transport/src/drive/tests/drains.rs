use super::*;

#[test]
fn draining_tells_the_busy_to_close_and_closes_the_idle() {
    run(async {
        let server = Server::plain().await;
        let mut idle = server.connect().await;
        idle.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        read_response(&mut idle).await;
        let mut running = server.connect().await;
        running.write_all(b"GET /hold HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        let mut begun = server.connect().await;
        begun.write_all(b"GET / HTTP/1.1\r\nho").await.unwrap();
        let mut next = server.connect().await;
        next.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        read_response(&mut next).await;
        settle().await;

        server.drain.begin();
        settle().await;
        assert!(TcpStream::connect(server.address).await.is_err(), "edge/S18: the socket is closed");
        assert!(!server.ended.is_finished());

        next.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        begun.write_all(b"st: a\r\n\r\n").await.unwrap();
        server.shop.release.notify_one();
        for (client, body) in [(&mut running, "held"), (&mut begun, "Http1 1"), (&mut next, "Http1 2")] {
            let response = read_to_end(client).await;
            assert!(response.contains("\r\nconnection: close\r\n"), "edge/S18: {response}");
            assert!(response.ends_with(body), "edge/S18: {response}");
        }
        let (seconds, read) = server.seconds_until(read_to_end(&mut idle)).await;
        assert_eq!(read, "", "edge/S18");
        assert!((1..=2).contains(&seconds), "{seconds}");
        drop((running, begun, next, idle));
        server.ended.await.unwrap();
    });
}

#[test]
fn who_was_accepted_by_the_kernel_is_served_before_the_socket_closes() {
    run(async {
        let server = Server::plain().await;
        settle().await;
        let client = std::net::TcpStream::connect(server.address).unwrap(); // no task runs in between
        std::io::Write::write_all(&mut &client, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
        client.set_nonblocking(true).unwrap();
        server.drain.begin();
        let read = read_to_end(&mut TcpStream::from_std(client).unwrap()).await;
        assert!(read.ends_with("Http1 1"), "edge/S18: {read:?}");
    });
}

#[test]
fn an_abort_ends_what_a_drain_waits_for() {
    run(async {
        let server = Server::plain().await;
        let mut running = server.connect().await;
        running.write_all(b"GET /hold HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        settle().await;
        server.drain.begin();
        settle().await;
        assert!(!server.ended.is_finished());
        server.drain.abort();
        server.ended.await.unwrap();
        assert_eq!(read_to_end(&mut running).await, "");
        assert_eq!(server.shop.connection.borrow().as_ref().unwrap().active(), 0);
    });
}
