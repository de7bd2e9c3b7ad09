use super::*;
use crate::websocket::{Breach, Limits, Sender};
use portcullis_core::bounds::{LINGER_TIMEOUT, TUNNEL_IDLE_TIMEOUT, WARM_TIMEOUT};
use std::sync::Arc;
use tokio::io::DuplexStream;

const UPGRADE: &[u8] = b"GET /tunnel HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";

/// Close frames of ours, as a client and as an upstream get them.
const fn closes(code: u8) -> ([u8; 4], [u8; 8]) {
    ([0x88, 2, 3, code], [0x88, 0x82, 0, 0, 0, 0, 3, code])
}
const GOING_AWAY: u8 = 0xe9;
const PROTOCOL_ERROR: u8 = 0xea;
const POLICY: u8 = 0xf0;
const TOO_LARGE: u8 = 0xf1;

/// A whole message of an upstream.
fn unmasked(payload: &[u8]) -> Vec<u8> {
    message(0, payload)
}

/// A whole message of a client, under a key that changes nothing.
fn masked(payload: &[u8]) -> Vec<u8> {
    message(0x80, payload)
}

fn message(mask: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x82];
    match payload.len() {
        short @ 0..=125 => frame.push(mask | short as u8),
        long @ 126..=65_535 => {
            frame.push(mask | 126);
            frame.extend((long as u16).to_be_bytes());
        }
        huge => {
            frame.push(mask | 127);
            frame.extend((huge as u64).to_be_bytes());
        }
    }
    frame.extend(if mask == 0 { &[][..] } else { &[0; 4] });
    frame.extend_from_slice(payload);
    frame
}

/// A client and an upstream with a tunnel between them, and its end once it came.
struct Pair {
    server: Server,
    client: TcpStream,
    upstream: DuplexStream,
    end: Rc<Cell<Option<TunnelEnd>>>,
}

/// What the upstream's side of the tunnel that `/tunnel` will set is.
fn prepare(server: &Server, limits: Limits, leftover: Vec<u8>) -> (DuplexStream, Rc<Cell<Option<TunnelEnd>>>) {
    let (near, far) = tokio::io::duplex(1024);
    let end = Rc::new(Cell::new(None));
    let told = Rc::clone(&end);
    let tunnel = Tunnel {
        upstream: Box::new(near),
        leftover: leftover.into(),
        limits,
        on_end: Box::new(move |end| told.set(Some(end))),
    };
    server.shop.tunnel.set(Some(tunnel));
    (far, end)
}

impl Pair {
    async fn open(limits: Limits) -> Self {
        let server = Server::plain().await;
        let (upstream, end) = prepare(&server, limits, Vec::new());
        let mut client = server.connect().await;
        client.write_all(UPGRADE).await.unwrap();
        let head = read_head(&mut client).await;
        assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
        settle().await;
        Self { server, client, upstream, end }
    }

    /// Everything that comes to either side until both have ended.
    async fn rest(&mut self) -> (Vec<u8>, Vec<u8>) {
        let (mut down, mut up) = (Vec::new(), Vec::new());
        self.client.read_to_end(&mut down).await.unwrap();
        self.client.shutdown().await.unwrap();
        self.upstream.read_to_end(&mut up).await.unwrap();
        self.upstream.shutdown().await.unwrap();
        settle().await;
        (down, up)
    }

    fn cut(&self) -> Option<Cut> {
        self.end.get().unwrap().cut
    }
}

const fn protocol(sender: Sender, detail: &'static str) -> Option<Cut> {
    Some(Cut::Breach(sender, Breach::Protocol(detail)))
}

async fn read_head(client: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

async fn read_frame(from: &mut (impl tokio::io::AsyncRead + Unpin), expected: &[u8]) {
    let mut frame = vec![0; expected.len()];
    from.read_exact(&mut frame).await.unwrap();
    assert!(frame == expected);
}

#[test]
fn frames_that_came_early_on_either_side_are_carried_first() {
    run(async {
        let server = Server::plain().await;
        let (mut upstream, end) = prepare(&server, Limits::default(), unmasked(b"from upstream, early"));
        let mut client = server.connect().await;
        // A whole frame and a part of a header.
        client.write_all(&[UPGRADE, &masked(b"from client, early"), &masked(b"late")[..3]].concat()).await.unwrap();
        let head = read_head(&mut client).await;
        assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
        client.write_all(&masked(b"late")[3..]).await.unwrap();
        upstream.write_all(&unmasked(b"late")).await.unwrap();
        read_frame(&mut upstream, &[masked(b"from client, early"), masked(b"late")].concat()).await;
        assert_eq!(server.roster.evict(1), 0, "edge/S20: a tunnel is not idle, whoever needs its place");
        read_frame(&mut client, &[unmasked(b"from upstream, early"), unmasked(b"late")].concat()).await;

        client.shutdown().await.unwrap();
        assert_eq!(upstream.read(&mut [0]).await.unwrap(), 0, "the end of one side reaches the other");
        upstream.write_all(&unmasked(b"bye")).await.unwrap();
        drop(upstream);
        assert_eq!(read_to_end(&mut client).await, "\u{fffd}\u{3}bye");
        settle().await;
        assert_eq!(end.get(), Some(TunnelEnd { up: 34, down: 33, cut: None, is_broken: false }));
        assert_eq!(server.connections.counts().open, 0);
    });
}

#[test]
fn more_than_one_buffer_of_early_frames_is_carried() {
    run(async {
        let server = Server::plain().await;
        let (mut upstream, _) = prepare(&server, Limits::default(), Vec::new());
        let mut client = server.connect().await;
        let early = masked(&[b'e'; 30_000]);
        // A request before it, so that hyper holds the begin of the next one when its buffers are dropped.
        client.write_all(&[b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", &UPGRADE[..5]].concat()).await.unwrap();
        read_response(&mut client).await;
        settle().await;
        server.wheel.advance(WARM_TIMEOUT * 2);
        client.write_all(&[&UPGRADE[5..], &early].concat()).await.unwrap();
        read_head(&mut client).await;
        read_frame(&mut upstream, &early).await;
    });
}

#[test]
fn both_directions_carry_more_than_fits_at_once() {
    run(async {
        let Pair { client, upstream, end, .. } = Pair::open(Limits::default()).await;
        let payload: Vec<u8> = (0..1_000_000_u32).map(|place| (place % 251) as u8).collect();
        let sent: Arc<[Vec<u8>; 2]> = Arc::new([masked(&payload), unmasked(&payload)]);
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_upstream, mut to_upstream) = tokio::io::split(upstream);
        let (mut up, mut down) = (Vec::new(), Vec::new());
        let writing_up = async {
            to_client.write_all(&sent[0]).await.unwrap();
            to_client.shutdown().await.unwrap();
        };
        let writing_down = async {
            to_upstream.write_all(&sent[1]).await.unwrap();
            to_upstream.shutdown().await.unwrap();
        };
        let _ends = tokio::join!(
            writing_up,
            writing_down,
            from_upstream.read_to_end(&mut up),
            from_client.read_to_end(&mut down)
        );
        assert!(up == sent[0] && down == sent[1]);
        settle().await;
        assert_eq!(end.get(), Some(TunnelEnd { up: 1_000_014, down: 1_000_010, cut: None, is_broken: false }));
    });
}

#[test]
fn a_header_that_comes_byte_by_byte_passes() {
    run(async {
        let mut pair = Pair::open(Limits::default()).await;
        let (up, down) = (masked(&[b'u'; 200]), unmasked(&[b'd'; 200]));
        for place in 0..up.len().max(down.len()) {
            pair.client.write_all(up.get(place..=place).unwrap_or_default()).await.unwrap();
            pair.upstream.write_all(down.get(place..=place).unwrap_or_default()).await.unwrap();
            settle().await;
        }
        read_frame(&mut pair.upstream, &up).await;
        read_frame(&mut pair.client, &down).await;
    });
}

#[test]
fn a_tunnel_without_bytes_ends() {
    run(async {
        let mut pair = Pair::open(Limits::default()).await;
        pair.server.wheel.advance(TUNNEL_IDLE_TIMEOUT / 2);
        pair.upstream.write_all(&unmasked(b"x")).await.unwrap();
        read_frame(&mut pair.client, &unmasked(b"x")).await;
        pair.server.wheel.advance(TUNNEL_IDLE_TIMEOUT * 3 / 4);
        settle().await;
        assert_eq!(pair.end.get(), None, "a byte in either direction counts");
        pair.server.wheel.advance(TUNNEL_IDLE_TIMEOUT);
        let (client, upstream) = closes(GOING_AWAY);
        assert_eq!(pair.rest().await, (client.to_vec(), upstream.to_vec()), "edge/S20");
        assert_eq!(pair.end.get(), Some(TunnelEnd { up: 0, down: 3, cut: Some(Cut::Silent), is_broken: false }));
    });
}

#[test]
fn a_tunnel_has_an_age() {
    run(async {
        let limits = Limits { max_age: TUNNEL_IDLE_TIMEOUT * 4, ..Limits::default() };
        let mut pair = Pair::open(limits).await;
        for _ in 0..5 {
            pair.upstream.write_all(&unmasked(b"x")).await.unwrap();
            read_frame(&mut pair.client, &unmasked(b"x")).await;
            assert_eq!(pair.end.get(), None);
            pair.server.wheel.advance(TUNNEL_IDLE_TIMEOUT * 4 / 5);
            settle().await;
        }
        pair.server.wheel.advance(TUNNEL_IDLE_TIMEOUT / 10);
        let (client, upstream) = closes(GOING_AWAY);
        assert_eq!(pair.rest().await, (client.to_vec(), upstream.to_vec()), "edge/S20: a total limit");
        assert_eq!(pair.cut(), Some(Cut::Old));
    });
}

#[test]
fn what_a_client_may_not_send_ends_both_sides() {
    let large = masked(&[0; 2000]);
    let limits = Limits { max_message: 1000, messages: 100, ..Limits::default() };
    let many = masked(b"").repeat(201);
    let fast = Some(Cut::Breach(Sender::Client, Breach::TooFast));
    let cases: [(&[u8], u8, Option<Cut>, usize); 4] = [
        (b"\x82\x02no", PROTOCOL_ERROR, protocol(Sender::Client, "frame not masked"), 0),
        (b"\x83\x80....", PROTOCOL_ERROR, protocol(Sender::Client, "unknown opcode"), 0),
        (&large, TOO_LARGE, Some(Cut::Breach(Sender::Client, Breach::TooLarge)), 0),
        (&many, POLICY, fast, 199 * 6),
    ];
    for (sent, code, cut, passed) in cases {
        run(async move {
            let mut pair = Pair::open(limits).await;
            pair.client.write_all(&[&masked(b"fine"), sent].concat()).await.unwrap();
            let (to_client, to_upstream) = closes(code);
            let passed = [&masked(b"fine"), &sent[..passed], &to_upstream[..]].concat();
            assert_eq!(pair.rest().await, (to_client.to_vec(), passed), "edge/P13: {cut:?}");
            assert_eq!(pair.cut(), cut, "edge/P13");
            assert_eq!(pair.end.get().unwrap().down, 0, "a close frame of ours is not the upstream's");
        });
    }
}

#[test]
fn what_an_upstream_may_not_send_ends_both_sides_after_the_frame_on_its_way() {
    run(async {
        let mut pair = Pair::open(Limits::default()).await;
        let frame = masked(b"on its way");
        pair.client.write_all(&frame[..10]).await.unwrap();
        settle().await;
        pair.upstream.write_all(&[unmasked(b"fine"), masked(b"no")].concat()).await.unwrap();
        let (to_client, to_upstream) = closes(PROTOCOL_ERROR);
        read_frame(&mut pair.client, &[&unmasked(b"fine")[..], &to_client].concat()).await;
        pair.client.write_all(&[&frame[10..], &masked(b"too late")].concat()).await.unwrap();
        let (down, up) = pair.rest().await;
        assert_eq!(down, b"");
        assert_eq!(up, [&frame[..], &to_upstream].concat());
        assert_eq!(pair.cut(), protocol(Sender::Upstream, "frame masked"));
    });
}

#[test]
fn nobody_is_waited_for_once_a_tunnel_was_cut() {
    run(async {
        let mut pair = Pair::open(Limits::default()).await;
        // The client is in the middle of a frame and never goes on; the upstream reads nothing.
        pair.client.write_all(&masked(&[0; 50_000])[..40_000]).await.unwrap();
        settle().await;
        pair.upstream.write_all(&masked(b"no")).await.unwrap();
        read_frame(&mut pair.client, &closes(PROTOCOL_ERROR).0).await;
        assert_eq!(pair.end.get(), None);
        pair.server.wheel.advance(LINGER_TIMEOUT * 2);
        settle().await;
        assert_eq!(pair.cut(), protocol(Sender::Upstream, "frame masked"));
        assert_eq!(pair.server.connections.counts().open, 0);
    });
}

#[test]
fn nothing_follows_a_close_frame() {
    run(async {
        let mut pair = Pair::open(Limits::default()).await;
        let close = b"\x88\x82....\x03\xe8";
        pair.client.write_all(close).await.unwrap();
        read_frame(&mut pair.upstream, close).await;
        pair.client.write_all(&masked(b"more")).await.unwrap();
        assert_eq!(
            pair.rest().await,
            (closes(PROTOCOL_ERROR).0.to_vec(), Vec::new()),
            "not even a close frame of ours"
        );
        assert_eq!(pair.cut(), protocol(Sender::Client, "frame behind a close frame"));
    });
}
