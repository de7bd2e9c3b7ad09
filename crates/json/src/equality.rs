//! Whether values are the same value, however they are written (JSON Schema core §4.2.2): `1.0` is 1, members have no order.

use crate::document::{Kind, Value};
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

/// Up to here, comparing each element with each is cheaper than hashing all that they hold.
const FEW: usize = 8;

impl Value<'_> {
    /// Whether it is the same value as another, of this or another document. No recursion: pairs that are left wait on an own
    /// stack, which never holds more than the two values do.
    pub fn is_same(self, other: Value<'_>) -> bool {
        let mut pairs = Vec::new();
        let mut pair = Some((self, other));
        while let Some((one, two)) = pair {
            if one.kind() != two.kind() || !is_same_outside(one, two) {
                return false;
            }
            match one.kind() {
                Kind::Array => pairs.extend(one.elements().zip(two.elements())),
                Kind::Object => {
                    let (one, two) = (by_name(one), by_name(two));
                    if one.iter().zip(&two).any(|(one, two)| one.0 != two.0) {
                        return false;
                    }
                    pairs.extend(one.iter().zip(&two).map(|(one, two)| (one.1, two.1)));
                }
                _ => {}
            }
            pair = pairs.pop();
        }
        true
    }

    /// Whether no two elements of an array are the same value. Linear but for a sort, whatever the array holds: what is hashed
    /// is hashed with keys that nobody outside knows.
    pub fn has_unique_elements(self) -> bool {
        if self.len() <= FEW && self.elements().all(|element| !matches!(element.kind(), Kind::Array | Kind::Object)) {
            let earlier =
                |count: usize, element: Value<'_>| self.elements().take(count).any(|one| one.is_same(element));
            return !self.elements().enumerate().any(|(count, element)| earlier(count, element));
        }
        let hashes = hashes_inside(self);
        let mut hashed: Vec<_> = self.elements().map(|element| (hashes.of(element), element)).collect();
        hashed.sort_unstable_by_key(|(hash, element)| (*hash, element.id()));
        // Equal elements stand beside each other; unequal ones of one hash do by accident only.
        let mut same_hash = hashed.chunk_by(|one, other| one.0 == other.0);
        !same_hash.any(|group| group.iter().zip(group.iter().skip(1)).any(|(one, other)| one.1.is_same(other.1)))
    }
}

/// What can be told of two values of one kind without looking into them.
fn is_same_outside(one: Value<'_>, two: Value<'_>) -> bool {
    match one.kind() {
        Kind::Null | Kind::False | Kind::True => true,
        Kind::Number => one.raw() == two.raw() || one.as_number() == two.as_number(),
        Kind::String => one.as_str() == two.as_str(),
        Kind::Array | Kind::Object => one.len() == two.len(),
    }
}

fn by_name(object: Value<'_>) -> Vec<(&str, Value<'_>)> {
    let mut members: Vec<_> = object.members().map(|member| (member.name, member.value)).collect();
    members.sort_unstable_by_key(|(name, _)| *name);
    members
}

/// Hashes of all values inside one, by their distance from it.
struct Hashes {
    first: u32,
    hashes: Vec<u64>,
}

impl Hashes {
    fn of(&self, value: Value<'_>) -> u64 {
        let distance = value.id().0.saturating_sub(self.first);
        self.hashes.get(distance as usize).copied().unwrap_or_default()
    }
}

/// From the last to the first, so that what a container holds is hashed before the container is.
fn hashes_inside(container: Value<'_>) -> Hashes {
    let keys = RandomState::new();
    let mut known = Hashes { first: container.id().0, hashes: vec![0; container.size()] };
    let mut values: Vec<_> = container.descendants().collect();
    while let Some(value) = values.pop() {
        let hash = match value.kind() {
            Kind::Null | Kind::False | Kind::True => keys.hash_one(value.raw()),
            Kind::Number => value.as_number().map_or(0, |number| keys.hash_one(number)),
            Kind::String => value.as_str().map_or(0, |text| keys.hash_one(("s", text))),
            Kind::Array => {
                let mut hasher = keys.build_hasher();
                value.elements().for_each(|element| known.of(element).hash(&mut hasher));
                ("[", value.len()).hash(&mut hasher);
                hasher.finish()
            }
            Kind::Object => {
                // A sum: members have no order.
                let members = value.members().map(|member| keys.hash_one((member.name, known.of(member.value))));
                members.fold(value.len() as u64, u64::wrapping_add)
            }
        };
        let distance = value.id().0.saturating_sub(known.first);
        if let Some(slot) = known.hashes.get_mut(distance as usize) {
            *slot = hash;
        }
    }
    known
}
