//! Objects.

use super::{At, Run};
use crate::engine::marks::Marks;
use crate::engine::options::View;
use crate::engine::properties::Properties;
use crate::engine::rule::Rule;
use crate::engine::schema::{ObjectRules, Others, Schema, SchemaId};
use crate::engine::sink::{self, Sink, Stop};
use portcullis_json::{Member, Value};

/// Schemas looked at to find whether a missing property may be missing. Beyond, it may not.
const MAX_LOOKED_AT: usize = 256;

impl<'v, 's, S: Sink<'v>> Run<'s, S> {
    pub(super) fn object(
        &mut self,
        schema: &'s Schema,
        at: At<'_, 'v>,
        mut marks: Option<&mut Marks>,
    ) -> Result<(), Stop> {
        if schema.describes_objects {
            self.flag(at.value, sink::DESCRIBED);
            if let Some(marks) = marks.as_deref_mut() {
                marks.is_described |= self.blind == 0;
            }
        }
        let Some(rules) = schema.object.as_deref().filter(|rules| rules.unevaluated != Others::Unsaid) else {
            return self.evaluated_object(schema, at, marks);
        };
        let mut own = Marks::default();
        self.evaluated_object(schema, at, Some(&mut own))?;
        for (place, member) in at.value.members().enumerate() {
            self.spend(1)?;
            if own.has(place) {
                continue;
            }
            match rules.unevaluated {
                Others::None => self.excluded(member.value, Rule::UnevaluatedProperties)?,
                Others::Schema(id) => self.enter(id, member.value, at.scope)?,
                Others::Any | Others::Unsaid => {}
            }
            self.flag(member.value, sink::DECLARED);
            own.set(place);
        }
        if let Some(marks) = marks {
            marks.add(&own);
        }
        Ok(())
    }

    /// All but `unevaluatedProperties`.
    fn evaluated_object(
        &mut self,
        schema: &'s Schema,
        at: At<'_, 'v>,
        mut marks: Option<&mut Marks>,
    ) -> Result<(), Stop> {
        if let Some(rules) = &schema.object {
            self.members(rules, at, marks.as_deref_mut())?;
            self.object_rules(rules, at)?;
        }
        schema.applied.as_ref().map_or(Ok(()), |applied| self.applied(applied, at, marks))
    }

    fn members(&mut self, rules: &'s ObjectRules, at: At<'_, 'v>, mut marks: Option<&mut Marks>) -> Result<(), Stop> {
        if self.muted > 0 && !rules.properties.required.is_empty() {
            // A branch that the object is not of fails before what the object holds is looked at: else the work could double
            // with each level.
            let seen = self.seen(&rules.properties, at)?;
            self.required(&rules.properties, seen, at)?;
        }
        let (mut seen, mut guess) = (0_u64, 0_usize);
        for (place, member) in at.value.members().enumerate() {
            self.spend(1)?;
            let mut is_declared = false;
            match rules.properties.find(member.name, guess) {
                Some((found, property)) => {
                    guess = found.saturating_add(1);
                    seen |= property.bit;
                    if property.schema.is_none() {
                        // Required, and declared by nobody here: it may be taken out.
                        self.sink.fragile();
                    }
                    if let Some(id) = property.schema {
                        is_declared = true;
                        self.flag(member.value, sink::NAMED);
                        self.enter(id, member.value, at.scope)?;
                    }
                }
                None if rules.properties.may_fold(member.name) => self.suspect(),
                None => {}
            }
            for (pattern, id) in &rules.patterns {
                if pattern.matches(member.name) {
                    is_declared = true;
                    self.enter(*id, member.value, at.scope)?;
                }
            }
            if !is_declared {
                is_declared = self.other(rules, member, at, marks.is_some())?;
            }
            if is_declared {
                self.flag(member.value, sink::DECLARED);
                if let Some(marks) = marks.as_deref_mut() {
                    marks.set(place);
                }
            }
        }
        self.required(&rules.properties, seen, at)?;
        Ok(())
    }

    /// A member that is not named. Tells whether it is declared all the same.
    fn other(
        &mut self,
        rules: &ObjectRules,
        member: Member<'v>,
        at: At<'_, 'v>,
        is_marked: bool,
    ) -> Result<bool, Stop> {
        match rules.additional {
            Others::Any => return Ok(true),
            Others::Schema(id) => {
                self.enter(id, member.value, at.scope)?;
                return Ok(true);
            }
            Others::None => {
                self.excluded(member.value, Rule::AdditionalProperties)?;
                return Ok(true);
            }
            Others::Unsaid if rules.has_named_members => {
                self.flag(member.value, sink::DECLARED);
                return Ok(false);
            }
            Others::Unsaid => {}
        }
        // Where other schemas may declare it, whoever holds the marks finds out.
        if self.is_inspecting && !is_marked && rules.unevaluated == Others::Unsaid {
            self.suspect();
        }
        Ok(false)
    }

    /// A member that a schema says is not there: it may be taken out, unless the schema is one of several.
    fn excluded(&mut self, value: Value<'v>, rule: Rule) -> Result<(), Stop> {
        if !S::COLLECTS || self.muted > 0 || self.view.is_none() {
            return self.broken(value, rule);
        }
        let is_additional = rule == Rule::AdditionalProperties;
        self.sink.flag(value, if is_additional { sink::EXCLUDED } else { sink::UNEVALUATED });
        Ok(())
    }

    /// The bits of the required properties that are there.
    fn seen(&mut self, properties: &Properties, at: At<'_, 'v>) -> Result<u64, Stop> {
        self.spend(at.value.len())?;
        let (mut seen, mut guess) = (0, 0_usize);
        for member in at.value.members() {
            if let Some((found, property)) = properties.find(member.name, guess) {
                guess = found.saturating_add(1);
                seen |= property.bit;
            }
        }
        Ok(seen)
    }

    fn required(&mut self, properties: &Properties, seen: u64, at: At<'_, 'v>) -> Result<(), Stop> {
        if seen == properties.required_mask && properties.required.len() <= 64 {
            return Ok(());
        }
        for place in &properties.required {
            let Some(property) = properties.at(*place as usize) else { return Err(Stop) };
            if seen & property.bit != 0 {
                continue;
            }
            self.spend(at.value.len())?;
            if at.value.get(&property.name).is_none() && !self.may_be_missing(at.entry, &property.name)? {
                self.missing(at.value, &property.name, Rule::Required)?;
            }
        }
        Ok(())
    }

    /// `readOnly` and `required` means required in the response only (OpenAPI 3.0.4 Schema Object), wherever among the schemas
    /// that apply to the object either stands.
    fn may_be_missing(&mut self, entry: SchemaId, name: &str) -> Result<bool, Stop> {
        let Some(view) = self.view else { return Ok(false) };
        let properties = |schema: &'s Schema| {
            let property = schema.object.as_ref()?.properties.find(name, 0)?.1;
            property.schema
        };
        for id in self.applying(entry, true)? {
            let Some(property) = self.schemas.schema(id).and_then(properties) else { continue };
            let goes_one_way = |schema: &Schema| match view {
                View::Write => schema.is_read_only,
                View::Read => schema.is_write_only,
            };
            let all = self.applying(property, false)?;
            if all.into_iter().filter_map(|id| self.schemas.schema(id)).any(goes_one_way) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The schema, and those that apply to the same value: by `$ref` and `allOf`, or by any choice as well.
    fn applying(&mut self, entry: SchemaId, with_choices: bool) -> Result<Vec<SchemaId>, Stop> {
        let mut found = vec![entry];
        let mut next = 0;
        while let Some(schema) = found.get(next).and_then(|id| self.schemas.schema(*id)) {
            next = next.saturating_add(1);
            let Some(applied) = &schema.applied else { continue };
            let choices = applied.any.iter().chain(&applied.one).flat_map(|choice| &choice.branches);
            let conditions = applied.condition.iter().flat_map(|condition| [&condition.then, &condition.otherwise]);
            let dependent = applied.dependent.iter().map(|(_, id)| id);
            let by_choice = choices.chain(conditions.flatten()).chain(dependent).filter(|_| with_choices);
            for id in applied.all.iter().chain(by_choice) {
                if found.len() < MAX_LOOKED_AT && !found.contains(id) {
                    found.push(*id);
                }
            }
        }
        self.spend(found.len())?;
        Ok(found)
    }

    fn object_rules(&mut self, rules: &ObjectRules, at: At<'_, 'v>) -> Result<(), Stop> {
        let (object, count) = (at.value, at.value.len());
        self.rule(rules.max.is_none_or(|max| count <= max), object, Rule::MaxProperties)?;
        if rules.min > 0 {
            self.sink.fragile();
            self.rule(count >= rules.min, object, Rule::MinProperties)?;
        }
        if let Some(names) = rules.names {
            for member in object.members() {
                self.spend(1)?;
                let inner = At { value: member.key, entry: names, scope: at.scope };
                let holds = self.holds_unseen(names, inner, None)?;
                self.rule(holds, member.value, Rule::PropertyNames)?;
            }
        }
        for (name, needed) in &rules.dependent {
            self.sink.fragile();
            self.spend(count.saturating_mul(needed.len().saturating_add(1)))?;
            if object.get(name).is_none() {
                continue;
            }
            for needed in needed {
                if object.get(needed).is_none() && !self.may_be_missing(at.entry, needed)? {
                    self.missing(object, needed, Rule::DependentRequired)?;
                }
            }
        }
        Ok(())
    }
}
