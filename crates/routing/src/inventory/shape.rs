//! What stands where in JSON content: names of members and kinds of values, never a value.

use super::segment::is_value;
use portcullis_json::{Bounds, Document, Kind, Value};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Objects and arrays inside each other that are looked into.
const MAX_DEPTH: usize = 8;
/// Names that are kept of one object; one with more is a map.
const MAX_MEMBERS: usize = 64;
/// Places that are kept of one content.
const MAX_PLACES: usize = 512;
/// Elements of one array that are looked at.
const MAX_ELEMENTS: usize = 20;
/// Below it, a member that was always there is not called required.
const FEW: u64 = 5;

/// One place of some content, as all values that stood there had it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shape {
    /// How many values stood here.
    #[serde(rename = "n")]
    seen: u64,
    /// How many of them were objects.
    #[serde(rename = "o", skip_serializing_if = "is_zero")]
    objects: u64,
    #[serde(rename = "k")]
    kinds: BTreeSet<Type>,
    #[serde(rename = "m", skip_serializing_if = "BTreeMap::is_empty")]
    members: BTreeMap<Box<str>, Shape>,
    #[serde(rename = "i", skip_serializing_if = "Option::is_none")]
    items: Option<Box<Shape>>,
    /// Members have names that are no words, or too many.
    #[serde(rename = "x", skip_serializing_if = "is_false")]
    is_open: bool,
}

/// The types of JSON Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Type {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Shape {
    /// The shape of whole content; `None` where it is no JSON.
    pub fn of(content: Vec<u8>) -> Option<Self> {
        let document = Document::parse(content, &Bounds::default()).ok()?;
        let mut room = MAX_PLACES;
        Some(Self::of_value(document.root(), 0, &mut room))
    }

    /// At most [`MAX_DEPTH`] deep.
    fn of_value(value: Value<'_>, depth: usize, room: &mut usize) -> Self {
        let mut shape = Self { seen: 1, ..Self::default() };
        let kind = match value.kind() {
            Kind::Null => Type::Null,
            Kind::False | Kind::True => Type::Boolean,
            Kind::Number if value.as_number().is_some_and(|number| number.is_written_as_integer()) => Type::Integer,
            Kind::Number => Type::Number,
            Kind::String => Type::String,
            Kind::Array => Type::Array,
            Kind::Object => Type::Object,
        };
        shape.kinds.insert(kind);
        shape.objects = u64::from(kind == Type::Object);
        if depth >= MAX_DEPTH {
            shape.is_open = kind == Type::Object;
            return shape;
        }
        let below = depth.saturating_add(1);
        if kind == Type::Object {
            for member in value.members() {
                let has_room = shape.members.len() < MAX_MEMBERS && *room > 0;
                if !has_room || is_value(member.name) || member.name.is_empty() {
                    shape.is_open = true;
                    continue;
                }
                *room = room.saturating_sub(1);
                shape.members.insert(member.name.into(), Self::of_value(member.value, below, room));
            }
        } else if kind == Type::Array {
            for element in value.elements().take(MAX_ELEMENTS) {
                let mut element_room = *room;
                let element = Self::of_value(element, below, &mut element_room);
                let items = shape.items.get_or_insert_default();
                let before = items.places();
                items.merge_within(element, room.saturating_add(before));
                *room = room.saturating_sub(items.places().saturating_sub(before));
            }
        }
        shape
    }

    /// Adds what other content had.
    pub(crate) fn merge(&mut self, other: Self) {
        self.merge_within(other, MAX_PLACES);
    }

    /// The same, up to so many places in all. What finds no room makes its object an open one.
    fn merge_within(&mut self, other: Self, places: usize) {
        let mut room = places.saturating_sub(self.places());
        self.add(other, &mut room);
    }

    fn add(&mut self, other: Self, room: &mut usize) {
        self.seen = self.seen.saturating_add(other.seen);
        self.objects = self.objects.saturating_add(other.objects);
        self.kinds.extend(other.kinds);
        self.is_open |= other.is_open;
        for (name, member) in other.members {
            if let Some(known) = self.members.get_mut(&name) {
                known.add(member, room);
                continue;
            }
            let size = member.places().saturating_add(1);
            if self.members.len() < MAX_MEMBERS && size <= *room {
                *room = room.saturating_sub(size);
                self.members.insert(name, member);
            } else {
                self.is_open = true;
            }
        }
        if let Some(items) = other.items {
            self.items.get_or_insert_default().add(*items, room);
        }
    }

    /// Members and items below it.
    fn places(&self) -> usize {
        let below = self.members.values().chain(self.items.as_deref());
        below.fold(0, |sum: usize, shape| sum.saturating_add(1).saturating_add(shape.places()))
    }

    /// As a JSON Schema of OpenAPI 3.1.
    pub(super) fn schema(&self) -> serde_json::Value {
        use serde_json::{Map, Value};
        let mut schema = Map::new();
        let is_number = self.kinds.contains(&Type::Number);
        let kinds = self.kinds.iter().filter(|kind| !is_number || **kind != Type::Integer);
        let mut kinds: Vec<Value> = kinds.filter_map(|kind| serde_json::to_value(kind).ok()).collect();
        match kinds.len() {
            0 => {}
            1 => drop(schema.insert("type".into(), kinds.remove(0))),
            _ => drop(schema.insert("type".into(), kinds.into())),
        }
        let is_required = |member: &&Self| member.seen >= self.objects && self.objects >= FEW;
        let required =
            self.members.iter().filter(|(_, member)| is_required(member)).map(|(name, _)| Value::from(&**name));
        let required: Vec<Value> = required.collect();
        if !required.is_empty() {
            schema.insert("required".into(), required.into());
        }
        if !self.members.is_empty() {
            let members = self.members.iter().map(|(name, member)| (name.to_string(), member.schema()));
            schema.insert("properties".into(), Value::Object(members.collect()));
        }
        if self.is_open {
            schema.insert("additionalProperties".into(), true.into());
        }
        if let Some(items) = &self.items {
            schema.insert("items".into(), items.schema());
        }
        Value::Object(schema)
    }
}
