//! What a schema says of its type and properties, as far as styles and contents need it before it is compiled.

use portcullis_openapi::{Documents, Key, Node};

/// References and applicators inside each other that are looked through. What lies deeper counts as unknown, which refuses
/// nothing: the compiled schema judges the value all the same.
const MAX_DEPTH: u32 = 8;
/// Schemas that are looked at for one question: alternatives of alternatives grow without end.
const MAX_SCHEMAS: u32 = 1_000;

/// The types that a schema allows; empty where it does not say.
pub(super) fn types<'d>(documents: &'d Documents, schema: &'d Node) -> Vec<&'d str> {
    Looking { documents, schemas: MAX_SCHEMAS }.types(schema, MAX_DEPTH)
}

/// One question, with what may still be spent on it.
struct Looking<'d> {
    documents: &'d Documents,
    schemas: u32,
}

impl<'d> Looking<'d> {
    fn spend(&mut self, depth: u32) -> Option<u32> {
        self.schemas = self.schemas.checked_sub(1)?;
        depth.checked_sub(1)
    }

    fn types(&mut self, schema: &'d Node, depth: u32) -> Vec<&'d str> {
        let Some(depth) = self.spend(depth) else { return Vec::new() };
        if let Some(written) = schema.get("type") {
            let listed = written.items().iter().filter_map(Node::as_str);
            return written.as_str().into_iter().chain(listed).collect();
        }
        let arms = target(self.documents, schema).into_iter().chain(schema.get("allOf").map_or(&[][..], Node::items));
        for arm in arms {
            let found = self.types(arm, depth);
            if !found.is_empty() {
                return found;
            }
        }
        for field in ["anyOf", "oneOf"] {
            let arms = schema.get(field).map_or(&[][..], Node::items);
            let found: Vec<_> = arms.iter().map(|arm| self.types(arm, depth)).collect();
            if !found.is_empty() && found.iter().all(|types| !types.is_empty()) {
                return found.into_iter().flatten().collect();
            }
        }
        if schema.get("properties").is_some() { vec!["object"] } else { Vec::new() }
    }

    fn properties(&mut self, schema: &'d Node, depth: u32, found: &mut Vec<&'d (Key, Node)>) {
        let Some(depth) = self.spend(depth) else { return };
        found.extend(schema.get("properties").map_or(&[][..], Node::entries));
        let arms = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|field| schema.get(field)).flat_map(Node::items);
        for arm in arms.chain(target(self.documents, schema)) {
            self.properties(arm, depth, found);
        }
    }
}

pub(super) fn target<'d>(documents: &'d Documents, schema: &'d Node) -> Option<&'d Node> {
    let reference = schema.get("$ref")?;
    documents.resolve(reference.place.file, reference.as_str()?, reference.place).ok()
}

/// Names and schemas of properties, those behind references, `allOf`, `anyOf` and `oneOf` included.
pub(super) fn properties<'d>(documents: &'d Documents, schema: &'d Node) -> Vec<&'d (Key, Node)> {
    let mut found = Vec::new();
    Looking { documents, schemas: MAX_SCHEMAS }.properties(schema, MAX_DEPTH, &mut found);
    found
}

/// Whether the schema says nothing: `{}`, `true`, or words only.
pub(super) fn is_open(schema: &Node) -> bool {
    schema.as_bool() == Some(true)
        || (schema.as_bool().is_none()
            && schema.entries().iter().all(|(key, _)| {
                matches!(&*key.text, "description" | "title" | "example" | "examples" | "format" | "contentMediaType")
                    || key.text.starts_with("x-")
            }))
}
