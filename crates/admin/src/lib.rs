//! The control API on its own listener, and the health listener.
//!
//! **Does**  answers `/metrics`, `/healthz` and `/readyz`.
//! **Never** shares a socket, a runtime or a route with the data plane; answers a browser's cross-origin request.
//! **Flow**  [`serve`] → [`answer`], a table of three paths.
//! **Fails** closed: anything else is 404 or 405.
//! **Source** RFC 9110; OpenMetrics 1.0; checklist rows edge/R9 and edge/S18.

mod state;

pub use state::{Readiness, State};

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, ORIGIN};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

/// Connections served at once; further ones wait in the backlog.
const MAX_CONNECTIONS: usize = 64;
/// From accept to the end of a connection, whatever it does.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(30);

/// What a listener shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    Admin,
    /// `/healthz` and `/readyz` without details.
    Health,
}

/// Answers on `listener` until dropped. Runs in a `LocalSet` of the control runtime.
pub async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>, scope: Scope) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "admin connection not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await; // out of descriptors: no busy loop
                continue;
            }
        };
        let (tls, state) = (tls.clone(), Arc::clone(&state));
        tokio::task::spawn_local(async move {
            let _place = place;
            let served = async {
                match tls {
                    None => connection(TokioIo::new(stream), state, scope).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            connection(TokioIo::new(stream), state, scope).await;
                        }
                    }
                }
            };
            // A scraper opens a new connection soon enough; nobody holds one of the places for long.
            if tokio::time::timeout(CONNECTION_TIMEOUT, served).await.is_err() {
                tracing::debug!("admin connection closed at its deadline");
            }
        });
    }
}

async fn connection<I>(io: I, state: Arc<State>, scope: Scope)
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    let service = service_fn(move |request| {
        let response = answer(&request, &state, scope);
        async move { Ok::<_, Infallible>(response) }
    });
    let mut http1 = hyper::server::conn::http1::Builder::new();
    http1.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(5)).max_buf_size(16 * 1024);
    if let Err(error) = http1.serve_connection(io, service).await {
        tracing::debug!(%error, "admin connection ended early");
    }
}

/// One request, answered.
pub fn answer<B>(request: &Request<B>, state: &State, scope: Scope) -> Response<Full<Bytes>> {
    if request.headers().contains_key(ORIGIN) {
        return text(StatusCode::FORBIDDEN, "requests from web pages are refused\n"); // CSRF, DNS rebinding
    }
    let content = match (request.uri().path(), scope) {
        ("/healthz", _) => (StatusCode::OK, "alive\n".to_owned()),
        ("/readyz", _) => {
            let readiness = state.readiness();
            let status = if readiness == Readiness::Ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            (status, if scope == Scope::Admin { state.details() } else { format!("{}\n", readiness.id()) })
        }
        ("/metrics", Scope::Admin) => (StatusCode::OK, state.metrics.encode()),
        _ => return text(StatusCode::NOT_FOUND, "not found\n"),
    };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    let mut response = text(content.0, content.1);
    if request.uri().path() == "/metrics" {
        let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
    response
}

fn text(status: StatusCode, content: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(content.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests;
