//! The templates of one API as a trie by segments.
//!
//! A lookup tries literal text, then mixed segments from the narrowest, then a parameter, then a catch-all, and goes back where
//! a branch leads nowhere. No node is visited twice, and how many one lookup can visit at all is known when the trie is built:
//! over [`MAX_LOOKUP_STEPS`] the document is refused, so no request can make a lookup dear.

use crate::mixed::{Mixed, Relation};
use crate::template::{Segment, Template};
use std::collections::HashMap;

/// Nodes and mixed segments that one lookup may look at. Sound documents need two or three per segment.
pub(crate) const MAX_LOOKUP_STEPS: u32 = 1_024;
/// Mixed segments that may stand at one place: each is tried in turn, and all pairs are compared at load.
pub(crate) const MAX_MIXED_SIBLINGS: usize = 128;

/// One template's place in the list that the trie was built from.
pub(crate) type Leaf = u32;

/// All templates of one API.
#[derive(Debug, Default)]
pub(crate) struct Trie {
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    /// Ends here.
    leaf: Option<Leaf>,
    literals: HashMap<Box<str>, Node>,
    /// The narrower of two nested ones first.
    mixed: Vec<(Mixed, Node)>,
    parameter: Option<Box<Node>>,
    /// Takes what is left of the path.
    rest: Option<Leaf>,
}

/// Why a set of templates has no one meaning.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// Both match exactly the same paths.
    Same(Leaf, Leaf),
    /// Two mixed segments match a common text, and neither is the narrower. The one written first stands first.
    Crossed(Leaf, Leaf),
    /// More than [`MAX_MIXED_SIBLINGS`] mixed segments at the place where this one has its.
    Siblings(Leaf),
    /// A lookup could take this many steps, over [`MAX_LOOKUP_STEPS`].
    Steps(u32),
}

impl Trie {
    /// Builds the trie of `templates`; a [`Leaf`] is the place in that order. All conflicts are given together.
    pub(crate) fn build<'t>(templates: impl IntoIterator<Item = &'t Template>) -> Result<Self, Vec<Conflict>> {
        let mut conflicts = Vec::new();
        let mut root = Node::default();
        for (template, leaf) in templates.into_iter().zip(0..) {
            if let Some(earlier) = root.insert(&template.segments, leaf) {
                conflicts.push(Conflict::Same(earlier, leaf));
            }
        }
        let steps = root.settle(&mut conflicts);
        if steps > MAX_LOOKUP_STEPS {
            conflicts.push(Conflict::Steps(steps));
        }
        if conflicts.is_empty() { Ok(Self { root }) } else { Err(conflicts) }
    }

    /// The template that matches `rest`: what follows the slash after the base path; `None` where there is no such slash.
    /// Adds what it looked at to `steps`.
    pub(crate) fn find(&self, rest: Option<&str>, steps: &mut u32) -> Option<Leaf> {
        self.root.find(rest, steps)
    }

    /// A template that can match paths which begin with the segments of `base`, all of them literal.
    pub(crate) fn reaches(&self, base: &[Box<str>]) -> Option<Leaf> {
        self.root.reaches(base)
    }
}

impl Node {
    /// The template that already stands at this place, if one does.
    fn insert(&mut self, segments: &[Segment], leaf: Leaf) -> Option<Leaf> {
        let Some((segment, after)) = segments.split_first() else {
            return claim(&mut self.leaf, leaf);
        };
        let child = match segment {
            Segment::Literal(text) => self.literals.entry(text.clone()).or_default(),
            Segment::Parameter => self.parameter.get_or_insert_default(),
            Segment::Rest => return claim(&mut self.rest, leaf),
            Segment::Mixed(mixed) => {
                let at = self.mixed.iter().position(|(known, _)| known == mixed);
                let at = at.unwrap_or_else(|| {
                    self.mixed.push((mixed.clone(), Self::default()));
                    self.mixed.len().saturating_sub(1)
                });
                &mut self.mixed.get_mut(at)?.1
            }
        };
        child.insert(after, leaf)
    }

    /// Orders mixed segments, notes conflicts, and gives the most steps that a lookup from here can take.
    fn settle(&mut self, conflicts: &mut Vec<Conflict>) -> u32 {
        let literals = self.literals.values_mut().map(|child| child.settle(conflicts)).max().unwrap_or_default();
        let parameter = self.parameter.as_mut().map_or(0, |child| child.settle(conflicts));
        let mixed = self.settle_mixed(conflicts);
        literals.saturating_add(parameter).saturating_add(mixed).saturating_add(1)
    }

    fn settle_mixed(&mut self, conflicts: &mut Vec<Conflict>) -> u32 {
        if self.mixed.len() > MAX_MIXED_SIBLINGS {
            conflicts.extend(self.mixed.iter().find_map(|(_, node)| node.any_leaf()).map(Conflict::Siblings));
            return 0;
        }
        self.mixed.sort_by_cached_key(|(mixed, _)| std::cmp::Reverse(mixed.literal_octets()));
        let steps: Vec<u32> = self.mixed.iter_mut().map(|(_, child)| child.settle(conflicts)).collect();
        let mut most = 0_u32;
        for (place, (mixed, node)) in self.mixed.iter().enumerate() {
            let mut together = 0_u32;
            for (other_place, ((other, other_node), steps)) in self.mixed.iter().zip(&steps).enumerate() {
                let relation = if place == other_place { Relation::Nested } else { mixed.relation(other) };
                if relation != Relation::Apart {
                    together = together.saturating_add(*steps);
                }
                if relation == Relation::Crossed && place < other_place {
                    conflicts.extend(
                        node.any_leaf().zip(other_node.any_leaf()).map(|(a, b)| Conflict::Crossed(a.min(b), a.max(b))),
                    );
                }
            }
            most = most.max(together);
        }
        most.saturating_add(u32::try_from(steps.len()).unwrap_or(u32::MAX))
    }

    fn find(&self, rest: Option<&str>, steps: &mut u32) -> Option<Leaf> {
        *steps = steps.saturating_add(1);
        let Some(rest) = rest else { return self.leaf };
        let (segment, after) = rest.split_once('/').map_or((rest, None), |(segment, after)| (segment, Some(after)));
        if let Some(leaf) = self.literals.get(segment).and_then(|child| child.find(after, steps)) {
            return Some(leaf);
        }
        if segment.is_empty() {
            return None; // a parameter never matches nothing
        }
        for (mixed, child) in &self.mixed {
            *steps = steps.saturating_add(1);
            if mixed.matches(segment)
                && let Some(leaf) = child.find(after, steps)
            {
                return Some(leaf);
            }
        }
        self.parameter.as_ref().and_then(|child| child.find(after, steps)).or(self.rest)
    }

    fn reaches(&self, base: &[Box<str>]) -> Option<Leaf> {
        let Some((segment, after)) = base.split_first() else { return self.any_leaf() };
        let literal = self.literals.get(segment).and_then(|child| child.reaches(after));
        let mixed = || {
            let mut matching = self.mixed.iter().filter(|(mixed, _)| mixed.matches(segment));
            matching.find_map(|(_, child)| child.reaches(after))
        };
        let parameter = || self.parameter.as_ref().and_then(|child| child.reaches(after));
        literal.or_else(mixed).or_else(parameter).or(self.rest)
    }

    /// Some template that passes through this node.
    fn any_leaf(&self) -> Option<Leaf> {
        let mixed = || self.mixed.iter().find_map(|(_, child)| child.any_leaf());
        let literal = || self.literals.values().filter_map(Self::any_leaf).min();
        let parameter = || self.parameter.as_ref().and_then(|child| child.any_leaf());
        self.leaf.or(self.rest).or_else(literal).or_else(mixed).or_else(parameter)
    }
}

/// Takes a free slot, or gives the template that has it.
fn claim(slot: &mut Option<Leaf>, leaf: Leaf) -> Option<Leaf> {
    let earlier = *slot;
    slot.get_or_insert(leaf);
    earlier
}
