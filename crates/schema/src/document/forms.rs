//! How the properties of a form are written: what its encodings say, and what follows from the schema where they are silent
//! (OpenAPI, Encoding Object).

use super::model::{Encoding, MediaType};
use super::types;
use crate::shape::Shape;
use crate::values::media::{MediaType as Media, Ranges, Reading};
use crate::values::multipart::{PartKind, PartSpec};
use crate::values::{Content, Location, Spec, Style, Writing};
use portcullis_openapi::{Documents, Node};

impl<'d> MediaType<'d> {
    /// The fields of an `application/x-www-form-urlencoded` content, for [`crate::values::Form::compile`]. Which of them are
    /// required is for the schema of the whole to say.
    #[must_use]
    pub fn fields(&self, shape: &Shape) -> Vec<Spec> {
        let Shape::Object { properties, .. } = shape else { return Vec::new() };
        let field = |(name, shape): &(Box<str>, Shape)| Spec {
            name: name.clone(),
            location: Location::Form,
            writing: self.writing(name, shape),
            required: false,
            shape: shape.clone(),
        };
        properties.iter().map(field).collect()
    }

    fn writing(&self, name: &str, shape: &Shape) -> Writing {
        let encoding = self.encoding_of(name);
        if let Some((style, explode)) = encoding.and_then(|encoding| encoding.style) {
            let allow_reserved = encoding.is_some_and(|encoding| encoding.allow_reserved);
            return Writing::Styled { style, explode, allow_reserved, allow_empty: false };
        }
        // Values and lists of them are pairs; what is deeper is JSON.
        let is_value = |shape: &Shape| matches!(shape, Shape::Any | Shape::Scalar(_));
        let is_flat = is_value(shape) || matches!(shape, Shape::Array(item) if is_value(item));
        match encoding.and_then(|encoding| reading(&encoding.content_types)) {
            Some(Reading::Json) => Writing::Content(Content::Json),
            None if !is_flat => Writing::Content(Content::Json),
            _ => Writing::styled(Style::Form, true),
        }
    }

    /// The parts of a `multipart/form-data` content, for [`crate::values::multipart::FormData::new`]; no part is longer than
    /// `max_bytes`, or than the `maxLength` of a file.
    #[must_use]
    pub fn parts(&self, documents: &'d Documents, shape: &Shape, max_bytes: u64) -> Vec<PartSpec> {
        let Some(schema) = self.schema else { return Vec::new() };
        let mut parts: Vec<PartSpec> = Vec::new();
        for (key, node) in types::properties(documents, schema) {
            // A property that several schemas of the whole name is one part; the schema judges its value by all of them.
            if parts.iter().any(|known| known.name == key.text) {
                continue;
            }
            let property = shape.property(&key.text).unwrap_or(&Shape::Any);
            let items = node.get("items").filter(|_| types::types(documents, node).contains(&"array"));
            let (schema, shape) = match (items, property) {
                (Some(items), Shape::Array(inner)) => (items, &**inner),
                (Some(items), _) => (items, property),
                (None, _) => (node, property),
            };
            let types = self.encoding_of(&key.text).map(|encoding| encoding.content_types.clone()).unwrap_or_default();
            let kind = part_kind(documents, schema, shape, &types);
            let max_length = schema.get("maxLength").filter(|_| kind == PartKind::File).and_then(number);
            parts.push(PartSpec {
                name: key.text.clone(),
                kind,
                is_repeated: items.is_some(),
                types,
                max_bytes: max_length.unwrap_or(max_bytes).min(max_bytes),
                sniff: false,
            });
        }
        parts
    }

    fn encoding_of(&self, property: &str) -> Option<&Encoding<'d>> {
        self.encoding.iter().find(|encoding| encoding.property == property)
    }
}

/// What a written content type says; otherwise JSON for objects, a text for other types, and a file for binary strings and
/// for what says nothing of its type.
fn part_kind(documents: &Documents, schema: &Node, shape: &Shape, written: &Ranges) -> PartKind {
    let types = types::types(documents, schema);
    let is_binary = schema.get("format").and_then(Node::as_str) == Some("binary")
        || (schema.get("contentMediaType").is_some() && schema.get("contentEncoding").is_none());
    match reading(written) {
        _ if is_binary || (types.is_empty() && types::is_open(schema)) => PartKind::File,
        Some(Reading::Json) => PartKind::Json,
        Some(Reading::Opaque) => PartKind::File,
        None if types.contains(&"object") || matches!(shape, Shape::Object { .. } | Shape::Array(_)) => PartKind::Json,
        _ => PartKind::Text(shape.clone()),
    }
}

/// How all of the written types are read; `None` where none is written, or where they differ.
fn reading(types: &Ranges) -> Option<Reading> {
    let text = types.accept();
    let mut readings = text.split(", ").filter_map(|text| Media::parse(text).ok()).map(|media| media.reading());
    let first = readings.next()?;
    readings.all(|reading| reading == first).then_some(first)
}

fn number(node: &Node) -> Option<u64> {
    match &node.kind {
        portcullis_openapi::Kind::Number(text) => text.parse().ok(),
        _ => None,
    }
}
