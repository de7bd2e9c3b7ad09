//! `enum` and `const`.

use super::{Compiler, Item};
use crate::engine::options::Dialect;
use crate::engine::schema::Listed;
use portcullis_json::{Bounds, Document};
use portcullis_openapi::{Kind, Node};

impl<'d> Compiler<'d> {
    /// Both together are rare, and mean the values that are in both.
    pub(super) fn listed(&mut self, item: Item<'d>) -> Option<Box<Listed>> {
        let node = item.node;
        let values = node.get("enum");
        let constant = node.get("const").filter(|_| self.options.dialect == Dialect::OpenApi31);
        if let Some(values) = values
            && !matches!(values.kind, Kind::List(_))
        {
            self.error(values.place, "`enum` is no list", "a list of values");
            return None;
        }
        let all: Vec<&Node> = match (values, constant) {
            (None, None) => return None,
            (Some(values), None) => values.items().iter().collect(),
            (None, Some(constant)) => vec![constant],
            (Some(values), Some(constant)) => {
                let is_in = |value: &&Node| same(value, constant);
                values.items().iter().filter(is_in).collect()
            }
        };
        let mut listed = Listed { is_const: constant.is_some(), ..Listed::default() };
        for value in all {
            match (&value.kind, document(value)) {
                (Kind::String(text), _) => listed.strings.push(text.clone()),
                (_, Some(document)) => listed.others.push(document),
                (_, None) => self.error(value.place, "a value that no JSON text can hold", "a JSON value"),
            }
        }
        listed.strings.sort_unstable();
        listed.strings.dedup();
        Some(Box::new(listed))
    }
}

fn same(one: &Node, other: &Node) -> bool {
    document(one).zip(document(other)).is_some_and(|(one, other)| one.root().is_same(other.root()))
}

/// The value as a JSON document.
fn document(value: &Node) -> Option<Document> {
    let mut text = String::new();
    write(value, &mut text);
    let bounds = Bounds {
        depth: 256,
        members: u32::MAX,
        elements: u32::MAX,
        nodes: u32::MAX,
        string_bytes: u32::MAX,
        number_bytes: 4096,
        is_nul_allowed: true,
    };
    Document::parse(text.into_bytes(), &bounds).ok()
}

/// What is left to write: values, and the text between them.
enum Left<'d> {
    Value(&'d Node),
    Text(&'static str),
    Name(&'d str),
}

fn write(value: &Node, text: &mut String) {
    let mut left = vec![Left::Value(value)];
    while let Some(next) = left.pop() {
        let value = match next {
            Left::Text(piece) => {
                text.push_str(piece);
                continue;
            }
            Left::Name(name) => {
                quote(name, text);
                text.push(':');
                continue;
            }
            Left::Value(value) => value,
        };
        match &value.kind {
            Kind::Null => text.push_str("null"),
            Kind::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
            Kind::Number(number) => text.push_str(number),
            Kind::String(string) => quote(string, text),
            Kind::List(items) => {
                text.push('[');
                left.push(Left::Text("]"));
                for (place, item) in items.iter().enumerate().rev() {
                    left.push(Left::Value(item));
                    left.extend((place > 0).then_some(Left::Text(",")));
                }
            }
            Kind::Map(entries) => {
                text.push('{');
                left.push(Left::Text("}"));
                for (place, (key, item)) in entries.iter().enumerate().rev() {
                    left.push(Left::Value(item));
                    left.push(Left::Name(&key.text));
                    left.extend((place > 0).then_some(Left::Text(",")));
                }
            }
        }
    }
}

fn quote(string: &str, text: &mut String) {
    use std::fmt::Write as _;
    text.push('"');
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            // Writing to a `String` does not fail.
            control if u32::from(control) < 0x20 => _ = write!(text, "\\u{:04x}", u32::from(control)),
            other => text.push(other),
        }
    }
    text.push('"');
}
