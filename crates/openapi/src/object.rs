//! Objects of OpenAPI: which fields they may have, and where a reference in their place leads.

use crate::documents::Documents;
use crate::node::{Kind, Node};
use crate::version::Version;
use portcullis_core::config::ConfigError;

/// References that are followed, one to the next.
pub(crate) const MAX_REFERENCES: usize = 16;

/// One kind of object and the fields that it knows.
#[derive(Clone, Copy, Debug)]
pub struct Object {
    /// As errors call it: "a parameter".
    pub name: &'static str,
    /// Its fields, and the version that brought each.
    pub fields: &'static [(&'static str, Version)],
}

impl Object {
    fn names(&self, version: Version) -> impl Iterator<Item = &'static str> {
        self.fields.iter().filter(move |(_, since)| *since <= version).map(|(name, _)| *name)
    }
}

impl Documents {
    /// What is wrong with the fields of `node`: names that its kind does not have, or not yet in this version. A name that
    /// begins with `x-` is an extension.
    pub fn check_fields(&self, node: &Node, object: &Object, version: Version, findings: &mut Vec<ConfigError>) {
        if !matches!(node.kind, Kind::Map(_)) {
            findings.push(self.error(node.place, format!("{} is no map", object.name), "a map with its fields"));
        }
        for (key, _) in node.entries() {
            match object.fields.iter().find(|(name, _)| *name == &*key.text) {
                Some((_, since)) if *since <= version => {}
                Some((name, since)) => {
                    let message = format!("`{name}` of {} is a field of OpenAPI {}", object.name, since.name());
                    findings.push(self.error(key.place, message, format!("`openapi: {}.0`", since.name())));
                }
                None if key.text.starts_with("x-") => {}
                None => {
                    let kind = format!("field of {}", object.name);
                    findings.push(self.unknown(key.place, &kind, &key.text, object.names(version)));
                }
            }
        }
    }

    /// The node itself, or what its `$ref` leads to (a Reference Object). What stands beside `$ref` has no effect there, so
    /// only words may.
    ///
    /// # Errors
    /// A reference that leads nowhere or in a circle; a field beside it.
    pub fn follow<'d>(&'d self, node: &'d Node) -> Result<&'d Node, Vec<ConfigError>> {
        let mut current = node;
        for _ in 0..MAX_REFERENCES {
            let Some(reference) = current.get("$ref") else { return Ok(current) };
            let Some(text) = reference.as_str() else {
                return Err(vec![self.error(reference.place, "`$ref` is no text", "a reference in quotes")]);
            };
            let lost = current.entries().iter().filter(|(key, _)| {
                !matches!(&*key.text, "$ref" | "summary" | "description") && !key.text.starts_with("x-")
            });
            let lost: Vec<_> = lost
                .map(|(key, _)| {
                    let message = format!("`{}` has no effect beside `$ref`", key.text);
                    self.error(key.place, message, "the field in what the reference names")
                })
                .collect();
            if !lost.is_empty() {
                return Err(lost);
            }
            current = self.resolve(reference.place.file, text, reference.place).map_err(|error| vec![error])?;
        }
        Err(vec![self.error(node.place, "reference leads in a circle or too far", "a reference to what is meant")])
    }
}

#[cfg(test)]
mod tests;
