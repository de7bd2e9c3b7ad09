//! JSON Pointer (RFC 6901).

use crate::document::{Kind, NodeId, Value};
use std::fmt::Write as _;

/// A path to one value of a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pointer(Box<[Box<str>]>);

/// Why a text is no JSON Pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// It is neither empty nor begins with a slash.
    #[error("a JSON Pointer is empty or begins with `/`")]
    Start,
    /// A tilde that is no escape, at this byte.
    #[error("byte {0}: `~` stands only in `~0` (a tilde) and `~1` (a slash)")]
    Tilde(usize),
}

impl Pointer {
    /// Reads the text form.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, PointerError> {
        if text.is_empty() {
            return Ok(Self(Box::default()));
        }
        let rest = text.strip_prefix('/').ok_or(PointerError::Start)?;
        let after_tilde = text.match_indices('~').map(|(at, _)| (at, text.as_bytes().get(at.saturating_add(1))));
        if let Some((at, _)) = after_tilde.into_iter().find(|(_, next)| !matches!(next, Some(b'0' | b'1'))) {
            return Err(PointerError::Tilde(at));
        }
        // In this order, or `~01` becomes a slash (RFC 6901 §4).
        let tokens = rest.split('/').map(|token| token.replace("~1", "/").replace("~0", "~").into_boxed_str());
        Ok(Self(tokens.collect()))
    }

    /// The value that it leads to, seen from `value`.
    pub fn find<'a>(&self, value: Value<'a>) -> Option<Value<'a>> {
        self.0.iter().try_fold(value, |value, token| step(value, token))
    }

    /// Its steps, escapes read.
    pub fn tokens(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|token| &**token)
    }
}

fn step<'a>(value: Value<'a>, token: &str) -> Option<Value<'a>> {
    match value.kind() {
        Kind::Object => value.get(token),
        Kind::Array => value.at(place(token)?),
        _ => None,
    }
}

/// Digits without a sign or a leading zero (RFC 6901 §4); `-` names what is behind the last element, which no document has.
fn place(token: &str) -> Option<usize> {
    let is_canonical = token.bytes().all(|byte| byte.is_ascii_digit()) && (token == "0" || !token.starts_with('0'));
    if is_canonical { token.parse().ok() } else { None }
}

impl Value<'_> {
    /// Where this value stands in its document, as a JSON Pointer. Walks the document: for errors, not for each value.
    pub fn pointer(self) -> String {
        let mut path = String::new();
        let mut value = self.document().root();
        while let Some(inner) = toward(value, self.id(), &mut path) {
            value = inner;
        }
        path
    }
}

/// The value directly inside `value` that is, or holds, the one that is looked for.
fn toward<'a>(value: Value<'a>, target: NodeId, path: &mut String) -> Option<Value<'a>> {
    if value.id() == target {
        return None;
    }
    if let Some(member) = value.members().take_while(|member| member.value.id() <= target).last() {
        push_name(path, member.name);
        return Some(member.value);
    }
    let (place, element) = value.elements().enumerate().take_while(|(_, element)| element.id() <= target).last()?;
    push_place(path, place);
    Some(element)
}

pub(crate) fn push_name(path: &mut String, name: &str) {
    path.push('/');
    for character in name.chars() {
        match character {
            '~' => path.push_str("~0"),
            '/' => path.push_str("~1"),
            other => path.push(other),
        }
    }
}

pub(crate) fn push_place(path: &mut String, place: usize) {
    // Writing to a `String` does not fail.
    _ = write!(path, "/{place}");
}
