//! Raw clients: they send exactly the bytes they are told and accept whatever comes back.

pub mod frames;
pub mod h1;
pub mod h2;
pub mod parse;

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// How long a client waits for what must come. A bound of an outcome, not an expectation of speed.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// A byte stream, plain or TLS.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Where and how to connect.
#[derive(Clone, Debug)]
pub struct Target {
    /// The address to connect to.
    pub address: SocketAddr,
    /// The source address to bind, when the peer address matters.
    pub from: Option<IpAddr>,
    /// TLS and the server name to ask for.
    pub tls: Option<(Arc<ClientConfig>, String)>,
    /// Bytes sent before anything else, the TLS handshake included (a PROXY protocol line).
    pub preface: Vec<u8>,
}

/// One response, as tolerant as it could be read.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Final status code.
    pub status: u16,
    /// Status codes of the 1xx responses before it.
    pub interim: Vec<u16>,
    /// Header lines in order, names as they came.
    pub headers: Vec<(String, String)>,
    /// The content, with the chunked framing removed.
    pub body: Vec<u8>,
    /// The trailer section.
    pub trailers: Vec<(String, String)>,
    /// False when the content ended before its framing said so.
    pub complete: bool,
}

impl Answer {
    /// All values of header `name`, in order.
    pub fn values(&self, name: &str) -> Vec<&str> {
        values(&self.headers, name)
    }
}

/// All values of the lines called `name`, in order.
pub fn values<'a>(headers: &'a [(String, String)], name: &str) -> Vec<&'a str> {
    headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect()
}

impl Target {
    /// A plain connection from any address.
    pub fn plain(address: SocketAddr) -> Self {
        Self { address, from: None, tls: None, preface: Vec::new() }
    }

    /// Connects, sends the preface and finishes the TLS handshake.
    pub async fn connect(&self) -> Result<Pin<Box<dyn Io>>> {
        tokio::time::timeout(PATIENCE, self.open()).await.context("connecting took too long")?
    }

    async fn open(&self) -> Result<Pin<Box<dyn Io>>> {
        let mut tcp = self.tcp().await.with_context(|| format!("cannot connect to {}", self.address))?;
        tcp.set_nodelay(true)?;
        tcp.write_all(&self.preface).await?;
        match &self.tls {
            None => Ok(Box::pin(tcp)),
            Some((config, name)) => {
                let name = ServerName::try_from(name.clone())?;
                Ok(Box::pin(tokio_rustls::TlsConnector::from(Arc::clone(config)).connect(name, tcp).await?))
            }
        }
    }

    async fn tcp(&self) -> std::io::Result<TcpStream> {
        let socket = if self.address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if let Some(from) = self.from {
            socket.bind(SocketAddr::new(from, 0))?;
        }
        socket.connect(self.address).await
    }
}
