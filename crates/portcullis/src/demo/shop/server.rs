//! The accept loop that the shop and its canary share: hyper's HTTP/1.1 as it comes, bounded in connections and bodies.

use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Semaphore;

/// Connections at once. The next waits in the listen backlog.
const MAX_CONNECTIONS: usize = 256;
/// Bytes of one request body. Generous, for an upload without a limit is one of the shop's weaknesses, but not endless.
const MAX_BODY_BYTES: usize = 8 << 20;
/// A connection that sends no head for this long is closed.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) type Reply = Response<Full<Bytes>>;

/// Something that answers whole requests.
pub(super) trait Serve: 'static {
    /// `None` as the body: it was longer than the toy reads, or broke off.
    async fn answer(&self, head: http::request::Parts, body: Option<Bytes>) -> Reply;
}

/// Serves until the future is dropped; its connections are tasks of the surrounding `LocalSet` and end with it.
pub(super) async fn serve(listener: TcpListener, service: impl Serve) {
    let service = Rc::new(service);
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "sample shop does not listen"),
    };
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors: a pause, or the loop would spin.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let service = Rc::clone(&service);
        tokio::task::spawn_local(async move {
            let answer = service_fn(|request: Request<Incoming>| {
                let service = Rc::clone(&service);
                async move {
                    let (head, body) = request.into_parts();
                    let body = read(body).await;
                    Ok::<_, std::convert::Infallible>(service.answer(head, body).await)
                }
            });
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
            // A client that breaks off is no news for a toy.
            drop(builder.serve_connection(TokioIo::new(stream), answer).await);
            drop(permit);
        });
    }
}

async fn read(mut body: Incoming) -> Option<Bytes> {
    let mut held = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.ok()?.into_data() else { continue };
        if held.len().saturating_add(data.len()) > MAX_BODY_BYTES {
            return None;
        }
        held.extend_from_slice(&data);
    }
    Some(held.freeze())
}
