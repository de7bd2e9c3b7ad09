//! The properties that an object schema names, found by the name of a member.

use super::schema::SchemaId;

/// `properties` and `required`, in the order of the document.
#[derive(Default)]
pub(crate) struct Properties {
    /// Length, first and last bytes of each name: unlike for most names that differ.
    prints: Vec<u64>,
    all: Vec<Property>,
    /// Where they stand in `all`, sorted by print; empty if they are few.
    sorted: Vec<u32>,
    /// Those of `all` that are required.
    pub(crate) required: Vec<u32>,
    /// The bits of the first 64 of `required`.
    pub(crate) required_mask: u64,
    is_ascii: bool,
}

pub(crate) struct Property {
    pub(crate) name: Box<str>,
    /// `None` if it is named in `required` only.
    pub(crate) schema: Option<SchemaId>,
    /// One bit, if it is among the first 64 that are required; else none.
    pub(crate) bit: u64,
}

/// Up to here, looking at each is cheaper than a search.
const FEW: usize = 16;

/// Of names of up to [`WHOLE`] bytes, all of them, so that no two have the same.
fn print(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let length = u64::try_from(bytes.len().min(0xff)).unwrap_or(0xff);
    let inside = match (bytes.first_chunk::<4>(), bytes.last_chunk::<3>()) {
        (Some(first), Some([a, b, c])) => {
            u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes([*a, *b, *c, 0])) << 32
        }
        _ => bytes.iter().fold(0, |print, byte| print << 8 | u64::from(*byte)),
    };
    inside | length << 56
}

/// Bytes of a name that its print holds all of.
const WHOLE: usize = 7;

impl Properties {
    pub(crate) fn new(named: Vec<(Box<str>, SchemaId)>, required: &[Box<str>]) -> Self {
        let mut all: Vec<_> =
            named.into_iter().map(|(name, schema)| Property { name, schema: Some(schema), bit: 0 }).collect();
        let mut places = Vec::new();
        for name in required {
            let known = all.iter().position(|property| property.name == *name);
            let place = known.unwrap_or(all.len());
            if known.is_none() {
                all.push(Property { name: name.clone(), schema: None, bit: 0 });
            }
            let bit = u32::try_from(places.len()).ok().and_then(|count| 1_u64.checked_shl(count)).unwrap_or(0);
            if let Some(property) = all.get_mut(place) {
                property.bit = bit;
            }
            places.push(u32::try_from(place).unwrap_or(u32::MAX));
        }
        let prints: Vec<_> = all.iter().map(|property| print(&property.name)).collect();
        let mut sorted = Vec::new();
        if all.len() > FEW {
            sorted = (0..u32::try_from(all.len()).unwrap_or(u32::MAX)).collect();
            sorted.sort_by_key(|place| prints.get(*place as usize).copied());
        }
        let required_mask = all.iter().fold(0, |mask, property| mask | property.bit);
        let is_ascii = all.iter().all(|property| property.name.is_ascii());
        Self { prints, all, sorted, required: places, required_mask, is_ascii }
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Property> {
        self.all.iter()
    }

    pub(crate) fn at(&self, place: usize) -> Option<&Property> {
        self.all.get(place)
    }

    /// The property of this name, and its place. `guess` is looked at first: members mostly come in the order of the document.
    pub(crate) fn find(&self, name: &str, guess: usize) -> Option<(usize, &Property)> {
        let print = print(name);
        // Where the prints are the same.
        let is_it = |place: usize| {
            let property = self.all.get(place)?;
            (name.len() <= WHOLE || *property.name == *name).then_some((place, property))
        };
        if self.prints.get(guess) == Some(&print)
            && let Some(found) = is_it(guess)
        {
            return Some(found);
        }
        if self.sorted.is_empty() {
            let mut alike = self.prints.iter().enumerate().filter(|(_, known)| **known == print);
            return alike.find_map(|(place, _)| is_it(place));
        }
        let known = |place: &u32| self.prints.get(*place as usize).copied().unwrap_or(u64::MAX);
        let from = self.sorted.partition_point(|place| known(place) < print);
        let alike = self.sorted.iter().skip(from).take_while(|place| known(place) == print);
        alike.into_iter().find_map(|place| is_it(*place as usize))
    }

    /// Whether a name that is none of them may be one for a reader who folds case or composes characters. `false` is certain.
    pub(crate) fn may_fold(&self, name: &str) -> bool {
        if self.all.is_empty() {
            return false;
        }
        !self.is_ascii || !name.is_ascii() || self.all.iter().any(|property| property.name.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests;
