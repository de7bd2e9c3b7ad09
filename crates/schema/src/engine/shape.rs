//! As which JSON type a text is to be read that stands for a value of a schema.

use super::schema::{Others, Schema, SchemaId, Schemas, TypeSet};
use crate::shape::{Shape, Types};

/// Schemas that apply to one value and are looked at; what is beyond says nothing.
const MAX_LOOKED_AT: usize = 64;

/// Shapes made for one schema; what is beyond is [`Shape::Any`]. No parameter has as many parts.
const MAX_SHAPES: usize = 4096;

impl Schemas {
    /// What a schema says of the types of a value, in all that applies to it. Of choices, any branch counts: the value is
    /// judged when it was read.
    #[must_use]
    pub fn shape(&self, id: SchemaId) -> Shape {
        self.shape_within(id, Shape::MAX_DEPTH, &mut MAX_SHAPES.clone())
    }

    fn shape_within(&self, id: SchemaId, depth: usize, left: &mut usize) -> Shape {
        let (Some(depth), Some(fewer)) = (depth.checked_sub(1), left.checked_sub(1)) else { return Shape::Any };
        *left = fewer;
        let applying = self.applying_to_same(id);
        let types = self.types(id, MAX_LOOKED_AT);
        let says_object = applying.iter().any(|schema| schema.object.is_some());
        let says_array = applying.iter().any(|schema| schema.array.is_some());
        // What is composed may be of several types; a text that is no object or array is a scalar.
        let scalars = scalars(types);
        if types.meets(TypeSet::OBJECT) && (scalars.is_empty() || (says_object && types == TypeSet::ALL)) {
            return self.object(&applying, depth, left);
        }
        if types.meets(TypeSet::ARRAY) && (scalars.is_empty() || (says_array && types == TypeSet::ALL)) {
            let mut items = applying.iter().filter_map(|schema| schema.array.as_ref()).map(|array| array.items);
            let items = items.find_map(|items| match items {
                Others::Schema(id) => Some(id),
                _ => None,
            });
            return Shape::Array(Box::new(items.map_or(Shape::Any, |id| self.shape_within(id, depth, left))));
        }
        if types == TypeSet::ALL { Shape::Any } else { Shape::Scalar(scalars) }
    }

    fn object(&self, applying: &[&Schema], depth: usize, left: &mut usize) -> Shape {
        let mut properties: Vec<(Box<str>, Shape)> = Vec::new();
        let mut other = None;
        for object in applying.iter().filter_map(|schema| schema.object.as_ref()) {
            for property in object.properties.iter() {
                let Some(id) = property.schema else { continue };
                if !properties.iter().any(|(name, _)| *name == property.name) {
                    properties.push((property.name.clone(), self.shape_within(id, depth, left)));
                }
            }
            match object.additional {
                Others::Any => other = Some(Box::new(Shape::Any)),
                Others::Schema(id) => other = Some(Box::new(self.shape_within(id, depth, left))),
                Others::Unsaid | Others::None => {}
            }
            if !object.patterns.is_empty() {
                other = Some(Box::new(Shape::Any));
            }
        }
        Shape::Object { properties, other }
    }

    /// All types that a value can have: in all that `$ref` and `allOf` name, and in any branch of a choice.
    fn types(&self, id: SchemaId, left: usize) -> TypeSet {
        let (Some(left), Some(schema)) = (left.checked_sub(1), self.schema(id)) else { return TypeSet::ALL };
        // Integers are numbers.
        let all = |types: TypeSet| if types.meets(TypeSet::NUMBER) { types.or(TypeSet::INTEGER) } else { types };
        let mut types = all(schema.types);
        if let Some(listed) = &schema.listed {
            types = types.and(all(listed.types()));
        }
        let Some(applied) = &schema.applied else { return types };
        for id in &applied.all {
            types = types.and(self.types(*id, left));
        }
        for choice in applied.any.iter().chain(&applied.one) {
            let any = choice.branches.iter().fold(TypeSet::NONE, |any, id| any.or(self.types(*id, left)));
            types = types.and(any);
        }
        types
    }

    /// The schema, and those that may apply to the same value.
    fn applying_to_same(&self, id: SchemaId) -> Vec<&Schema> {
        let mut ids = vec![id];
        let mut next = 0;
        while let Some(schema) = ids.get(next).and_then(|id| self.schema(*id)) {
            next = next.saturating_add(1);
            let Some(applied) = &schema.applied else { continue };
            let choices = applied.any.iter().chain(&applied.one).flat_map(|choice| &choice.branches);
            for id in applied.all.iter().chain(choices) {
                if ids.len() < MAX_LOOKED_AT && !ids.contains(id) {
                    ids.push(*id);
                }
            }
        }
        ids.iter().filter_map(|id| self.schema(*id)).collect()
    }
}

fn scalars(types: TypeSet) -> Types {
    let pairs = [
        (TypeSet::NULL, Types::NULL),
        (TypeSet::BOOLEAN, Types::BOOLEAN),
        (TypeSet::INTEGER, Types::INTEGER),
        (TypeSet::NUMBER, Types::NUMBER),
        (TypeSet::STRING, Types::STRING),
    ];
    let is_any_number = types.meets(TypeSet::NUMBER);
    let known = pairs.iter().filter(|(set, _)| types.meets(*set) && !(is_any_number && *set == TypeSet::INTEGER));
    known.fold(Types::NONE, |all, (_, scalar)| all.or(*scalar))
}

#[cfg(test)]
mod tests;
