//! Small messages leave in one piece: one buffer through `send` costs the kernel less than two through `writev`.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

/// Messages up to this size are copied together; copying more costs what it saves.
const FLAT_BYTES: usize = 4 * 1024;

thread_local! {
    /// Room for one message, of this core alone.
    static FLAT: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(FLAT_BYTES));
}

/// Writes `buffers` to `io`, small ones as one.
pub(crate) fn poll_write<Io: AsyncWrite + Unpin>(
    io: &mut Io,
    context: &mut Context<'_>,
    buffers: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    if let [one] = buffers {
        return Pin::new(io).poll_write(context, one);
    }
    let total = buffers.iter().map(|buffer| buffer.len()).fold(0, usize::saturating_add);
    if total > FLAT_BYTES {
        return Pin::new(io).poll_write_vectored(context, buffers);
    }
    FLAT.with_borrow_mut(|flat| {
        flat.clear();
        buffers.iter().for_each(|buffer| flat.extend_from_slice(buffer));
        Pin::new(io).poll_write(context, flat)
    })
}
