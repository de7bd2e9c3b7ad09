//! Which other files a file refers to.

use crate::node::{Kind, Node};

/// Members whose text is a reference.
const REFERENCES: &[&str] = &["$ref", "$dynamicRef", "operationRef"];

/// All texts of `root` that may name another file. Examples are not told from schemas here, so more is found than is meant:
/// what cannot be read is an error only where it is used.
pub(super) fn references(root: &Node) -> Vec<&str> {
    let mut found = Vec::new();
    let mut pending = vec![root];
    while let Some(node) = pending.pop() {
        pending.extend(node.items());
        for (key, value) in node.entries() {
            match &value.kind {
                Kind::String(text) if REFERENCES.contains(&&*key.text) => found.push(&**text),
                Kind::Map(_) if &*key.text == "discriminator" => found.extend(mapping(value)),
                _ => pending.push(value),
            }
        }
    }
    found.retain(|text| !text.starts_with('#'));
    found
}

/// What a discriminator maps to is the name of a schema or a reference; only a reference can have these characters and name
/// a file.
fn mapping(discriminator: &Node) -> impl Iterator<Item = &str> {
    let targets = discriminator.get("mapping").into_iter().flat_map(Node::entries).chain(discriminator.entries());
    targets.filter_map(|(_, target)| target.as_str()).filter(|text| text.contains(['.', '/', '#']))
}
