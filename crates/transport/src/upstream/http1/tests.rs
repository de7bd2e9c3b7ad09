//! hyper's client as a second opinion: what it refuses is refused here, and what both accept they read alike.

use super::decoder::Decoder;
use super::head::Heads;
use crate::upstream::judge::judge;
use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body::Frame;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1::Builder;
use hyper_util::rt::TokioIo;
use portcullis_core::bounds::{MAX_UPSTREAM_HEAD_BYTES, MAX_UPSTREAM_HEADER_FIELDS};
use proptest::prelude::*;
use tokio::io::AsyncWriteExt as _;

/// What a client gets.
#[derive(Debug, Default, PartialEq, Eq)]
struct Got {
    status: u16,
    fields: HeaderMap,
    content: Vec<u8>,
    trailers: HeaderMap,
}

impl Got {
    fn add(&mut self, frame: Frame<Bytes>) {
        match frame.into_data() {
            Ok(data) => self.content.extend_from_slice(&data),
            Err(frame) => self.trailers = frame.into_trailers().unwrap(),
        }
    }
}

/// What is read here of these pieces, before the connection ends.
fn ours(method: &Method, pieces: &[&[u8]]) -> Option<Got> {
    let mut pieces = pieces.iter().map(|piece| Bytes::copy_from_slice(piece));
    let mut heads = Heads::default();
    let head = loop {
        if let Some(head) = heads.read(pieces.next()?).ok()? {
            break head;
        }
    };
    let (status, fields) = (head.response.status(), head.response.headers().clone());
    let framing = judge(status, &fields, false).ok()?;
    let has_none = *method == Method::HEAD || matches!(status.as_u16(), 204 | 304);
    let mut decoder = Decoder::new((!has_none).then_some(framing));
    let mut got = Got { status: status.as_u16(), fields, ..Got::default() };
    for mut unread in std::iter::once(head.rest).chain(pieces) {
        while let Some(frame) = decoder.next(&mut unread).ok()? {
            got.add(frame);
        }
    }
    decoder.end().ok()?;
    Some(got)
}

/// What hyper reads of it.
async fn theirs(method: &Method, bytes: &[u8]) -> Option<Got> {
    let (near, mut far) = tokio::io::duplex(1 << 20);
    let mut builder = Builder::new();
    builder.max_headers(MAX_UPSTREAM_HEADER_FIELDS).max_buf_size(MAX_UPSTREAM_HEAD_BYTES);
    let (mut sender, connection) = builder.handshake(TokioIo::new(near)).await.ok()?;
    let connection = tokio::task::spawn_local(connection);
    let request = Request::builder().method(method).uri("/").header("host", "a").body(Empty::<Bytes>::new()).unwrap();
    let exchange = async {
        let response = sender.send_request(request).await.ok()?;
        let (parts, mut body) = response.into_parts();
        let mut got = Got { status: parts.status.as_u16(), fields: parts.headers, ..Got::default() };
        while let Some(frame) = body.frame().await {
            got.add(frame.ok()?);
        }
        Some(got)
    };
    let upstream = async {
        while tokio::io::AsyncReadExt::read(&mut far, &mut [0; 4096]).await.unwrap() == 0 {}
        let _ = far.write_all(bytes).await; // hyper may close before it has read everything
        drop(far);
    };
    let (got, ()) = tokio::join!(exchange, upstream);
    connection.abort();
    got
}

/// Compares the two; whether the response passes here.
fn agree(method: &Method, bytes: &[u8]) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let local = tokio::task::LocalSet::new();
    let theirs = local.block_on(&runtime, theirs(method, bytes));
    let whole = ours(method, &[bytes]);
    for size in [1, 3] {
        assert_eq!(ours(method, &bytes.chunks(size).collect::<Vec<_>>()), whole, "{} cut", bytes.escape_ascii());
    }
    if whole.is_some() {
        assert_eq!(whole, theirs, "{}", bytes.escape_ascii());
    }
    whole.is_some()
}

const STATUS: [&str; 10] = [
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 204 No Content\r\n",
    "HTTP/1.1 304 Not Modified\r\n",
    "HTTP/1.0 200 OK\r\n",
    "HTTP/1.1 500 Oh \t no\r\n",
    "HTTP/1.1 404\r\n",
    "HTTP/1.1 200 OK\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
    "HTTP/1.1 103\r\nlink: a\r\n\r\n\r\nHTTP/1.1 200 OK\r\n",
];
const FIELDS: [&str; 16] = [
    "content-length: 5\r\n",
    "content-length: 5\r\n",
    "Content-Length:0\r\n",
    "content-length: 05 \r\n",
    "content-length: 5, 5\r\n",
    "transfer-encoding: chunked\r\n",
    "transfer-encoding: chunked\r\n",
    "Transfer-Encoding:\tChunked\r\n",
    "transfer-encoding: gzip\r\n",
    "connection: close\r\n",
    "a: b\r\n",
    "a:\r\n",
    "b: \x7f\r\n",
    "c: d\n",
    "e : f\r\n",
    "g: h\r\n i\r\n",
];
const CONTENT: [&str; 14] = [
    "hello",
    "5\r\nhello\r\n",
    "5\r\nhello\r\n",
    "5;x=\"y\"\r\nhello\r\n",
    "5 \r\nhello\r\n",
    "3\r\nhel\r\n2\r\nlo\r\n",
    "5\r\nhello\n",
    "0\r\n\r\n",
    "0\r\n\r\n",
    "0\r\na: b\r\nc:\r\n\r\n",
    "0\r\na: b\n\r\n",
    "00;x\r\n\r\n",
    "0\r\n\n",
    "\r\n",
];

proptest! {
    #[test]
    fn what_both_accept_they_read_alike(
        status in prop::sample::select(&STATUS[..]),
        fields in prop::collection::vec(prop::sample::select(&FIELDS[..]), 0..3),
        end in prop::sample::select(&["\r\n", "\r\n", "\r\n", "\n", "\r"][..]),
        content in prop::collection::vec(prop::sample::select(&CONTENT[..]), 0..4),
        flipped in prop::option::weighted(0.3, (any::<prop::sample::Index>(), any::<u8>())),
        is_head in prop::bool::weighted(0.1),
    ) {
        let mut bytes = [status, &fields.concat(), end, &content.concat()].concat().into_bytes();
        if let Some((at, byte)) = flipped {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        agree(if is_head { &Method::HEAD } else { &Method::GET }, &bytes);
    }
}

#[test]
fn the_second_opinion_is_heard() {
    let cases = [
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", true),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5 ;x\r\nhello\r\n0\r\na: b\r\n\r\nmore", true),
        ("HTTP/1.1 100 X\r\n\r\nHTTP/1.0 404 X\r\na: b\n\nto the end", true),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\na: b\nc: d\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell", false),
    ];
    for (bytes, passes) in cases {
        assert_eq!(agree(&Method::GET, bytes.as_bytes()), passes, "{bytes:?}");
    }
}
