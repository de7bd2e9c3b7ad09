//! A parsed document: its text, and where each value stands in it.

use crate::bounds::Bounds;
use crate::error::Error;
use crate::number::Number;
use crate::parse;
use std::fmt;
use std::ops::Range;

/// A JSON text that was read whole and found good.
pub struct Document {
    pub(crate) text: String,
    pub(crate) tape: Tape,
}

/// Where the values of a text stand, in the order of the text: a container before what it holds, a name before its value.
#[derive(Default)]
pub(crate) struct Tape {
    pub(crate) nodes: Vec<Node>,
    /// The strings that hold escapes, with these read, one after the other.
    pub(crate) decoded: String,
    /// Where in `decoded` each of them stands.
    pub(crate) decoded_at: Vec<Range<u32>>,
}

/// One value or name.
#[derive(Clone, Copy)]
pub(crate) struct Node {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// The node after it and all that it holds.
    pub(crate) next: u32,
    /// Containers: how many values they hold. Strings with escapes: 1 + the number in `decoded_at`.
    pub(crate) detail: u32,
    pub(crate) kind: Kind,
}

/// What a value is (RFC 8259 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `false`
    False,
    /// `true`
    True,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// Names a value of one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// Its place among all values and names of the document, in the order of the text; 0 for the root.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl Document {
    /// Reads a text.
    ///
    /// # Errors
    /// It is no JSON, ambiguous, or beyond the bounds.
    pub fn parse(text: Vec<u8>, bounds: &Bounds) -> Result<Self, Error> {
        let text = parse::utf8(text)?;
        let tape = parse::tape(&text, bounds)?;
        Ok(Self { text, tape })
    }

    /// The value that the document is.
    pub fn root(&self) -> Value<'_> {
        Value { document: self, index: 0 }
    }

    /// A value by what [`Value::id`] said of it.
    pub fn value(&self, id: NodeId) -> Option<Value<'_>> {
        self.tape.node(id.0).map(|_| Value { document: self, index: id.0 })
    }

    /// The text that was parsed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a name or string of it may hold this text; `false` is certain. Looks at no value on its own, so it is cheap.
    pub fn may_mention(&self, text: &str) -> bool {
        self.text.contains(text) || self.tape.decoded.contains(text)
    }

    /// The text that was parsed, and nothing else of the document.
    pub fn into_text(self) -> String {
        self.text
    }
}

impl Tape {
    #[inline]
    pub(crate) fn node(&self, index: u32) -> Option<&Node> {
        self.nodes.get(index as usize)
    }

    /// A string or name with its escapes read.
    #[inline]
    pub(crate) fn string<'a>(&'a self, text: &'a str, node: &Node) -> &'a str {
        let found = match node.detail.checked_sub(1) {
            None => text.get((node.start as usize).saturating_add(1)..(node.end as usize).saturating_sub(1)),
            Some(number) => {
                let range = self.decoded_at.get(number as usize);
                range.and_then(|range| self.decoded.get(range.start as usize..range.end as usize))
            }
        };
        found.unwrap_or_default()
    }
}

impl fmt::Debug for Document {
    /// Never what it holds: that is somebody's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} bytes, {} nodes)", self.text.len(), self.tape.nodes.len())
    }
}

/// One value of a document.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    document: &'a Document,
    index: u32,
}

/// What no document holds; so that no index needs a panic.
const NOTHING: Node = Node { start: 0, end: 0, next: u32::MAX, detail: 0, kind: Kind::Null };

impl<'a> Value<'a> {
    #[inline]
    fn node(self) -> &'a Node {
        self.document.tape.node(self.index).unwrap_or(&NOTHING)
    }

    /// Names it among the values of its document.
    #[inline]
    pub fn id(self) -> NodeId {
        NodeId(self.index)
    }

    /// Its document.
    pub fn document(self) -> &'a Document {
        self.document
    }

    /// What it is.
    #[inline]
    pub fn kind(self) -> Kind {
        self.node().kind
    }

    /// Where it stands in the text, in bytes.
    #[inline]
    pub fn span(self) -> Range<usize> {
        let node = self.node();
        node.start as usize..node.end as usize
    }

    /// Its text, as written.
    #[inline]
    pub fn raw(self) -> &'a str {
        self.document.text.get(self.span()).unwrap_or_default()
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// `true` or `false`.
    pub fn as_bool(self) -> Option<bool> {
        match self.kind() {
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => None,
        }
    }

    /// A string, with its escapes read.
    #[inline]
    pub fn as_str(self) -> Option<&'a str> {
        let node = self.node();
        (node.kind == Kind::String).then(|| self.document.tape.string(&self.document.text, node))
    }

    /// A number, as written.
    pub fn as_number(self) -> Option<Number<'a>> {
        (self.kind() == Kind::Number).then(|| Number::of_valid(self.raw()))
    }

    /// How many members or elements it has; 0 for what is no container.
    #[inline]
    pub fn len(self) -> usize {
        match self.kind() {
            Kind::Array | Kind::Object => self.node().detail as usize,
            _ => 0,
        }
    }

    /// Whether it holds nothing.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// How many values and names it is: itself, and all that it holds.
    pub fn size(self) -> usize {
        self.node().next.saturating_sub(self.index) as usize
    }

    /// All values inside it, whatever their depth, in the order of the text: a container before what it holds.
    pub fn descendants(self) -> Descendants<'a> {
        Descendants { open: vec![self.children()] }
    }

    /// The members of an object in the order of the text; none for anything else.
    #[inline]
    pub fn members(self) -> Members<'a> {
        Members(self.inside(Kind::Object))
    }

    /// The elements of an array in the order of the text; none for anything else.
    #[inline]
    pub fn elements(self) -> Elements<'a> {
        Elements(self.inside(Kind::Array))
    }

    fn inside(self, kind: Kind) -> Inside<'a> {
        if self.kind() == kind { self.children() } else { Inside { left: 0, ..self.children() } }
    }

    /// What stands between its brackets, if it has any.
    pub(crate) fn children(self) -> Inside<'a> {
        let node = self.node();
        let is_object = node.kind == Kind::Object;
        let left = if is_object || node.kind == Kind::Array { node.detail } else { 0 };
        Inside { document: self.document, at: self.index.saturating_add(1), left, is_object }
    }

    /// The value or name after it and all that it holds; it may name none.
    pub fn after(self) -> NodeId {
        NodeId(self.node().next)
    }

    /// The member of this name.
    pub fn get(self, name: &str) -> Option<Value<'a>> {
        self.members().find(|member| member.name == name).map(|member| member.value)
    }

    /// The element at this place, from 0.
    pub fn at(self, place: usize) -> Option<Value<'a>> {
        self.elements().nth(place)
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({:?} at {:?})", self.kind(), self.span())
    }
}

/// A name and its value.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// The name, with its escapes read.
    pub name: &'a str,
    /// The name, as the string that it is. It is no value of the object.
    pub key: Value<'a>,
    /// The value.
    pub value: Value<'a>,
}

/// What stands between the brackets of a container.
#[derive(Clone)]
pub(crate) struct Inside<'a> {
    document: &'a Document,
    at: u32,
    left: u32,
    is_object: bool,
}

impl<'a> Iterator for Inside<'a> {
    /// The name, in an object, and the value.
    type Item = (Option<&'a Node>, Value<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let mut name = None;
        if self.is_object {
            name = self.document.tape.node(self.at);
            self.at = self.at.saturating_add(1);
        }
        let value = Value { document: self.document, index: self.at };
        self.at = value.node().next;
        Some((name, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

/// The members of an object.
#[derive(Clone)]
pub struct Members<'a>(Inside<'a>);

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    #[inline]
    fn next(&mut self) -> Option<Member<'a>> {
        // The node before the value.
        let key = Value { document: self.0.document, index: self.0.at };
        let (name, value) = self.0.next()?;
        Some(Member { name: key.document.tape.string(&key.document.text, name?), key, value })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Members<'_> {}

/// The elements of an array.
#[derive(Clone)]
pub struct Elements<'a>(Inside<'a>);

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Value<'a>> {
        self.0.next().map(|(_, value)| value)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Elements<'_> {}

/// All values inside a value.
#[derive(Clone)]
pub struct Descendants<'a> {
    /// What is left of the containers around the next one; never more than the document is deep.
    open: Vec<Inside<'a>>,
}

impl<'a> Iterator for Descendants<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        loop {
            let Some((_, value)) = self.open.last_mut()?.next() else {
                self.open.pop();
                continue;
            };
            if !value.is_empty() {
                self.open.push(value.children());
            }
            return Some(value);
        }
    }
}
