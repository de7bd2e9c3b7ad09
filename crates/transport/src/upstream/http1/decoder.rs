//! Where the content of a response ends (RFC 9112 §6.3).

use super::chunks::Chunks;
use super::closed;
use crate::upstream::judge::Framing;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use portcullis_core::Stop;

/// Cuts the content of a response out of the bytes that follow its head.
pub(super) enum Decoder {
    /// So many bytes are to come, one at least.
    Length(u64),
    Chunked(Chunks),
    UntilClose,
    Ended,
}

impl Decoder {
    /// `None`: nothing follows the head, whatever it says.
    pub(super) fn new(framing: Option<Framing>) -> Self {
        match framing {
            None | Some(Framing::Length(0)) => Self::Ended,
            Some(Framing::Length(length)) => Self::Length(length),
            Some(Framing::Chunked) => Self::Chunked(Chunks::default()),
            Some(Framing::UntilClose) => Self::UntilClose,
        }
    }

    /// The next frame, cut off from `unread`; `None` where that ends first, or the content.
    ///
    /// # Errors
    /// What breaks the grammar or a bound.
    pub(super) fn next(&mut self, unread: &mut Bytes) -> Result<Option<Frame<Bytes>>, Stop> {
        let data = match self {
            Self::Ended => return Ok(None),
            Self::UntilClose => std::mem::take(unread),
            Self::Length(left) => {
                let data = unread.split_to(usize::try_from(*left).unwrap_or(usize::MAX).min(unread.len()));
                *left = left.saturating_sub(data.len() as u64);
                if *left == 0 {
                    *self = Self::Ended;
                }
                data
            }
            Self::Chunked(chunks) => {
                let frame = chunks.next(unread);
                if chunks.has_ended() {
                    *self = Self::Ended;
                }
                return frame;
            }
        };
        Ok((!data.is_empty()).then(|| Frame::data(data)))
    }

    /// The upstream has closed.
    ///
    /// # Errors
    /// More was to come (edge/HR10).
    pub(super) fn end(&mut self) -> Result<(), Stop> {
        match std::mem::replace(self, Self::Ended) {
            Self::Ended | Self::UntilClose => Ok(()),
            Self::Length(_) | Self::Chunked(_) => Err(closed("closed before the content was whole")),
        }
    }

    pub(super) const fn has_ended(&self) -> bool {
        matches!(self, Self::Ended)
    }

    /// Whether `unread` is all that is to come, and nothing else.
    pub(super) fn is_exactly(&self, unread: &Bytes) -> bool {
        match self {
            Self::Length(left) => *left == unread.len() as u64,
            Self::Ended => unread.is_empty(),
            Self::Chunked(_) | Self::UntilClose => false,
        }
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        match self {
            Self::Length(left) => SizeHint::with_exact(*left),
            Self::Ended => SizeHint::with_exact(0),
            Self::Chunked(_) | Self::UntilClose => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests;
