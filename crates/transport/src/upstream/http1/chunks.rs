//! Chunked content of a response (RFC 9112 §7.1), by the grammar that the guard holds requests to.

use super::malformed;
use crate::guard::{Extension, hex};
use bytes::{Buf as _, Bytes};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::Frame;
use httparse::Status;
use portcullis_core::Stop;
use portcullis_core::bounds::{MAX_CHUNK_EXTENSION_BYTES, MAX_UPSTREAM_HEAD_BYTES, MAX_UPSTREAM_HEADER_FIELDS};

/// What mostly stands behind the data of the last chunk.
const USUAL_END: &[u8] = b"\r\n0\r\n\r\n";
/// A u64 in hexadecimal.
const MAX_SIZE_DIGITS: u8 = 16;

/// Where in chunked content.
pub(super) struct Chunks {
    state: State,
    /// Bytes of the present chunk that are still to come; its size while that is read.
    left: u64,
    /// Bytes of all extensions.
    extensions: u32,
    /// The trailer section so far.
    trailers: Vec<u8>,
    /// Where its last line begins.
    line: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the size, so many digits so far.
    Size(u8),
    Extension(Extension),
    /// After the CR of the line of the size.
    SizeLf,
    Data,
    /// After the data, and after its CR.
    DataEnd,
    DataLf,
    Trailers,
    Ended,
}

impl Default for Chunks {
    fn default() -> Self {
        Self { state: State::Size(0), left: 0, extensions: 0, trailers: Vec::new(), line: 0 }
    }
}

impl Chunks {
    pub(super) fn has_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// The next frame, cut off from `unread`; `None` where that ends first, or the content.
    ///
    /// # Errors
    /// What breaks the grammar or a bound.
    pub(super) fn next(&mut self, unread: &mut Bytes) -> Result<Option<Frame<Bytes>>, Stop> {
        loop {
            let Some(&byte) = unread.first() else { return Ok(None) };
            match self.state {
                State::Ended => return Ok(None),
                State::Data => return Ok(Some(Frame::data(self.data(unread)))),
                State::Trailers => return self.trailers(unread),
                _ => {
                    self.state = self.after(byte)?;
                    unread.advance(1);
                }
            }
        }
    }

    /// What a byte of the framing leads to.
    fn after(&mut self, byte: u8) -> Result<State, Stop> {
        Ok(match (self.state, byte) {
            (State::Size(digits), b'\r') if digits > 0 => State::SizeLf,
            (State::Size(digits), b';' | b' ' | b'\t') if digits > 0 => self.extension(Extension::Before, byte)?,
            (State::Size(digits), _) if digits < MAX_SIZE_DIGITS => {
                let digit = hex(byte).ok_or_else(|| malformed("a chunk size that is none"))?;
                self.left = self.left << 4 | digit;
                State::Size(digits.saturating_add(1))
            }
            // Some servers pad the size: there is one way only to read that.
            (State::Extension(extension), b'\r') if extension.may_end() || extension == Extension::Before => {
                State::SizeLf
            }
            (State::Extension(extension), _) => self.extension(extension, byte)?,
            (State::SizeLf, b'\n') if self.left == 0 => State::Trailers,
            (State::SizeLf, b'\n') => State::Data,
            (State::DataEnd, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => State::Size(0), // `left` is 0
            _ => return Err(malformed("chunks that break the grammar")),
        })
    }

    fn extension(&mut self, extension: Extension, byte: u8) -> Result<State, Stop> {
        self.extensions = self.extensions.saturating_add(1);
        match extension.after(byte) {
            Some(after) if self.extensions <= MAX_CHUNK_EXTENSION_BYTES => Ok(State::Extension(after)),
            _ => Err(malformed("a chunk extension that breaks the grammar or its bound")),
        }
    }

    fn data(&mut self, unread: &mut Bytes) -> Bytes {
        let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(unread.len());
        self.left = self.left.saturating_sub(length as u64);
        let data = unread.split_to(length);
        if self.left == 0 {
            self.state = State::DataEnd;
            if unread.starts_with(USUAL_END) {
                // Seen with the last data, so that nobody has to ask again to know.
                unread.advance(USUAL_END.len());
                self.state = State::Ended;
            }
        }
        data
    }

    /// Line by line, to the empty one.
    fn trailers(&mut self, unread: &mut Bytes) -> Result<Option<Frame<Bytes>>, Stop> {
        while !unread.is_empty() {
            let end = memchr::memchr(b'\n', unread).map(|at| at.saturating_add(1));
            self.trailers.extend_from_slice(&unread.split_to(end.unwrap_or(unread.len())));
            if self.trailers.len() > MAX_UPSTREAM_HEAD_BYTES {
                return Err(malformed("trailer section over its bound"));
            }
            if end.is_none() {
                break;
            }
            match self.trailers.get(self.line..).unwrap_or_default() {
                b"\r\n" => {
                    self.state = State::Ended;
                    return fields(&std::mem::take(&mut self.trailers));
                }
                [.., b'\r', b'\n'] => self.line = self.trailers.len(),
                _ => return Err(malformed("a line of the trailer section that does not end in CR LF")),
            }
        }
        Ok(None)
    }
}

/// The fields of a trailer section; `None` where there are none.
fn fields(section: &[u8]) -> Result<Option<Frame<Bytes>>, Stop> {
    if section == b"\r\n" {
        return Ok(None);
    }
    let mut parsed = [httparse::EMPTY_HEADER; MAX_UPSTREAM_HEADER_FIELDS];
    let fields = match httparse::parse_headers(section, &mut parsed).map_err(malformed)? {
        Status::Complete((length, fields)) if length == section.len() => fields,
        _ => return Err(malformed("a trailer section with an empty line in it")),
    };
    let mut trailers = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(malformed)?;
        trailers.try_append(name, HeaderValue::from_bytes(field.value).map_err(malformed)?).map_err(malformed)?;
    }
    Ok(Some(Frame::trailers(trailers)))
}
