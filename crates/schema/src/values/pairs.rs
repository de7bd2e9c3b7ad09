//! The pairs of a query or form, found once: `name=value&name=value`.

use super::percent::{self, Plus};
use super::violation::Rule;
use std::borrow::Cow;

/// One pair.
#[derive(Debug)]
pub(crate) struct Pair<'a> {
    /// As it was sent.
    pub(crate) whole: &'a str,
    /// With its escapes read.
    pub(crate) name: Cow<'a, str>,
    /// As it was sent: some styles cut it before escapes are read.
    pub(crate) raw: &'a str,
}

/// Finds the pairs of a text (WHATWG URL, application/x-www-form-urlencoded parsing). `;` is data.
///
/// # Errors
/// More pairs than `max`; bad escapes, in a name or a value, also of what nobody declared: never a partial parse.
pub(crate) fn parse(text: &str, max: usize) -> Result<Vec<Pair<'_>>, Rule> {
    let mut pairs = Vec::new();
    // Nothing stands between two `&`: every reader sees no parameter there.
    for whole in text.split('&').filter(|whole| !whole.is_empty()) {
        if pairs.len() >= max {
            return Err(Rule::TooMany);
        }
        let (name, raw) = whole.split_once('=').unwrap_or((whole, ""));
        percent::decode(raw, Plus::Space)?;
        pairs.push(Pair { whole, name: percent::decode(name, Plus::Space)?, raw });
    }
    Ok(pairs)
}

impl<'a> Pair<'a> {
    /// The value with its escapes read.
    ///
    /// # Errors
    /// None that [`parse`] did not find.
    pub(crate) fn value(&self) -> Result<Cow<'a, str>, Rule> {
        percent::decode(self.raw, Plus::Space)
    }

    /// Whether servers that split at `;` as well would see something else here (CVE-2021-23336).
    pub(crate) fn has_semicolon(&self) -> bool {
        self.whole.contains(';')
    }
}

/// A name as the most careless servers read it: letters of either case alike, `.`, blank and a bracket that does not close as
/// `_`, nothing from a bracket on that does.
pub(crate) fn careless(name: &str) -> String {
    let name = name.trim();
    // Some read `[` at the very beginning as part of the name.
    let open = name.char_indices().find(|(at, letter)| *at > 0 && *letter == '[').map(|(at, _)| at);
    let end = open.filter(|at| name.get(*at..).is_some_and(|rest| rest.contains(']'))).unwrap_or(name.len());
    let base = name.get(..end).unwrap_or(name);
    let plain = |letter| if matches!(letter, '.' | ' ' | '[') { '_' } else { letter };
    base.chars().flat_map(char::to_lowercase).map(plain).collect()
}

/// The query with its changes; what does not change stays byte for byte. `None` if nothing changes.
pub(crate) fn rewrite(pairs: &[Pair<'_>], changes: &mut [(usize, Option<String>)]) -> Option<String> {
    if changes.is_empty() {
        return None;
    }
    changes.sort_by_key(|(place, _)| *place);
    let mut changes = changes.iter().peekable();
    let mut query = String::new();
    for (place, pair) in pairs.iter().enumerate() {
        let kept = match changes.next_if(|(changed, _)| *changed == place) {
            Some((_, None)) => continue,
            Some((_, Some(instead))) => instead.as_str(),
            None => pair.whole,
        };
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(kept);
    }
    Some(query)
}
