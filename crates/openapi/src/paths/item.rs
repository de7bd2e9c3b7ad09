//! One Path Item: a map whose `$ref` leads to more of itself.

use crate::documents::Documents;
use crate::node::{Key, Node, Place};
use crate::object::{MAX_REFERENCES, Object};
use crate::version::Version;
use portcullis_core::bounds::MAX_METHOD_BYTES;
use portcullis_core::config::ConfigError;

const FIELDS: Object = Object {
    name: "a path item",
    fields: &[
        ("$ref", Version::V3_0),
        ("summary", Version::V3_0),
        ("description", Version::V3_0),
        ("get", Version::V3_0),
        ("put", Version::V3_0),
        ("post", Version::V3_0),
        ("delete", Version::V3_0),
        ("options", Version::V3_0),
        ("head", Version::V3_0),
        ("patch", Version::V3_0),
        ("trace", Version::V3_0),
        ("query", Version::V3_2),
        ("additionalOperations", Version::V3_2),
        ("servers", Version::V3_0),
        ("parameters", Version::V3_0),
    ],
};
/// Fields that hold an operation.
const METHODS: &[&str] = &["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/// A Path Item with what its `$ref` leads to. Fields that stand in both have no defined meaning and are refused.
#[derive(Debug)]
pub struct PathItem<'d> {
    /// The item itself, then the items that references lead to.
    parts: Vec<&'d Node>,
}

/// A method as it is sent, where it stands, and its Operation Object.
type Found<'d> = (Box<str>, &'d Key, &'d Node);

impl<'d> PathItem<'d> {
    /// Follows the references of `node` and judges its fields.
    pub fn read(documents: &'d Documents, version: Version, node: &'d Node, findings: &mut Vec<ConfigError>) -> Self {
        let mut parts = vec![node];
        documents.check_fields(node, &FIELDS, version, findings);
        let mut next = node.get("$ref");
        while let Some(reference) = next {
            let Some(text) = reference.as_str() else {
                findings.push(documents.error(reference.place, "`$ref` is no text", "a reference in quotes"));
                break;
            };
            let target = match documents.resolve(reference.place.file, text, reference.place) {
                Ok(target) => target,
                Err(error) => {
                    findings.push(error);
                    break;
                }
            };
            if parts.len() > MAX_REFERENCES || parts.iter().any(|known| std::ptr::eq(*known, target)) {
                let message = format!("reference `{text}` of a path item leads in a circle or too far");
                findings.push(documents.error(reference.place, message, "a reference to the path item that is meant"));
                break;
            }
            documents.check_fields(target, &FIELDS, version, findings);
            parts.push(target);
            next = target.get("$ref");
        }
        let item = Self { parts };
        item.check_disjoint(documents, findings);
        item
    }

    /// A field of the item, wherever it stands.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&'d Node> {
        self.parts.iter().find_map(|part| part.get(field))
    }

    fn fields(&self) -> impl Iterator<Item = &'d (Key, Node)> {
        self.parts.iter().flat_map(|part| part.entries())
    }

    /// What stands beside a `$ref` must not stand behind it too: which of the two counts is undefined.
    fn check_disjoint(&self, documents: &Documents, findings: &mut Vec<ConfigError>) {
        let mut known: Vec<&Key> = Vec::new();
        for (key, _) in self.fields() {
            if matches!(&*key.text, "$ref" | "summary" | "description") || key.text.starts_with("x-") {
                continue;
            }
            if let Some(first) = known.iter().find(|first| first.text == key.text) {
                let message = format!("`{}` stands both here and beside the `$ref` that leads here", key.text);
                let at = format!(
                    "{}:{}:{}",
                    documents.file(first.place.file).display(),
                    first.place.line,
                    first.place.column
                );
                findings.push(documents.error(key.place, message, format!("one of this and the one at {at}")));
            } else {
                known.push(key);
            }
        }
    }

    /// All operations, `trace` included.
    pub fn operations(&self, documents: &Documents, findings: &mut Vec<ConfigError>) -> Vec<Found<'d>> {
        let mut found: Vec<Found<'d>> = Vec::new();
        for (key, node) in self.fields() {
            // A field that stands twice was refused; its first is enough.
            if METHODS.contains(&&*key.text) && !found.iter().any(|(_, known, _)| known.text == key.text) {
                found.push((key.text.to_ascii_uppercase().into(), key, node));
            } else if &*key.text == "additionalOperations" {
                for (key, node) in node.entries() {
                    match additional_method(&key.text) {
                        Ok(()) => found.push((key.text.clone(), key, node)),
                        Err((why, accepted)) => {
                            findings.push(documents.error(key.place, format!("`{}` {why}", key.text), accepted));
                        }
                    }
                }
            }
        }
        found
    }

    /// Where the item itself begins.
    #[must_use]
    pub fn place(&self) -> Place {
        self.parts.first().map(|part| part.place).unwrap_or_default()
    }
}

/// A key of `additionalOperations`: the method as it is sent, none that has a field of its own (OpenAPI 3.2, Path Item).
fn additional_method(method: &str) -> Result<(), (&'static str, String)> {
    match method.to_ascii_uppercase().as_str() {
        "CONNECT" | "TRACE" => Err(("is never served", "another method".into())),
        "GET" | "PUT" | "POST" | "DELETE" | "OPTIONS" | "HEAD" | "PATCH" | "QUERY" => {
            Err(("has a field of its own", format!("`{}` in the path item", method.to_ascii_lowercase())))
        }
        _ if is_token(method) && method.len() <= MAX_METHOD_BYTES => Ok(()),
        _ => Err(("is no method", "a method such as `COPY`".into())),
    }
}

/// A token of RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet))
}
