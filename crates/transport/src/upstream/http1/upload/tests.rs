use super::*;
use crate::upstream::tests::Content;
use http::Method;
use std::future::poll_fn;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

async fn pair() -> (UpstreamIo, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (near, far) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
    (UpstreamIo::Plain(near.unwrap()), far.unwrap().0)
}

fn request(length: Option<&str>) -> Request<()> {
    let request = Request::builder().method(Method::POST).uri("/");
    length.into_iter().fold(request, |request, length| request.header("content-length", length)).body(()).unwrap()
}

/// Sends until everything is sent or content is missing; what the other end got.
async fn sent(content: Content, length: Option<&str>) -> (Result<(), Stop>, Upload<Content>, String) {
    let (mut io, mut far) = pair().await;
    let mut upload = Upload::new(content);
    upload.begin(&request(length)).unwrap();
    let outcome = poll_fn(|cx| Poll::Ready(upload.poll(&mut io, cx))).await;
    drop(io);
    let mut got = String::new();
    far.read_to_string(&mut got).await.unwrap();
    (outcome, upload, got)
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

/// Content in these pieces; it ends there or not.
fn pieces(pieces: &[&'static str], ends: bool) -> (Content, Option<mpsc::Sender<Result<Bytes, Stop>>>) {
    let (feed, frames) = mpsc::channel(8);
    pieces.iter().for_each(|piece| feed.try_send(Ok(Bytes::from_static(piece.as_bytes()))).unwrap());
    (Content::Stream(frames), (!ends).then_some(feed))
}

#[test]
fn content_that_is_there_leaves_with_the_head_and_its_end() {
    run(async {
        let (content, _) = pieces(&["one", "", "two"], true);
        let (outcome, upload, got) = sent(content, None).await;
        let expected = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n";
        assert_eq!((outcome.is_ok(), got.as_str()), (true, expected), "an empty piece is no last chunk");
        assert!(upload.is_sent() && upload.has_ended && !upload.awaits_client);
        assert_eq!(upload.written, got.len() as u64);
    });
}

#[test]
fn content_with_a_length_is_that_long() {
    let cases: [(&[&str], &str, bool, bool); 6] = [
        // pieces, length, whether they end, sent
        (&["one", "two"], "6", true, true),
        (&["one", "two"], "6", false, true), // nobody waits for an end that is known
        (&["one"], "6", false, false),
        (&["one"], "6", true, false),
        (&["one", "two"], "5", true, false),
        (&["x"], "0", true, true),
    ];
    run(async {
        for (parts, length, ends, is_sent) in cases {
            let (content, _feed) = pieces(parts, ends);
            let (outcome, upload, got) = sent(content, Some(length)).await;
            assert_eq!(upload.is_sent(), is_sent, "{parts:?} of {length}");
            assert_eq!(outcome.is_err(), !is_sent && ends, "{parts:?} of {length}");
            let (_, content) = got.split_once("\r\n\r\n").unwrap_or_default();
            assert!(content.len() <= length.parse().unwrap(), "never longer than the head says: {content}");
        }
    });
}

#[test]
fn the_client_is_waited_for_only_when_all_else_is_written() {
    run(async {
        let (content, _feed) = pieces(&["one"], false);
        let (_, upload, got) = sent(content, None).await;
        assert!(got.ends_with("3\r\none\r\n"), "{got}");
        assert!(upload.awaits_client && !upload.has_ended && !upload.is_sent());
        // An upstream that does not read owes that first.
        let (mut io, _far) = pair().await;
        let (feed, frames) = mpsc::channel(1);
        let mut upload = Upload::new(Content::Stream(frames));
        upload.begin(&request(None)).unwrap();
        let outcome = poll_fn(|cx| {
            while feed.try_send(Ok(Bytes::from(vec![0; 1 << 20]))).is_ok() {
                if let Err(stop) = upload.poll(&mut io, cx) {
                    return Poll::Ready(Err(stop));
                }
            }
            Poll::Ready(Ok(()))
        });
        outcome.await.unwrap();
        assert!(!upload.awaits_client);
    });
}

#[test]
fn content_comes_back_only_while_nothing_is_gone() {
    run(async {
        let mut upload = Upload::new(pieces(&["one"], true).0);
        upload.begin(&request(None)).unwrap();
        assert!(upload.take_unsent().is_some(), "nothing was written");
        let (_, mut upload, _) = sent(pieces(&["one"], true).0, None).await;
        assert!(upload.take_unsent().is_none(), "it was sent");
        let (mut io, far) = pair().await;
        let (feed, frames) = mpsc::channel(1);
        feed.try_send(Err(Stop::fault(Reason::Internal))).unwrap();
        let mut upload = Upload::new(Content::Stream(frames));
        upload.begin(&request(None)).unwrap();
        poll_fn(|cx| Poll::Ready(upload.poll(&mut io, cx))).await.unwrap_err();
        assert!(upload.written == 0 && upload.take_unsent().is_none(), "some of it was taken");
        drop(far);
    });
}

#[test]
fn an_upstream_that_takes_no_more_is_asked_no_more() {
    run(async {
        let (mut io, far) = pair().await;
        drop(far);
        let (feed, frames) = mpsc::channel(1);
        let mut upload = Upload::new(Content::Stream(frames));
        upload.begin(&request(None)).unwrap();
        while upload.state == State::Sending {
            feed.try_send(Ok(Bytes::from_static(b"more"))).ok();
            poll_fn(|cx| Poll::Ready(upload.poll(&mut io, cx))).await.unwrap();
            tokio::task::yield_now().await;
        }
        assert_eq!((upload.state, upload.out.is_empty(), upload.awaits_client), (State::Refused, true, false));
        assert!(!upload.is_sent() && !upload.has_ended, "it was not all taken");
    });
}
