//! The upstream's side of a WebSocket (RFC 6455 §5.2).

use anyhow::Result;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Sends back every frame, unmasked, until a close frame.
pub(super) async fn frames<T: AsyncRead + AsyncWrite + Unpin>(io: &mut T, buffer: &mut Vec<u8>) -> Result<()> {
    loop {
        while let Some((frame, used)) = unmasked(buffer) {
            buffer.drain(..used);
            io.write_all(&frame).await?;
            io.flush().await?;
            if frame.first().is_some_and(|first| first & 0x0f == 8) {
                return Ok(io.shutdown().await?);
            }
        }
        if io.read_buf(buffer).await? == 0 {
            return Ok(());
        }
    }
}

/// The first frame without its mask, and how many bytes it took; `None` until it is whole.
fn unmasked(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (&[first, second], rest) = bytes.split_first_chunk()?;
    let (length, after) = match second & 0x7f {
        126 => rest.split_first_chunk().map(|(length, after)| (u64::from(u16::from_be_bytes(*length)), after))?,
        127 => rest.split_first_chunk().map(|(length, after)| (u64::from_be_bytes(*length), after))?,
        short => (u64::from(short), rest),
    };
    let (key, after) = after.split_first_chunk::<4>()?;
    let payload = after.get(..usize::try_from(length).ok()?)?;
    let header = bytes.get(2..bytes.len() - after.len() - 4)?;
    let mut frame = [&[first, second & 0x7f], header].concat();
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    Some((frame, bytes.len() - after.len() + payload.len()))
}
