//! One request over a connection of its own, without content and without a pool.

use super::encode;
use super::head::Heads;
use super::of_socket;
use crate::upstream::io::UpstreamIo;
use bytes::Bytes;
use http::{Request, StatusCode};
use portcullis_core::Stop;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Read at once: a head fits, mostly.
const READ_BYTES: usize = 4 * 1024;

/// Asks, and returns what the answer says. Its content is not read.
///
/// # Errors
/// No answer, or one that breaks the grammar.
pub(in crate::upstream) async fn ask(mut io: UpstreamIo, request: &Request<()>) -> Result<StatusCode, Stop> {
    let mut head = Vec::new();
    encode::head(request, Some(0), &mut head)?;
    io.write_all(&head).await.map_err(of_socket)?;
    io.flush().await.map_err(of_socket)?;
    let (mut heads, mut room) = (Heads::default(), vec![0; READ_BYTES]);
    loop {
        let read = io.read(&mut room).await.map_err(of_socket)?;
        let bytes = Bytes::copy_from_slice(room.get(..read).unwrap_or_default());
        if bytes.is_empty() {
            return Err(heads.end());
        }
        if let Some(head) = heads.read(bytes)? {
            return Ok(head.response.status());
        }
    }
}
