//! What a document says of the parts of a form, and what was read of them.

use super::super::list;
use super::super::media::Ranges;
use super::super::pairs::careless;
use super::super::spec::Unknown;
use super::super::violation::{Rule, Violation};
use super::{FormDataReader, Head, Limits};
use crate::shape::Shape;
use portcullis_json::Bounds;
use std::ops::Range;

/// How a part is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// A text, of this shape. It may not claim to be a file: servers keep those elsewhere.
    Text(Shape),
    /// A JSON text.
    Json,
    /// Bytes. In the JSON object it is an empty string; its size and type are judged here.
    File,
}

/// What a document says of one part.
#[derive(Clone, Debug)]
pub struct PartSpec {
    /// The name of the property.
    pub name: Box<str>,
    /// How it is read.
    pub kind: PartKind,
    /// Whether the property is an array: each part of this name is an item.
    pub is_repeated: bool,
    /// `encoding.contentType`. Empty: its default, which is text/plain, JSON, or for files any. A part that is no file need not
    /// name its type.
    pub types: Ranges,
    /// Bytes of one part. Of a file they are the `maxLength` of its schema, which sees an empty string.
    pub max_bytes: u64,
    /// Whether the first bytes must be those of the type that it names.
    pub sniff: bool,
}

/// The parts that a form may have.
#[derive(Debug)]
pub struct FormData {
    pub(super) parts: Vec<PartSpec>,
    /// How a part of another name is read.
    pub(super) other: Option<PartSpec>,
    pub(super) unknown: Unknown,
    pub(super) limits: Limits,
    pub(super) bounds: Bounds,
    /// The names as careless servers read them, sorted.
    careless: Vec<String>,
}

/// Where a part lies.
#[derive(Clone, Debug)]
pub struct PartSpan {
    /// What its header says.
    pub head: Head,
    /// Its content, in the whole content.
    pub content: Range<u64>,
    /// Whether it is forwarded.
    pub is_kept: bool,
}

/// What a form says.
pub struct FormDataValues {
    /// A JSON object.
    pub json: Vec<u8>,
    /// Its parts, in their order.
    pub parts: Vec<PartSpan>,
    /// Undeclared parts that passed or were taken out, up to [`MAX_VIOLATIONS`](crate::values::MAX_VIOLATIONS).
    pub undeclared: Vec<Violation>,
}

impl std::fmt::Debug for FormDataValues {
    /// Never what they are: that is somebody's data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FormDataValues({} parts)", self.parts.len())
    }
}

impl FormDataValues {
    /// The parts that are forwarded, in the one form, from the content that they were read from.
    #[must_use]
    pub fn written(&self, boundary: &str, content: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(content.len());
        for part in self.parts.iter().filter(|part| part.is_kept) {
            let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
            part.head.write(boundary, &mut out);
            out.extend_from_slice(content.get(place(part.content.start)..place(part.content.end)).unwrap_or_default());
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        out
    }
}

impl FormData {
    /// Takes what a document says of the parts. Which of them are required is for the schema of the whole to say.
    #[must_use]
    pub fn new(
        parts: Vec<PartSpec>,
        other: Option<PartSpec>,
        unknown: Unknown,
        limits: Limits,
        bounds: Bounds,
    ) -> Self {
        let mut careless: Vec<String> = parts.iter().map(|part| careless(&part.name)).collect();
        careless.sort_unstable();
        Self { parts, other, unknown, limits, bounds, careless }
    }

    /// Begins to read a content.
    #[must_use]
    pub fn reader(&self, boundary: &str) -> FormDataReader<'_> {
        FormDataReader::new(self, boundary)
    }

    /// Reads content that is held whole.
    ///
    /// # Errors
    /// What is wrong, at most [`MAX_VIOLATIONS`](crate::values::MAX_VIOLATIONS).
    pub fn read(&self, boundary: &str, content: &[u8]) -> Result<FormDataValues, Vec<Violation>> {
        const PIECE_BYTES: usize = 64 * 1024;
        let mut reader = self.reader(boundary);
        for piece in content.chunks(PIECE_BYTES) {
            reader.push(piece)?;
        }
        reader.finish()
    }

    /// Which of the parts a name is; `None` for one that is not declared but may stand.
    ///
    /// # Errors
    /// It may not.
    pub(super) fn find(&self, name: &str) -> Result<Option<usize>, Rule> {
        if let Some(place) = self.parts.iter().position(|part| &*part.name == name) {
            return Ok(Some(place));
        }
        if self.careless.binary_search(&careless(name)).is_ok() {
            return Err(Rule::LookAlike);
        }
        match (&self.other, self.unknown) {
            (Some(_), _) if list::is_inherited(name) => Err(Rule::Undeclared),
            (None, Unknown::Refuse) => Err(Rule::Undeclared),
            _ => Ok(None),
        }
    }
}
