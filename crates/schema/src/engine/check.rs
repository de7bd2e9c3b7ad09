//! Whether a value is what a schema allows. One code for two runs: a quick one that says yes or no and keeps nothing, and one
//! that goes on behind what is wrong and keeps it ([`Sink`]).

mod array;
mod choice;
mod object;
mod scalar;

use super::marks::Marks;
use super::options::View;
use super::rule::Rule;
use super::schema::{Schema, SchemaId, Schemas, TypeSet};
use super::sink::{self, Sink, Stop};
use super::small::Small;
use portcullis_json::{Kind, Value};

/// Schemas inside each other, over all levels of a value: 64 levels of at most six schemas for one value. What is beyond is
/// refused; on the stack this takes less than half of what a data thread has.
const MAX_DEPTH: u32 = 400;

/// Steps for a value of any size, for each value and name that it holds, and for 16 bytes of its text. What is beyond is
/// refused: nested `anyOf` doubles the work with each level.
const STEPS: u64 = 200_000;
const STEPS_PER_NODE: u64 = 64;

/// One run over one value.
pub(crate) struct Run<'s, S> {
    schemas: &'s Schemas,
    /// `None`: `readOnly` and `writeOnly` mean nothing.
    view: Option<View>,
    pub(crate) sink: S,
    /// Whether it matters what is declared.
    is_inspecting: bool,
    steps_left: u64,
    depth: u32,
    /// Depth of `anyOf`, `not` and the like: what is wrong inside is no violation of the value.
    muted: u32,
    /// Depth of `not`, `if` and `contains`: what they say does not describe the value.
    blind: u32,
    /// Whether the value may hold what must go, or two names for one property. Only the other run can tell.
    pub(crate) is_suspect: bool,
    /// Whether there was more work than is allowed. Then nothing that was found counts.
    pub(crate) is_exhausted: bool,
}

/// A value, and what is known of the way to it.
#[derive(Clone, Copy)]
pub(crate) struct At<'x, 'v> {
    value: Value<'v>,
    /// The schema through which the value was reached; all that apply to it are applied by this one.
    entry: SchemaId,
    scope: Option<&'x Scope<'x>>,
}

/// A schema resource that was entered, and those before it (JSON Schema core §7.1).
pub(crate) struct Scope<'x> {
    resource: u32,
    outer: Option<&'x Scope<'x>>,
}

impl<'s, S> Run<'s, S> {
    pub(crate) fn new(schemas: &'s Schemas, value: Value<'_>, view: Option<View>, sink: S) -> Self {
        let size = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let for_nodes = size(value.size()).saturating_mul(STEPS_PER_NODE);
        let steps_left = size(value.span().len() / 16).saturating_add(for_nodes).saturating_add(STEPS);
        let is_inspecting = view.is_some() && schemas.is_closed;
        Self {
            schemas,
            view,
            sink,
            is_inspecting,
            steps_left,
            depth: 0,
            muted: 0,
            blind: 0,
            is_suspect: false,
            is_exhausted: false,
        }
    }

    /// Counts work.
    fn spend(&mut self, steps: usize) -> Result<(), Stop> {
        match self.steps_left.checked_sub(u64::try_from(steps).unwrap_or(u64::MAX)) {
            Some(left) => {
                self.steps_left = left;
                Ok(())
            }
            None => {
                self.is_exhausted = true;
                Err(Stop)
            }
        }
    }

    fn suspect(&mut self) {
        self.is_suspect |= self.blind == 0;
    }
}

impl<'v, 's, S: Sink<'v>> Run<'s, S> {
    /// Judges a value by the schema of its place.
    pub(crate) fn enter(&mut self, id: SchemaId, value: Value<'v>, scope: Option<&Scope<'_>>) -> Result<(), Stop> {
        // An id of other schemas allows nothing.
        let Some(schema) = self.schemas.schema(id) else { return Err(Stop) };
        let kind = value.kind();
        if schema.applied.is_none() && !matches!(kind, Kind::Array | Kind::Object) {
            // Most values: nothing is inside, and no other schema applies.
            return self.own_rules(schema, kind, value);
        }
        let at = At { value, entry: id, scope };
        if S::COLLECTS || !schema.is_shared || !self.is_inspecting || kind != Kind::Object {
            return self.check(id, at, None);
        }
        // What is declared by any of the schemas that apply here is declared.
        let mut marks = Marks::default();
        self.check(id, at, Some(&mut marks))?;
        if marks.is_described && !marks.has_all(value.len()) {
            self.suspect();
        }
        Ok(())
    }

    /// Judges a value by one of the schemas that apply to it.
    fn check(&mut self, id: SchemaId, at: At<'_, 'v>, marks: Option<&mut Marks>) -> Result<(), Stop> {
        let Some(schema) = self.schemas.schema(id) else { return Err(Stop) };
        self.spend(1)?;
        if self.depth >= MAX_DEPTH {
            self.is_exhausted = true;
            return Err(Stop);
        }
        self.depth = self.depth.saturating_add(1);
        let outcome = if self.schemas.is_dynamic && at.scope.is_none_or(|scope| scope.resource != schema.resource) {
            let scope = Scope { resource: schema.resource, outer: at.scope };
            self.rules(schema, At { scope: Some(&scope), ..at }, marks)
        } else {
            self.rules(schema, at, marks)
        };
        self.depth = self.depth.saturating_sub(1);
        outcome
    }

    fn rules(&mut self, schema: &'s Schema, at: At<'_, 'v>, marks: Option<&mut Marks>) -> Result<(), Stop> {
        let kind = at.value.kind();
        self.own_rules(schema, kind, at.value)?;
        match kind {
            Kind::Array => self.array(schema, at, marks),
            Kind::Object => self.object(schema, at, marks),
            _ => schema.applied.as_ref().map_or(Ok(()), |applied| self.applied(applied, at, marks)),
        }
    }

    /// What a schema says of a value itself: neither of what is inside, nor by other schemas.
    fn own_rules(&mut self, schema: &'s Schema, kind: Kind, value: Value<'v>) -> Result<(), Stop> {
        if schema.is_never {
            return self.broken(value, Rule::Forbidden);
        }
        let is_one_way = match self.view {
            Some(View::Write) => schema.is_read_only,
            Some(View::Read) => schema.is_write_only,
            None => false,
        };
        if is_one_way {
            self.suspect();
            self.flag(value, sink::ONE_WAY);
        }
        let small = if kind == Kind::Number { Small::new(value.raw()) } else { None };
        if schema.types != TypeSet::ALL {
            self.rule(self.has_type(schema.types, kind, value, small), value, Rule::Type)?;
        }
        if let Some(listed) = &schema.listed {
            self.listed(listed, value)?;
        }
        match (kind, &schema.number, &schema.string) {
            (Kind::Number, Some(rules), _) => self.number(rules, value, small),
            (Kind::String, _, Some(rules)) => self.string(rules, value),
            _ => Ok(()),
        }
    }

    /// Whether a value is of one of the types.
    fn has_type(&self, types: TypeSet, kind: Kind, value: Value<'v>, small: Option<Small>) -> bool {
        let needed = match kind {
            Kind::Null => TypeSet::NULL,
            Kind::False | Kind::True => TypeSet::BOOLEAN,
            Kind::String => TypeSet::STRING,
            Kind::Array => TypeSet::ARRAY,
            Kind::Object => TypeSet::OBJECT,
            Kind::Number if types.meets(TypeSet::NUMBER) => return true,
            Kind::Number if !types.meets(TypeSet::INTEGER) => return false,
            Kind::Number => return small.is_some_and(Small::has_no_point) || self.is_integer(value),
        };
        types.meets(needed)
    }

    /// Goes on if the rule holds, or if what is wrong is collected.
    fn rule(&mut self, holds: bool, value: Value<'v>, rule: Rule) -> Result<(), Stop> {
        if holds { Ok(()) } else { self.broken(value, rule) }
    }

    #[cold]
    fn broken(&mut self, value: Value<'v>, rule: Rule) -> Result<(), Stop> {
        if S::COLLECTS && self.muted == 0 { self.sink.violation(value, None, rule) } else { Err(Stop) }
    }

    #[cold]
    fn missing(&mut self, object: Value<'v>, name: &str, rule: Rule) -> Result<(), Stop> {
        if S::COLLECTS && self.muted == 0 { self.sink.violation(object, Some(name), rule) } else { Err(Stop) }
    }

    /// What `not`, `if` and `contains` say of a value lets members be declared, but describes nothing.
    fn flag(&mut self, value: Value<'v>, flag: u8) {
        let allowed = if self.blind == 0 { flag } else { flag & (sink::DECLARED | sink::NAMED) };
        if S::COLLECTS && allowed != 0 {
            self.sink.flag(value, allowed);
        }
    }

    /// Whether a schema that is one of several holds. What it says of the value counts only if it does.
    ///
    /// # Errors
    /// Too much work: then nobody knows.
    fn holds(&mut self, id: SchemaId, at: At<'_, 'v>, marks: Option<&mut Marks>) -> Result<bool, Stop> {
        let (was_suspect, flagged, depth) = (self.is_suspect, self.sink.flagged(), self.depth);
        self.muted = self.muted.saturating_add(1);
        let mut own = Marks::default();
        let is_marked = marks.is_some();
        let outcome = self.check(id, at, is_marked.then_some(&mut own));
        self.muted = self.muted.saturating_sub(1);
        if self.is_exhausted {
            return Err(Stop);
        }
        if outcome.is_err() {
            self.is_suspect = was_suspect;
            self.sink.take_back(flagged);
            self.depth = depth;
            return Ok(false);
        }
        if let Some(marks) = marks {
            marks.add(&own);
        }
        Ok(true)
    }

    /// [`Self::holds`] for schemas that do not describe the value.
    fn holds_unseen(&mut self, id: SchemaId, at: At<'_, 'v>, marks: Option<&mut Marks>) -> Result<bool, Stop> {
        self.blind = self.blind.saturating_add(1);
        let holds = self.holds(id, at, marks);
        self.blind = self.blind.saturating_sub(1);
        holds
    }
}
