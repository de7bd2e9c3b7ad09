//! Two members of one name in one object (CVE-2017-12635: which of them counts depends on who reads).

use crate::document::Tape;
use std::cmp::Ordering;

/// A name of an object that is being read.
#[derive(Clone, Copy)]
pub(crate) struct Name {
    /// Length, first and last bytes: unlike for most names that differ.
    print: u64,
    node: u32,
}

/// Up to here, comparing each with each is cheaper than sorting.
const FEW: usize = 12;

impl Name {
    pub(crate) fn new(name: &str, node: u32) -> Self {
        let bytes = name.as_bytes();
        let mut print = name.len() as u64;
        for byte in bytes.iter().take(4).chain(bytes.iter().rev().take(3)) {
            print = print << 8 | u64::from(*byte);
        }
        Self { print, node }
    }

    pub(crate) fn node(self) -> u32 {
        self.node
    }

    fn text<'a>(self, tape: &'a Tape, text: &'a str) -> &'a str {
        tape.node(self.node).map_or("", |node| tape.string(text, node))
    }

    fn compare(self, other: Self, tape: &Tape, text: &str) -> Ordering {
        self.print.cmp(&other.print).then_with(|| self.text(tape, text).cmp(other.text(tape, text)))
    }
}

/// The node of a name that stands in `names` for the second time. The order of `names` is not kept.
pub(crate) fn second_of_two(names: &mut [Name], tape: &Tape, text: &str) -> Option<u32> {
    if names.len() > FEW {
        // Sorted by what they say, so that no choice of names makes it slow.
        names.sort_unstable_by(|one, other| one.compare(*other, tape, text));
        let mut pairs = names.iter().zip(names.iter().skip(1));
        let pair = pairs.find(|(one, other)| one.compare(**other, tape, text).is_eq());
        return pair.map(|(one, other)| one.node.max(other.node));
    }
    for (count, name) in names.iter().enumerate() {
        let mut earlier = names.iter().take(count).filter(|earlier| earlier.print == name.print);
        if earlier.any(|earlier| earlier.compare(*name, tape, text).is_eq()) {
            return Some(name.node);
        }
    }
    None
}
