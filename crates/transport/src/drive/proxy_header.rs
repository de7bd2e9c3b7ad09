//! Reads a PROXY protocol header off a socket, and not a byte more: what follows may be a TLS handshake.

use std::io;
use std::net::SocketAddr;

use portcullis_core::bounds::MAX_PROXY_HEADER_BYTES;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::proxy_protocol::{Header, parse};

/// The client that the header names; `None` when the proxy speaks for itself.
///
/// Bytes are looked at before they are taken. What is known to be part of the header is taken at once: the next look would
/// find it again and never wait.
pub(super) async fn read(stream: &mut TcpStream) -> io::Result<Option<SocketAddr>> {
    let mut header = vec![0; MAX_PROXY_HEADER_BYTES];
    let mut taken = 0_usize;
    loop {
        let space = header.get_mut(taken..).unwrap_or_default();
        let seen = taken.saturating_add(stream.peek(space).await?);
        if seen == taken {
            return Err(io::ErrorKind::UnexpectedEof.into()); // also when there is no room: `parse` knows by then
        }
        let found = parse(header.get(..seen).unwrap_or_default()).map_err(io::Error::other)?;
        let end = match found {
            Header::Partial => seen,
            Header::Whole { length, .. } => length,
        };
        stream.read_exact(header.get_mut(taken..end).unwrap_or_default()).await?;
        if let Header::Whole { source, .. } = found {
            return Ok(source);
        }
        taken = end;
    }
}
