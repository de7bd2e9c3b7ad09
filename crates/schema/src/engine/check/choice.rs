//! Schemas that apply to the same value.

use super::{At, Run, Scope};
use crate::engine::marks::Marks;
use crate::engine::rule::Rule;
use crate::engine::schema::{Applied, Choice, Dynamic, SchemaId, Tag};
use crate::engine::sink::{Sink, Stop};
use portcullis_json::{Kind, Value};

impl<'v, 's, S: Sink<'v>> Run<'s, S> {
    pub(super) fn applied(
        &mut self,
        applied: &'s Applied,
        at: At<'_, 'v>,
        mut marks: Option<&mut Marks>,
    ) -> Result<(), Stop> {
        for id in &applied.all {
            self.check(*id, at, marks.as_deref_mut())?;
        }
        if let Some(dynamic) = &applied.dynamic {
            self.check(target(dynamic, at.scope), at, marks.as_deref_mut())?;
        }
        if let Some(any) = &applied.any {
            self.choice(any, Rule::AnyOf, at, marks.as_deref_mut())?;
        }
        if let Some(one) = &applied.one {
            self.choice(one, Rule::OneOf, at, marks.as_deref_mut())?;
        }
        if let Some(not) = applied.not {
            self.fragile_if_object(at.value);
            let flagged = self.sink.flagged();
            let holds = self.holds_unseen(not, at, None)?;
            self.sink.take_back(flagged);
            self.rule(!holds, at.value, Rule::Not)?;
        }
        if let Some(condition) = &applied.condition {
            self.fragile_if_object(at.value);
            let holds = self.holds_unseen(condition.when, at, marks.as_deref_mut())?;
            if let Some(id) = if holds { condition.then } else { condition.otherwise } {
                self.check(id, at, marks.as_deref_mut())?;
            }
        }
        for (name, id) in &applied.dependent {
            self.fragile_if_object(at.value);
            self.spend(at.value.len())?;
            if at.value.get(name).is_some() {
                self.check(*id, at, marks.as_deref_mut())?;
            }
        }
        Ok(())
    }

    fn fragile_if_object(&mut self, value: Value<'v>) {
        if matches!(value.kind(), Kind::Array | Kind::Object) {
            self.sink.fragile();
        }
    }

    fn choice(
        &mut self,
        choice: &'s Choice,
        rule: Rule,
        at: At<'_, 'v>,
        mut marks: Option<&mut Marks>,
    ) -> Result<(), Stop> {
        self.fragile_if_object(at.value);
        let tagged = choice.tag.as_ref().map(|tag| (tag, branch(tag, choice, at.value)));
        if let Some((tag, tagged)) = tagged
            && tag.is_proof
            && (at.value.kind() != Kind::Object || at.value.get(&tag.property).is_some())
        {
            // All others refuse the value for this property alone. Where it is missing, it may be that it may be
            // (`readOnly`), so that each has to be asked.
            return match tagged {
                Some(id) => self.check(id, at, marks),
                None => self.broken(at.value, rule),
            };
        }
        let mut matched: usize = 0;
        for id in &choice.branches {
            if self.holds(*id, at, marks.as_deref_mut())? {
                matched = matched.saturating_add(1);
                // The others may declare members as well.
                let is_enough = rule == Rule::AnyOf && marks.is_none() && !S::COLLECTS;
                if is_enough || (rule == Rule::OneOf && matched > 1) {
                    break;
                }
            }
        }
        let holds = if rule == Rule::OneOf { matched == 1 } else { matched > 0 };
        if holds {
            return Ok(());
        }
        if matched == 0
            && S::COLLECTS
            && self.muted == 0
            && let Some((_, Some(id))) = tagged
        {
            // The branch that the value says it is shows best what is wrong. It does not hold, so it has something to say.
            return self.check(id, at, marks);
        }
        self.broken(at.value, rule)
    }
}

/// The branch that the value says it is.
fn branch(tag: &Tag, choice: &Choice, value: Value<'_>) -> Option<SchemaId> {
    let text = value.get(&tag.property).and_then(Value::as_str);
    let found = text.and_then(|text| {
        let place = tag.branches.binary_search_by(|(known, _)| (**known).cmp(text)).ok()?;
        tag.branches.get(place).map(|(_, branch)| *branch)
    });
    choice.branches.get(found.or(tag.otherwise)?).copied()
}

/// JSON Schema core §8.2.3.2: the outermost of the resources that were entered.
fn target(dynamic: &Dynamic, scope: Option<&Scope<'_>>) -> SchemaId {
    let mut found = dynamic.otherwise;
    let mut scope = scope;
    while let Some(entered) = scope {
        if let Some((_, id)) = dynamic.by_resource.iter().find(|(resource, _)| *resource == entered.resource) {
            found = *id;
        }
        scope = entered.outer;
    }
    found
}
