//! Which branch of `oneOf` or `anyOf` a value is of, by one property: said by `discriminator`, or proven by the branches.

use super::{Compiler, Item, Problem, Used};
use crate::engine::schema::{Applied, Choice, Schema, SchemaId, Tag, TypeSet};
use portcullis_openapi::{Kind, Node, Place};
use std::collections::BTreeMap;

/// A `discriminator`, to be judged when its branches are compiled.
pub(super) struct Discriminator {
    schema: SchemaId,
    property: Box<str>,
    place: Place,
    /// By value of the property.
    mapping: Vec<(Box<str>, SchemaId, Place)>,
    /// Names of the schemas that branches refer to.
    names: Vec<(Box<str>, SchemaId)>,
    default: Option<(SchemaId, Place)>,
}

/// Schemas looked at to tell what a branch requires.
const MAX_LOOKED_AT: usize = 64;

impl<'d> Compiler<'d> {
    /// Notes the `discriminator` of a schema.
    pub(super) fn discriminator(&mut self, item: Item<'d>, applied: &Applied) {
        let Some(node) = item.node.get("discriminator") else { return };
        let item = Item { used: Used { is_in_place: true, ..item.used }, ..item };
        self.judge_members(node);
        let Some(property) = node.get("propertyName").and_then(Node::as_str) else {
            return self.error(node.place, "`discriminator` names no property", "`propertyName`, a text");
        };
        if applied.any.is_none() && applied.one.is_none() {
            let message = "`discriminator` does not search children: it is no check without `oneOf` or `anyOf`";
            return self.warn(node.place, message, "`oneOf` beside it, where a value is one of several");
        }
        let mut found = Discriminator {
            schema: item.id,
            property: property.into(),
            place: node.place,
            mapping: Vec::new(),
            names: Vec::new(),
            default: None,
        };
        for (key, target) in node.get("mapping").map(Node::entries).unwrap_or_default() {
            if let Some(id) = self.mapped(target, item) {
                found.mapping.push((key.text.clone(), id, target.place));
            }
        }
        if let Some(target) = node.get("defaultMapping") {
            found.default = self.mapped(target, item).map(|id| (id, target.place));
        }
        for keyword in ["oneOf", "anyOf"] {
            for branch in item.node.get(keyword).map(Node::items).unwrap_or_default() {
                let reference = branch.get("$ref").and_then(Node::as_str);
                let name = reference.and_then(|reference| reference.rsplit_once('/')).map(|(_, name)| name);
                if let Some(name) = name {
                    let id = self.child(branch, item.resource, item.used);
                    found.names.push((name.replace("~1", "/").replace("~0", "~").into(), id));
                }
            }
        }
        self.discriminators.push(found);
    }

    fn judge_members(&mut self, node: &'d Node) {
        const KNOWN: [&str; 3] = ["propertyName", "mapping", "defaultMapping"];
        if !matches!(node.kind, Kind::Map(_)) {
            return self.error(node.place, "`discriminator` is no object", "an object with `propertyName`");
        }
        for (key, _) in node.entries() {
            if !KNOWN.contains(&&*key.text) && !key.text.starts_with("x-") {
                let error = self.documents.unknown(key.place, "member of a discriminator", &key.text, KNOWN);
                self.problems.push(Problem { place: key.place, error, is_waivable: true });
            }
        }
    }

    /// The schema that a mapping names: by reference, or by its name among the components.
    fn mapped(&mut self, target: &'d Node, item: Item<'d>) -> Option<SchemaId> {
        let Some(text) = target.as_str() else {
            self.error(target.place, "a mapping names no schema", "the name of a schema, or a reference to it");
            return None;
        };
        let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        let components = self.documents.root().get("components").and_then(|components| components.get("schemas"));
        let named = components.filter(|_| is_name).and_then(|schemas| schemas.get(text));
        if let Some(node) = named {
            return Some(self.child(node, item.resource, item.used));
        }
        match self.references.resolve(text, item.resource, target.place) {
            Ok(found) => Some(self.child(found.node, found.resource, item.used)),
            Err(error) => {
                self.problems.push(Problem { place: target.place, error, is_waivable: true });
                None
            }
        }
    }

    /// Judges the discriminators, and finds what tells branches apart.
    pub(super) fn tag_choices(&mut self) {
        for discriminator in std::mem::take(&mut self.discriminators) {
            self.judge_discriminator(&discriminator);
        }
        for place in 0..self.arena.len() {
            let Some(applied) = self.arena.get(place).and_then(|schema| schema.applied.as_ref()) else { continue };
            let any = applied.any.as_ref().and_then(|choice| self.proven(choice));
            let one = applied.one.as_ref().and_then(|choice| self.proven(choice));
            let Some(applied) = self.arena.get_mut(place).and_then(|schema| schema.applied.as_mut()) else { continue };
            for (choice, tag) in [(&mut applied.any, any), (&mut applied.one, one)] {
                if let (Some(choice), Some(tag)) = (choice, tag) {
                    choice.tag = Some(tag);
                }
            }
        }
    }

    fn judge_discriminator(&mut self, discriminator: &Discriminator) {
        let Some(schema) = self.arena.get(discriminator.schema.0 as usize) else { return };
        let Some(applied) = schema.applied.as_ref() else { return };
        let mut tags = Vec::new();
        let mut problems = Vec::new();
        for choice in [&applied.any, &applied.one] {
            tags.push(choice.as_ref().map(|choice| self.tag(discriminator, choice)));
        }
        let branches = || applied.any.iter().chain(&applied.one).flat_map(|choice| &choice.branches);
        let targets = discriminator.mapping.iter().map(|(_, id, place)| (*id, *place)).chain(discriminator.default);
        for (id, place) in targets {
            if !branches().any(|branch| *branch == id) {
                problems.push((place, "a mapping to a schema that is none of `oneOf` or `anyOf`", "one of them"));
            }
        }
        let is_required = |id: &SchemaId| self.required_tag(*id, &discriminator.property).is_some();
        if discriminator.default.is_none() && !branches().all(is_required) {
            let message = "the property of `discriminator` is not required in every branch";
            problems.push((discriminator.place, message, "`required` in each, or `defaultMapping` in OpenAPI 3.2"));
        }
        if let Some(applied) =
            self.arena.get_mut(discriminator.schema.0 as usize).and_then(|schema| schema.applied.as_mut())
        {
            let mut tags = tags.into_iter();
            for choice in [&mut applied.any, &mut applied.one] {
                if let (Some(choice), Some(Some(tag))) = (choice.as_mut(), tags.next()) {
                    choice.tag = Some(tag);
                }
            }
        }
        for (place, message, accepted) in problems {
            self.error(place, message, accepted);
        }
    }

    fn tag(&self, discriminator: &Discriminator, choice: &Choice) -> Tag {
        let place = |id: SchemaId| choice.branches.iter().position(|branch| *branch == id);
        let mut branches = BTreeMap::new();
        let mapped = discriminator.mapping.iter().map(|(value, id, _)| (value, *id));
        let named = discriminator.names.iter().map(|(value, id)| (value, *id));
        for (value, id) in mapped.chain(named) {
            if let Some(place) = place(id) {
                branches.entry(value.clone()).or_insert(place);
            }
        }
        Tag {
            property: discriminator.property.clone(),
            branches: branches.into_iter().collect(),
            otherwise: discriminator.default.and_then(|(id, _)| place(id)),
            is_proof: false,
        }
    }

    /// A property that each branch requires and for which no two accept the same value.
    fn proven(&self, choice: &Choice) -> Option<Tag> {
        let first = *choice.branches.first().filter(|_| choice.branches.len() > 1)?;
        let known = choice.tag.as_ref().map(|tag| tag.property.clone());
        self.required_names(first).into_iter().find_map(|property| {
            if known.as_ref().is_some_and(|known| *known != property) {
                return None;
            }
            let mut branches = BTreeMap::new();
            for (place, id) in choice.branches.iter().enumerate() {
                for value in self.required_tag(*id, &property)?? {
                    if branches.insert(value, place).is_some() {
                        return None;
                    }
                }
            }
            Some(Tag { property, branches: branches.into_iter().collect(), otherwise: None, is_proof: true })
        })
    }

    /// The schema, and those that apply to the same value without a choice.
    pub(super) fn applying(&self, id: SchemaId) -> Vec<&Schema> {
        let mut ids = vec![id];
        let mut next = 0;
        while let Some(schema) = ids.get(next).and_then(|id| self.arena.get(id.0 as usize)) {
            next = next.saturating_add(1);
            for id in schema.applied.iter().flat_map(|applied| &applied.all) {
                if ids.len() < MAX_LOOKED_AT && !ids.contains(id) {
                    ids.push(*id);
                }
            }
        }
        ids.iter().filter_map(|id| self.arena.get(id.0 as usize)).collect()
    }

    fn required_names(&self, id: SchemaId) -> Vec<Box<str>> {
        let applying = self.applying(id);
        let objects = applying.iter().filter_map(|schema| schema.object.as_ref());
        let names = objects.flat_map(|object| {
            let places = object.properties.required.iter();
            places.filter_map(|place| object.properties.at(*place as usize)).map(|property| property.name.clone())
        });
        names.collect()
    }

    /// `None` if the property is not required. Inside, the texts that it may be; `None` if it may be anything else.
    fn required_tag(&self, id: SchemaId, property: &str) -> Option<Option<Vec<Box<str>>>> {
        if !self.required_names(id).iter().any(|name| **name == *property) {
            return None;
        }
        let applying = self.applying(id);
        let is_object = applying.iter().any(|schema| schema.types == TypeSet::OBJECT);
        let schemas = applying.iter().filter_map(|schema| schema.object.as_ref());
        let properties = schemas.filter_map(|object| object.properties.find(property, 0)?.1.schema);
        let values = properties.flat_map(|id| self.applying(id)).find_map(|schema| {
            let listed = schema.listed.as_ref()?;
            listed.others.is_empty().then(|| listed.strings.clone())
        });
        Some(values.filter(|_| is_object))
    }
}
