//! Keywords of arrays.

use super::{Compiler, Item, Used};
use crate::engine::options::Dialect;
use crate::engine::schema::{ArrayRules, Contains, Others, SchemaId};
use portcullis_openapi::{Kind, Node};

impl<'d> Compiler<'d> {
    pub(super) fn array_rules(&mut self, item: Item<'d>) -> Option<Box<ArrayRules>> {
        let node = item.node;
        let mut rules = ArrayRules {
            min: self.count(node, "minItems").unwrap_or(0),
            max: self.count(node, "maxItems"),
            is_unique: self.flag(node, "uniqueItems"),
            items: self.others(item, "items"),
            ..ArrayRules::default()
        };
        if self.options.dialect == Dialect::OpenApi31 {
            rules.prefix = self.list(item, "prefixItems", item.used.inside());
            rules.unevaluated = self.others(item, "unevaluatedItems");
            if let Some(contains) = node.get("contains") {
                let used = Used { is_condition: true, ..Used::VALUE };
                let schema = self.child(contains, item.resource, used);
                let min = self.count(node, "minContains").unwrap_or(1);
                rules.contains = Some(Contains { schema, min, max: self.count(node, "maxContains") });
            }
        }
        let is_empty = rules.min == 0
            && rules.max.is_none()
            && !rules.is_unique
            && rules.prefix.is_empty()
            && rules.items == Others::Unsaid
            && rules.contains.is_none()
            && rules.unevaluated == Others::Unsaid;
        (!is_empty).then(|| Box::new(rules))
    }

    /// The schema of what is not told in particular.
    pub(super) fn others(&mut self, item: Item<'d>, keyword: &str) -> Others {
        let Some(value) = item.node.get(keyword) else { return Others::Unsaid };
        match value.kind {
            Kind::Bool(true) => Others::Any,
            Kind::Bool(false) => Others::None,
            _ => Others::Schema(self.child(value, item.resource, item.used.inside())),
        }
    }

    /// Schemas in a list.
    pub(super) fn list(&mut self, item: Item<'d>, keyword: &str, used: Used) -> Vec<SchemaId> {
        let Some(list) = item.node.get(keyword) else { return Vec::new() };
        if list.items().is_empty() {
            self.error(list.place, format!("`{keyword}` is no list of schemas"), "a list of at least one schema");
        }
        list.items().iter().map(|schema| self.child(schema, item.resource, used)).collect()
    }

    /// Schemas by name.
    pub(super) fn map(&mut self, item: Item<'d>, keyword: &str, used: Used) -> Vec<(&'d str, &'d Node, SchemaId)> {
        let Some(map) = item.node.get(keyword) else { return Vec::new() };
        if !matches!(map.kind, Kind::Map(_)) {
            self.error(map.place, format!("`{keyword}` holds no schemas by name"), "a map of names to schemas");
        }
        let entries = map.entries().iter();
        entries.map(|(key, schema)| (&*key.text, schema, self.child(schema, item.resource, used))).collect()
    }
}
