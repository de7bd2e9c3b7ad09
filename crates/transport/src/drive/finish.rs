//! The end of a connection, so that the last answer is not lost: write, shut down, read and drop what still comes, close.
//!
//! A socket closed with unread bytes sends a reset, and a reset makes the client's kernel throw away an answer that was not
//! read yet (RFC 9112 §9.6).

use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use portcullis_core::bounds::LINGER_BYTES;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};

use super::connection::Connection;
use crate::wheel::Timer;

/// Bytes dropped per read; on the stack, so that an ending connection costs no memory.
const SINK_BYTES: usize = 4096;

/// Runs `future` for at most `span`.
pub(super) async fn within<T>(timer: &Timer, span: Duration, future: impl Future<Output = T>) -> Option<T> {
    timer.arm(span);
    let mut future = pin!(future);
    let outcome = poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
        Poll::Pending => timer.poll_expired(context).map(|()| None),
    });
    let outcome = outcome.await;
    timer.disarm();
    outcome
}

/// Writes `answer`, ends our side, and reads until the client ends its own, at most [`LINGER_BYTES`] and
/// [`super::Timeouts::linger`].
pub(super) async fn linger<Io: AsyncRead + AsyncWrite + Unpin>(mut io: Io, connection: &Connection, answer: &[u8]) {
    let ending = async {
        io.write_all(answer).await?;
        io.shutdown().await?;
        let mut left = LINGER_BYTES;
        poll_fn(|context| poll_sink(&mut io, &mut left, context)).await
    };
    let _: Option<std::io::Result<()>> = within(connection.timer(), connection.timeouts.linger, ending).await; // the connection is over either way
}

/// Reads and drops what has come, at most `left` bytes; ready at the end of either.
pub(super) fn poll_sink<Io: AsyncRead + Unpin>(
    io: &mut Io,
    left: &mut usize,
    context: &mut Context<'_>,
) -> Poll<std::io::Result<()>> {
    let mut sink = [MaybeUninit::uninit(); SINK_BYTES];
    while *left > 0 {
        let mut buffer = ReadBuf::uninit(&mut sink);
        match Pin::new(&mut *io).poll_read(context, &mut buffer) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => break,
            Poll::Ready(Ok(())) => *left = left.saturating_sub(buffer.filled().len()),
        }
    }
    Poll::Ready(Ok(()))
}
