//! What an operator would believe to be a check, and is none: unknown keywords, keywords without effect, schemas that nothing
//! satisfies.

use super::{Compiler, Problem};
use crate::engine::keywords::{Effect, KEYWORDS, Known, OTHER_DRAFTS, is_annotation, keyword};
use crate::engine::options::Dialect;
use crate::engine::references;
use crate::engine::schema::TypeSet;
use portcullis_json::Number;
use portcullis_openapi::{Key, Kind, Node};

/// Meta-schemas of JSON Schema 2020-12 and of the dialects of OpenAPI 3.1 and 3.2, which add nothing that is enforced.
const META_SCHEMAS: &[&str] = &[
    "https://json-schema.org/draft/2020-12/schema",
    "https://spec.openapis.org/oas/3.1/dialect/base",
    "https://spec.openapis.org/oas/3.1/dialect/2024-10-25",
    "https://spec.openapis.org/oas/3.1/dialect/2024-11-10",
    "https://spec.openapis.org/oas/3.2/dialect/2025-09-17",
];

/// Whether schemas of this dialect are read as they are meant.
#[must_use]
fn is_known_dialect(uri: &str) -> bool {
    META_SCHEMAS.contains(&uri.trim_end_matches('#'))
}

impl<'d> Compiler<'d> {
    pub(super) fn strict(&mut self, node: &'d Node) {
        for (key, _) in node.entries() {
            self.judge_keyword(key, node);
        }
        let types = self.stated(node);
        self.judge_format(node, types);
        if let Some(types) = types {
            self.judge_types(node, types);
        }
        self.judge_null(node, types);
        for (least, most) in [("minLength", "maxLength"), ("minItems", "maxItems"), ("minProperties", "maxProperties")]
        {
            self.judge_order(node, least, most);
        }
        for (least, most) in [("minimum", "maximum"), ("exclusiveMinimum", "exclusiveMaximum")] {
            self.judge_order(node, least, most);
        }
        self.judge_required(node);
        if let Some(schema) = node.get("$schema")
            && !schema.as_str().is_some_and(is_known_dialect)
        {
            self.error(schema.place, "`$schema` names a dialect that is not enforced", META_SCHEMAS.join(", "));
        }
    }

    /// What stands beside a reference that is followed and not compiled.
    pub(super) fn judge_siblings(&mut self, node: &'d Node) {
        if self.options.is_strict && node.entries().len() > 1 && self.judged.insert(references::address(node)) {
            node.entries().iter().for_each(|(key, _)| self.judge_keyword(key, node));
        }
    }

    /// What `type` says, without telling what is wrong with it a second time.
    fn stated(&self, node: &Node) -> Option<TypeSet> {
        let stated = node.get("type")?;
        let known = |name: &Node| {
            let text = name.as_str()?;
            TypeSet::NAMES.iter().find(|(known, _)| *known == text).map(|(_, set)| *set)
        };
        let one = std::slice::from_ref(stated);
        let names = if matches!(stated.kind, Kind::List(_)) { stated.items() } else { one };
        let types = names.iter().filter_map(known).fold(TypeSet::NONE, TypeSet::or);
        (types != TypeSet::NONE).then_some(types)
    }

    fn judge_keyword(&mut self, key: &Key, node: &Node) {
        let (name, dialect) = (&*key.text, self.options.dialect);
        if let Some((_, instead)) = OTHER_DRAFTS.iter().find(|(known, _)| *known == name) {
            return self.error(key.place, format!("`{name}` is of another draft of JSON Schema"), *instead);
        }
        let Some(known) = keyword(name) else {
            if !is_annotation(name) {
                let all = KEYWORDS.iter().filter(|keyword| keyword.is_of(dialect)).map(|keyword| keyword.name);
                let mut error = self.documents.unknown(key.place, "keyword", name, all);
                error.accepted = "a keyword of the Schema Object, or a name that begins with `x-`".into();
                self.problems.push(Problem { place: key.place, error, is_waivable: true });
            }
            return;
        };
        match (known.known, dialect) {
            (Known::Only31, Dialect::OpenApi30) => {
                self.error(
                    key.place,
                    format!("`{name}` is not part of OpenAPI 3.0"),
                    "OpenAPI 3.1, or another keyword",
                );
            }
            (Known::Only30, Dialect::OpenApi31) => {
                self.error(key.place, format!("`{name}` is not part of OpenAPI 3.1"), "`type: [string, \"null\"]`");
            }
            _ => {}
        }
        // Beside a reference, OpenAPI 3.0 ignores all others (Reference Object).
        let is_ignored = dialect == Dialect::OpenApi30 && node.get("$ref").is_some() && name != "$ref";
        if is_ignored && known.effect != Effect::Annotation {
            self.error(key.place, format!("ignored sibling `{name}` of `$ref`"), "put both into `allOf`");
        }
        if known.effect != Effect::Annotation && name == "exclusiveMinimum" || name == "exclusiveMaximum" {
            self.judge_exclusive(key, node);
        }
        self.judge_companion(key, node);
    }

    fn judge_exclusive(&mut self, key: &Key, node: &Node) {
        let is_flag = node.get(&key.text).is_some_and(|value| matches!(value.kind, Kind::Bool(_)));
        let name = &*key.text;
        match self.options.dialect {
            Dialect::OpenApi30 if !is_flag => {
                self.error(key.place, format!("`{name}` is a boolean in OpenAPI 3.0"), "`true`, beside the bound");
            }
            Dialect::OpenApi31 if is_flag => {
                self.error(key.place, format!("`{name}` is a number in OpenAPI 3.1"), "the bound itself");
            }
            _ => {}
        }
    }

    /// Keywords that mean nothing without another.
    fn judge_companion(&mut self, key: &Key, node: &Node) {
        let needed: &[&str] = match &*key.text {
            "then" | "else" => &["if"],
            "minContains" | "maxContains" => &["contains"],
            "exclusiveMinimum" if self.options.dialect == Dialect::OpenApi30 => &["minimum"],
            "exclusiveMaximum" if self.options.dialect == Dialect::OpenApi30 => &["maximum"],
            _ => return,
        };
        if needed.iter().all(|needed| node.get(needed).is_none()) {
            let message = format!("`{}` has no effect without `{}`", key.text, needed.join("` or `"));
            self.error(key.place, message, "both, or none");
        }
    }

    /// `type: array` without `items` is an error in OpenAPI 3.0; elsewhere a keyword may say something of other types only.
    fn judge_types(&mut self, node: &Node, types: TypeSet) {
        for (key, _) in node.entries() {
            let Some(Effect::Of(about)) = keyword(&key.text).map(|keyword| keyword.effect) else { continue };
            if !types.meets(about) {
                let message = format!("`{}` says nothing of values of this type", key.text);
                self.error(key.place, message, "another `type`, or without it");
            }
        }
        let Some(values) = node.get("enum") else { return };
        let is_possible = |value: &Node| {
            let of = match &value.kind {
                Kind::Null => TypeSet::NULL,
                Kind::Bool(_) => TypeSet::BOOLEAN,
                Kind::Number(_) => TypeSet::NUMBER.or(TypeSet::INTEGER),
                Kind::String(_) => TypeSet::STRING,
                Kind::List(_) => TypeSet::ARRAY,
                Kind::Map(_) => TypeSet::OBJECT,
            };
            types.meets(of)
        };
        let null_by_nullable = node.get("nullable").and_then(Node::as_bool) == Some(true);
        if !null_by_nullable && !values.items().iter().any(is_possible) {
            self.error(values.place, "no value of `enum` is of the type", "values of the type");
        }
    }

    /// OpenAPI 3.0.4 Schema Object, `nullable`.
    fn judge_null(&mut self, node: &Node, types: Option<TypeSet>) {
        if self.options.dialect != Dialect::OpenApi30 {
            return;
        }
        if let Some(stated) = node.get("type")
            && matches!(stated.kind, Kind::List(_))
        {
            self.error(stated.place, "`type` is no list in OpenAPI 3.0", "one type, with `nullable: true` for null");
        } else if let Some(stated) = node.get("type")
            && stated.as_str() == Some("null")
        {
            self.error(stated.place, "`null` is no type in OpenAPI 3.0", "another type with `nullable: true`");
        }
        let Some(nullable) = node.get("nullable").filter(|nullable| nullable.as_bool() == Some(true)) else { return };
        if types.is_none() {
            self.error(nullable.place, "`nullable` has no effect without `type`", "`type` beside it");
        }
        if let Some(values) = node.get("enum")
            && !values.items().iter().any(|value| value.kind == Kind::Null)
        {
            self.warn(
                nullable.place,
                "null is refused, for `enum` does not hold it",
                "null in `enum`, or no `nullable`",
            );
        }
    }

    fn judge_order(&mut self, node: &Node, least: &str, most: &str) {
        let number = |keyword: &str| match &node.get(keyword)?.kind {
            Kind::Number(text) => Number::parse(text),
            _ => None,
        };
        let is_empty = |order: std::cmp::Ordering| {
            let is_exclusive = least == "exclusiveMinimum"
                || ["exclusiveMinimum", "exclusiveMaximum"]
                    .iter()
                    .any(|flag| least == "minimum" && node.get(flag).and_then(Node::as_bool) == Some(true));
            order.is_gt() || (is_exclusive && order.is_eq())
        };
        if let (Some(low), Some(high)) = (number(least), number(most))
            && is_empty(low.cmp(&high))
        {
            let place = node.get(least).map_or(node.place, |value| value.place);
            self.error(
                place,
                format!("nothing satisfies `{least}` and `{most}`"),
                "bounds with something between them",
            );
        }
    }

    /// A closed object cannot have what it does not name.
    fn judge_required(&mut self, node: &'d Node) {
        let is_closed = node.get("additionalProperties").and_then(Node::as_bool) == Some(false);
        if !is_closed || node.get("patternProperties").is_some_and(|patterns| !patterns.entries().is_empty()) {
            return;
        }
        let names = node.get("required").map(Node::items).unwrap_or_default();
        for name in names {
            let Some(text) = name.as_str() else { continue };
            if node.get("properties").and_then(|properties| properties.get(text)).is_none() {
                let known = node.get("properties").map(Node::entries).unwrap_or_default();
                let known = known.iter().map(|(key, _)| &*key.text);
                let message = format!("`required` names `{text}`, which `additionalProperties: false` refuses");
                let error = self.documents.error(name.place, message, "the name of a property").suggesting(text, known);
                self.problems.push(Problem { place: name.place, error, is_waivable: true });
            }
        }
    }
}
