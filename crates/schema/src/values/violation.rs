//! What is wrong with the values of a request: where, and by which rule. Never the value.

use super::spec::Location;
use std::fmt;

/// Violations that are reported of one request: enough to mend it, too few to make the answer dear.
pub const MAX_VIOLATIONS: usize = 20;

/// Bytes of a name that a violation keeps: an undeclared name is the client's own text.
const NAME_BYTES: usize = 64;

/// One value that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where it stands.
    pub location: Location,
    /// The name of the parameter or field, up to 64 bytes of it; empty where all of them are meant.
    pub name: Box<str>,
    /// What it breaks.
    pub rule: Rule,
}

impl Violation {
    pub(crate) fn new(location: Location, name: &str, rule: Rule) -> Self {
        let end = (0..=NAME_BYTES.min(name.len())).rev().find(|end| name.is_char_boundary(*end));
        let kept = end.and_then(|end| name.get(..end)).unwrap_or_default();
        Self { location, name: kept.into(), rule }
    }
}

/// Violations up to [`MAX_VIOLATIONS`]; what comes after them is not told.
#[derive(Default)]
pub(crate) struct Report(Vec<Violation>);

impl Report {
    pub(crate) fn add(&mut self, location: Location, name: &str, rule: Rule) {
        if self.0.len() < MAX_VIOLATIONS {
            self.0.push(Violation::new(location, name, rule));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn last(&self) -> Option<&Violation> {
        self.0.last()
    }

    pub(crate) fn into_vec(self) -> Vec<Violation> {
        self.0
    }
}

impl fmt::Display for Violation {
    /// `query.limit`, or `query`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.location.name();
        if self.name.is_empty() { f.write_str(place) } else { write!(f, "{place}.{}", self.name) }
    }
}

macro_rules! rules {
    ($($variant:ident = $id:literal, $summary:literal;)*) => {
        /// What a value breaks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Rule { $(#[doc = $summary] $variant,)* }

        impl Rule {
            /// The name of the rule, for the client.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// What is accepted, in a sentence.
            #[must_use]
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary,)* }
            }
        }
    };
}

rules! {
    Required = "required", "must be present";
    Type = "type", "must have the spelling of the declared type";
    Style = "style", "must be written as the declared style says";
    Encoding = "encoding", "must be UTF-8 in well-formed percent-encoding, without NUL";
    Duplicate = "duplicate", "may stand once";
    Undeclared = "undeclared", "is not declared";
    LookAlike = "look_alike", "is not declared, and some servers take it for one that is";
    Separator = "separator", "a separator must be unambiguous: encode `;`, and no separator of a list inside an item";
    TooMany = "too_many", "there are more of them than one request may hold";
    TooLong = "too_long", "is longer than a value may be";
    Json = "json", "must be one JSON text without repeated names";
    Multipart = "multipart", "must be parts in the exact form of RFC 2046: lines end in CRLF, nothing before the first part or behind the last";
    PartHeader = "part_header", "a part has one Content-Disposition with one name, perhaps a Content-Type, and no other encoding";
    FileName = "file_name", "must be a plain name without path, and stands with files only";
    MediaType = "media_type", "must have a declared media type, and be of it";
    TooLarge = "too_large", "has more bytes than allowed";
    Minimum = "minimum", "is less than the least allowed";
    Maximum = "maximum", "is more than the most allowed";
}
