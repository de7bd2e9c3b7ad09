//! Numbers, strings, and values of a list.

use super::Run;
use crate::engine::options::Integers;
use crate::engine::rule::Rule;
use crate::engine::schema::{Bound, Listed, NumberRules, Side, StringRules};
use crate::engine::sink::{Sink, Stop};
use crate::engine::small::Small;
use portcullis_json::{Kind, Number, Value};
use std::cmp::Ordering;

impl<'v, S: Sink<'v>> Run<'_, S> {
    pub(super) fn is_integer(&self, value: Value<'v>) -> bool {
        let is_written = value.raw().bytes().all(|byte| !matches!(byte, b'.' | b'e' | b'E'));
        match self.schemas.integers {
            Integers::Lexical => is_written,
            Integers::Value => is_written || value.as_number().is_some_and(Number::is_integer),
        }
    }

    pub(super) fn listed(&mut self, listed: &Listed, value: Value<'v>) -> Result<(), Stop> {
        let is_listed = match value.as_str() {
            Some(text) if listed.strings.len() <= 8 => listed.strings.iter().any(|known| **known == *text),
            Some(text) => listed.strings.binary_search_by(|known| (**known).cmp(text)).is_ok(),
            None => {
                if matches!(value.kind(), Kind::Array | Kind::Object) {
                    self.sink.fragile();
                    self.spend(value.size().saturating_mul(listed.others.len()))?;
                }
                listed.others.iter().any(|known| known.root().is_same(value))
            }
        };
        self.rule(is_listed, value, if listed.is_const { Rule::Const } else { Rule::Enum })
    }

    pub(super) fn number(&mut self, rules: &NumberRules, value: Value<'v>, small: Option<Small>) -> Result<(), Stop> {
        for bound in &rules.bounds {
            let order = match (small, bound.small, bound.far) {
                (Some(_), _, Some(far)) => Some(far),
                (Some(number), Some(bound), None) => Some(number.order(bound)),
                _ => exact_order(value, bound),
            };
            // What cannot be compared is not within a bound.
            let (holds, rule) = match bound.side {
                Side::Minimum => (order.is_some_and(Ordering::is_ge), Rule::Minimum),
                Side::ExclusiveMinimum => (order.is_some_and(Ordering::is_gt), Rule::ExclusiveMinimum),
                Side::Maximum => (order.is_some_and(Ordering::is_le), Rule::Maximum),
                Side::ExclusiveMaximum => (order.is_some_and(Ordering::is_lt), Rule::ExclusiveMaximum),
            };
            self.rule(holds, value, if bound.is_format { Rule::Format } else { rule })?;
        }
        for divisor in &rules.multiples {
            let divisor = Number::parse(divisor);
            let holds = value.as_number().zip(divisor).and_then(|(number, divisor)| number.is_multiple_of(divisor));
            self.rule(holds == Some(true), value, Rule::MultipleOf)?;
        }
        Ok(())
    }

    pub(super) fn string(&mut self, rules: &StringRules, value: Value<'v>) -> Result<(), Stop> {
        let Some(text) = value.as_str() else { return Err(Stop) };
        if let Some(max) = rules.max
            && text.len() > max
        {
            // Characters are code points (JSON Schema validation §6.3.1), of one to four bytes.
            self.rule(text.chars().nth(max).is_none(), value, Rule::MaxLength)?;
        }
        if rules.min > 0 {
            let has_enough = text.len() / 4 >= rules.min || text.chars().nth(rules.min.saturating_sub(1)).is_some();
            self.rule(has_enough, value, Rule::MinLength)?;
        }
        if let Some(pattern) = &rules.pattern {
            self.spend(text.len() / 32)?;
            self.rule(pattern.matches(text), value, Rule::Pattern)?;
        }
        if let Some(format) = rules.format {
            self.rule(format.accepts(text), value, Rule::Format)?;
        }
        if let Some(custom) = &rules.custom {
            self.rule(custom.matches(text), value, Rule::Format)?;
        }
        Ok(())
    }
}

#[cold]
fn exact_order(value: Value<'_>, bound: &Bound) -> Option<Ordering> {
    Some(value.as_number()?.cmp(&Number::parse(&bound.text)?))
}
