//! Path Items and their operations: references followed, methods named, names unique.

mod item;

use crate::documents::Documents;
use crate::node::{Key, Kind, Node, Place};
use crate::version::Version;
use portcullis_core::config::ConfigError;
use std::collections::HashMap;

pub use item::PathItem;

/// Longest operationId in bytes: it stands in every record.
const MAX_NAME_BYTES: usize = 256;

/// All that `paths` of a document declares.
#[derive(Debug)]
pub struct Paths<'d> {
    /// What the document says it is.
    pub version: Version,
    /// In the order of the document; extensions left out.
    pub declared: Vec<DeclaredPath<'d>>,
    /// What is wrong, and what has no effect (a warning).
    pub findings: Vec<ConfigError>,
}

/// One key of `paths`.
#[derive(Debug)]
pub struct DeclaredPath<'d> {
    /// The template as it is written.
    pub key: &'d Key,
    /// Its Path Item.
    pub item: PathItem<'d>,
    /// What is served of it; `trace` never is.
    pub operations: Vec<DeclaredOperation<'d>>,
}

/// One operation of a path.
#[derive(Debug)]
pub struct DeclaredOperation<'d> {
    /// As it is sent: `GET`, `COPY`.
    pub method: Box<str>,
    /// The operationId, or `METHOD /template` where there is none.
    pub name: Box<str>,
    /// Where its method stands.
    pub key: &'d Key,
    /// The Operation Object.
    pub node: &'d Node,
}

impl<'d> Paths<'d> {
    /// Reads `paths` of the document.
    ///
    /// # Errors
    /// A version that is not read. All else that is wrong stands in [`Self::findings`], so that other readers can add to it.
    pub fn read(documents: &'d Documents) -> Result<Self, ConfigError> {
        let version = documents.version()?;
        let mut reader = Reader { documents, version, names: HashMap::new(), findings: Vec::new() };
        let paths = documents.root().get("paths");
        if let Some(paths) = paths.filter(|paths| !matches!(paths.kind, Kind::Map(_) | Kind::Null)) {
            reader.findings.push(documents.error(paths.place, "`paths` is no map", "a map of path templates"));
        }
        let declared = paths.into_iter().flat_map(Node::entries).filter(|(key, _)| !key.text.starts_with("x-"));
        let declared = declared.map(|(key, node)| reader.path(key, node)).collect();
        Ok(Self { version, declared, findings: reader.findings })
    }
}

struct Reader<'d> {
    documents: &'d Documents,
    version: Version,
    /// Where each name was given first.
    names: HashMap<Box<str>, Place>,
    findings: Vec<ConfigError>,
}

impl<'d> Reader<'d> {
    fn path(&mut self, key: &'d Key, node: &'d Node) -> DeclaredPath<'d> {
        let item = PathItem::read(self.documents, self.version, node, &mut self.findings);
        let mut operations = Vec::new();
        for (method, place, node) in item.operations(self.documents, &mut self.findings) {
            if &*method == "TRACE" {
                let message = "`trace` is never served: it shows header fields to scripts (CWE-693)";
                self.findings.push(self.documents.error(place.place, message, "").warning());
            } else if let Some(name) = self.name(&key.text, &method, place, node) {
                operations.push(DeclaredOperation { method, name, key: place, node });
            }
        }
        DeclaredPath { key, item, operations }
    }

    fn name(&mut self, path: &str, method: &str, key: &Key, node: &Node) -> Option<Box<str>> {
        let documents = self.documents;
        let (name, place): (Box<str>, Place) = match node.get("operationId") {
            None => (format!("{method} {path}").into(), key.place),
            Some(id) => match id.as_str() {
                Some(text) => (text.into(), id.place),
                None => {
                    self.findings.push(documents.error(id.place, "operationId is no text", "a name, in quotes"));
                    return None;
                }
            },
        };
        if name.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) {
            let accepted = format!("1 to {MAX_NAME_BYTES} bytes without control characters");
            let message = format!("operationId `{}` cannot be a name", name.escape_debug());
            self.findings.push(documents.error(place, message, accepted));
            return None;
        }
        if let Some(first) = self.names.get(&name) {
            let at = format!("{}:{}:{}", documents.file(first.file).display(), first.line, first.column);
            let message = format!("operationId `{name}` is taken by the operation at {at}");
            let accepted = "an operationId that no other operation of the document has";
            self.findings.push(documents.error(place, message, accepted));
            return None;
        }
        self.names.insert(name.clone(), place);
        Some(name)
    }
}

#[cfg(test)]
mod tests;
