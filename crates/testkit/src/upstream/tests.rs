use std::collections::BTreeMap;

use super::*;
use crate::client::Target;
use crate::client::h1::Connection;

async fn scripted(yaml: &str) -> (Upstream, Connection) {
    let script: BTreeMap<String, Reply> = serde_saphyr::from_str(yaml).unwrap();
    let mut upstream = Upstream::new();
    let address = upstream.listen(None).await.unwrap();
    upstream.script(script);
    (upstream, Connection::open(&Target::plain(address)).await.unwrap())
}

#[tokio::test]
async fn what_no_key_names_is_echoed_and_seen_exactly() {
    let (upstream, mut client) = scripted("{}").await;
    let sent = b"POST /a?b HTTP/1.1\r\nHost: x\r\nX-Y: 1\r\nx-y: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nT: u\r\n\r\n";
    let answer = client.exchange(sent, false).await.unwrap().unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, br#"{"method":"POST","target":"/a?b","body":"hi"}"#);
    let seen = upstream.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].headers[1..3], [("X-Y".into(), "1".into()), ("x-y".into(), "2".into())]);
    assert_eq!(seen[0].trailers, [("T".into(), "u".into())]);
    // The connection lives on.
    assert_eq!(client.exchange(b"GET /b HTTP/1.1\r\n\r\n", false).await.unwrap().unwrap().status, 200);
    assert_eq!(upstream.seen()[1].connection, seen[0].connection);
}

#[tokio::test]
async fn a_script_answers_chunked_with_trailers() {
    let (_upstream, mut client) =
        scripted("GET /c: { status: 201, body: hello world, chunked: true, trailers: { T: u }, interim: [103] }").await;
    let answer = client.exchange(b"GET /c HTTP/1.1\r\n\r\n", false).await.unwrap().unwrap();
    assert_eq!((answer.status, answer.interim, answer.body), (201, vec![103], b"hello world".to_vec()));
    assert_eq!(answer.trailers, [("T".into(), "u".into())]);
}

#[tokio::test]
async fn it_misbehaves_on_request() {
    let (_upstream, mut client) =
        scripted("GET /r: { raw: \"HTTP/1.1 200 OK\\r\\ncontent-length: 9\\r\\n\\r\\nhal\" }").await;
    let answer = client.exchange(b"GET /r HTTP/1.1\r\n\r\n", false).await.unwrap().unwrap();
    assert!(!answer.complete);
    let (_upstream, mut client) = scripted("GET /x: { close: true }").await;
    assert!(client.exchange(b"GET /x HTTP/1.1\r\n\r\n", false).await.unwrap().is_none());
}

#[tokio::test]
async fn a_hanging_reply_waits_for_its_release() {
    let (upstream, mut client) = scripted("GET /h: { hang: true, body: late }").await;
    let exchange = client.exchange(b"GET /h HTTP/1.1\r\n\r\n", false);
    let release = async {
        while upstream.seen().is_empty() {
            tokio::task::yield_now().await;
        }
        upstream.release();
    };
    let (answer, ()) = tokio::join!(exchange, release);
    assert_eq!(answer.unwrap().unwrap().body, b"late");
}

#[tokio::test]
async fn a_tunnel_echoes() {
    let (_upstream, mut client) =
        scripted("GET /t: { status: 101, headers: { upgrade: websocket }, echo: true }").await;
    assert_eq!(client.exchange(b"GET /t HTTP/1.1\r\n\r\n", false).await.unwrap().unwrap().status, 101);
    assert_eq!(client.echo(b"\x81\x84key!\x1b\x0c\x17F", 6).await.unwrap(), b"\x81\x04ping");
}

#[tokio::test]
async fn what_an_earlier_exchange_leaves_behind_is_not_seen() {
    let (upstream, mut client) = scripted("{}").await;
    let first = b"GET /a HTTP/1.1\r\nX-Request-Id: one\r\n\r\n";
    client.exchange(first, false).await.unwrap().unwrap();
    assert_eq!(upstream.seen().len(), 1);
    upstream.judged(["one".to_owned()]);
    upstream.script(BTreeMap::new());
    client.exchange(first, false).await.unwrap().unwrap();
    assert_eq!(upstream.seen().len(), 0, "the same exchange again");
    client.exchange(b"GET /b HTTP/1.1\r\nX-Request-Id: two\r\n\r\n", false).await.unwrap().unwrap();
    assert_eq!(upstream.seen().len(), 1, "another one");
}
