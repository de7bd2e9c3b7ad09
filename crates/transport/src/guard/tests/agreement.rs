//! The guard and hyper find the same requests in the same bytes, however these are cut.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;

use ::bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;

use crate::guard::{Guard, Place};
use proptest::prelude::*;

/// Method, target and content.
type Served = (String, String, Vec<u8>);

/// What stands between the boundaries that the guard saw, and how far it read.
fn guarded(bytes: &[u8]) -> (Vec<Served>, usize) {
    let mut guard = Guard::new();
    let (mut requests, mut good) = (Vec::new(), 0);
    let mut head = Vec::new();
    let mut content = Content::default();
    for byte in bytes {
        let heads = guard.heads();
        if guard.inspect(std::slice::from_ref(byte)) == 0 {
            break;
        }
        good += 1;
        if content.is_open {
            content.bytes.push(*byte);
        } else {
            head.push(*byte);
        }
        content.is_open |= guard.heads() > heads;
        if content.is_open && guard.place() == Place::Between {
            requests.push(request(&head, &content.bytes));
            head.clear();
            content = Content::default();
        }
    }
    (requests, good)
}

#[derive(Default)]
struct Content {
    is_open: bool,
    bytes: Vec<u8>,
}

/// Plain readings of what has boundaries already.
fn request(head: &[u8], content: &[u8]) -> Served {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let line = head.trim_start().lines().next().unwrap_or_default();
    let mut words = line.split(' ').map(str::to_owned);
    let is_chunked = head.lines().any(|line| line.starts_with("transfer-encoding:"));
    let content = if is_chunked { unchunked(content) } else { content.to_vec() };
    (words.next().unwrap_or_default(), words.next().unwrap_or_default(), content)
}

fn unchunked(mut content: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    while let Some(end) = content.windows(2).position(|pair| pair == b"\r\n") {
        let line = String::from_utf8_lossy(&content[..end]);
        let digits = line.split([';', ' ', '\t']).next().unwrap_or_default();
        let size = usize::from_str_radix(digits, 16).unwrap_or_default();
        if size == 0 {
            break;
        }
        data.extend_from_slice(&content[end + 2..end + 2 + size]);
        content = &content[end + 2 + size + 2..];
    }
    data
}

/// What hyper serves of these bytes, given in pieces of `cut`, and then no more.
fn served(bytes: &[u8], cut: usize) -> Vec<Served> {
    let seen: Rc<RefCell<Vec<Served>>> = Rc::default();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (mut client, server) = tokio::io::duplex(1 << 16);
    let service = service_fn(|request: Request<Incoming>| {
        let seen = Rc::clone(&seen);
        async move {
            let method = request.method().as_str().to_ascii_lowercase();
            let target = request.uri().to_string().to_ascii_lowercase();
            let mut body = request.into_body();
            let mut content = Vec::new();
            while let Some(frame) = body.frame().await {
                // What breaks off was no request.
                let Ok(frame) = frame else { return Ok(Response::new(Empty::<Bytes>::new())) };
                content.extend_from_slice(&frame.into_data().unwrap_or_default());
            }
            seen.borrow_mut().push((method, target, content));
            Ok::<_, Infallible>(Response::new(Empty::new()))
        }
    });
    runtime.block_on(async {
        let feed = async {
            for piece in bytes.chunks(cut.max(1)) {
                if client.write_all(piece).await.is_err() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            client.shutdown().await.ok();
            let mut answers = Vec::new();
            tokio::io::AsyncReadExt::read_to_end(&mut client, &mut answers).await.ok();
        };
        let serve = http1::Builder::new().half_close(true).serve_connection(TokioIo::new(server), service);
        let (_outcome, ()) = tokio::join!(serve, feed);
    });
    seen.take()
}

const REQUESTS: &[&str] = &[
    "GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\nGET /b?c=d HTTP/1.1\r\nhost:a\r\nX: \t y\t\r\n\r\n",
    "HEAD /e HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n",
    "POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 31\r\n\r\nGET /x HTTP/1.1\r\nHost: smuggled",
    "GET /g HTTP/1.1\r\nContent-Length: 5 \r\nHost: a\r\n\r\nhello",
    "PUT /h HTTP/1.1\r\nHost: a\r\ncontent-length:0\r\n\r\n",
    "POST /i HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "POST /j HTTP/1.1\r\nHost: a\r\nTRANSFER-ENCODING:\tChunked\r\n\r\n5;a=\"b\\\"c\";d\r\nh\r\nlo\r\n00A ;e=f\r\n0123456789\r\n0;g\r\nX: y\r\nZ:\r\n\r\n",
    "POST /k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1F\r\nGET /y HTTP/1.1\r\nHost: smuggled\r\n0\r\n\r\n",
];

#[test]
fn every_cut_of_every_request_has_the_same_boundaries() {
    let bytes = REQUESTS.concat();
    let (expected, good) = guarded(bytes.as_bytes());
    assert_eq!((good, expected.len()), (bytes.len(), REQUESTS.len()));
    for cut in 1..bytes.len() {
        assert_eq!(served(bytes.as_bytes(), cut), expected, "pieces of {cut}");
    }
}

proptest! {
    /// Of what the guard lets pass, hyper serves exactly the requests that the guard saw, in order; it may end earlier, for it
    /// has rules of its own, but it never finds another.
    #[test]
    fn hyper_finds_no_request_that_the_guard_did_not_see(
        requests in prop::collection::vec(prop::sample::select(REQUESTS), 1..6),
        mutations in prop::collection::vec((any::<prop::sample::Index>(), mutation()), 0..4),
        cut in 1_usize..60,
    ) {
        let mut bytes = requests.concat().into_bytes();
        let is_whole = mutations.is_empty();
        for (at, mutation) in mutations {
            let at = at.index(bytes.len());
            match mutation {
                Mutation::Set(byte) => bytes[at] = byte,
                Mutation::Insert(text) => drop(bytes.splice(at..at, text.bytes())),
                Mutation::Remove => drop(bytes.remove(at)),
            }
        }
        let (expected, good) = guarded(&bytes);
        let found = served(&bytes[..good], cut);
        prop_assert!(expected.starts_with(&found), "{}\nguard {expected:?}\nhyper {found:?}", bytes.escape_ascii());
        prop_assert!(!is_whole || found.len() == requests.len());
    }
}

#[derive(Clone, Debug)]
enum Mutation {
    Set(u8),
    Insert(&'static str),
    Remove,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        any::<u8>().prop_map(Mutation::Set),
        prop::sample::select(vec![b'\r', b'\n', b' ', b'\t', b':', b';', b'"', b'0', b'1', b'f'])
            .prop_map(Mutation::Set),
        prop::sample::select(vec![
            "\r\n",
            "\n",
            "\r",
            " ",
            ":",
            "0",
            "5",
            "Content-Length: 5\r\n",
            "Transfer-Encoding: chunked\r\n",
            "Content-Length: 0\r\n",
            "0\r\n\r\n",
            "GET /z HTTP/1.1\r\nHost: z\r\n\r\n",
            ";x",
            "\"",
            ",",
            "X: y\r\n",
        ])
        .prop_map(Mutation::Insert),
        Just(Mutation::Remove),
    ]
}
