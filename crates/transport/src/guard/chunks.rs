//! Chunked content, RFC 9112 §7.1.

use portcullis_core::Reason;
use portcullis_core::bounds::{MAX_CHUNK_EXTENSION_BYTES, MIN_CHUNK_BYTES, SMALL_CHUNKS};

use super::bytes::{TOKEN, VALUE, is, is_space};
use super::head::Line;
use super::{Guard, State};

/// What the chunks of one message have cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Chunks {
    count: u32,
    /// Bytes of extensions.
    extensions: u32,
    /// Bytes of data.
    data: u64,
}

/// Where in chunked content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    /// In the size, so many digits so far.
    Size(u8),
    /// In an extension.
    Extension(Extension),
    /// After the CR of the line of the size.
    SizeLf,
    /// In the data.
    Data,
    /// After the data, and after its CR.
    DataEnd,
    DataLf,
}

/// `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )`: whoever reads it more loosely ends it elsewhere
/// (CVE-2025-55315, CVE-2025-58056).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extension {
    /// After space, before `;`.
    Before,
    /// After `;`.
    NameBegin,
    Name,
    /// After a name and space.
    NameEnd,
    /// After `=`.
    ValueBegin,
    Token,
    Quoted,
    /// After a backslash in quotes.
    Escaped,
    /// After the closing quote.
    Unquoted,
}

/// A u64 in hexadecimal.
const MAX_SIZE_DIGITS: u8 = 16;
/// No content is that long, and a signed reader would see it negative.
const MAX_CHUNK_BYTES: u64 = i64::MAX as u64;

impl Chunk {
    /// At the first byte of chunked content.
    pub(super) const FIRST: Self = Self::Size(0);
}

impl Extension {
    /// What `byte` makes of it, unless it may not stand here. CR is not asked for.
    pub(crate) fn after(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Before | Self::NameEnd | Self::Name | Self::Token | Self::Unquoted, b';') => Self::NameBegin,
            (Self::Name | Self::NameEnd, b'=') => Self::ValueBegin,
            (Self::ValueBegin, b'"') => Self::Quoted,
            (Self::Quoted, b'"') => Self::Unquoted,
            (Self::Quoted, b'\\') => Self::Escaped,
            (Self::Quoted | Self::Escaped, _) if is(byte, VALUE) => Self::Quoted,
            (Self::NameBegin | Self::Name, _) if is(byte, TOKEN) => Self::Name,
            (Self::ValueBegin | Self::Token, _) if is(byte, TOKEN) => Self::Token,
            (Self::NameBegin | Self::ValueBegin | Self::Before | Self::NameEnd, _) if is_space(byte) => self,
            (Self::Name, _) if is_space(byte) => Self::NameEnd,
            (Self::Token | Self::Unquoted, _) if is_space(byte) => Self::Before,
            _ => return None,
        })
    }

    /// Whether the line may end behind it.
    pub(crate) const fn may_end(self) -> bool {
        matches!(self, Self::Name | Self::Token | Self::Unquoted)
    }
}

impl Guard {
    pub(super) fn chunk<'a>(&mut self, chunk: Chunk, bytes: &'a [u8]) -> &'a [u8] {
        match (chunk, bytes) {
            (_, []) => self.within(chunk, bytes),
            (Chunk::Size(digits), _) => self.size(digits, bytes),
            (Chunk::Extension(extension), _) => self.extension(extension, bytes),
            (Chunk::SizeLf, [b'\n', rest @ ..]) => self.end_size(rest),
            (Chunk::Data, _) => self.data(bytes),
            (Chunk::DataEnd, [b'\r', rest @ ..]) => self.chunk(Chunk::DataLf, rest),
            // Back to the caller between two chunks, or the stack would grow with their number.
            (Chunk::DataLf, [b'\n', rest @ ..]) => self.within(Chunk::FIRST, rest),
            (Chunk::SizeLf | Chunk::DataEnd | Chunk::DataLf, _) => self.breaks(bytes),
        }
    }

    const fn within<'a>(&mut self, chunk: Chunk, rest: &'a [u8]) -> &'a [u8] {
        self.go(State::Chunked(chunk), rest)
    }

    fn size<'a>(&mut self, mut digits: u8, mut bytes: &'a [u8]) -> &'a [u8] {
        while let [byte, rest @ ..] = bytes {
            match (hex(*byte), byte) {
                (Some(digit), _) if digits == 0 => self.left = digit,
                (Some(digit), _) if digits < MAX_SIZE_DIGITS => self.left = self.left << 4 | digit,
                (None, b'\r') if digits > 0 => return self.chunk(Chunk::SizeLf, rest),
                (None, b';' | b' ' | b'\t') if digits > 0 => return self.extension(Extension::Before, bytes),
                _ => return self.breaks(bytes),
            }
            (digits, bytes) = (digits.saturating_add(1), rest);
        }
        self.within(Chunk::Size(digits), bytes)
    }

    fn extension<'a>(&mut self, mut extension: Extension, mut bytes: &'a [u8]) -> &'a [u8] {
        while let [byte, rest @ ..] = bytes {
            if *byte == b'\r' && extension.may_end() {
                return self.chunk(Chunk::SizeLf, rest);
            }
            self.chunks.extensions = self.chunks.extensions.saturating_add(1);
            match extension.after(*byte) {
                Some(after) if self.chunks.extensions <= MAX_CHUNK_EXTENSION_BYTES => extension = after,
                _ => return self.breaks(bytes),
            }
            bytes = rest;
        }
        self.within(Chunk::Extension(extension), bytes)
    }

    fn end_size<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        if self.left == 0 {
            return self.go(State::Line(Line::Begin), rest); // the trailer section
        }
        if self.left > MAX_CHUNK_BYTES {
            return self.breaks_with(Reason::BodyTooLarge, rest);
        }
        self.chunks.count = self.chunks.count.saturating_add(1);
        self.chunks.data = self.chunks.data.saturating_add(self.left);
        // With extensions bounded, this bounds all framing by a share of the data (CVE-2023-39326).
        if self.chunks.count > SMALL_CHUNKS && self.chunks.data / MIN_CHUNK_BYTES < u64::from(self.chunks.count) {
            return self.breaks(rest);
        }
        self.chunk(Chunk::Data, rest)
    }

    fn data<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let rest = self.take(bytes);
        if self.left == 0 { self.chunk(Chunk::DataEnd, rest) } else { self.within(Chunk::Data, rest) }
    }
}

/// The value of a hexadecimal digit.
pub(crate) const fn hex(byte: u8) -> Option<u64> {
    match byte {
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0') as u64),
        b'a'..=b'f' => Some(byte.wrapping_sub(b'a').wrapping_add(10) as u64),
        b'A'..=b'F' => Some(byte.wrapping_sub(b'A').wrapping_add(10) as u64),
        _ => None,
    }
}
