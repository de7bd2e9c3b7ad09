//! What only all schemas together tell.

use super::Compiler;
use crate::engine::schema::{ObjectRules, Others, SchemaId, TypeSet};

/// Schemas of one value that are looked at.
const MAX_LOOKED_AT: usize = 256;

impl Compiler<'_> {
    pub(super) fn judge_whole(&mut self) {
        self.judge_cycles();
        self.imply_objects();
        self.tag_choices();
        if self.options.is_strict {
            for place in 0..self.arena.len() {
                self.judge_closed(SchemaId(u32::try_from(place).unwrap_or(u32::MAX)));
            }
            if self.options.is_closed {
                self.judge_entries();
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

    /// What is required and declared by none of the schemas that apply, nobody can send: it is missing or not declared.
    fn judge_entries(&mut self) {
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_unstable();
        entries.dedup();
        for entry in entries {
            let Some(all) = self.applying_in_any_way(entry) else { continue };
            let objects = || all.iter().filter_map(|id| self.arena.get(id.0 as usize)?.object.as_deref());
            let is_declared = |name: &str| {
                objects().any(|object| {
                    object.additional == Others::Any
                        || matches!(object.additional, Others::Schema(_))
                        || !matches!(object.unevaluated, Others::Unsaid | Others::None)
                        || object.has_named_members
                        || object.properties.find(name, 0).is_some_and(|(_, property)| property.schema.is_some())
                        || object.patterns.iter().any(|(pattern, _)| pattern.matches(name))
                })
            };
            // Of a choice, another branch may do.
            let certain = self.applying(entry);
            let of_objects = certain.iter().filter(|schema| schema.types.meets(TypeSet::OBJECT));
            let required = of_objects.filter_map(|schema| schema.object.as_deref()).flat_map(|object| {
                object.properties.required.iter().filter_map(|place| object.properties.at(*place as usize))
            });
            let undeclared: Vec<_> = required
                .filter(|property| !is_declared(&property.name))
                .map(|property| property.name.clone())
                .collect();
            let known: Vec<Box<str>> =
                objects().flat_map(|object| object.properties.iter()).map(|property| property.name.clone()).collect();
            for name in undeclared {
                let place = self.place(entry);
                let message = format!("`required` names `{name}`, which no schema of the object declares");
                let others = known.iter().map(|known| &**known).filter(|known| *known != &*name);
                let error = self.documents.error(place, message, "its property, or `additionalProperties`");
                self.problems.push(super::Problem { place, error: error.suggesting(&name, others), is_waivable: true });
            }
        }
    }

    /// The schema, and all that may apply to the same value; `None` if they are too many to tell.
    fn applying_in_any_way(&self, id: SchemaId) -> Option<Vec<SchemaId>> {
        let mut ids = vec![id];
        let mut next = 0;
        while let Some(schema) = ids.get(next).and_then(|id| self.arena.get(id.0 as usize)) {
            next = next.saturating_add(1);
            for id in super::cycles::in_place(schema) {
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
            if ids.len() > MAX_LOOKED_AT {
                return None;
            }
        }
        Some(ids)
    }
}
