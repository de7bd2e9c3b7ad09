//! Keywords that apply other schemas to the same value.

use super::{Compiler, Item, Problem, Used};
use crate::engine::options::Dialect;
use crate::engine::schema::{Applied, Choice, Condition, Dynamic, SchemaId};
use portcullis_openapi::Node;

impl<'d> Compiler<'d> {
    pub(super) fn applied(&mut self, item: Item<'d>) -> Option<Box<Applied>> {
        let node = item.node;
        let used = Used { is_in_place: true, ..item.used };
        let mut applied = Applied::default();
        applied.all.extend(node.get("$ref").and_then(|reference| self.reference(reference, item.resource, used)));
        applied.all.extend(self.list(item, "allOf", used));
        applied.any = self.choice(item, "anyOf", used);
        applied.one = self.choice(item, "oneOf", used);
        let unless = Used { is_condition: true, ..used };
        applied.not = node.get("not").map(|schema| self.child(schema, item.resource, unless));
        if self.options.dialect == Dialect::OpenApi31 {
            self.later(item, used, &mut applied);
        }
        self.discriminator(item, &applied);
        let is_empty = applied.all.is_empty()
            && applied.any.is_none()
            && applied.one.is_none()
            && applied.not.is_none()
            && applied.condition.is_none()
            && applied.dependent.is_empty()
            && applied.dynamic.is_none();
        (!is_empty).then(|| Box::new(applied))
    }

    /// What OpenAPI 3.0 does not have.
    fn later(&mut self, item: Item<'d>, used: Used, applied: &mut Applied) {
        let node = item.node;
        let unless = Used { is_condition: true, ..used };
        if let Some(when) = node.get("if") {
            let when = self.child(when, item.resource, unless);
            let mut branch = |keyword| node.get(keyword).map(|schema| self.child(schema, item.resource, used));
            applied.condition = Some(Condition { when, then: branch("then"), otherwise: branch("else") });
        }
        let dependent = self.map(item, "dependentSchemas", used);
        applied.dependent = dependent.into_iter().map(|(name, _, schema)| (name.into(), schema)).collect();
        if let Some(reference) = node.get("$dynamicRef") {
            self.dynamic(reference, item.resource, used, applied);
        }
    }

    fn reference(&mut self, reference: &'d Node, resource: u32, used: Used) -> Option<SchemaId> {
        let Some(text) = reference.as_str() else {
            self.error(reference.place, "`$ref` is no text", "a reference such as `#/components/schemas/Order`");
            return None;
        };
        match self.references.resolve(text, resource, reference.place) {
            Ok(target) => Some(self.child(target.node, target.resource, used)),
            Err(error) => Some(self.unknown(reference, reference.place, error)),
        }
    }

    fn choice(&mut self, item: Item<'d>, keyword: &str, used: Used) -> Option<Choice> {
        let branches = self.list(item, keyword, used);
        (!branches.is_empty()).then_some(Choice { branches, tag: None })
    }

    /// JSON Schema core §8.2.3.2: without a dynamic anchor of that name where it is written, the same as `$ref`.
    fn dynamic(&mut self, reference: &'d Node, resource: u32, used: Used, applied: &mut Applied) {
        let Some(text) = reference.as_str() else {
            self.error(reference.place, "`$dynamicRef` is no text", "a reference such as `#node`");
            return;
        };
        let target = match self.references.resolve(text, resource, reference.place) {
            Ok(target) => target,
            Err(error) => {
                self.problems.push(Problem { place: reference.place, error, is_waivable: false });
                return;
            }
        };
        let otherwise = self.child(target.node, target.resource, used);
        let name = text.rsplit_once('#').map_or("", |(_, name)| name);
        if !self.references.is_dynamic(target, name) {
            applied.all.push(otherwise);
            return;
        }
        self.is_dynamic = true;
        let named = self.references.dynamic(name);
        let by_resource =
            named.into_iter().map(|(resource, node)| (resource, self.child(node, resource, used))).collect();
        applied.dynamic = Some(Dynamic { otherwise, by_resource });
    }
}
