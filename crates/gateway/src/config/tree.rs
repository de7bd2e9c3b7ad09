//! The file as a tree with places, and everything that is judged on the tree alone, so that one run reports every such error.

use super::outline::digest;
use super::secret;
use portcullis_core::config::{ConfigError, Period, Rate, Size, Spanned};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_saphyr::Location;
use std::collections::HashSet;
use std::fmt;

/// One value of the file.
#[derive(Debug)]
pub(super) enum Node {
    Null,
    /// Neither text nor nothing; its digest.
    Scalar(u64),
    Text(String),
    List(Vec<Spanned<Node>>),
    Map(Vec<(Spanned<String>, Spanned<Node>)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyNode)
    }
}

struct AnyNode;

impl<'de> Visitor<'de> for AnyNode {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Node, D::Error> {
        Node::deserialize(inner)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(digest(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(digest(value)))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Node, E> {
        Ok(Node::Scalar(digest(value)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(digest(value)))
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Node, E> {
        Ok(Node::Scalar(digest(value)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Scalar(digest(value.to_bits())))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
}

/// Sections of the design that this build cannot enforce, by where they stand; `*` is any name. Naming one is an error.
const PLANNED: &[(&str, &[&str])] = &[
    ("", &["identity", "store", "shared", "issuer", "sinks", "keys", "detection", "audit", "acme"]),
    ("listeners/*", &["client_ca", "limits"]),
    ("admin", &["tls", "client_ca", "token"]),
    ("upstreams/*", &["retries"]),
    (
        "apis/*",
        &[
            "roles",
            "objects",
            "properties",
            "limits",
            "policies",
            "tenant",
            "contract",
            "inspection",
            "flows",
            "protection",
            "egress",
            "detection",
            "unknown",
            "on_violation",
            "on_fault",
            "object_rule",
        ],
    ),
    (
        "apis/*/operations/*",
        &[
            "permission",
            "limits",
            "step_up",
            "authenticated",
            "policy",
            "objects",
            "object_rule",
            "properties",
            "flows",
            "cors",
            "cost",
            "idempotency",
            "because",
            "on_violation",
            "unknown",
        ],
    ),
    ("apis/*/controls/*", &["on_fault", "on_violation", "because"]),
];

/// What [`check`] finds besides errors.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Unknown keys, missing keys, empty values, misplaced references: everything at once.
    pub errors: Vec<ConfigError>,
    /// Places of secrets that are written out; the excerpt masks them.
    pub secrets: Vec<Location>,
}

/// Judges names and shapes of the tree by `schema`, the JSON Schema of the file.
pub(super) fn check(tree: &Spanned<Node>, schema: &Value) -> Findings {
    let mut walk = Walk { root: schema, path: Vec::new(), found: Findings::default() };
    walk.node(tree, schema);
    walk.found
}

struct Walk<'a> {
    root: &'a Value,
    path: Vec<&'a str>,
    found: Findings,
}

impl<'a> Walk<'a> {
    fn node(&mut self, node: &'a Spanned<Node>, schema: &'a Value) {
        let place = &node.referenced;
        let schema = self.branch(schema, &node.value);
        let kinds = kinds(schema);
        let found = match &node.value {
            Node::Null => {
                return self.wrong(place, format!("`{}` has no value", self.name()), "a value, or leave the key out");
            }
            Node::Map(entries) if kinds.is_empty() || kinds.contains(&"object") => {
                return self.map(entries, place, schema);
            }
            Node::List(items) if kinds.is_empty() || kinds.contains(&"array") => return self.list(items, schema),
            Node::Text(text) if !kinds.contains(&"object") && !kinds.contains(&"array") => {
                return self.text(text, place, schema);
            }
            Node::Scalar(_) if !kinds.contains(&"object") && !kinds.contains(&"array") => return,
            Node::Map(_) => "a map",
            Node::List(_) => "a list",
            Node::Text(_) | Node::Scalar(_) => "one word",
        };
        let accepted = match kinds.first() {
            Some(&"object") => "a map",
            Some(&"array") => "a list",
            Some(&"boolean") => "`true` or `false`",
            Some(&("integer" | "number")) => "a number",
            _ => "text",
        };
        self.wrong(place, format!("`{}` is {found}", self.name()), accepted);
    }

    fn map(&mut self, entries: &'a [(Spanned<String>, Spanned<Node>)], place: &Location, schema: &'a Value) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let others = schema.get("additionalProperties").filter(|others| others.is_object());
        let mut seen = HashSet::with_capacity(entries.len());
        for (key, value) in entries {
            let name = key.value.as_str();
            if !seen.insert(name) {
                self.wrong(&key.referenced, format!("`{name}` stands twice"), "each key once");
                continue;
            }
            match properties.and_then(|properties| properties.get(name)).or(others) {
                Some(schema) => {
                    self.path.push(name);
                    self.node(value, schema);
                    self.path.pop();
                }
                None if self.is_planned(name) => {
                    self.wrong(&key.referenced, format!("this build does not enforce `{name}`"), "");
                }
                None => {
                    let known = properties.into_iter().flat_map(serde_json::Map::keys).map(String::as_str);
                    self.found.errors.push(ConfigError::unknown(&key.referenced, "key", name, known));
                }
            }
        }
        for required in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        {
            if !seen.contains(required) {
                let whose =
                    if self.path.is_empty() { "the file".to_owned() } else { format!("`{}`", self.path.join(".")) };
                let accepted = if required == "identity" { "`identity: public`: anybody may call" } else { "" };
                self.wrong(place, format!("{whose} does not state `{required}`"), accepted);
            }
        }
    }

    fn list(&mut self, items: &'a [Spanned<Node>], place: &'a Value) {
        let Some(schema) = place.get("items") else { return };
        for item in items {
            self.path.push("*");
            self.node(item, schema);
            self.path.pop();
        }
    }

    fn text(&mut self, text: &str, place: &Location, schema: &Value) {
        let kind = kinds(schema).first().copied().unwrap_or("string");
        let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
        if format == secret::FORMAT {
            if !secret::is_reference(text) {
                self.found.secrets.push(*place);
            }
        } else if secret::has_reference(text) {
            self.wrong(
                place,
                format!("`{text}`: `{}` is not a secret setting", self.name()),
                "references stand in secret settings only, such as `upstreams.NAME.headers`",
            );
        } else if kind == "boolean" {
            self.wrong(place, format!("`{text}` is neither `true` nor `false`"), "`true` or `false`");
        } else if kind != "string" {
            self.wrong(place, format!("`{text}` is not a number"), "digits only, without quotes");
        } else if format == "period" && Period::parse(text).is_none() {
            self.wrong(place, format!("`{text}` is not a duration"), Period::ACCEPTED);
        } else if format == "size" && Size::parse(text).is_none() {
            self.wrong(place, format!("`{text}` is not a size"), Size::ACCEPTED);
        } else if format == "rate" && Rate::parse(text).is_none() {
            self.wrong(place, format!("`{text}` is not a rate"), Rate::ACCEPTED);
        }
    }

    /// The part of `schema` that a node of this kind is judged by: behind references, and the fitting one of `anyOf`.
    fn branch(&self, schema: &'a Value, node: &Node) -> &'a Value {
        let schema = self.behind(schema);
        let Some(choices) = schema.get("anyOf").and_then(Value::as_array) else { return schema };
        let wanted: &[&str] = match node {
            Node::Map(_) => &["object"],
            Node::List(_) => &["array"],
            Node::Null | Node::Scalar(_) | Node::Text(_) => &["string", "integer", "number", "boolean"],
        };
        let fits = |choice: &&Value| kinds(choice).iter().any(|kind| wanted.contains(kind));
        let mut choices = choices.iter().map(|choice| self.behind(choice)).filter(|choice| kinds(choice) != ["null"]);
        let first = choices.clone().next();
        choices.find(fits).or(first).unwrap_or(schema)
    }

    fn behind(&self, mut schema: &'a Value) -> &'a Value {
        while let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            match target.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer)) {
                Some(next) => schema = next,
                None => return schema,
            }
        }
        schema
    }

    fn is_planned(&self, name: &str) -> bool {
        PLANNED.iter().any(|(pattern, names)| names.contains(&name) && self.matches(pattern))
    }

    fn matches(&self, pattern: &str) -> bool {
        let mut steps = pattern.split('/').filter(|step| !step.is_empty());
        self.path.iter().all(|at| steps.next().is_some_and(|step| step == "*" || step == *at)) && steps.next().is_none()
    }

    fn name(&self) -> String {
        self.path.iter().rfind(|step| **step != "*").map_or_else(|| "the file".to_owned(), |name| (*name).to_owned())
    }

    fn wrong(&mut self, place: &Location, message: String, accepted: &str) {
        self.found.errors.push(ConfigError::at(place, message, accepted));
    }
}

/// The `type` of a schema: none, one or several.
fn kinds(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null").collect(),
        _ => Vec::new(),
    }
}
