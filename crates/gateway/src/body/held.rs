//! Content of a response that is looked at as a whole before any of it goes on.

use super::{RequestBody, Share};
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};
use portcullis_core::Stop;
use portcullis_transport::upstream::UpstreamBody;
use std::future::poll_fn;
use std::pin::Pin;

/// Content of an upstream's response that is handed on.
pub enum FromUpstream {
    /// As it comes.
    Streamed(UpstreamBody<RequestBody>),
    /// All of it arrived, and was looked at.
    Held(Held),
}

impl FromUpstream {
    /// Whether nothing is left of it.
    pub fn is_end_stream(&self) -> bool {
        match self {
            Self::Streamed(body) => body.is_end_stream(),
            Self::Held(held) => held.is_empty(),
        }
    }
}

/// Content that was read to its end.
#[derive(Debug)]
pub struct Held {
    content: Bytes,
    trailers: Option<HeaderMap>,
    /// What covers it, where it is more than a bounded error.
    _share: Option<Share>,
}

impl Held {
    /// Reads `body` to its end; `None` where it is longer than `max_bytes`.
    ///
    /// # Errors
    /// What the upstream did wrong.
    pub async fn read(
        body: &mut UpstreamBody<RequestBody>,
        max_bytes: usize,
        mut share: Option<&mut Share>,
    ) -> Result<Option<Self>, Stop> {
        let (mut content, mut trailers) = (Vec::new(), None);
        while let Some(frame) = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
            match frame.map_err(|error| error.0)?.into_data() {
                Ok(data) if content.len().saturating_add(data.len()) > max_bytes => return Ok(None),
                Ok(data) => {
                    if let Some(share) = &mut share {
                        share.cover(content.len().saturating_add(data.len()) as u64)?;
                    }
                    content.extend_from_slice(&data);
                }
                Err(frame) => trailers = frame.into_trailers().ok(),
            }
        }
        Ok(Some(Self { content: content.into(), trailers, _share: None }))
    }

    /// The content.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// Takes the content out, to be judged.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.content).into()
    }

    /// Judged content put back, covered by `share` for as long as it is there.
    pub fn with(self, content: Vec<u8>, share: Share) -> Self {
        Self { content: content.into(), _share: Some(share), ..self }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.content.is_empty() && self.trailers.is_none()
    }

    /// With a length known, HTTP/1.1 would have no place for trailers.
    pub(super) fn size_hint(&self) -> SizeHint {
        if self.trailers.is_some() {
            return SizeHint::default();
        }
        SizeHint::with_exact(self.content.len() as u64)
    }

    pub(super) fn next(&mut self) -> Option<Frame<Bytes>> {
        if !self.content.is_empty() {
            return Some(Frame::data(std::mem::take(&mut self.content)));
        }
        self.trailers.take().map(Frame::trailers)
    }
}
