//! Keywords of objects.

use super::{Compiler, Item, Used};
use crate::engine::options::Dialect;
use crate::engine::properties::Properties;
use crate::engine::schema::{ObjectRules, Others, TypeSet};

impl<'d> Compiler<'d> {
    /// `stated` is what `type` says.
    pub(super) fn object_rules(&mut self, item: Item<'d>, stated: Option<TypeSet>) -> Option<Box<ObjectRules>> {
        let node = item.node;
        let named = self.map(item, "properties", item.used.inside());
        let named: Vec<_> = named.into_iter().map(|(name, _, schema)| (name.into(), schema)).collect();
        let required = node.get("required").map(|list| self.names(list, "required")).unwrap_or_default();
        let mut rules = ObjectRules {
            min: self.count(node, "minProperties").unwrap_or(0),
            max: self.count(node, "maxProperties"),
            properties: Properties::new(named, &required),
            additional: self.others(item, "additionalProperties"),
            ..ObjectRules::default()
        };
        for (text, schema, id) in self.map(item, "patternProperties", item.used.inside()) {
            if let Some(pattern) = self.pattern(text, schema.place) {
                rules.patterns.push((pattern, id));
            } else {
                // Waived: which names it is about nobody knows, so they may hold anything.
                rules.additional = Others::Any;
            }
        }
        if self.options.dialect == Dialect::OpenApi31 {
            self.later_keywords(item, &mut rules);
        }
        if self.flag(node, "x-portcullis-closed") {
            rules.unevaluated = Others::None;
        }
        let is_about_objects = stated.is_some_and(|types| types.meets(TypeSet::OBJECT));
        (is_about_objects || !rules.is_empty()).then(|| Box::new(rules))
    }

    /// What OpenAPI 3.0 does not have.
    fn later_keywords(&mut self, item: Item<'d>, rules: &mut ObjectRules) {
        rules.unevaluated = self.others(item, "unevaluatedProperties");
        if let Some(names) = item.node.get("propertyNames") {
            let used = Used { is_condition: true, ..Used::VALUE };
            rules.names = Some(self.child(names, item.resource, used));
            // Which names there may be is said.
            if rules.additional == Others::Unsaid && rules.properties.len() == 0 && rules.unevaluated == Others::Unsaid
            {
                rules.has_named_members = true;
            }
        }
        let Some(dependent) = item.node.get("dependentRequired") else { return };
        for (key, list) in dependent.entries() {
            let names = self.names(list, "dependentRequired");
            rules.dependent.push((key.text.clone(), names));
        }
    }
}

impl ObjectRules {
    fn is_empty(&self) -> bool {
        self.min == 0
            && self.max.is_none()
            && self.properties.len() == 0
            && self.patterns.is_empty()
            && self.additional == Others::Unsaid
            && self.unevaluated == Others::Unsaid
            && self.names.is_none()
            && self.dependent.is_empty()
    }
}
