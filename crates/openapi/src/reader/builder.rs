//! Events of the YAML parser → a tree.

use super::{Budget, Fault, scalar};
use crate::node::{FileId, Key, Kind, Node, Place};
use granit_parser::{Event, ScalarStyle};
use std::collections::{HashMap, HashSet};

/// Keys written twice that are listed; the rest would only repeat the cause.
const MAX_FAULTS: usize = 100;
/// Up to here keys are compared one by one, which is faster than hashing them.
const FEW_KEYS: usize = 16;

pub(super) struct Builder<'b> {
    file: FileId,
    budget: &'b mut Budget,
    /// Maps and lists that are not closed yet, outermost first.
    open: Vec<Open>,
    /// What aliases stand for, by the number that the parser gives an anchor.
    anchors: HashMap<usize, Anchored>,
    root: Option<Node>,
    faults: Vec<Fault>,
    documents: u32,
}

struct Open {
    place: Place,
    anchor: usize,
    holds: Holds,
}

enum Holds {
    Items(Vec<Node>),
    Entries { entries: Vec<(Key, Node)>, seen: HashMap<Box<str>, Place>, key: Option<Slot>, merged: Vec<Node> },
}

/// What the next value of a map belongs to.
enum Slot {
    Key(Key),
    /// `<<`: the entries of the value join the map, behind its own.
    Merge,
}

struct Anchored {
    node: Node,
    size: usize,
    height: usize,
}

impl<'b> Builder<'b> {
    pub(super) fn new(file: FileId, budget: &'b mut Budget) -> Self {
        Self { file, budget, open: Vec::new(), anchors: HashMap::new(), root: None, faults: Vec::new(), documents: 0 }
    }

    pub(super) const fn max_depth(&self) -> usize {
        self.budget.limits.max_depth
    }

    pub(super) fn fail(mut self, fault: Fault) -> Vec<Fault> {
        self.faults.push(fault);
        self.faults
    }

    pub(super) fn finish(self) -> Result<Node, Vec<Fault>> {
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        let place = Place { file: self.file, line: 1, column: 1 };
        Ok(self.root.unwrap_or(Node { place, kind: Kind::Null }))
    }

    pub(super) fn take(&mut self, event: Event<'_>, place: Place) -> Result<(), Fault> {
        if event.tag().is_some() {
            let accepted = "a value without a tag; text that looks like a number stands in quotes";
            return Err(Fault::new(place, "a YAML tag stands here", accepted));
        }
        match event {
            Event::DocumentStart(..) => self.begin_document(place),
            Event::Scalar(text, style, anchor, _) => self.scalar(&text, style, anchor, place),
            Event::SequenceStart(_, anchor, _) => self.begin(place, anchor, Holds::Items(Vec::new())),
            Event::MappingStart(_, anchor, _) => {
                let (entries, merged) = (Vec::new(), Vec::new());
                self.begin(place, anchor, Holds::Entries { entries, seen: HashMap::new(), key: None, merged })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => self.alias(anchor, place),
            _ => Ok(()),
        }
    }

    fn begin_document(&mut self, place: Place) -> Result<(), Fault> {
        self.documents = self.documents.saturating_add(1);
        if self.documents > 1 {
            return Err(Fault::new(place, "a second document begins here", "one document in a file"));
        }
        Ok(())
    }

    fn charge(&mut self, nodes: usize, place: Place) -> Result<(), Fault> {
        self.budget.nodes = self.budget.nodes.checked_sub(nodes).ok_or_else(|| {
            let message = format!("has more than {} values (`max_nodes`)", self.budget.limits.max_nodes);
            Fault::new(place, message, "a smaller document, or a higher bound")
        })?;
        Ok(())
    }

    fn charge_aliased(&mut self, nodes: usize, place: Place) -> Result<(), Fault> {
        self.charge(nodes, place)?;
        self.budget.aliased = self.budget.aliased.checked_sub(nodes).ok_or_else(|| {
            let message =
                format!("grows by more than {} values by aliases (`max_aliased`)", self.budget.limits.max_aliased);
            Fault::new(place, message, "the values written out, or `$ref`")
        })?;
        Ok(())
    }

    fn check_depth(&self, more: usize, place: Place) -> Result<(), Fault> {
        let max = self.max_depth();
        if self.open.len().saturating_add(more) > max {
            let message = format!("is nested deeper than {max} maps and lists (`max_depth`)");
            return Err(Fault::new(place, message, "a flatter document"));
        }
        Ok(())
    }

    /// Only a scalar can be a key.
    fn check_no_key(&self, what: &str, place: Place) -> Result<(), Fault> {
        match self.open.last() {
            Some(Open { holds: Holds::Entries { key: None, .. }, .. }) => {
                Err(Fault::new(place, format!("{what} stands as a key"), "the key written out"))
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, place: Place, anchor: usize, holds: Holds) -> Result<(), Fault> {
        self.charge(1, place)?;
        self.check_depth(1, place)?;
        self.check_no_key("a map or a list", place)?;
        self.open.push(Open { place, anchor, holds });
        Ok(())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, anchor: usize, place: Place) -> Result<(), Fault> {
        self.charge(1, place)?;
        if let Some(Open { holds: Holds::Entries { key: slot @ None, entries, seen, .. }, .. }) = self.open.last_mut() {
            if text == "<<" && style == ScalarStyle::Plain {
                *slot = Some(Slot::Merge);
                return Ok(());
            }
            let first = first_place(text, entries, seen);
            *slot = Some(Slot::Key(Key { text: text.into(), place }));
            if let Some(first) = first {
                let message = format!("`{text}` is written twice in one map, first at {}:{}", first.line, first.column);
                self.complain(Fault::new(place, message, "each key once"))?;
            }
            return Ok(());
        }
        let node = Node { place, kind: scalar::resolve(text, style) };
        self.keep(node, anchor)
    }

    fn complain(&mut self, fault: Fault) -> Result<(), Fault> {
        if self.faults.len() >= MAX_FAULTS {
            return Err(fault);
        }
        self.faults.push(fault);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let kind = match open.holds {
            Holds::Items(mut items) => {
                items.shrink_to_fit();
                Kind::List(items)
            }
            Holds::Entries { mut entries, merged, .. } => {
                for node in merged {
                    merge(&mut entries, node)?;
                }
                entries.shrink_to_fit();
                Kind::Map(entries)
            }
        };
        self.keep(Node { place: open.place, kind }, open.anchor)
    }

    /// The value goes where it belongs, and is remembered if aliases may name it.
    fn keep(&mut self, node: Node, anchor: usize) -> Result<(), Fault> {
        if anchor != 0 {
            let (size, height) = measure(&node);
            self.charge_aliased(size, node.place)?;
            self.anchors.insert(anchor, Anchored { node: node.clone(), size, height });
        }
        match self.open.last_mut().map(|open| &mut open.holds) {
            None => self.root = Some(node),
            Some(Holds::Items(items)) => items.push(node),
            Some(Holds::Entries { entries, seen, key, merged }) => match key.take() {
                Some(Slot::Key(key)) => {
                    remember(&key, entries, seen);
                    entries.push((key, node));
                }
                Some(Slot::Merge) => merged.push(node),
                // `scalar`, `begin` and `alias` have asked.
                None => return Err(Fault::new(node.place, "a value stands without a key", "a key before it")),
            },
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, place: Place) -> Result<(), Fault> {
        self.check_no_key("an alias", place)?;
        let Some(anchored) = self.anchors.get(&anchor) else {
            return Err(Fault::new(place, "an alias stands inside the value that it names", "the value written out"));
        };
        let (size, height) = (anchored.size, anchored.height);
        self.check_depth(height, place)?;
        self.charge_aliased(size, place)?;
        // The value keeps the places where it was written: that is where it can be changed.
        let node = self.anchors.get(&anchor).map(|anchored| anchored.node.clone());
        node.map_or(Ok(()), |node| self.keep(node, 0))
    }
}

/// Where a key of the map was written before.
fn first_place(text: &str, entries: &[(Key, Node)], seen: &HashMap<Box<str>, Place>) -> Option<Place> {
    if entries.len() > FEW_KEYS {
        return seen.get(text).copied();
    }
    entries.iter().find(|(key, _)| &*key.text == text).map(|(key, _)| key.place)
}

/// `entries` holds the keys before this one; `seen` holds all of them once they are many.
fn remember(key: &Key, entries: &[(Key, Node)], seen: &mut HashMap<Box<str>, Place>) {
    if entries.len() < FEW_KEYS {
        return;
    }
    if seen.is_empty() {
        seen.extend(entries.iter().map(|(key, _)| (key.text.clone(), key.place)));
    }
    seen.insert(key.text.clone(), key.place);
}

/// `<<: *map` or `<<: [*map, *other]`: entries that the map itself does not have, those of the first one first.
fn merge(entries: &mut Vec<(Key, Node)>, node: Node) -> Result<(), Fault> {
    let place = node.place;
    let more = match node.kind {
        Kind::Map(more) => more,
        Kind::List(maps) if maps.iter().all(|map| matches!(map.kind, Kind::Map(_))) => {
            maps.into_iter().flat_map(|map| if let Kind::Map(more) = map.kind { more } else { Vec::new() }).collect()
        }
        _ => return Err(Fault::new(place, "`<<` merges something else than maps", "an alias of a map")),
    };
    let mut known: HashSet<Box<str>> = entries.iter().map(|(key, _)| key.text.clone()).collect();
    for (key, value) in more {
        if known.insert(key.text.clone()) {
            entries.push((key, value));
        }
    }
    Ok(())
}

/// How many values a node holds, itself and keys included, and how many maps and lists are inside each other. The depth of
/// what is measured is bounded by that of the document.
fn measure(node: &Node) -> (usize, usize) {
    let of = |nodes: &mut dyn Iterator<Item = &Node>, own: usize| {
        nodes.map(measure).fold((own, 1), |(size, height): (usize, usize), (more, inner)| {
            (size.saturating_add(more), height.max(inner.saturating_add(1)))
        })
    };
    match &node.kind {
        Kind::List(items) => of(&mut items.iter(), 1),
        Kind::Map(entries) => of(&mut entries.iter().map(|(_, value)| value), entries.len().saturating_add(1)),
        _ => (1, 0),
    }
}
