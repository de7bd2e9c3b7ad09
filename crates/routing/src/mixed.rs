//! A segment of text and parameters, such as `{name}.json`, `report-{id}` or `{a}-{b}`.

/// Parameters with text between, before or after them. Every parameter takes at least one octet, and an escape such as
/// `%20` counts as one octet that no text begins or ends inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mixed {
    /// Before the first parameter; may be empty.
    prefix: Box<str>,
    /// Between parameters, never empty.
    between: Box<[Box<str>]>,
    /// After the last parameter; may be empty.
    suffix: Box<str>,
}

/// One step of a mixed segment when two are compared. `{p}` is `One` then `Many`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// A literal octet; escaped ones are other octets than their plain twins, as in a canonical target.
    Octet { value: u8, is_escaped: bool },
    /// Any one octet.
    One,
    /// Any octets, also none.
    Many,
}

/// How the texts of two mixed segments relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    /// No text matches both.
    Apart,
    /// Everything that one matches the other matches too, so the one with more text is tried first.
    Nested,
    /// Some text matches both, and neither is the narrower one.
    Crossed,
}

impl Mixed {
    /// Texts in canonical spelling. `between` holds what stands between parameters, each not empty.
    pub(crate) fn new(prefix: &str, between: &[String], suffix: &str) -> Self {
        let between = between.iter().map(|text| text.as_str().into()).collect();
        Self { prefix: prefix.into(), between, suffix: suffix.into() }
    }

    /// Whether `segment`, in canonical spelling, has this shape. Taking the first place for each text is enough to know that
    /// some split exists, so the work is linear and nothing is tried twice.
    pub(crate) fn matches(&self, segment: &str) -> bool {
        let Some(inner) = segment.strip_prefix(&*self.prefix).and_then(|inner| inner.strip_suffix(&*self.suffix))
        else {
            return false;
        };
        if !is_boundary(segment, segment.len().saturating_sub(self.suffix.len())) {
            return false;
        }
        let mut rest = inner;
        for text in &self.between {
            let Some(after) = after_first(rest, text) else { return false };
            rest = after;
        }
        !rest.is_empty()
    }

    /// Literal octets: of two nested segments the narrower has more of them.
    pub(crate) fn literal_octets(&self) -> usize {
        self.units().iter().filter(|unit| matches!(unit, Unit::Octet { .. })).count()
    }

    /// How the texts that `self` and `other` match relate.
    pub(crate) fn relation(&self, other: &Self) -> Relation {
        let (left, right) = (self.units(), other.units());
        if !reaches_end(&left, &right, Question::Meet) {
            Relation::Apart
        } else if reaches_end(&left, &right, Question::Cover) || reaches_end(&right, &left, Question::Cover) {
            Relation::Nested
        } else {
            Relation::Crossed
        }
    }

    fn units(&self) -> Vec<Unit> {
        let mut units = Vec::new();
        push_text(&mut units, &self.prefix);
        for text in &self.between {
            units.extend([Unit::One, Unit::Many]);
            push_text(&mut units, text);
        }
        units.extend([Unit::One, Unit::Many]);
        push_text(&mut units, &self.suffix);
        units
    }
}

/// What follows the first place of `text` in `rest` that leaves at least one octet before it.
fn after_first<'s>(rest: &'s str, text: &str) -> Option<&'s str> {
    let mut from = 1_usize;
    loop {
        let at = rest.get(from..)?.find(text)?.saturating_add(from);
        if is_boundary(rest, at) {
            return rest.get(at.saturating_add(text.len())..);
        }
        from = at.saturating_add(1);
    }
}

/// Whether an escape such as `%2F` does not span `at`.
fn is_boundary(text: &str, at: usize) -> bool {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    !before.iter().rev().take(2).any(|&octet| octet == b'%')
}

fn push_text(units: &mut Vec<Unit>, text: &str) {
    let mut octets = text.bytes();
    while let Some(octet) = octets.next() {
        units.push(if octet == b'%' {
            let value = octets.by_ref().take(2).fold(0_u8, |value, digit| {
                let digit = char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                value << 4 | digit.unwrap_or_default()
            });
            Unit::Octet { value, is_escaped: true }
        } else {
            Unit::Octet { value: octet, is_escaped: false }
        });
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Question {
    /// Is there a text that both match?
    Meet,
    /// Does the left one match everything that the right one matches?
    Cover,
}

/// Walks both rows of units from their ends, one row of the table per unit of `left`: a cell says whether the rest of `left`
/// and the rest of `right` answer the question with yes. Rows are kept back to front.
fn reaches_end(left: &[Unit], right: &[Unit], question: Question) -> bool {
    let mut below: Vec<bool> = Vec::with_capacity(right.len().saturating_add(1));
    let mut reached = true;
    below.push(reached);
    for unit in right.iter().rev() {
        reached = reached && question == Question::Meet && *unit == Unit::Many;
        below.push(reached);
    }
    for unit in left.iter().rev() {
        let mut row = Vec::with_capacity(below.len());
        let mut beside = *unit == Unit::Many && below.first().is_some_and(|cell| *cell);
        row.push(beside);
        for (other, (diagonal, under)) in right.iter().rev().zip(below.iter().zip(below.iter().skip(1))) {
            beside = match (unit, other) {
                (Unit::Many, _) => *under || beside,
                (_, Unit::Many) => question == Question::Meet && (*under || beside),
                (Unit::One, _) => *diagonal,
                (Unit::Octet { .. }, Unit::One) => question == Question::Meet && *diagonal,
                (Unit::Octet { .. }, Unit::Octet { .. }) => unit == other && *diagonal,
            };
            row.push(beside);
        }
        below = row;
    }
    below.last().is_some_and(|cell| *cell)
}

#[cfg(test)]
mod tests;
