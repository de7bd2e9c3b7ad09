//! Several values in one text: items of an array, names and values of an object.

use super::text;
use super::violation::Rule;
use crate::shape::Shape;
use portcullis_json::Bounds;
use std::borrow::Cow;

/// A name and its value.
pub(crate) type Member<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Names that every object of ECMAScript inherits: they reach an object only where the schema names them (CWE-1321).
const INHERITED: [&str; 13] = [
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "toLocaleString",
    "valueOf",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
];

/// Writes an array of texts.
///
/// # Errors
/// An item has no allowed type, or there are too many.
pub(crate) fn array(items: &[Cow<'_, str>], item: &Shape, bounds: &Bounds, out: &mut Vec<u8>) -> Result<(), Rule> {
    if items.len() > bounds.elements as usize {
        return Err(Rule::TooMany);
    }
    out.push(b'[');
    for (place, text) in items.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        text::write(text, item, bounds, out)?;
    }
    out.push(b']');
    Ok(())
}

/// Writes an object of texts.
///
/// # Errors
/// A name is repeated or not declared, a value has no allowed type, or there are too many.
pub(crate) fn object(members: &[Member<'_>], shape: &Shape, bounds: &Bounds, out: &mut Vec<u8>) -> Result<(), Rule> {
    if members.len() > bounds.members as usize {
        return Err(Rule::TooMany);
    }
    let mut names: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable();
    if names.windows(2).any(|two| matches!(two, [one, other] if one == other)) {
        return Err(Rule::Duplicate);
    }
    out.push(b'{');
    for (place, (name, text)) in members.iter().enumerate() {
        let property = property(shape, name).ok_or(Rule::Undeclared)?;
        if place > 0 {
            out.push(b',');
        }
        text::string(name, bounds, out)?;
        out.push(b':');
        text::write(text, property, bounds, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// The shape of a property that may stand in an object.
pub(crate) fn property<'a>(shape: &'a Shape, name: &str) -> Option<&'a Shape> {
    if is_inherited(name) && !shape.names(name) { None } else { shape.property(name) }
}

/// Whether an object has a property of this name before anybody gives it one.
pub(crate) fn is_inherited(name: &str) -> bool {
    INHERITED.contains(&name)
}

/// Items two by two: a name, then its value.
///
/// # Errors
/// One is left over.
pub(crate) fn in_twos(items: Vec<Cow<'_, str>>) -> Result<Vec<Member<'_>>, Rule> {
    let mut members = Vec::with_capacity(items.len() / 2);
    let mut items = items.into_iter();
    while let Some(name) = items.next() {
        members.push((name, items.next().ok_or(Rule::Style)?));
    }
    Ok(members)
}

/// How a text is cut into items.
#[derive(Clone, Copy)]
pub(crate) struct Cut {
    /// What stands between two items.
    pub(crate) separator: char,
    /// Whether an item may hold the separator, encoded. Servers that decode before they split see two items there.
    pub(crate) is_encoded_data: bool,
}

impl Cut {
    /// Cuts a text as it was written, then reads the escapes of each item.
    ///
    /// # Errors
    /// What [`Cut::check`] refuses, and bad escapes.
    pub(crate) fn items<'a>(
        self,
        raw: &'a str,
        decode: impl Fn(&'a str) -> Result<Cow<'a, str>, Rule>,
    ) -> Result<Vec<Cow<'a, str>>, Rule> {
        raw.split(self.separator).map(|item| self.check(decode(item)?)).collect()
    }

    /// As [`Cut::items`], where each item is `name=value`.
    ///
    /// # Errors
    /// An item without `=` or with two of them.
    pub(crate) fn members<'a>(
        self,
        raw: &'a str,
        decode: impl Fn(&'a str) -> Result<Cow<'a, str>, Rule>,
    ) -> Result<Vec<Member<'a>>, Rule> {
        let member = |item: &'a str| {
            let (name, value) = item.split_once('=').ok_or(Rule::Style)?;
            let (name, value) = (self.check(decode(name)?)?, self.check(decode(value)?)?);
            // `a=b=c`, or `=` encoded in the name: where the name ends depends on the reader.
            let is_clear = !name.is_empty() && !name.contains('=') && item.split('=').nth(2).is_none();
            if is_clear { Ok((name, value)) } else { Err(Rule::Style) }
        };
        raw.split(self.separator).map(member).collect()
    }

    fn check(self, item: Cow<'_, str>) -> Result<Cow<'_, str>, Rule> {
        if item.contains(self.separator) && !self.is_encoded_data { Err(Rule::Separator) } else { Ok(item) }
    }
}
