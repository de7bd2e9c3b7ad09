//! Text → tape: one pass, an own stack of bounded depth instead of recursion.

use crate::bounds::Bounds;
use crate::document::{Kind, Node, Tape};
use crate::duplicates::{Name, second_of_two};
use crate::error::{Error, Problem};
use crate::pointer;
use crate::scan;

/// # Errors
/// Bytes that are no UTF-8.
pub(crate) fn utf8(text: Vec<u8>) -> Result<String, Error> {
    let refused = |problem, offset| Error { offset, pointer: String::new(), problem };
    if text.starts_with(b"\xef\xbb\xbf") {
        return Err(refused(Problem::ByteOrderMark, 0));
    }
    String::from_utf8(text).map_err(|error| refused(Problem::Utf8, error.utf8_error().valid_up_to()))
}

/// # Errors
/// What is no JSON, ambiguous, or beyond the bounds.
pub(crate) fn tape(text: &str, bounds: &Bounds) -> Result<Tape, Error> {
    let mut parser = Parser { text, at: 0, tape: Tape::default(), open: Vec::new(), names: Vec::new(), bounds };
    // Few documents have more than one value or name in eight bytes; those that do let it grow.
    parser.tape.nodes.reserve((text.len() / 8).min(bounds.nodes as usize).saturating_add(1));
    match parser.run() {
        Ok(()) => Ok(parser.tape),
        Err(problem) => Err(parser.error(problem)),
    }
}

struct Parser<'a> {
    text: &'a str,
    /// The next byte to read; where an error is found, the byte that is wrong.
    at: usize,
    tape: Tape,
    /// The containers around `at`, the outermost first.
    open: Vec<Open>,
    /// The names in those of them that are objects, so far.
    names: Vec<Name>,
    bounds: &'a Bounds,
}

/// A container whose end was not read yet.
struct Open {
    node: u32,
    /// Values in it, the one under way included.
    held: u32,
    is_object: bool,
    /// Where its names begin in `names`.
    names_from: usize,
}

/// What may come next.
#[derive(Clone, Copy)]
enum Expect {
    Value,
    /// The first element, or the end of the array.
    ElementOrEnd,
    /// The first name, or the end of the object.
    NameOrEnd,
    Name,
    /// A comma, or the end of the container.
    Rest,
    /// Nothing but blanks.
    End,
}

impl Parser<'_> {
    fn run(&mut self) -> Result<(), Problem> {
        let length = u32::try_from(self.text.len()).map_err(|_| Problem::TextBytes)?;
        debug_assert!(length < u32::MAX);
        let mut expect = Expect::Value;
        loop {
            self.at = scan::blanks(self.text.as_bytes(), self.at);
            let byte = self.text.as_bytes().get(self.at).copied();
            expect = match (expect, byte) {
                (Expect::End, None) => return Ok(()),
                (Expect::End, Some(_)) => return Err(Problem::Trailing),
                (Expect::Value, _) => self.value(byte)?,
                (Expect::ElementOrEnd, Some(b']')) | (Expect::NameOrEnd, Some(b'}')) => self.close()?,
                (Expect::ElementOrEnd, _) => self.value(byte)?,
                (Expect::NameOrEnd | Expect::Name, _) => self.name(byte)?,
                (Expect::Rest, _) => self.rest(byte)?,
            };
        }
    }

    fn value(&mut self, byte: Option<u8>) -> Result<Expect, Problem> {
        if let Some(open) = self.open.last_mut().filter(|open| !open.is_object) {
            open.held = open.held.saturating_add(1);
            if open.held > self.bounds.elements {
                return Err(Problem::Elements(self.bounds.elements));
            }
        }
        match byte {
            Some(b'"') => self.string()?,
            Some(b'{') => return self.open(Kind::Object),
            Some(b'[') => return self.open(Kind::Array),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Kind::True)?,
            Some(b'f') => self.word("false", Kind::False)?,
            Some(b'n') => self.word("null", Kind::Null)?,
            _ => return Err(Problem::Expected("a value")),
        }
        Ok(self.after_value())
    }

    fn after_value(&self) -> Expect {
        if self.open.is_empty() { Expect::End } else { Expect::Rest }
    }

    fn name(&mut self, byte: Option<u8>) -> Result<Expect, Problem> {
        if byte != Some(b'"') {
            return Err(Problem::Expected("a name in double quotes"));
        }
        let Some(open) = self.open.last_mut() else { return Err(Problem::Expected("a value")) };
        open.held = open.held.saturating_add(1);
        if open.held > self.bounds.members {
            return Err(Problem::Members(self.bounds.members));
        }
        self.string()?;
        if let Some(node) = self.tape.nodes.last() {
            let index = index(self.tape.nodes.len().saturating_sub(1));
            self.names.push(Name::new(self.tape.string(self.text, node), index));
        }
        self.at = scan::blanks(self.text.as_bytes(), self.at);
        if self.text.as_bytes().get(self.at) != Some(&b':') {
            return Err(Problem::Expected("`:`"));
        }
        self.at = self.at.saturating_add(1);
        Ok(Expect::Value)
    }

    fn rest(&mut self, byte: Option<u8>) -> Result<Expect, Problem> {
        let is_object = self.open.last().is_some_and(|open| open.is_object);
        match (is_object, byte) {
            (true, Some(b'}')) | (false, Some(b']')) => self.close(),
            (true, Some(b',')) => {
                self.at = self.at.saturating_add(1);
                Ok(Expect::Name)
            }
            (false, Some(b',')) => {
                self.at = self.at.saturating_add(1);
                Ok(Expect::Value)
            }
            (true, _) => Err(Problem::Expected("`,` or `}`")),
            (false, _) => Err(Problem::Expected("`,` or `]`")),
        }
    }

    fn open(&mut self, kind: Kind) -> Result<Expect, Problem> {
        if self.open.len() >= self.bounds.depth as usize {
            return Err(Problem::Depth(self.bounds.depth));
        }
        let is_object = kind == Kind::Object;
        let node = index(self.tape.nodes.len());
        self.push(kind, self.at, 0)?;
        self.open.push(Open { node, held: 0, is_object, names_from: self.names.len() });
        self.at = self.at.saturating_add(1);
        Ok(if is_object { Expect::NameOrEnd } else { Expect::ElementOrEnd })
    }

    fn close(&mut self) -> Result<Expect, Problem> {
        let Some(open) = self.open.last() else { return Err(Problem::Expected("a value")) };
        let names = self.names.get_mut(open.names_from..).unwrap_or_default();
        if let Some(second) = second_of_two(names, &self.tape, self.text) {
            self.at = self.tape.node(second).map_or(self.at, |node| node.start as usize);
            return Err(Problem::DuplicateName);
        }
        self.names.truncate(open.names_from);
        self.at = self.at.saturating_add(1);
        let next = index(self.tape.nodes.len());
        if let Some(node) = self.tape.nodes.get_mut(open.node as usize) {
            *node = Node { end: index(self.at), next, detail: open.held, ..*node };
        }
        self.open.pop();
        Ok(self.after_value())
    }

    /// A node that holds no other, from the byte at `at` to `end`.
    fn push(&mut self, kind: Kind, end: usize, detail: u32) -> Result<(), Problem> {
        let next = index(self.tape.nodes.len()).saturating_add(1);
        if next > self.bounds.nodes {
            return Err(Problem::Nodes(self.bounds.nodes));
        }
        self.tape.nodes.push(Node { start: index(self.at), end: index(end), next, detail, kind });
        Ok(())
    }

    fn word(&mut self, word: &'static str, kind: Kind) -> Result<(), Problem> {
        let end = self.at.saturating_add(word.len());
        if self.text.get(self.at..end) != Some(word) {
            return Err(Problem::Expected("a value"));
        }
        self.push(kind, end, 0)?;
        self.at = end;
        Ok(())
    }

    fn number(&mut self) -> Result<(), Problem> {
        let end = scan::number(self.text, self.at, self.bounds).map_err(|found| self.stop(found))?;
        self.push(Kind::Number, end, 0)?;
        self.at = end;
        Ok(())
    }

    fn string(&mut self) -> Result<(), Problem> {
        let decoded_from = self.tape.decoded.len();
        let found = scan::string(self.text, self.at, self.bounds, &mut self.tape.decoded);
        let found = found.map_err(|found| self.stop(found))?;
        let mut detail = 0;
        if found.has_escapes {
            self.tape.decoded_at.push(index(decoded_from)..index(self.tape.decoded.len()));
            detail = index(self.tape.decoded_at.len());
        }
        self.push(Kind::String, found.end, detail)?;
        self.at = found.end;
        Ok(())
    }

    fn stop(&mut self, found: scan::Stop) -> Problem {
        self.at = found.at;
        found.problem
    }

    fn error(&self, problem: Problem) -> Error {
        let mut path = String::new();
        for (open, inner) in self.open.iter().zip(self.open.iter().skip(1)) {
            if open.is_object {
                self.push_name(&mut path, inner.node.saturating_sub(1));
            } else {
                pointer::push_place(&mut path, open.held.saturating_sub(1) as usize);
            }
        }
        if problem == Problem::DuplicateName {
            let name = self.names.iter().find(|name| self.starts_at(name.node(), self.at));
            name.into_iter().for_each(|name| self.push_name(&mut path, name.node()));
        }
        Error { offset: self.at, pointer: path, problem }
    }

    fn starts_at(&self, node: u32, at: usize) -> bool {
        self.tape.node(node).is_some_and(|node| node.start as usize == at)
    }

    fn push_name(&self, path: &mut String, node: u32) {
        let name = self.tape.node(node).map(|node| self.tape.string(self.text, node));
        pointer::push_name(path, name.unwrap_or_default());
    }
}

/// No text is as long as 4 GiB, so nothing in it is as far.
fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
