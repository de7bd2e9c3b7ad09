//! Content of any length that tells at once when a byte of it is missing, doubled or changed.

use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// After so many bytes it repeats. A prime, so that no buffer or frame of round size can be lost or doubled unnoticed.
const PERIOD: usize = 65_521;

static PERIODIC: LazyLock<Bytes> = LazyLock::new(|| {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let next = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    next.flatten().take(PERIOD).collect()
});

/// The piece of the pattern that begins at `offset`.
pub fn piece(offset: u64) -> Bytes {
    let start = usize::try_from(offset % PERIOD as u64).unwrap_or_default();
    PERIODIC.slice(start..)
}

/// The first `length` bytes of the pattern, piece by piece.
pub fn pieces(length: u64) -> impl Iterator<Item = Bytes> {
    let mut sent = 0;
    std::iter::from_fn(move || {
        let mut piece = piece(sent);
        piece.truncate(usize::try_from(length - sent).unwrap_or(usize::MAX));
        sent += piece.len() as u64;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Reads the pattern from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader {
    /// Bytes read.
    pub length: u64,
    /// Every one of them was right.
    pub is_intact: bool,
}

impl Default for Reader {
    fn default() -> Self {
        Self { length: 0, is_intact: true }
    }
}

impl Reader {
    /// Takes the next bytes.
    pub fn read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let expected = piece(self.length);
            let (now, rest) = bytes.split_at(bytes.len().min(expected.len()));
            self.is_intact &= expected.starts_with(now);
            self.length += now.len() as u64;
            bytes = rest;
        }
    }
}

/// The first bytes of the pattern as the content of a message.
#[derive(Debug)]
pub struct PatternBody {
    sent: u64,
    length: u64,
}

impl PatternBody {
    /// `length` bytes.
    pub const fn new(length: u64) -> Self {
        Self { sent: 0, length }
    }
}

impl Body for PatternBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let mut piece = piece(self.sent);
        piece.truncate(usize::try_from(self.length - self.sent).unwrap_or(usize::MAX));
        self.sent += piece.len() as u64;
        Poll::Ready((!piece.is_empty()).then_some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.sent == self.length
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length - self.sent)
    }
}

#[cfg(test)]
mod tests;
