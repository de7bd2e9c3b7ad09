//! Schemas that apply to the same value must end somewhere (JSON Schema core §9.4.1), and soon.

use super::Compiler;
use crate::engine::schema::{Schema, SchemaId};

/// Schemas that apply to one value inside each other. More would take the stack of a data thread for values as deep as they may
/// be.
const MAX_INSIDE: u32 = 32;

/// How far a schema is judged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    /// The longest way from here.
    Done(u32),
}

/// All schemas that apply to the same value.
pub(super) fn in_place(schema: &Schema) -> Vec<SchemaId> {
    let Some(applied) = &schema.applied else { return Vec::new() };
    let mut found = applied.all.clone();
    for choice in applied.any.iter().chain(&applied.one) {
        found.extend(&choice.branches);
    }
    found.extend(applied.not);
    if let Some(condition) = &applied.condition {
        found.push(condition.when);
        found.extend(condition.then);
        found.extend(condition.otherwise);
    }
    found.extend(applied.dependent.iter().map(|(_, id)| *id));
    found.extend(applied.dynamic.as_ref().map(|dynamic| dynamic.otherwise));
    found
}

impl Compiler<'_> {
    pub(super) fn judge_cycles(&mut self) {
        let mut states = vec![State::New; self.arena.len()];
        for start in 0..self.arena.len() {
            let start = SchemaId(u32::try_from(start).unwrap_or(u32::MAX));
            self.follow(start, &mut states);
        }
    }

    /// Depth first, on an own stack.
    fn follow(&mut self, start: SchemaId, states: &mut [State]) {
        let state = |states: &[State], id: SchemaId| states.get(id.0 as usize).copied().unwrap_or(State::Done(0));
        if state(states, start) != State::New {
            return;
        }
        let mut stack = vec![(start, self.applied_to_same(start))];
        set(states, start, State::Open);
        while let Some((id, left)) = stack.last_mut() {
            let id = *id;
            let Some(next) = left.pop() else {
                let ways = self.applied_to_same(id).into_iter().map(|inner| match state(states, inner) {
                    State::Done(length) => length.saturating_add(1),
                    _ => 0,
                });
                let longest = ways.max().unwrap_or(0);
                if longest == MAX_INSIDE {
                    let place = self.place(id);
                    let message = format!("more than {MAX_INSIDE} schemas inside each other for one value");
                    self.fatal(place, &message, "fewer levels of `allOf`, `anyOf`, `oneOf`, `not` and `$ref`");
                }
                set(states, id, State::Done(longest));
                stack.pop();
                continue;
            };
            match state(states, next) {
                State::Done(_) => {}
                State::New => {
                    set(states, next, State::Open);
                    stack.push((next, self.applied_to_same(next)));
                }
                State::Open => {
                    let place = self.place(next);
                    self.fatal(place, "reference cycle without progress", "a property or an element between");
                }
            }
        }
    }

    fn fatal(&mut self, place: portcullis_openapi::Place, message: &str, accepted: &str) {
        let error = self.documents.error(place, message, accepted);
        self.problems.push(super::Problem { place, error, is_waivable: false });
    }

    fn applied_to_same(&self, id: SchemaId) -> Vec<SchemaId> {
        self.arena.get(id.0 as usize).map(in_place).unwrap_or_default()
    }

    pub(super) fn place(&self, id: SchemaId) -> portcullis_openapi::Place {
        self.places.get(id.0 as usize).copied().unwrap_or_default()
    }
}

fn set(states: &mut [State], id: SchemaId, to: State) {
    if let Some(state) = states.get_mut(id.0 as usize) {
        *state = to;
    }
}
