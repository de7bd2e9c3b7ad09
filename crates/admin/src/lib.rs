//! The control API on its own listener, and the health listener.
//!
//! **Does**  answers `/metrics`, `/healthz` and `/readyz` to anybody who reaches it, `POST /reload` to the holder of the token.
//! **Never** shares a socket, a runtime or a route with the data plane; answers what a web page sent; looks for a token anywhere
//! but in `Authorization`; lets an answer be stored.
//! **Flow**  [`serve`] → [`answer`], a table of four endpoints → for `/reload` [`Asked`], to whoever runs the process.
//! **Fails** closed: without the token 401, after five wrong ones 429, anything else is 403, 404 or 405.
//! **Source** RFC 9110; RFC 6750; OpenMetrics 1.0; OWASP API8:2023; CWE-306, CWE-352, CWE-1392.

mod access;
mod reload;
mod state;

pub use access::{TOKEN_FILE, Token, TokenError};
pub use reload::{Asked, Outcome};
pub use state::{Readiness, State};

use access::Refusal;
use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderValue, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};
use tokio_rustls::TlsAcceptor;

/// Connections served at once; further ones wait in the backlog.
pub const MAX_CONNECTIONS: usize = 64;
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

/// The two ends of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    /// The client.
    pub peer: SocketAddr,
    /// Us.
    pub local: SocketAddr,
}

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    Healthz,
    Readyz,
    Metrics,
    Reload,
}

impl Endpoint {
    fn find(path: &str, scope: Scope) -> Option<Self> {
        match (path, scope) {
            ("/healthz", _) => Some(Self::Healthz),
            ("/readyz", _) => Some(Self::Readyz),
            ("/metrics", Scope::Admin) => Some(Self::Metrics),
            ("/reload", Scope::Admin) => Some(Self::Reload),
            _ => None,
        }
    }

    /// Whatever changes something needs the token; a new endpoint has to say so here.
    const fn is_open(self) -> bool {
        match self {
            Self::Healthz | Self::Readyz | Self::Metrics => true,
            Self::Reload => false,
        }
    }

    const fn methods(self) -> (&'static [Method], &'static str) {
        match self {
            Self::Healthz | Self::Readyz | Self::Metrics => (&[Method::GET, Method::HEAD], "GET, HEAD"),
            Self::Reload => (&[Method::POST], "POST"),
        }
    }
}

/// Answers on `listener` until dropped. Runs in a `LocalSet` of the control runtime.
pub async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>, scope: Scope) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let accepted =
            listener.accept().await.and_then(|(stream, peer)| Ok((Ends { peer, local: stream.local_addr()? }, stream)));
        let (ends, stream) = match accepted {
            Ok(accepted) => accepted,
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
                    None => connection(TokioIo::new(stream), ends, state, scope).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            connection(TokioIo::new(stream), ends, state, scope).await;
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

async fn connection<I>(io: I, ends: Ends, state: Arc<State>, scope: Scope)
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    let service = service_fn(move |request| {
        let state = Arc::clone(&state);
        async move { Ok::<_, Infallible>(answer(&request, ends, &state, scope).await) }
    });
    let mut http1 = hyper::server::conn::http1::Builder::new();
    http1.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(5)).max_buf_size(16 * 1024);
    if let Err(error) = http1.serve_connection(io, service).await {
        tracing::debug!(%error, "admin connection ended early");
    }
}

/// One request, answered. Its content is never looked at.
pub async fn answer<B>(request: &Request<B>, ends: Ends, state: &State, scope: Scope) -> Response<Full<Bytes>> {
    let headers = request.headers();
    if headers.contains_key(ORIGIN) {
        return text(StatusCode::FORBIDDEN, "requests from web pages are refused\n");
    }
    if scope == Scope::Admin && !names_us(headers, ends.local.ip().to_canonical()) {
        let accepted = "the host must be the address of this listener, or `localhost`\n";
        return text(StatusCode::FORBIDDEN, accepted);
    }
    let Some(endpoint) = Endpoint::find(request.uri().path(), scope) else {
        return text(StatusCode::NOT_FOUND, "not found\n");
    };
    if !endpoint.is_open()
        && let Err(refusal) = state.judge(headers)
    {
        if refusal == Refusal::Wrong {
            tracing::warn!(peer = %ends.peer, "wrong admin token"); // as many lines as there are guesses
        }
        return refused(refusal);
    }
    let (methods, allow) = endpoint.methods();
    if !methods.contains(request.method()) {
        let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, format!("only {allow}\n"));
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
        return refused;
    }
    match endpoint {
        Endpoint::Healthz => text(StatusCode::OK, "alive\n"),
        Endpoint::Readyz => {
            let readiness = state.readiness();
            let status = if readiness == Readiness::Ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            text(status, if scope == Scope::Admin { state.details() } else { format!("{}\n", readiness.id()) })
        }
        Endpoint::Metrics => {
            let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            with_type(text(StatusCode::OK, state.metrics.encode()), media_type)
        }
        Endpoint::Reload => reload(state, ends.peer).await,
    }
}

/// A web page can let a name of its own point to a loopback address (DNS rebinding), and then is no other origin to the browser.
/// No page can be of the origin of an address but what is served there.
fn names_us(headers: &HeaderMap, ip: IpAddr) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Ok(host) = host.to_str() else { return false };
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let name = match host.rsplit_once(':') {
        Some((name, port)) if is_port(port) && (!name.contains(':') || name.ends_with(']')) => name,
        _ => host,
    };
    let literal = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    match literal.parse::<IpAddr>() {
        Ok(named) => named.to_canonical() == ip,
        Err(_) => ip.is_loopback() && name.eq_ignore_ascii_case("localhost"),
    }
}

fn refused(refusal: Refusal) -> Response<Full<Bytes>> {
    let (status, challenge) = match refusal {
        Refusal::Absent => (StatusCode::UNAUTHORIZED, r#"Bearer realm="portcullis""#),
        Refusal::Wrong => (StatusCode::UNAUTHORIZED, r#"Bearer realm="portcullis", error="invalid_token""#),
        Refusal::TooMany => {
            let mut response =
                text(StatusCode::TOO_MANY_REQUESTS, "too many wrong tokens: none is looked at for a while\n");
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(access::RETRY_AFTER));
            return response;
        }
    };
    let mut response =
        text(status, "send `Authorization: Bearer` with the token in `admin.token` in the data directory\n");
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response
}

async fn reload(state: &State, peer: SocketAddr) -> Response<Full<Bytes>> {
    let (answer, outcome) = oneshot::channel();
    let busy = || {
        let mut response = text(StatusCode::SERVICE_UNAVAILABLE, "not now: the process is starting or stopping\n");
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        response
    };
    if state.asks.try_send(Asked { peer, answer }).is_err() {
        return busy();
    }
    let Ok(outcome) = outcome.await else { return busy() };
    let status = match outcome {
        Outcome::Reloaded { .. } => StatusCode::OK,
        Outcome::Refused { .. } => StatusCode::UNPROCESSABLE_ENTITY,
    };
    with_type(text(status, format!("{}\n", outcome.json())), "application/json")
}

fn text(status: StatusCode, content: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(content.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn with_type(mut response: Response<Full<Bytes>>, media_type: &'static str) -> Response<Full<Bytes>> {
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

#[cfg(test)]
mod tests;
