//! Content codings: what arrives compressed, decoded under bounds (RFC 9110 §8.4).
//!
//! **Does**  decodes gzip, deflate, br and zstd piece by piece, in steps of 16 KiB; holds size and ratio after each.
//! **Never** holds more than the most that may come out, and the window; decodes twice; accepts what two decoders read
//! differently: a second member, bytes behind the end, deflate without its zlib wrapper.
//! **Flow**  [`Coding::of`] → [`Decoder::new`] → [`Decoder::push`] for each piece → [`Decoder::finish`].
//! **Fails** with [`CodingError`]; nothing that was decoded before counts then.
//! **Source** RFC 1950, RFC 1952, RFC 7932, RFC 8878, RFC 9659 (windows of zstd up to 8 MiB).

mod brotli;
mod gzip;
mod inflate;
#[cfg(test)]
mod tests;
mod zstd;

use http::HeaderMap;
use http::header::CONTENT_ENCODING;

/// Bytes decoded in one step, between two looks at the bounds.
const STEP_BYTES: usize = 16 * 1024;

/// The largest window that a decoder keeps for references to what it gave: RFC 9659 has all of HTTP keep to it.
const MAX_WINDOW_BYTES: u64 = 8 * 1024 * 1024;

/// A coding that can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// `gzip`, `x-gzip`
    Gzip,
    /// `deflate`: zlib, as the specification says.
    Deflate,
    /// `br`
    Brotli,
    /// `zstd`
    Zstd,
}

/// Why content can not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodingError {
    /// A coding that is none of ours: 415.
    #[error("a content coding other than `gzip`, `deflate`, `br`, `zstd`")]
    Unknown,
    /// One coding inside another: 415.
    #[error("more than one content coding")]
    Several,
    /// A window over 8 MiB: 415.
    #[error("a window of more than 8 MiB")]
    Window,
    /// No content of this coding: 400.
    #[error("the content is not what its coding says")]
    Malformed,
    /// More behind the end: 400.
    #[error("bytes behind the end of the coded content")]
    Trailing,
    /// The end is missing: 400.
    #[error("the coded content has no end")]
    Truncated,
    /// More than may come out: 413.
    #[error("the decoded content is over its bound")]
    TooLarge,
    /// So much from so little that it is made for harm (CWE-409): 413.
    #[error("the content expands more than content does")]
    Ratio,
}

impl Coding {
    /// The coding of a message; `None` for content as it is.
    ///
    /// # Errors
    /// [`CodingError::Unknown`], [`CodingError::Several`].
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, CodingError> {
        let mut found = None;
        for line in headers.get_all(CONTENT_ENCODING) {
            let line = line.to_str().map_err(|_| CodingError::Unknown)?;
            for name in line.split(',').map(|name| name.trim_matches([' ', '\t'])).filter(|name| !name.is_empty()) {
                let coding = match name.to_ascii_lowercase().as_str() {
                    "identity" => continue,
                    "gzip" | "x-gzip" => Self::Gzip,
                    "deflate" => Self::Deflate,
                    "br" => Self::Brotli,
                    "zstd" => Self::Zstd,
                    _ => return Err(CodingError::Unknown),
                };
                if found.replace(coding).is_some() {
                    return Err(CodingError::Several);
                }
            }
        }
        Ok(found)
    }
}

/// What may come out of a decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Decoded bytes.
    pub max_bytes: u64,
    /// Decoded bytes for each that arrived. JSON of many like records reaches 15; a bomb 1,000.
    pub max_ratio: u64,
    /// Decoded bytes from which on the ratio counts.
    pub ratio_from: u64,
}

impl Limits {
    /// A bound on the size, with 20:1 after the first 64 KiB.
    #[must_use]
    pub const fn new(max_bytes: u64) -> Self {
        Self { max_bytes, max_ratio: 20, ratio_from: 64 * 1024 }
    }
}

/// How far one step came.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    read: usize,
    written: usize,
    /// Nothing may follow, and nothing will.
    has_ended: bool,
}

enum Inner {
    Gzip(gzip::Gzip),
    Zlib(inflate::Inflate),
    Brotli(Box<brotli::Brotli>),
    Zstd(Box<zstd::Zstd>),
}

/// Decodes one message.
pub struct Decoder {
    inner: Inner,
    limits: Limits,
    step: Box<[u8; STEP_BYTES]>,
    taken: u64,
    given: u64,
    /// The end, or the error that ended it.
    ended: Option<Result<(), CodingError>>,
}

impl std::fmt::Debug for Decoder {
    /// Never what it holds: that is somebody's data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Decoder({} bytes in, {} out)", self.taken, self.given)
    }
}

impl Decoder {
    /// A decoder that has seen nothing yet.
    #[must_use]
    pub fn new(coding: Coding, limits: Limits) -> Self {
        let inner = match coding {
            Coding::Gzip => Inner::Gzip(gzip::Gzip::new()),
            Coding::Deflate => Inner::Zlib(inflate::Inflate::zlib()),
            Coding::Brotli => Inner::Brotli(Box::new(brotli::Brotli::new(limits.max_bytes))),
            Coding::Zstd => Inner::Zstd(Box::new(zstd::Zstd::new(limits.max_bytes))),
        };
        Self { inner, limits, step: Box::new([0; STEP_BYTES]), taken: 0, given: 0, ended: None }
    }

    /// Takes the next piece, and appends to `out` what it decodes to.
    ///
    /// # Errors
    /// What is wrong with it, or was wrong before.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), CodingError> {
        let outcome = match self.ended {
            Some(Err(error)) => return Err(error),
            Some(Ok(())) if piece.is_empty() => return Ok(()),
            Some(Ok(())) => Err(CodingError::Trailing),
            None => self.decode(piece, out),
        };
        if let Err(error) = outcome {
            self.ended = Some(Err(error));
        }
        outcome
    }

    fn decode(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), CodingError> {
        let mut rest = piece;
        loop {
            let step = match &mut self.inner {
                Inner::Gzip(gzip) => gzip.step(rest, &mut *self.step)?,
                Inner::Zlib(zlib) => zlib.step(rest, &mut *self.step)?,
                Inner::Brotli(brotli) => brotli.step(rest, &mut *self.step)?,
                Inner::Zstd(zstd) => zstd.step(rest, &mut *self.step)?,
            };
            rest = rest.get(step.read..).unwrap_or_default();
            self.taken = self.taken.saturating_add(length(step.read));
            self.given = self.given.saturating_add(length(step.written));
            if self.given > self.limits.max_bytes {
                return Err(CodingError::TooLarge);
            }
            if self.given > self.limits.ratio_from && self.given > self.taken.saturating_mul(self.limits.max_ratio) {
                return Err(CodingError::Ratio);
            }
            out.extend_from_slice(self.step.get(..step.written).unwrap_or_default());
            if step.has_ended {
                self.ended = Some(Ok(()));
                return if rest.is_empty() { Ok(()) } else { Err(CodingError::Trailing) };
            }
            if step.read == 0 && step.written == 0 {
                // All decoders take what they are given, unless they have an answer to give first.
                return if rest.is_empty() { Ok(()) } else { Err(CodingError::Malformed) };
            }
        }
    }

    /// Says that nothing more comes.
    ///
    /// # Errors
    /// The end is missing, or an error was found before.
    pub fn finish(&self) -> Result<(), CodingError> {
        self.ended.unwrap_or(Err(CodingError::Truncated))
    }
}

/// Decodes content that is held whole.
///
/// # Errors
/// What is wrong with it.
pub fn decode(coding: Coding, limits: Limits, content: &[u8]) -> Result<Vec<u8>, CodingError> {
    let mut decoder = Decoder::new(coding, limits);
    let mut out = Vec::new();
    decoder.push(content, &mut out)?;
    decoder.finish()?;
    Ok(out)
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
