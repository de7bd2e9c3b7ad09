//! A fake upstream: records every request exactly as it came and answers as scripted, or wrongly on purpose.

mod echo;
mod http2;
pub mod reply;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::client::parse::{self, Framing};
use crate::client::values;
pub use reply::Reply;

/// Most bytes of one request that are kept.
const MAX_REQUEST: usize = 64 * 1024 * 1024;

/// One request as it arrived.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Which of the upstream's addresses took it, counted from 1.
    pub endpoint: usize,
    /// Which connection of this upstream, counted from 1.
    pub connection: u64,
    /// Which request on its connection, counted from 1.
    pub nth: usize,
    /// The method.
    pub method: String,
    /// The request target, byte for byte.
    pub target: String,
    /// The protocol version as written.
    pub version: String,
    /// Header lines in order, names as they came.
    pub headers: Vec<(String, String)>,
    /// The content, with the chunked framing removed.
    pub body: Vec<u8>,
    /// The trailer section.
    pub trailers: Vec<(String, String)>,
    /// False when the content ended before its framing said so.
    pub complete: bool,
    /// How many scripts were set before its head came.
    script: u64,
}

impl Seen {
    /// The request id that the gateway gave it.
    fn id(&self) -> Option<&str> {
        values(&self.headers, "x-request-id").first().copied()
    }
}

/// What the listeners of one upstream share.
#[derive(Debug)]
struct Shared {
    seen: Mutex<Vec<Seen>>,
    script: Mutex<BTreeMap<String, Reply>>,
    scripts: Mutex<u64>,
    /// Request ids of exchanges that were judged.
    judged: Mutex<BTreeSet<String>>,
    connections: Mutex<u64>,
    release: watch::Sender<u64>,
}

/// A running fake upstream; stops when dropped.
#[derive(Debug)]
pub struct Upstream {
    shared: Arc<Shared>,
    listeners: JoinSet<()>,
}

impl Default for Upstream {
    fn default() -> Self {
        Self::new()
    }
}

impl Upstream {
    /// An upstream that listens nowhere yet.
    pub fn new() -> Self {
        let shared = Shared {
            seen: Mutex::default(),
            script: Mutex::default(),
            scripts: Mutex::default(),
            judged: Mutex::default(),
            connections: Mutex::default(),
            release: watch::Sender::new(0),
        };
        Self { shared: Arc::new(shared), listeners: JoinSet::new() }
    }

    /// Opens one more address on a free port of 127.0.0.1.
    pub async fn listen(&mut self, tls: Option<Arc<ServerConfig>>) -> Result<SocketAddr> {
        self.listen_as(Protocol::Http1, tls).await
    }

    /// The same, speaking HTTP/2.
    pub async fn listen_http2(&mut self, tls: Option<Arc<ServerConfig>>) -> Result<SocketAddr> {
        self.listen_as(Protocol::Http2, tls).await
    }

    async fn listen_as(&mut self, protocol: Protocol, tls: Option<Arc<ServerConfig>>) -> Result<SocketAddr> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let endpoint = self.listeners.len() + 1;
        self.listeners.spawn(accept(Arc::clone(&self.shared), listener, endpoint, protocol, tls));
        Ok(address)
    }

    /// Answers as `script` says from now on: keys are `METHOD target`, or `*` for everything else. What no key names
    /// is answered with an echo of itself. Forgets what was seen and lets go whatever still hangs.
    pub fn script(&self, script: BTreeMap<String, Reply>) {
        self.release();
        *lock(&self.shared.script) = script;
        *lock(&self.shared.scripts) += 1;
        lock(&self.shared.seen).clear();
    }

    /// The requests whose head came since the last [`Self::script`]. What an exchange that was judged leaves behind (an upload
    /// that was given up is noticed late) is not among them.
    pub fn seen(&self) -> Vec<Seen> {
        let judged = lock(&self.shared.judged);
        let scripts = *lock(&self.shared.scripts);
        let seen = lock(&self.shared.seen);
        let is_late = |seen: &Seen| seen.script != scripts || seen.id().is_some_and(|id| judged.contains(id));
        seen.iter().filter(|seen| !is_late(seen)).cloned().collect()
    }

    /// The exchanges with these request ids were judged: what still comes of them belongs to no other.
    pub fn judged(&self, ids: impl IntoIterator<Item = String>) {
        lock(&self.shared.judged).extend(ids);
    }

    /// Lets every hanging reply go on.
    pub fn release(&self) {
        self.shared.release.send_modify(|count| *count += 1);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is spoken on an address.
#[derive(Clone, Copy)]
enum Protocol {
    Http1,
    Http2,
}

async fn accept(
    shared: Arc<Shared>,
    listener: TcpListener,
    endpoint: usize,
    protocol: Protocol,
    tls: Option<Arc<ServerConfig>>,
) {
    let mut connections = JoinSet::new();
    while let Ok((tcp, _)) = listener.accept().await {
        let connection = {
            let mut count = lock(&shared.connections);
            *count += 1;
            *count
        };
        let (shared, tls) = (Arc::clone(&shared), tls.clone());
        connections.spawn(async move {
            // A client that goes away ends its connection only.
            let _ended = serve(shared, tcp, Seen { endpoint, connection, ..Seen::default() }, protocol, tls).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(
    shared: Arc<Shared>,
    tcp: TcpStream,
    origin: Seen,
    protocol: Protocol,
    tls: Option<Arc<ServerConfig>>,
) -> Result<()> {
    tcp.set_nodelay(true)?;
    match (tls.map(tokio_rustls::TlsAcceptor::from), protocol) {
        (None, Protocol::Http1) => converse(&shared, tcp, origin).await,
        (None, Protocol::Http2) => http2::converse(shared, tcp, origin).await,
        (Some(tls), Protocol::Http1) => converse(&shared, tls.accept(tcp).await?, origin).await,
        (Some(tls), Protocol::Http2) => http2::converse(shared, tls.accept(tcp).await?, origin).await,
    }
}

async fn converse<T: AsyncRead + AsyncWrite + Unpin>(shared: &Shared, mut io: T, mut origin: Seen) -> Result<()> {
    let mut buffer = Vec::new();
    origin.nth = 1;
    while let Some(seen) = receive(shared, &mut io, &mut buffer, &origin).await? {
        origin.nth += 1;
        let complete = seen.complete;
        let reply = {
            let script = lock(&shared.script);
            let key = format!("{} {}", seen.method, seen.target);
            script.get(&key).or_else(|| script.get("*")).cloned()
        };
        let mut release = shared.release.subscribe();
        lock(&shared.seen).push(seen.clone());
        if !complete {
            return Ok(());
        }
        let reply = reply.unwrap_or_default();
        if reply.hang {
            release.changed().await?;
        }
        let bytes = reply.bytes(&seen)?;
        write(&mut io, &bytes, reply.pause).await?;
        if reply.echo {
            return echo::frames(&mut io, &mut buffer).await;
        }
        if reply.closes() {
            io.shutdown().await?;
            return Ok(());
        }
    }
    Ok(())
}

async fn write<T: AsyncWrite + Unpin>(io: &mut T, bytes: &[u8], pause: Option<u64>) -> Result<()> {
    let piece = if pause.is_some() { bytes.len().div_ceil(4) } else { bytes.len() };
    for piece in bytes.chunks(piece.max(1)) {
        io.write_all(piece).await?;
        io.flush().await?;
        tokio::time::sleep(Duration::from_millis(pause.unwrap_or_default())).await;
    }
    Ok(())
}

/// Reads one request; None when the connection ends between requests.
async fn receive<T: AsyncRead + Unpin>(
    shared: &Shared,
    io: &mut T,
    buffer: &mut Vec<u8>,
    origin: &Seen,
) -> Result<Option<Seen>> {
    let head = loop {
        if let Some((head, used)) = parse::head(buffer) {
            buffer.drain(..used);
            break head;
        }
        if io.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let mut words = head.first.split(' ').map(str::to_owned);
    let mut seen = Seen {
        method: words.next().unwrap_or_default(),
        target: words.next().unwrap_or_default(),
        version: words.next().unwrap_or_default(),
        headers: head.headers,
        script: *lock(&shared.scripts),
        ..origin.clone()
    };
    let framing = parse::framing(&seen.headers, Framing::Length(0));
    loop {
        match framing {
            Framing::Chunked => {
                let read = parse::chunked(buffer);
                (seen.body, seen.trailers, seen.complete) = (read.body, read.trailers, read.complete);
                if seen.complete {
                    buffer.drain(..read.used);
                }
            }
            Framing::Length(length) => {
                seen.complete = buffer.len() >= length;
                seen.body = if seen.complete { buffer.drain(..length).collect() } else { buffer.clone() };
            }
            Framing::Close => seen.complete = true,
        }
        if seen.complete || buffer.len() > MAX_REQUEST || io.read_buf(buffer).await? == 0 {
            return Ok(Some(seen));
        }
    }
}

#[cfg(test)]
mod tests;
