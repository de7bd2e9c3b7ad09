//! What only all schemas together tell.

use super::Compiler;
use crate::engine::schema::{ObjectRules, Others, SchemaId, TypeSet};

impl Compiler<'_> {
    pub(super) fn judge_whole(&mut self) {
        self.judge_cycles();
        self.imply_objects();
        self.tag_choices();
        if self.options.is_strict {
            for place in 0..self.arena.len() {
                self.judge_closed(SchemaId(u32::try_from(place).unwrap_or(u32::MAX)));
            }
        }
    }

    /// Whoever writes `properties` means an object; JSON Schema lets everything else pass (contract/O-39).
    fn imply_objects(&mut self) {
        for id in std::mem::take(&mut self.implying) {
            if !self.untyped.contains(&id) || self.has_type_below(id) {
                continue;
            }
            if let Some(schema) = self.arena.get_mut(id.0 as usize) {
                schema.types = TypeSet::OBJECT;
            }
            let message = "`type` is missing: only objects are accepted here";
            self.warn(self.place(id), message, "`type: object`, or `x-portcullis-implied-type: false`");
        }
    }

    /// Whether one of the schemas that it refers to or is composed of says the type.
    fn has_type_below(&self, id: SchemaId) -> bool {
        let composed = self.arena.get(id.0 as usize).and_then(|schema| schema.applied.as_ref());
        let all = composed.iter().flat_map(|applied| &applied.all);
        all.filter_map(|id| self.arena.get(id.0 as usize)).any(|schema| schema.types != TypeSet::ALL)
    }

    /// `additionalProperties: false` sees the properties of its own schema only (JSON Schema core §10.3.2.3).
    fn judge_closed(&mut self, id: SchemaId) {
        let Some(applied) = self.arena.get(id.0 as usize).and_then(|schema| schema.applied.as_ref()) else { return };
        let parts: Vec<&ObjectRules> = std::iter::once(&id)
            .chain(&applied.all)
            .filter_map(|id| self.arena.get(id.0 as usize)?.object.as_deref())
            .collect();
        let is_refused = |closed: &ObjectRules, name: &str| {
            closed.additional == Others::None
                && closed.properties.find(name, 0).is_none()
                && !closed.patterns.iter().any(|(pattern, _)| pattern.matches(name))
        };
        let names =
            || parts.iter().flat_map(|part| part.properties.iter()).filter(|property| property.schema.is_some());
        let refused = names().find(|property| parts.iter().any(|closed| is_refused(closed, &property.name)));
        let Some(name) = refused.map(|property| property.name.clone()) else { return };
        let message = format!("property `{name}` of one schema is refused by `additionalProperties: false` of another");
        let accepted = if self.options.dialect == crate::engine::options::Dialect::OpenApi31 {
            "`unevaluatedProperties: false` beside `allOf`"
        } else {
            "`x-portcullis-closed: true` beside `allOf`"
        };
        self.error(self.place(id), message, accepted);
    }
}
