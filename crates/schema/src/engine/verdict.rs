//! What a judgement comes to, and how what is wrong is told.

use super::rule::Rule;
use portcullis_json::{Edits, NodeId, Value};
use std::fmt::Write as _;

/// What a value is found to be. Without violations it may pass once what is to be removed is.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What is wrong, at most 20, in the order of the value.
    pub violations: Vec<Violation>,
    /// What must be taken out. What is left was judged again where that could change the outcome.
    pub removals: Vec<Removal>,
    /// Properties that are not declared and may stay.
    pub undeclared: Vec<NodeId>,
}

impl Verdict {
    /// Whether the value may pass as it is.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.violations.is_empty() && self.removals.is_empty()
    }

    /// Adds the removals to the changes of the document.
    pub fn edit(&self, root: Value<'_>, edits: &mut Edits) {
        for value in self.removals.iter().filter_map(|removal| root.document().value(removal.node)) {
            edits.remove(value);
        }
    }
}

/// A rule that a value breaks, and where. Never the value, nor what the schema accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// JSON Pointer (RFC 6901). Names longer than 64 bytes are cut.
    pub pointer: String,
    /// The rule.
    pub rule: Rule,
}

/// A value that must be taken out, and which rule says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The value, with its name.
    pub node: NodeId,
    /// Why.
    pub rule: Rule,
}

/// Bytes of one name that a report repeats: names are chosen by whoever wrote the value.
const MAX_NAME: usize = 64;

/// Where a value stands. `missing` is a member that it should have.
pub(crate) fn pointer(root: Value<'_>, target: NodeId, missing: Option<&str>) -> String {
    let mut path = String::new();
    let mut value = root;
    while value.id() < target {
        let before = |inner: &Value<'_>| inner.id() <= target;
        if let Some(member) = value.members().take_while(|member| before(&member.value)).last() {
            push_name(&mut path, member.name);
            value = member.value;
        } else if let Some((place, inner)) = value.elements().enumerate().take_while(|(_, inner)| before(inner)).last()
        {
            // Writing to a `String` does not fail.
            _ = write!(path, "/{place}");
            value = inner;
        } else {
            break;
        }
    }
    if let Some(name) = missing {
        push_name(&mut path, name);
    }
    path
}

fn push_name(path: &mut String, name: &str) {
    path.push('/');
    let mut end = name.len().min(MAX_NAME);
    while !name.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    for character in name.get(..end).unwrap_or_default().chars() {
        match character {
            '~' => path.push_str("~0"),
            '/' => path.push_str("~1"),
            other => path.push(other),
        }
    }
    if end < name.len() {
        path.push('…');
    }
}
