//! What a configuration says by place, to tell two of them apart without showing either: the record names the settings that
//! changed, never their values.

use super::tree::Node;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};

/// Place of each value → its digest. Bounded as the file is.
#[derive(Debug, Default)]
pub struct Outline(BTreeMap<String, u64>);

/// The digest of a scalar, the same in every load.
pub(super) fn digest(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl Outline {
    pub(super) fn of(tree: &Node) -> Self {
        let mut outline = Self::default();
        outline.add(tree, "");
        outline
    }

    fn add(&mut self, node: &Node, place: &str) {
        // A `/` in a name is `~1`, as in a JSON Pointer: a place has one parent.
        let below = |name: &str| {
            let name = name.replace('/', "~1");
            if place.is_empty() { name } else { format!("{place}/{name}") }
        };
        let own = match node {
            Node::Null => 0,
            Node::Map(entries) => {
                entries.iter().for_each(|(name, value)| self.add(&value.value, &below(&name.value)));
                1
            }
            Node::List(items) => {
                items.iter().zip(0_u64..).for_each(|(item, at)| self.add(&item.value, &below(&at.to_string())));
                2
            }
            Node::Scalar(digest) => *digest,
            Node::Text(text) => digest(text),
        };
        self.0.insert(place.to_owned(), own);
    }

    /// What `after` says otherwise: `apis/shop/max_body: changed`. Of what was added or removed as a whole, the top only.
    pub fn changes<'a>(&'a self, after: &'a Self) -> impl Iterator<Item = String> + 'a {
        let here = after.0.iter().filter_map(move |(place, digest)| match self.0.get(place) {
            None if self.0.contains_key(parent(place)) => Some(format!("{place}: added")),
            Some(before) if before != digest => Some(format!("{place}: changed")),
            _ => None,
        });
        let is_gone = move |place: &&String| !after.0.contains_key(*place) && after.0.contains_key(parent(place));
        here.chain(self.0.keys().filter(is_gone).map(|place| format!("{place}: removed")))
    }
}

/// The place that this one stands in.
fn parent(place: &str) -> &str {
    place.rsplit_once('/').map_or("", |(parent, _)| parent)
}

#[cfg(test)]
mod tests;
