//! The yardstick of `cargo xtask bench`: what hyper costs when a proxy does nothing else.
//!
//! **Does**  one current-thread runtime, hyper's HTTP/1.1 and HTTP/2 server builders chosen by ALPN, a last-in first-out
//! pool of HTTP/1.1 upstream connections, streamed bodies, hop-by-hop fields removed.
//! **Never** checks, limits, times out, retries or records anything. It is not safe to expose.
//! **Source** RFC 9110 §7.6.1 (connection-specific fields).

use std::cell::RefCell;
use std::convert::Infallible;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use anyhow::Context;
use bytes::Bytes;
use clap::Parser;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode, Uri, Version};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::{self as upstream_http1, SendRequest};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_local;
use tokio_rustls::TlsAcceptor;

/// The gateway uses the same allocator, so that the comparison is about the proxy.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A hyper proxy with nothing in it.
#[derive(Parser)]
struct Args {
    /// Where to listen; port 0 picks one, and the first line on stdout names it.
    #[arg(long)]
    listen: SocketAddr,
    /// The HTTP/1.1 server behind.
    #[arg(long)]
    upstream: SocketAddr,
    /// PEM certificate chain; with it and `--key`, TLS with h2 and http/1.1.
    #[arg(long, requires = "key")]
    cert: Option<PathBuf>,
    /// PEM private key.
    #[arg(long, requires = "cert")]
    key: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let tls = match (&args.cert, &args.key) {
        (Some(cert), Some(key)) => Some(TlsAcceptor::from(tls_config(cert, key)?)),
        _ => None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build_local(Default::default())?;
    runtime.block_on(serve(args.listen, Rc::new(Pool::new(args.upstream)), tls))
}

fn tls_config(cert: &Path, key: &Path) -> anyhow::Result<Arc<rustls::ServerConfig>> {
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("certificate `{}`", cert.display()))?;
    let key = PrivateKeyDer::from_pem_file(key).with_context(|| format!("key `{}`", key.display()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

async fn serve(listen: SocketAddr, pool: Rc<Pool>, tls: Option<TlsAcceptor>) -> anyhow::Result<()> {
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on `{listen}`"))?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening on {}", listener.local_addr()?)?;
    stdout.flush()?;
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        // A connection that cannot be set up or breaks concerns nobody else, and there is no one to tell.
        let _ = stream.set_nodelay(true);
        spawn_local(connection(stream, Rc::clone(&pool), tls.clone()));
    }
}

async fn connection(stream: TcpStream, pool: Rc<Pool>, tls: Option<TlsAcceptor>) {
    let service = service_fn(move |request| {
        let pool = Rc::clone(&pool);
        async move { Ok::<_, Infallible>(pool.forward(request).await) }
    });
    let Some(acceptor) = tls else {
        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        return;
    };
    let Ok(stream) = acceptor.accept(stream).await else { return };
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        let _ = http2::Builder::new(SpawnLocal).serve_connection(TokioIo::new(stream), service).await;
    } else {
        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }
}

/// hyper's HTTP/2 server runs one task a stream; they stay on this thread.
#[derive(Clone)]
struct SpawnLocal;

impl<F: Future<Output = ()> + 'static> hyper::rt::Executor<F> for SpawnLocal {
    fn execute(&self, future: F) {
        spawn_local(future);
    }
}

/// Idle upstream connections; the one returned last is the warmest and is taken first.
struct Pool {
    upstream: SocketAddr,
    idle: RefCell<Vec<SendRequest<Incoming>>>,
}

impl Pool {
    fn new(upstream: SocketAddr) -> Self {
        Self { upstream, idle: RefCell::new(Vec::new()) }
    }

    async fn forward(self: Rc<Self>, request: Request<Incoming>) -> Response<Proxied> {
        match self.exchange(request).await {
            Ok(response) => response,
            Err(_) => {
                let mut response = Response::new(Proxied { body: None, lease: None });
                *response.status_mut() = StatusCode::BAD_GATEWAY;
                response
            }
        }
    }

    async fn exchange(self: Rc<Self>, mut request: Request<Incoming>) -> anyhow::Result<Response<Proxied>> {
        if request.version() == Version::HTTP_2 {
            to_http1(&mut request)?;
        }
        remove_hop_by_hop(request.headers_mut());
        let mut connection = self.take().await?;
        let mut response = connection.send_request(request).await?;
        remove_hop_by_hop(response.headers_mut());
        *response.version_mut() = Version::HTTP_11;
        let lease = Some((connection, self));
        Ok(response.map(|body| Proxied { body: Some(body), lease }))
    }

    async fn take(&self) -> anyhow::Result<SendRequest<Incoming>> {
        loop {
            let Some(mut connection) = self.idle.borrow_mut().pop() else { break };
            if connection.ready().await.is_ok() {
                return Ok(connection);
            }
        }
        let stream = TcpStream::connect(self.upstream).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = upstream_http1::handshake(TokioIo::new(stream)).await?;
        spawn_local(connection);
        Ok(sender)
    }
}

/// Origin-form target and `Host`, as HTTP/1.1 wants them.
fn to_http1(request: &mut Request<Incoming>) -> anyhow::Result<()> {
    if let Some(authority) = request.uri().authority() {
        let host = HeaderValue::from_str(authority.as_str())?;
        request.headers_mut().insert(header::HOST, host);
    }
    let target = request.uri().path_and_query().cloned().context("request without a path")?;
    *request.uri_mut() = Uri::from(target);
    *request.version_mut() = Version::HTTP_11;
    Ok(())
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    if let Some(named) = headers.remove(header::CONNECTION) {
        for name in named.to_str().unwrap_or_default().split(',') {
            if let Ok(name) = HeaderName::try_from(name.trim()) {
                headers.remove(name);
            }
        }
    }
    headers.remove("keep-alive");
    headers.remove("proxy-connection");
    headers.remove(header::TE);
    headers.remove(header::TRANSFER_ENCODING);
    headers.remove(header::UPGRADE);
}

/// A response body that gives its upstream connection back once it was read to the end.
struct Proxied {
    body: Option<Incoming>,
    lease: Option<(SendRequest<Incoming>, Rc<Pool>)>,
}

impl Body for Proxied {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        match &mut self.get_mut().body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Proxied {
    fn drop(&mut self) {
        // A connection whose response was not read to its end is dropped, and with it the rest of that response.
        if !self.is_end_stream() {
            return;
        }
        if let Some((connection, pool)) = self.lease.take() {
            pool.idle.borrow_mut().push(connection);
        }
    }
}
