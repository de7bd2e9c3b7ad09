//! Changes to a document by byte ranges: what is not named stays as it was written.

use crate::document::{Document, Inside, NodeId, Value};
use std::ops::Range;

/// What is to change in one document.
#[derive(Debug, Default)]
pub struct Edits {
    /// In no order, and perhaps inside each other; the outermost counts.
    changes: Vec<(NodeId, Change)>,
}

#[derive(Debug)]
enum Change {
    Remove,
    Replace(Vec<u8>),
}

impl Edits {
    /// Nothing changes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Takes a member of an object, with its name, or an element of an array out. The document as a whole can not be taken out.
    pub fn remove(&mut self, value: Value<'_>) {
        if value.id().0 != 0 {
            self.changes.push((value.id(), Change::Remove));
        }
    }

    /// Puts a JSON text in the place of a value.
    pub fn replace(&mut self, value: Value<'_>, text: Vec<u8>) {
        self.changes.push((value.id(), Change::Replace(text)));
    }

    /// The text of `document`, changed. The values named must be its own.
    pub fn apply(mut self, document: &Document) -> Vec<u8> {
        self.changes.sort_by_key(|(id, _)| *id);
        let mut pieces = Vec::new();
        let mut changes = Changes { left: &self.changes, pieces: &mut pieces };
        changes.collect(document);
        let text = document.text().as_bytes();
        let mut edited = Vec::with_capacity(text.len());
        let mut at = 0;
        for (range, instead) in pieces {
            edited.extend_from_slice(text.get(at..range.start).unwrap_or_default());
            edited.extend_from_slice(instead);
            at = range.end;
        }
        edited.extend_from_slice(text.get(at..).unwrap_or_default());
        edited
    }
}

/// Walks the containers that hold changes, in the order of the text.
struct Changes<'a, 'p> {
    /// Sorted; those behind are done.
    left: &'a [(NodeId, Change)],
    /// What goes, and what stands there instead; in order, apart from each other.
    pieces: &'p mut Vec<(Range<usize>, &'a [u8])>,
}

impl<'a> Changes<'a, '_> {
    /// No recursion: the containers under way are on an own stack, as deep as the document.
    fn collect(&mut self, document: &Document) {
        if let Some(Change::Replace(text)) = self.take(document.root()) {
            self.pieces.push((document.root().span(), text));
            return;
        }
        let mut open = vec![Walk::new(document.root())];
        while let Some(walk) = open.last_mut() {
            if self.left.is_empty() {
                return;
            }
            let Some(child) = walk.next() else {
                open.pop();
                continue;
            };
            match self.take(child.value) {
                Some(Change::Remove) => self.pieces.push((child.with_comma, &[])),
                Some(Change::Replace(text)) => {
                    walk.has_kept = true;
                    self.pieces.push((child.value.span(), text));
                }
                None => {
                    walk.has_kept = true;
                    if self.left.first().is_some_and(|(id, _)| *id < child.value.after()) {
                        open.push(Walk::new(child.value));
                    }
                }
            }
        }
    }

    /// The change of this value, with all that lie inside it done.
    fn take(&mut self, value: Value<'_>) -> Option<&'a Change> {
        let (id, change) = self.left.first()?;
        if *id != value.id() {
            return None;
        }
        let after = value.after();
        let inside = self.left.iter().take_while(|(id, _)| *id < after).count();
        self.left = self.left.get(inside..).unwrap_or_default();
        Some(change)
    }
}

/// The children of one container, each with the bytes that go if it goes.
struct Walk<'a> {
    children: Inside<'a>,
    /// Where the next child begins, its name included.
    upcoming: Option<(usize, Value<'a>)>,
    /// Whether a child before the next one stays.
    has_kept: bool,
    /// Where the last child ended.
    ended: usize,
}

struct Child<'a> {
    value: Value<'a>,
    /// It, its name, and one comma if there is one.
    with_comma: Range<usize>,
}

impl<'a> Walk<'a> {
    fn new(container: Value<'a>) -> Self {
        let mut walk = Self { children: container.children(), upcoming: None, has_kept: false, ended: 0 };
        walk.upcoming = walk.advance();
        walk
    }

    fn advance(&mut self) -> Option<(usize, Value<'a>)> {
        let (name, value) = self.children.next()?;
        Some((name.map_or(value.span().start, |name| name.start as usize), value))
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Child<'a>;

    fn next(&mut self) -> Option<Child<'a>> {
        let (start, value) = self.upcoming.take()?;
        self.upcoming = self.advance();
        let end = value.span().end;
        // Behind one that stays, the comma before it goes; else the one after it.
        let with_comma = match &self.upcoming {
            _ if self.has_kept => self.ended..end,
            Some((next, _)) => start..*next,
            None => start..end,
        };
        self.ended = end;
        Some(Child { value, with_comma })
    }
}
