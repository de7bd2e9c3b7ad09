//! The same upstream over HTTP/2, by hyper's server: ALPN on TLS, prior knowledge on plain sockets.

use std::sync::Arc;

use anyhow::{Result, bail};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Reply, Seen, Shared, lock};
use crate::latin1::to_bytes;
use crate::scenario::format::Fields;

/// Serves one connection until it ends.
pub(super) async fn converse<T>(shared: Arc<Shared>, io: T, origin: Seen) -> Result<()>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| answer(Arc::clone(&shared), request, origin.clone()));
    Ok(hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(io), service)
        .await?)
}

type Content = http_body_util::combinators::BoxBody<Bytes, std::io::Error>;

/// An error resets the stream.
async fn answer(shared: Arc<Shared>, request: Request<Incoming>, origin: Seen) -> Result<Response<Content>> {
    let seen = receive(&shared, request, origin).await;
    let reply = {
        let script = lock(&shared.script);
        let key = format!("{} {}", seen.method, seen.target);
        script.get(&key).or_else(|| script.get("*")).cloned().unwrap_or_default()
    };
    let mut release = shared.release.subscribe();
    lock(&shared.seen).push(seen.clone());
    if reply.hang {
        release.changed().await?;
    }
    response(&reply, &seen)
}

async fn receive(shared: &Shared, request: Request<Incoming>, origin: Seen) -> Seen {
    let (parts, mut content) = request.into_parts();
    let authority = parts.uri.authority().map(|authority| (":authority".to_owned(), authority.to_string()));
    let scheme = parts.uri.scheme_str().map(|scheme| (":scheme".to_owned(), scheme.to_owned()));
    let mut seen = Seen {
        method: parts.method.to_string(),
        target: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        version: "HTTP/2".to_owned(),
        headers: authority.into_iter().chain(scheme).chain(lines(&parts.headers)).collect(),
        complete: true,
        script: *lock(&shared.scripts),
        ..origin
    };
    while let Some(frame) = content.frame().await {
        let Ok(frame) = frame else {
            seen.complete = false;
            break;
        };
        match frame.into_data() {
            Ok(data) => seen.body.extend_from_slice(&data),
            Err(frame) => seen.trailers = frame.trailers_ref().into_iter().flat_map(lines).collect(),
        }
    }
    seen
}

fn response(reply: &Reply, seen: &Seen) -> Result<Response<Content>> {
    if reply.raw.is_some() || reply.echo || !reply.interim.is_empty() {
        bail!("not over HTTP/2");
    }
    let whole = reply.content(seen)?;
    let content = if seen.method == "HEAD" { Bytes::new() } else { Bytes::from(whole) };
    let mut response = Response::builder().status(reply.status.unwrap_or(200));
    if let Some(headers) = response.headers_mut() {
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in fields(&reply.headers)? {
            headers.insert(name, value);
        }
    }
    let trailers: HeaderMap = fields(&reply.trailers)?.into_iter().collect();
    // `close`: the content breaks off.
    let last = match (reply.close, trailers.is_empty()) {
        (true, _) => Some(Err(std::io::Error::other("breaks off"))),
        (false, true) => None,
        (false, false) => Some(Ok(Frame::trailers(trailers))),
    };
    let body = match last {
        None => Full::new(content).map_err(|never| match never {}).boxed(),
        Some(last) => Ended { content: Some(content), last: Some(last) }.boxed(),
    };
    Ok(response.body(body)?)
}

/// Content, and what comes after it.
struct Ended {
    content: Option<Bytes>,
    last: Option<Result<Frame<Bytes>, std::io::Error>>,
}

impl hyper::body::Body for Ended {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let content = self.content.take().filter(|content| !content.is_empty());
        std::task::Poll::Ready(content.map(|content| Ok(Frame::data(content))).or_else(|| self.last.take()))
    }
}

fn fields(fields: &Fields) -> Result<Vec<(HeaderName, HeaderValue)>> {
    let field = |(name, value): (&str, &str)| {
        Ok((HeaderName::from_bytes(name.to_ascii_lowercase().as_bytes())?, HeaderValue::from_bytes(&to_bytes(value)?)?))
    };
    fields.iter().map(field).collect()
}

fn lines(headers: &HeaderMap) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), crate::latin1::to_text(value.as_bytes()))).collect()
}
