//! The parts of an OpenAPI document that routing reads, with their places. All else is skipped, but its syntax is checked and
//! keys written twice are refused there too.

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_saphyr::Spanned;
use std::fmt;
use std::marker::PhantomData;

#[derive(Debug, Deserialize)]
pub(super) struct Root {
    pub(super) openapi: Option<Spanned<String>>,
    pub(super) swagger: Option<Spanned<IgnoredAny>>,
    pub(super) servers: Option<Vec<Server>>,
    pub(super) paths: Option<Entries<Item>>,
    pub(super) components: Option<Components>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Components {
    #[serde(rename = "pathItems")]
    pub(super) path_items: Option<Entries<Item>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Server {
    pub(super) url: Spanned<String>,
    pub(super) variables: Option<Entries<Variable>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Variable {
    pub(super) default: Option<Spanned<String>>,
    #[serde(rename = "enum")]
    pub(super) values: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Op {
    #[serde(rename = "operationId")]
    pub(super) operation_id: Option<Spanned<String>>,
    pub(super) servers: Option<Spanned<IgnoredAny>>,
    #[serde(default)]
    pub(super) deprecated: bool,
}

/// A Path Item.
#[derive(Debug, Default)]
pub(super) struct Item {
    pub(super) reference: Option<Spanned<String>>,
    pub(super) servers: Option<Spanned<IgnoredAny>>,
    /// By the name of the field: `get`, `put` …
    pub(super) operations: Vec<(Spanned<String>, Op)>,
    /// By the method itself (OpenAPI 3.2).
    pub(super) additional: Vec<(Spanned<String>, Op)>,
    /// Fields such as `GET`, which would be lost in silence.
    pub(super) misspelt: Vec<Spanned<String>>,
}

/// Fields of a Path Item that hold an operation; `query` since 3.2.
const METHOD_FIELDS: &[&str] = &["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/// A map in the order of the document, keys with their places and without `x-` extensions.
#[derive(Debug)]
pub(super) struct Entries<T>(pub(super) Vec<(Spanned<String>, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

struct EntriesVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
    type Value = Entries<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            if key.value.starts_with("x-") {
                map.next_value::<IgnoredAny>()?;
            } else {
                entries.push((key, map.next_value()?));
            }
        }
        Ok(Entries(entries))
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ItemVisitor)
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path item: a map with fields such as `get`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item, A::Error> {
        let mut item = Item::default();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            match key.value.as_str() {
                "$ref" => item.reference = Some(map.next_value()?),
                "servers" => item.servers = Some(map.next_value()?),
                "additionalOperations" => item.additional = map.next_value::<Entries<Op>>()?.0,
                name if METHOD_FIELDS.contains(&name) => item.operations.push((key, map.next_value()?)),
                name => {
                    let is_misspelt = METHOD_FIELDS.iter().any(|method| method.eq_ignore_ascii_case(name));
                    map.next_value::<IgnoredAny>()?;
                    if is_misspelt {
                        item.misspelt.push(key);
                    }
                }
            }
        }
        Ok(item)
    }
}
