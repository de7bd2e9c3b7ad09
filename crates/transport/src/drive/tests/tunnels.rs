use super::*;
use portcullis_core::bounds::{TUNNEL_IDLE_TIMEOUT, WARM_TIMEOUT};
use std::sync::Arc;

const UPGRADE: &[u8] = b"GET /tunnel HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";

/// The upstream's side of the tunnel that `/tunnel` will set, and the end of the tunnel once it came.
fn prepare(server: &Server, leftover: &'static str) -> (tokio::io::DuplexStream, Rc<Cell<Option<TunnelEnd>>>) {
    let (near, far) = tokio::io::duplex(1024);
    let end = Rc::new(Cell::new(None));
    let told = Rc::clone(&end);
    let tunnel = Tunnel {
        upstream: Box::new(near),
        leftover: leftover.into(),
        on_end: Box::new(move |end| told.set(Some(end))),
    };
    server.shop.tunnel.set(Some(tunnel));
    (far, end)
}

async fn read_head(client: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

#[test]
fn bytes_that_came_early_on_either_side_are_carried_first() {
    run(async {
        let server = Server::plain().await;
        let (mut upstream, end) = prepare(&server, "from upstream, early;");
        let mut client = server.connect().await;
        client.write_all(&[UPGRADE, b"from client, early;"].concat()).await.unwrap();
        let head = read_head(&mut client).await;
        assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");

        client.write_all(b"late").await.unwrap();
        upstream.write_all(b"late").await.unwrap();
        let mut up = [0; 23];
        upstream.read_exact(&mut up).await.unwrap();
        assert_eq!(&up, b"from client, early;late");
        assert_eq!(server.roster.evict(1), 0, "edge/S20: a tunnel is not idle, whoever needs its place");
        let mut down = [0; 25];
        client.read_exact(&mut down).await.unwrap();
        assert_eq!(&down, b"from upstream, early;late");

        client.shutdown().await.unwrap();
        assert_eq!(upstream.read(&mut [0]).await.unwrap(), 0, "the end of one side reaches the other");
        upstream.write_all(b"bye").await.unwrap();
        drop(upstream);
        assert_eq!(read_to_end(&mut client).await, "bye");
        settle().await;
        assert_eq!(end.get(), Some(TunnelEnd { up: 23, down: 28, is_idle: false, is_broken: false }));
        assert_eq!(server.connections.counts().open, 0);
    });
}

#[test]
fn more_than_one_buffer_of_early_bytes_is_carried() {
    run(async {
        let server = Server::plain().await;
        let (mut upstream, _) = prepare(&server, "");
        let mut client = server.connect().await;
        let early = vec![b'e'; 30_000];
        // A request before it, so that hyper holds the begin of the next one when its buffers are dropped.
        client.write_all(&[b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", &UPGRADE[..5]].concat()).await.unwrap();
        read_response(&mut client).await;
        settle().await;
        server.wheel.advance(WARM_TIMEOUT * 2);
        client.write_all(&[&UPGRADE[5..], &early].concat()).await.unwrap();
        read_head(&mut client).await;
        let mut up = vec![0; early.len()];
        upstream.read_exact(&mut up).await.unwrap();
        assert!(up == early);
    });
}

#[test]
fn much_is_carried_both_ways_at_once() {
    run(async {
        let server = Server::plain().await;
        let (upstream, end) = prepare(&server, "");
        let mut client = server.connect().await;
        client.write_all(UPGRADE).await.unwrap();
        read_head(&mut client).await;
        let sent: Arc<[u8]> = (0..1_000_000_u32).map(|place| (place % 251) as u8).collect();
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_upstream, mut to_upstream) = tokio::io::split(upstream);
        let (mut up, mut down) = (Vec::new(), Vec::new());
        let writing_up = async {
            to_client.write_all(&sent).await.unwrap();
            to_client.shutdown().await.unwrap();
        };
        let writing_down = async {
            to_upstream.write_all(&sent).await.unwrap();
            to_upstream.shutdown().await.unwrap();
        };
        let _ends = tokio::join!(
            writing_up,
            writing_down,
            from_upstream.read_to_end(&mut up),
            from_client.read_to_end(&mut down)
        );
        assert!(up == *sent && down == *sent);
        settle().await;
        assert_eq!(end.get(), Some(TunnelEnd { up: 1_000_000, down: 1_000_000, is_idle: false, is_broken: false }));
    });
}

#[test]
fn a_tunnel_without_bytes_ends() {
    run(async {
        let server = Server::plain().await;
        let (mut upstream, end) = prepare(&server, "");
        let mut client = server.connect().await;
        client.write_all(UPGRADE).await.unwrap();
        read_head(&mut client).await;
        settle().await;
        server.wheel.advance(TUNNEL_IDLE_TIMEOUT / 2);
        upstream.write_all(b"x").await.unwrap();
        client.read_u8().await.unwrap();
        server.wheel.advance(TUNNEL_IDLE_TIMEOUT * 3 / 4);
        settle().await;
        assert_eq!(end.get(), None, "a byte in either direction counts");
        server.wheel.advance(TUNNEL_IDLE_TIMEOUT);
        assert_eq!(read_to_end(&mut client).await, "", "edge/S20");
        assert_eq!(end.get(), Some(TunnelEnd { up: 0, down: 1, is_idle: true, is_broken: false }));
    });
}
