//! HTTP/2 by hyper's client: prior knowledge on plain sockets, ALPN on TLS.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::task::JoinSet;

use super::{Answer, PATIENCE, Target};

/// What to send: the pseudo-header fields and the rest.
#[derive(Clone, Debug, Default)]
pub struct Send {
    /// `:method`
    pub method: String,
    /// `:path`
    pub path: String,
    /// `:authority`
    pub authority: String,
    /// The other fields; a `host` among them is sent beside `:authority`.
    pub headers: Vec<(String, String)>,
    /// The content; none when empty.
    pub body: Vec<u8>,
}

/// Opens a connection, sends one request on it and reads the answer. None: the stream or connection was reset.
pub async fn exchange(target: &Target, send: &Send) -> Result<Option<Answer>> {
    let scheme = if target.tls.is_some() { "https" } else { "http" };
    let io = TokioIo::new(target.connect().await?);
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await?;
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let request = request(scheme, send)?;
    let answer = async {
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        let (parts, mut body) = response.into_parts();
        let mut answer = Answer { status: parts.status.as_u16(), complete: true, ..Answer::default() };
        answer.headers = lines(&parts.headers);
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) if frame.is_data() => answer.body.extend_from_slice(&frame.into_data().unwrap_or_default()),
                Ok(frame) => answer.trailers = frame.into_trailers().map(|map| lines(&map)).unwrap_or_default(),
                Err(_) => {
                    answer.complete = false;
                    break; // asked again, a body that failed gives its error again and again
                }
            }
        }
        Ok::<_, hyper::Error>(answer)
    };
    // A reset is an outcome for the case to judge, not a failure of the client.
    Ok(tokio::time::timeout(PATIENCE, answer).await.context("no answer")?.ok())
}

fn request(scheme: &str, send: &Send) -> Result<Request<Full<Bytes>>> {
    let uri = match send.path.as_str() {
        "*" => Uri::from_static("*"),
        path => Uri::from_maybe_shared(crate::latin1::to_bytes(&format!("{scheme}://{}{path}", send.authority))?)?,
    };
    if uri.path_and_query().is_none() {
        bail!("`{}` is no path", send.path);
    }
    let mut request = Request::builder().method(Method::from_bytes(send.method.as_bytes())?).uri(uri);
    for (name, value) in &send.headers {
        let value = HeaderValue::from_bytes(&crate::latin1::to_bytes(value)?)?;
        request = request.header(HeaderName::from_bytes(name.to_ascii_lowercase().as_bytes())?, value);
    }
    Ok(request.body(Full::new(Bytes::from(send.body.clone())))?)
}

fn lines(headers: &http::HeaderMap) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), crate::latin1::to_text(value.as_bytes()))).collect()
}
