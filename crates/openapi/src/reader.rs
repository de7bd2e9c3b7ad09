//! Text → [`Node`]. JSON is read by the YAML reader too, of which it is a subset: one reader, one meaning.
//!
//! The events of the parser are read directly: a deserialiser would turn numbers into doubles, and hide that `200` and `'200'`
//! are one key. Nothing here recurses, and every bound is asked before a value is kept.

mod builder;
mod scalar;

use crate::limits::Limits;
use crate::node::{FileId, Node, Place};
use builder::Builder;
use granit_parser::{Marker, Parser, Span};

/// What is wrong with the text of one file.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) place: Place,
    pub(crate) message: String,
    pub(crate) accepted: String,
}

impl Fault {
    fn new(place: Place, message: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self { place, message: message.into(), accepted: accepted.into() }
    }
}

/// What is still left of the bounds of all files.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) nodes: usize,
    pub(crate) aliased: usize,
    pub(crate) limits: Limits,
}

impl Budget {
    pub(crate) const fn new(limits: Limits) -> Self {
        Self { nodes: limits.max_nodes, aliased: limits.max_aliased, limits }
    }
}

/// Reads one file.
pub(crate) fn read(file: FileId, bytes: &[u8], budget: &mut Budget) -> Result<Node, Vec<Fault>> {
    let text = std::str::from_utf8(bytes).map_err(|error| vec![not_utf8(file, bytes, error)])?;
    let mut builder = Builder::new(file, budget);
    for next in Parser::new_from_str_with_options(text, options(builder.max_depth())) {
        let step = match next {
            Ok((event, span)) => builder.take(event, start(file, &span)),
            Err(error) => Err(Fault::new(place(file, *error.marker()), lower_first(&error.info()), "")),
        };
        if let Err(fault) = step {
            return Err(builder.fail(fault));
        }
    }
    builder.finish()
}

fn options(max_depth: usize) -> granit_parser::Options {
    granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: max_depth,
        block_nesting_limit: max_depth,
    }
}

/// Where a value begins. A block map begins at its first key.
fn start(file: FileId, span: &Span) -> Place {
    place(file, span.start)
}

fn place(file: FileId, mark: Marker) -> Place {
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Place { file, line: count(mark.line()), column: count(mark.col()).saturating_add(1) }
}

fn not_utf8(file: FileId, bytes: &[u8], error: std::str::Utf8Error) -> Fault {
    let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
    let good = String::from_utf8_lossy(good);
    let last = good.rsplit('\n').next().unwrap_or_default();
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1);
    let place = Place { file, line: count(good.matches('\n').count()), column: count(last.chars().count()) };
    Fault::new(place, "octets here are not UTF-8", "YAML or JSON in UTF-8")
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
