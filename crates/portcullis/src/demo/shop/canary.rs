//! The only place that the shop's avatar fetch can reach: a server beside it that plays whatever host was asked for.
//!
//! Server-side request forgery has to be real to be shown, and must not let a demo reach the network of the machine it runs
//! on. So the fetch is a real one over TCP, but always to this address; the host asked for travels in a header.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Response, StatusCode, Uri};
use http_body_util::Full;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::server::{Reply, Serve};

/// What was asked for, newest last, at most [`MAX_HITS`].
pub(super) type Hits = Arc<Mutex<VecDeque<String>>>;

const MAX_HITS: usize = 256;
const ASKED_HOST: &str = "x-canary-asked-host";
const MAX_ANSWER_BYTES: u64 = 64 << 10;
const TIMEOUT: Duration = Duration::from_secs(2);

pub(super) struct Canary {
    pub(super) address: SocketAddr,
    pub(super) hits: Hits,
}

impl Serve for Canary {
    async fn answer(&self, head: http::request::Parts, _: Option<Bytes>) -> Reply {
        let field = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        if field(HOST.as_str()) != Some(self.address.to_string().as_str()) {
            return reply(StatusCode::MISDIRECTED_REQUEST, "text/plain", "not this host\n");
        }
        let asked = field(ASKED_HOST).unwrap_or_default();
        if let Ok(mut hits) = self.hits.lock() {
            if hits.len() >= MAX_HITS {
                hits.pop_front();
            }
            hits.push_back(format!("http://{asked}{}", head.uri));
        }
        if asked == "images.example.com" {
            return reply(StatusCode::OK, "image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg'/>");
        }
        let secret = r#"{"Code":"Success","AccessKeyId":"CANARY-KEY","SecretAccessKey":"canary-only-not-a-secret"}"#;
        reply(StatusCode::OK, "application/json", secret)
    }
}

fn reply(status: StatusCode, media_type: &'static str, text: &'static str) -> Reply {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(media_type));
    response
}

/// Fetches `url` from the canary, whatever its host, scheme and port: gives the whole response as text.
pub(super) async fn fetch(canary: SocketAddr, url: &Uri) -> Option<String> {
    // `Uri` holds no CR, LF or space, so the request cannot be split.
    let host = url.authority()?.as_str();
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let path = if path.starts_with('/') { path } else { "/" };
    let request = format!("GET {path} HTTP/1.1\r\nHost: {canary}\r\n{ASKED_HOST}: {host}\r\nConnection: close\r\n\r\n");
    let exchange = async {
        let mut stream = tokio::net::TcpStream::connect(canary).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer).await?;
        std::io::Result::Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    tokio::time::timeout(TIMEOUT, exchange).await.ok()?.ok()
}
