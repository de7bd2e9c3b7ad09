//! `name[property]`, and deeper where the configuration allows it: no specification says what that means, but all who write
//! it mean the same.

use super::list;
use super::pairs::Pair;
use super::text;
use super::violation::Rule;
use crate::shape::Shape;
use portcullis_json::Bounds;
use std::borrow::Cow;

/// How deep `deepObject` may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deep {
    /// Brackets behind the name. Without arrays and objects inside, one.
    pub depth: usize,
    /// The greatest index of an array: `f[99999999]` allocates nothing (GHSA-xhj3-7xw9-vr34).
    pub max_index: usize,
}

impl Default for Deep {
    fn default() -> Self {
        Self { depth: 1, max_index: 100 }
    }
}

/// One pair: what stands between its brackets, and its value.
struct Entry<'p> {
    path: Vec<&'p str>,
    value: Cow<'p, str>,
}

/// Writes the JSON text of a parameter from its pairs.
///
/// # Errors
/// Brackets that do not match the shape, or say one place twice.
pub(crate) fn write(
    name: &str,
    own: &[&Pair<'_>],
    shape: &Shape,
    deep: Deep,
    bounds: &Bounds,
    out: &mut Vec<u8>,
) -> Result<(), Rule> {
    let mut entries = Vec::with_capacity(own.len());
    for pair in own {
        let path = path(pair.name.strip_prefix(name).ok_or(Rule::Style)?, deep)?;
        entries.push(Entry { path, value: pair.value()? });
    }
    let entries: Vec<&Entry<'_>> = entries.iter().collect();
    Writer { deep, bounds }.value(&entries, 0, shape, out)
}

/// `[a][b]`: each bracket closed before the next opens, and nothing outside them.
fn path(brackets: &str, deep: Deep) -> Result<Vec<&str>, Rule> {
    let mut path = Vec::new();
    let mut rest = brackets;
    while !rest.is_empty() {
        let (inside, after) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).ok_or(Rule::Style)?;
        if inside.contains('[') || path.len() >= deep.depth {
            return Err(Rule::Style);
        }
        path.push(inside);
        rest = after;
    }
    if path.is_empty() { Err(Rule::Style) } else { Ok(path) }
}

struct Writer<'a> {
    deep: Deep,
    bounds: &'a Bounds,
}

impl Writer<'_> {
    /// Writes the value at `level` of these paths, which are equal before it. As deep as paths are long.
    fn value(&self, entries: &[&Entry<'_>], level: usize, shape: &Shape, out: &mut Vec<u8>) -> Result<(), Rule> {
        match shape {
            Shape::Any | Shape::Scalar(_) => match entries {
                [entry] if entry.path.len() == level => text::write(&entry.value, shape, self.bounds, out),
                entries if entries.iter().all(|entry| entry.path.len() == level) => Err(Rule::Duplicate),
                _ => Err(Rule::Style),
            },
            Shape::Array(item) => self.array(entries, level, item, out),
            Shape::Object { .. } => self.object(entries, level, shape, out),
        }
    }

    fn object(&self, entries: &[&Entry<'_>], level: usize, shape: &Shape, out: &mut Vec<u8>) -> Result<(), Rule> {
        let mut named = Vec::with_capacity(entries.len());
        for entry in entries {
            let name = *entry.path.get(level).filter(|name| !name.is_empty()).ok_or(Rule::Style)?;
            let place = named.iter().position(|(known, _): &(&str, Vec<&Entry<'_>>)| *known == name);
            match place.and_then(|place| named.get_mut(place)) {
                Some((_, own)) => own.push(*entry),
                None => named.push((name, vec![*entry])),
            }
        }
        out.push(b'{');
        for (place, (name, own)) in named.iter().enumerate() {
            let property = list::property(shape, name).ok_or(Rule::Undeclared)?;
            if place > 0 {
                out.push(b',');
            }
            text::string(name, self.bounds, out)?;
            out.push(b':');
            self.value(own, level.saturating_add(1), property, out)?;
        }
        out.push(b'}');
        Ok(())
    }

    /// `[]` for each item, or `[0]`, `[1]`, … without a gap: what a gap is filled with depends on the reader.
    fn array(&self, entries: &[&Entry<'_>], level: usize, item: &Shape, out: &mut Vec<u8>) -> Result<(), Rule> {
        let mut placed: Vec<(usize, &Entry<'_>)> = Vec::with_capacity(entries.len());
        let is_appended = entries.iter().all(|entry| entry.path.get(level) == Some(&""));
        for (place, entry) in entries.iter().enumerate() {
            let index =
                if is_appended { place } else { self.index(entry.path.get(level).copied().unwrap_or_default())? };
            placed.push((index, entry));
        }
        // With `[]` it is not said where one item ends and the next begins, unless each is one value.
        if is_appended && !matches!(item, Shape::Any | Shape::Scalar(_)) {
            return Err(Rule::Style);
        }
        placed.sort_by_key(|(index, _)| *index);
        out.push(b'[');
        for (place, group) in placed.chunk_by(|(one, _), (other, _)| one == other).enumerate() {
            if group.first().is_none_or(|(index, _)| *index != place) {
                return Err(Rule::Style);
            }
            if place > 0 {
                out.push(b',');
            }
            let own: Vec<&Entry<'_>> = group.iter().map(|(_, entry)| *entry).collect();
            self.value(&own, level.saturating_add(1), item, out)?;
        }
        out.push(b']');
        Ok(())
    }

    /// Digits without a leading zero, within the bound.
    fn index(&self, text: &str) -> Result<usize, Rule> {
        let is_canonical = !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && (text == "0" || !text.starts_with('0'));
        if !is_canonical {
            return Err(Rule::Style);
        }
        text.parse().ok().filter(|index| *index <= self.deep.max_index).ok_or(Rule::TooMany)
    }
}
