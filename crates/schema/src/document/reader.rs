//! What all readers of objects share: the document, what was found, and how a field is read.

use super::fields;
use crate::waivers::Waivers;
use portcullis_core::config::ConfigError;
use portcullis_openapi::{Documents, Key, Kind, Node, Object, Place, Version};

pub(super) struct Reader<'d> {
    pub(super) documents: &'d Documents,
    pub(super) version: Version,
    pub(super) waivers: &'d Waivers,
    pub(super) findings: Vec<ConfigError>,
    /// What is read is not enforced, so what cannot be enforced is no finding (webhooks, callbacks).
    pub(super) is_outbound: bool,
}

impl<'d> Reader<'d> {
    pub(super) fn refuse(&mut self, at: Place, message: impl Into<String>, accepted: impl Into<String>) {
        self.findings.push(self.documents.error(at, message, accepted));
    }

    pub(super) fn warn(&mut self, at: Place, message: impl Into<String>, accepted: impl Into<String>) {
        self.findings.push(self.documents.error(at, message, accepted).warning());
    }

    /// A construct that nothing here could enforce: an error unless it is waived.
    pub(super) fn unenforced(&mut self, at: Place, message: impl Into<String>, accepted: &str) {
        if !self.is_outbound {
            self.findings.push(self.waivers.unenforced(self.documents, at, message, accepted));
        }
    }

    /// The object itself or what a reference in its place leads to, its fields judged. `None` where it cannot be read.
    pub(super) fn object(&mut self, node: &'d Node, object: &Object) -> Option<&'d Node> {
        match self.documents.follow(node) {
            Ok(node) => {
                self.documents.check_fields(node, object, self.version, &mut self.findings);
                matches!(node.kind, Kind::Map(_)).then_some(node)
            }
            Err(errors) => {
                self.findings.extend(errors);
                None
            }
        }
    }

    /// A text that must be there.
    pub(super) fn required_text(&mut self, node: &'d Node, field: &str, object: &Object) -> Option<&'d str> {
        if node.get(field).is_none() {
            self.refuse(node.place, format!("{} has no `{field}`", object.name), format!("`{field}: …`"));
        }
        self.text(node, field)
    }

    pub(super) fn text(&mut self, node: &'d Node, field: &str) -> Option<&'d str> {
        let value = node.get(field)?;
        if value.as_str().is_none() {
            self.refuse(
                value.place,
                format!("`{field}` is no text"),
                "text, in quotes where it looks like something else",
            );
        }
        value.as_str()
    }

    pub(super) fn flag(&mut self, node: &Node, field: &str) -> Option<bool> {
        let value = node.get(field)?;
        if value.as_bool().is_none() {
            self.refuse(value.place, format!("`{field}` is neither true nor false"), "`true` or `false`");
        }
        value.as_bool()
    }

    /// Entries of a map, extensions left out; none where the field is missing.
    pub(super) fn map(&mut self, node: &'d Node, field: &str) -> impl Iterator<Item = &'d (Key, Node)> + use<'d> {
        let value = node.get(field);
        if let Some(value) = value.filter(|value| !matches!(value.kind, Kind::Map(_))) {
            self.refuse(value.place, format!("`{field}` is no map"), "a map");
        }
        value.into_iter().flat_map(Node::entries).filter(|(key, _)| !key.text.starts_with("x-"))
    }

    pub(super) fn list(&mut self, node: Option<&'d Node>, field: &str) -> &'d [Node] {
        if let Some(value) = node.filter(|value| !matches!(value.kind, Kind::List(_))) {
            self.refuse(value.place, format!("`{field}` is no list"), "a list");
        }
        node.map_or(&[], Node::items)
    }

    /// What of the document's head changes how schemas are read.
    pub(super) fn head(&mut self) {
        let root = self.documents.root();
        self.documents.check_fields(root, &fields::DOCUMENT, self.version, &mut self.findings);
        if let Some(components) = root.get("components") {
            self.documents.check_fields(components, &fields::COMPONENTS, self.version, &mut self.findings);
        }
        let Some(dialect) = self.text(root, "jsonSchemaDialect") else { return };
        if !DIALECTS.contains(&dialect) {
            let place = root.get("jsonSchemaDialect").map(|node| node.place).unwrap_or_default();
            let accepted = DIALECTS.iter().map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", ");
            self.refuse(place, format!("schemas in the dialect `{dialect}` are not read"), accepted);
        }
    }
}

/// Dialects of JSON Schema that a document of 3.1 or 3.2 may name for all its schemas.
const DIALECTS: &[&str] = &[
    "https://spec.openapis.org/oas/3.1/dialect/base",
    "https://spec.openapis.org/oas/3.1/dialect/2024-10-25",
    "https://spec.openapis.org/oas/3.1/dialect/2024-11-10",
    "https://spec.openapis.org/oas/3.2/dialect/2025-09-17",
    "https://json-schema.org/draft/2020-12/schema",
];
