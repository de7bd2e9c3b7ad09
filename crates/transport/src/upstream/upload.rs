//! The content of a request on its way to an upstream.

use bytes::Bytes;
use http_body::Body;
use http_body_util::{Empty, Full};
use portcullis_core::Stop;

/// Request content that may be sent a second time.
pub trait Replay: Sized {
    /// The same content again, where it is at hand: none at all, or held whole. `None` for content that streams.
    fn replay(&self) -> Option<Self>;
}

impl Replay for Empty<Bytes> {
    fn replay(&self) -> Option<Self> {
        Some(Self::new())
    }
}

impl Replay for Full<Bytes> {
    fn replay(&self) -> Option<Self> {
        Some(self.clone())
    }
}

/// What [`forward`](super::forward) sends as the content of a request. Its error is the client's, and is carried through.
pub trait RequestBody: Body<Data = Bytes, Error: Into<Stop>> + Replay + Unpin + 'static {}

impl<B: Body<Data = Bytes, Error: Into<Stop>> + Replay + Unpin + 'static> RequestBody for B {}
