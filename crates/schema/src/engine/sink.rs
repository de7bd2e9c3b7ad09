//! What is kept of a run over a value: nothing, or what is wrong with it.

use super::rule::Rule;
use portcullis_json::{NodeId, Value};

/// The run ends: the value is not valid, or enough is known.
pub(crate) struct Stop;

/// What becomes of what a run finds.
pub(crate) trait Sink<'v> {
    /// Whether it goes on behind what is wrong.
    const COLLECTS: bool;
    /// The value breaks the rule; with a name, the member that is not there does.
    fn violation(&mut self, value: Value<'v>, name: Option<&str>, rule: Rule) -> Result<(), Stop>;
    /// What a schema says of a value.
    fn flag(&mut self, value: Value<'v>, flag: u8);
    /// How many flags were set; what is set later can be taken back.
    fn flagged(&self) -> usize;
    /// Takes back.
    fn take_back(&mut self, flagged: usize);
    /// A rule whose outcome may change when members are taken out.
    fn fragile(&mut self);
}

/// Some schema names the member, or says what other members may be.
pub(crate) const DECLARED: u8 = 1;
/// Some schema has a property of just this name.
pub(crate) const NAMED: u8 = 2;
/// Some schema says what the object holds.
pub(crate) const DESCRIBED: u8 = 4;
/// It may only go the other way.
pub(crate) const ONE_WAY: u8 = 8;
/// `additionalProperties` says that there is no such member.
pub(crate) const EXCLUDED: u8 = 16;
/// `unevaluatedProperties` says so.
pub(crate) const UNEVALUATED: u8 = 32;

/// Keeps nothing: is it valid?
pub(crate) struct Quick;

impl<'v> Sink<'v> for Quick {
    const COLLECTS: bool = false;
    fn violation(&mut self, _: Value<'v>, _: Option<&str>, _: Rule) -> Result<(), Stop> {
        Err(Stop)
    }
    fn flag(&mut self, _: Value<'v>, _: u8) {}
    fn flagged(&self) -> usize {
        0
    }
    fn take_back(&mut self, _: usize) {}
    fn fragile(&mut self) {}
}

/// What was found wrong, before it is written down.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub(crate) node: NodeId,
    pub(crate) rule: Rule,
    pub(crate) name: Option<Box<str>>,
}

/// Keeps what is wrong, and what schemas say of each value.
pub(crate) struct Walk {
    pub(crate) found: Vec<Found>,
    pub(crate) is_fragile: bool,
    /// By [`NodeId::index`].
    flags: Vec<u8>,
    /// What was set, and what was there before.
    journal: Vec<(usize, u8)>,
}

/// Violations in one report.
pub(crate) const MAX_VIOLATIONS: usize = 20;

impl Walk {
    /// For a value and all that it holds.
    pub(crate) fn new(value: Value<'_>) -> Self {
        let end = value.id().index().saturating_add(value.size());
        Self { found: Vec::new(), is_fragile: false, flags: vec![0; end], journal: Vec::new() }
    }

    pub(crate) fn has(&self, value: Value<'_>, flag: u8) -> bool {
        self.flags.get(value.id().index()).is_some_and(|flags| flags & flag != 0)
    }
}

impl<'v> Sink<'v> for Walk {
    const COLLECTS: bool = true;

    fn violation(&mut self, value: Value<'v>, name: Option<&str>, rule: Rule) -> Result<(), Stop> {
        let found = Found { node: value.id(), rule, name: name.map(Into::into) };
        // Two schemas may say the same of one value.
        if !self.found.contains(&found) {
            self.found.push(found);
        }
        if self.found.len() < MAX_VIOLATIONS { Ok(()) } else { Err(Stop) }
    }

    fn flag(&mut self, value: Value<'v>, flag: u8) {
        let place = value.id().index();
        if let Some(flags) = self.flags.get_mut(place)
            && *flags & flag != flag
        {
            self.journal.push((place, *flags));
            *flags |= flag;
        }
    }

    fn flagged(&self) -> usize {
        self.journal.len()
    }

    fn take_back(&mut self, flagged: usize) {
        while self.journal.len() > flagged {
            if let Some((place, before)) = self.journal.pop()
                && let Some(flags) = self.flags.get_mut(place)
            {
                *flags = before;
            }
        }
    }

    fn fragile(&mut self) {
        self.is_fragile = true;
    }
}
