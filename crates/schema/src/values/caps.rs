//! The least and the most that a number in the query may be: page sizes and offsets (OWASP API4:2023).

use super::pairs::Pair;
use super::query::Owner;
use super::spec::{Cap, Location, Over, Spec, SpecError, SpecProblem};
use super::violation::Rule;
use crate::shape::{Shape, Types};
use portcullis_json::Number;
use std::cmp::Ordering;

/// The least and the most of one parameter.
#[derive(Debug)]
pub(crate) struct Limit {
    min: String,
    max: String,
    over: Over,
}

/// Of each of `specs`: its cap. What caps no number in the query is an error.
pub(crate) fn compile(specs: &[Spec], caps: &[Cap], errors: &mut Vec<SpecError>) -> Vec<Option<Limit>> {
    let mut limits: Vec<Option<Limit>> = specs.iter().map(|_| None).collect();
    for cap in caps {
        let is_number = |shape: &Shape| matches!(shape, Shape::Scalar(types) if !types.and(Types::INTEGER.or(Types::NUMBER)).is_empty());
        let place = specs
            .iter()
            .position(|spec| spec.location == Location::Query && spec.name == cap.parameter && is_number(&spec.shape));
        match place.and_then(|place| limits.get_mut(place)) {
            Some(slot) => {
                *slot = Some(Limit { min: cap.min.to_string(), max: cap.max.to_string(), over: cap.over });
            }
            None => {
                errors.push(SpecError { parameter: None, problem: SpecProblem::Cap(cap.parameter.clone()) });
            }
        }
    }
    limits
}

impl Limit {
    /// The most allowed, if it is to stand in the place of the value.
    ///
    /// # Errors
    /// Too little, or too much where that is refused.
    pub(crate) fn judge(&self, own: &[(&Pair<'_>, Owner)]) -> Result<Option<&str>, Rule> {
        // What is no number, or stands twice, is refused by its type.
        let [(pair, _)] = own else { return Ok(None) };
        let value = pair.value()?;
        let (Some(number), Some(min), Some(max)) =
            (Number::parse(&value), Number::parse(&self.min), Number::parse(&self.max))
        else {
            return Ok(None);
        };
        if number < min {
            return Err(Rule::Minimum);
        }
        match (number.cmp(&max), self.over) {
            (Ordering::Less | Ordering::Equal, _) => Ok(None),
            (Ordering::Greater, Over::Refuse) => Err(Rule::Maximum),
            (Ordering::Greater, Over::Clamp) => Ok(Some(&self.max)),
        }
    }
}
