//! Arrays.

use super::{At, Run};
use crate::engine::marks::Marks;
use crate::engine::rule::Rule;
use crate::engine::schema::{ArrayRules, Contains, Others, Schema};
use crate::engine::sink::{Sink, Stop};
use portcullis_json::Kind;

impl<'v, 's, S: Sink<'v>> Run<'s, S> {
    pub(super) fn array(&mut self, schema: &'s Schema, at: At<'_, 'v>, marks: Option<&mut Marks>) -> Result<(), Stop> {
        let Some(rules) = schema.array.as_deref().filter(|rules| rules.unevaluated != Others::Unsaid) else {
            return self.evaluated_array(schema, at, marks);
        };
        let mut own = Marks::default();
        self.evaluated_array(schema, at, Some(&mut own))?;
        for (place, element) in at.value.elements().enumerate() {
            self.spend(1)?;
            if own.has(place) {
                continue;
            }
            match rules.unevaluated {
                Others::None => self.broken(element, Rule::UnevaluatedItems)?,
                Others::Schema(id) => self.enter(id, element, at.scope)?,
                Others::Any | Others::Unsaid => {}
            }
            own.set(place);
        }
        if let Some(marks) = marks {
            marks.add(&own);
        }
        Ok(())
    }

    /// All but `unevaluatedItems`.
    fn evaluated_array(
        &mut self,
        schema: &'s Schema,
        at: At<'_, 'v>,
        mut marks: Option<&mut Marks>,
    ) -> Result<(), Stop> {
        if let Some(rules) = &schema.array {
            self.array_rules(rules, at, marks.as_deref_mut())?;
        }
        schema.applied.as_ref().map_or(Ok(()), |applied| self.applied(applied, at, marks))
    }

    fn array_rules(
        &mut self,
        rules: &'s ArrayRules,
        at: At<'_, 'v>,
        mut marks: Option<&mut Marks>,
    ) -> Result<(), Stop> {
        let (array, count) = (at.value, at.value.len());
        self.rule(rules.max.is_none_or(|max| count <= max), array, Rule::MaxItems)?;
        self.rule(count >= rules.min, array, Rule::MinItems)?;
        if !rules.prefix.is_empty() || rules.items != Others::Unsaid {
            for (place, element) in array.elements().enumerate() {
                self.spend(1)?;
                let schema = rules.prefix.get(place).map_or(rules.items, |id| Others::Schema(*id));
                match schema {
                    Others::Unsaid => break,
                    Others::Any => {}
                    Others::None => self.broken(element, Rule::Items)?,
                    Others::Schema(id) => self.enter(id, element, at.scope)?,
                }
                if let Some(marks) = marks.as_deref_mut() {
                    marks.set(place);
                }
            }
        }
        if let Some(contains) = &rules.contains {
            self.contains(contains, at, marks)?;
        }
        if rules.is_unique {
            self.spend(array.size())?;
            if array.elements().any(|element| matches!(element.kind(), Kind::Array | Kind::Object)) {
                self.sink.fragile();
            }
            self.rule(array.has_unique_elements(), array, Rule::UniqueItems)?;
        }
        Ok(())
    }

    fn contains(&mut self, contains: &Contains, at: At<'_, 'v>, mut marks: Option<&mut Marks>) -> Result<(), Stop> {
        self.sink.fragile();
        let mut found: usize = 0;
        for (place, element) in at.value.elements().enumerate() {
            self.spend(1)?;
            let flagged = self.sink.flagged();
            let inner = At { value: element, entry: contains.schema, scope: at.scope };
            if self.holds_unseen(contains.schema, inner, None)? {
                self.sink.take_back(flagged);
                found = found.saturating_add(1);
                match marks.as_deref_mut() {
                    Some(marks) => marks.set(place),
                    None if contains.max.is_none() && found >= contains.min => break,
                    None => {}
                }
            }
        }
        self.rule(found >= contains.min, at.value, Rule::Contains)?;
        self.rule(contains.max.is_none_or(|max| found <= max), at.value, Rule::MaxContains)
    }
}
