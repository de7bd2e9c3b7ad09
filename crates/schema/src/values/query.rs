//! Which pair of a query or form belongs to which parameter, and the JSON text that they make.

use super::deep;
use super::list::{self, Cut, Member};
use super::pairs::{Pair, careless};
use super::percent::{self, Plus};
use super::spec::{Content, Location, Options, Spec, SpecError, SpecProblem, Style, Writing};
use super::text;
use super::violation::Rule;
use crate::shape::Shape;
use std::borrow::Cow;

/// The names that a query or form may hold, and whose they are.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Sorted by name.
    exact: Vec<(Box<str>, Owner)>,
    /// Names before `[`, sorted.
    deep: Vec<(Box<str>, usize)>,
    /// The one exploded object that takes any name.
    open: Option<usize>,
    /// All of them as careless servers read them, sorted.
    careless: Vec<String>,
}

/// Whose a pair is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    /// Which parameter, in the order given.
    pub(crate) spec: usize,
    /// Whether the name is that of a property of it.
    pub(crate) is_property: bool,
}

/// What a name turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Part of this parameter.
    Owned(Owner),
    /// Declared by nobody.
    Unknown,
    /// Declared by nobody, and some servers take it for one that is.
    LookAlike,
}

impl Names {
    /// Collects the names of the parameters in `location`.
    ///
    /// # Errors
    /// Two of them read one name.
    pub(crate) fn compile(specs: &[Spec], location: Location) -> Result<Self, SpecError> {
        let mut names = Self::default();
        for (spec, described) in specs.iter().enumerate().filter(|(_, described)| described.location == location) {
            let fail = |problem| SpecError { parameter: Some(spec), problem };
            if described.is_deep() || described.writing == Writing::Unread {
                names.deep.push((described.name.clone(), spec));
            }
            if let (true, Shape::Object { properties, other }) = (described.is_exploded_object(), &described.shape) {
                let owned = properties.iter().map(|(name, _)| (name.clone(), Owner { spec, is_property: true }));
                names.exact.extend(owned);
                if other.is_some() && names.open.replace(spec).is_some() {
                    return Err(fail(SpecProblem::OpenObject));
                }
            } else {
                names.exact.push((described.name.clone(), Owner { spec, is_property: false }));
            }
        }
        names.exact.sort_by(|(one, _), (other, _)| one.cmp(other));
        names.deep.sort_unstable();
        if let Some([_, (name, owner)]) = names.exact.windows(2).find(|two| matches!(two, [(a, _), (b, _)] if a == b)) {
            return Err(SpecError { parameter: Some(owner.spec), problem: SpecProblem::Collision(name.clone()) });
        }
        names.careless = names.exact.iter().map(|(name, _)| careless(name)).collect();
        names.careless.sort_unstable();
        Ok(names)
    }

    /// Whose a name is, its escapes read.
    pub(crate) fn find(&self, name: &str) -> Found {
        if let Some((_, owner)) = search(&self.exact, name) {
            return Found::Owned(*owner);
        }
        let base = name.split_once('[').map(|(base, _)| base);
        if let Some((_, spec)) = base.and_then(|base| search(&self.deep, base)) {
            return Found::Owned(Owner { spec: *spec, is_property: true });
        }
        if self.careless.binary_search(&careless(name)).is_ok() {
            return Found::LookAlike;
        }
        match self.open {
            Some(spec) => Found::Owned(Owner { spec, is_property: true }),
            None => Found::Unknown,
        }
    }
}

fn search<'a, T>(names: &'a [(Box<str>, T)], name: &str) -> Option<&'a (Box<str>, T)> {
    let place = names.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
    names.get(place)
}

/// Writes the JSON text of one parameter from the pairs that are its own, at least one. `false` if they count as absent.
///
/// # Errors
/// A rule that they break.
pub(crate) fn write(
    spec: &Spec,
    own: &[(&Pair<'_>, Owner)],
    options: &Options,
    out: &mut Vec<u8>,
) -> Result<bool, Rule> {
    if !spec.is_reserved_allowed()
        && spec.writing != Writing::Unread
        && own.iter().any(|(pair, _)| pair.has_semicolon())
    {
        return Err(Rule::Separator);
    }
    let bounds = &options.bounds;
    let (style, explode, allow_empty) = match spec.writing {
        Writing::Content(content) => {
            let value = single(own)?.value()?;
            match content {
                Content::Json => text::json(&value, bounds, out)?,
                Content::Text => text::write(&value, &spec.shape, bounds, out)?,
                Content::Form => return Err(Rule::Style),
            }
            return Ok(true);
        }
        Writing::Unread => return Ok(false),
        Writing::Styled { style, explode, allow_empty, .. } => (style, explode, allow_empty),
    };
    if allow_empty && matches!(own, [(pair, owner)] if pair.raw.is_empty() && !owner.is_property) {
        return Ok(false);
    }
    match (&spec.shape, style, explode) {
        (_, Style::DeepObject, _) => {
            let pairs: Vec<&Pair<'_>> = own.iter().map(|(pair, _)| *pair).collect();
            deep::write(&spec.name, &pairs, &spec.shape, options.deep, bounds, out)?;
        }
        (Shape::Any | Shape::Scalar(_), _, _) => text::write(&single(own)?.value()?, &spec.shape, bounds, out)?,
        (Shape::Array(item), Style::Form, true) => {
            let items: Result<Vec<_>, Rule> = own.iter().map(|(pair, _)| pair.value()).collect();
            list::array(&items?, item, bounds, out)?;
        }
        (Shape::Array(item), _, _) => list::array(&cut(single(own)?, style, options)?, item, bounds, out)?,
        (Shape::Object { .. }, Style::Form, true) => {
            let members: Result<Vec<_>, Rule> = own.iter().map(|(pair, _)| member(pair)).collect();
            list::object(&members?, &spec.shape, bounds, out)?;
        }
        (Shape::Object { .. }, _, _) => {
            let members = list::in_twos(cut(single(own)?, style, options)?)?;
            list::object(&members, &spec.shape, bounds, out)?;
        }
    }
    Ok(true)
}

fn single<'p, 'a>(own: &[(&'p Pair<'a>, Owner)]) -> Result<&'p Pair<'a>, Rule> {
    match own {
        [(pair, _)] => Ok(pair),
        _ => Err(Rule::Duplicate),
    }
}

/// A pair that is a property by its name.
fn member<'a>(pair: &Pair<'a>) -> Result<Member<'a>, Rule> {
    Ok((pair.name.clone(), pair.value()?))
}

/// Cuts a value that holds several.
fn cut<'a>(pair: &Pair<'a>, style: Style, options: &Options) -> Result<Vec<Cow<'a, str>>, Rule> {
    let decode = |item| percent::decode(item, Plus::Space);
    let separator = match style {
        Style::SpaceDelimited => ' ',
        Style::PipeDelimited => '|',
        _ => return Cut { separator: ',', is_encoded_data: options.is_encoded_separator_data }.items(pair.raw, decode),
    };
    // Neither may stand in a query as it is, so it always comes encoded (OAS32 Appendix E).
    let value = pair.value()?;
    Ok(value.split(separator).map(|item| Cow::Owned(item.to_owned())).collect())
}
