//! The head of a response (RFC 9112 §4, §5).

use super::{closed, malformed};
use bytes::{Buf as _, Bytes};
use http::header::{CONNECTION, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Version};
use httparse::{ParserConfig, Status};
use hyper::ext::ReasonPhrase;
use portcullis_core::bounds::{MAX_INTERIM_RESPONSES, MAX_UPSTREAM_HEAD_BYTES, MAX_UPSTREAM_HEADER_FIELDS};
use portcullis_core::{Fault, Reason, Stop};
use std::mem::MaybeUninit;

/// The head of a final response, or of a 101.
pub(in crate::upstream) struct Head {
    pub(in crate::upstream) response: Response<()>,
    /// What was read behind it.
    pub(in crate::upstream) rest: Bytes,
    /// The upstream does not mean to close.
    pub(super) keeps_alive: bool,
}

/// Reads heads from bytes that are cut anywhere. Interim responses are passed over, and counted.
#[derive(Default)]
pub(super) struct Heads {
    /// The beginning of a head. Bounded: checked whenever it grows.
    partial: Vec<u8>,
    interim: u32,
    interim_bytes: usize,
}

impl Heads {
    /// Reads on: `None` while the head is not whole.
    ///
    /// # Errors
    /// A head that breaks the grammar or a bound.
    pub(super) fn read(&mut self, bytes: Bytes) -> Result<Option<Head>, Stop> {
        if self.partial.is_empty() {
            return self.parse(bytes);
        }
        let seen = self.partial.len().saturating_sub(2);
        self.partial.extend_from_slice(&bytes);
        // Read again once for each line end that may be the last, not for each byte that arrives.
        let is_whole = has_empty_line(self.partial.get(seen..).unwrap_or_default());
        if !is_whole && self.partial.len() <= MAX_UPSTREAM_HEAD_BYTES {
            return Ok(None);
        }
        let bytes = std::mem::take(&mut self.partial);
        self.parse(bytes.into())
    }

    /// No more bytes will come: why there is no head.
    pub(super) fn end(&mut self) -> Stop {
        let bytes = std::mem::take(&mut self.partial);
        match self.parse(bytes.into()) {
            Err(stop) => stop,
            Ok(_) => closed("closed before a response was whole"),
        }
    }

    fn parse(&mut self, mut bytes: Bytes) -> Result<Option<Head>, Stop> {
        loop {
            match bytes.first() {
                None => return Ok(None),
                Some(b'\r' | b'\n') => return Err(malformed("an empty line before a response")),
                Some(_) => {}
            }
            let mut fields = [const { MaybeUninit::uninit() }; MAX_UPSTREAM_HEADER_FIELDS];
            let mut parsed = httparse::Response::new(&mut []);
            let status = ParserConfig::default().parse_response_with_uninit_headers(&mut parsed, &bytes, &mut fields);
            let Status::Complete(length) = status.map_err(malformed)? else {
                return self.keep(bytes).map(|()| None);
            };
            let status = parsed.code.map(StatusCode::from_u16).and_then(Result::ok);
            let status = status.ok_or_else(|| malformed("a status that is none"))?;
            if is_interim(status) {
                self.pass_over(length)?;
                bytes.advance(length);
                continue;
            }
            if length > MAX_UPSTREAM_HEAD_BYTES {
                return Err(over_bound());
            }
            let (response, keeps_alive) = response(&parsed, status, &bytes)?;
            return Ok(Some(Head { response, rest: bytes.split_off(length), keeps_alive }));
        }
    }

    fn pass_over(&mut self, length: usize) -> Result<(), Stop> {
        self.interim = self.interim.saturating_add(1);
        self.interim_bytes = self.interim_bytes.saturating_add(length);
        if self.interim > MAX_INTERIM_RESPONSES || self.interim_bytes > MAX_UPSTREAM_HEAD_BYTES {
            return Err(flood());
        }
        Ok(())
    }

    fn keep(&mut self, bytes: Bytes) -> Result<(), Stop> {
        let is_interim = matches!(bytes.get(9..12), Some([b'1', ..]));
        if is_interim && self.interim_bytes.saturating_add(bytes.len()) > MAX_UPSTREAM_HEAD_BYTES {
            return Err(flood());
        }
        if bytes.len() > MAX_UPSTREAM_HEAD_BYTES {
            return Err(over_bound());
        }
        self.partial = bytes.into();
        Ok(())
    }
}

/// 101 is not: nothing of HTTP comes behind it.
fn is_interim(status: StatusCode) -> bool {
    status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS
}

fn over_bound() -> Stop {
    malformed("head over its bound")
}

fn flood() -> Stop {
    Fault::new(Reason::UpstreamInterim, "too many interim responses").into()
}

/// Whether a head may end in `bytes`: at an empty line, with either line end, as httparse reads them.
fn has_empty_line(bytes: &[u8]) -> bool {
    let follows = |at: usize| bytes.get(at.saturating_add(1)..).unwrap_or_default();
    memchr::memchr_iter(b'\n', bytes).any(|at| matches!(follows(at), [b'\n', ..] | [b'\r', b'\n', ..]))
}

fn response(
    parsed: &httparse::Response<'_, '_>,
    status: StatusCode,
    bytes: &Bytes,
) -> Result<(Response<()>, bool), Stop> {
    let is_http10 = parsed.version == Some(0);
    let mut keeps_alive = !is_http10;
    let mut response = Response::new(());
    *response.status_mut() = status;
    *response.version_mut() = if is_http10 { Version::HTTP_10 } else { Version::HTTP_11 };
    let mut headers = HeaderMap::with_capacity(parsed.headers.len());
    for field in &*parsed.headers {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(malformed)?;
        let value = HeaderValue::from_maybe_shared(bytes.slice_ref(field.value)).map_err(malformed)?;
        if name == CONNECTION {
            keeps_alive &= !asks_to_close(value.as_bytes());
        } else if name == TRANSFER_ENCODING && is_http10 {
            return Err(malformed("Transfer-Encoding in HTTP/1.0")); // RFC 9112 §6.1
        }
        headers.try_append(name, value).map_err(malformed)?;
    }
    *response.headers_mut() = headers;
    let phrase = parsed.reason.filter(|phrase| Some(*phrase) != status.canonical_reason());
    if let Some(phrase) = phrase.and_then(|phrase| ReasonPhrase::try_from(phrase.as_bytes()).ok()) {
        response.extensions_mut().insert(phrase); // written to the client as it came
    }
    Ok((response, keeps_alive))
}

fn asks_to_close(value: &[u8]) -> bool {
    value.split(|byte| *byte == b',').any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
}

#[cfg(test)]
mod tests;
