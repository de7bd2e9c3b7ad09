//! Templates learned from paths: a tree by segments, in which values become parameters.
//!
//! A segment that looks like a value is one at once. Others are words, until so many stand at one place that they must be values:
//! then all of them become one parameter, what stands below them is put together, and it stays so.

use super::learned::Learned;
use super::segment::{is_reserved, is_value, parameter_name};
use super::{MAX_ENTRIES, MAX_NODES, MAX_REFUSED_ENTRIES, MAX_REFUSED_NODES, MAX_SEGMENTS};
use std::collections::BTreeMap;

/// Different words at one place that are no words any more.
const TOO_MANY_WORDS: usize = 20;
/// The same at the beginning of a path, where APIs have their resources.
const TOO_MANY_FIRST_WORDS: usize = 100;
/// A parameter, as templates are kept.
const VALUE: &str = "{}";
/// One that was words before.
const WORDS: &str = "{*}";

/// What was learned of one API, of what is forwarded or of what is refused.
#[derive(Debug)]
pub(super) struct Tree {
    root: Node,
    pub(super) nodes: usize,
    entries: usize,
    max_nodes: usize,
    max_entries: usize,
    /// Templates that were kept are no more.
    pub(super) is_restructured: bool,
}

#[derive(Debug, Default)]
struct Node {
    words: BTreeMap<Box<str>, Node>,
    value: Option<Box<Node>>,
    /// Words are values here.
    is_collapsed: bool,
    /// By method.
    entries: BTreeMap<Box<str>, Learned>,
}

/// One method of one template.
pub(super) struct Known<'a> {
    /// As it is kept.
    pub(super) template: String,
    pub(super) method: &'a str,
    pub(super) learned: &'a Learned,
}

impl Tree {
    pub(super) fn learned() -> Self {
        Self::new(MAX_NODES, MAX_ENTRIES)
    }

    pub(super) fn refused() -> Self {
        Self::new(MAX_REFUSED_NODES, MAX_REFUSED_ENTRIES)
    }

    fn new(max_nodes: usize, max_entries: usize) -> Self {
        Self { root: Node::default(), nodes: 0, entries: 0, max_nodes, max_entries, is_restructured: false }
    }

    /// Adds what was seen at `path`, which begins with a slash. False: there is no room for it.
    pub(super) fn add(&mut self, path: &str, method: &str, seen: Learned) -> bool {
        let path = path.strip_prefix('/').unwrap_or(path);
        if path.split('/').count() > MAX_SEGMENTS {
            return false;
        }
        let has_room = self.nodes < self.max_nodes && self.entries < self.max_entries;
        let mut added = 0_usize;
        let mut is_restructured = false;
        let mut node = &mut self.root;
        for (place, segment) in path.split('/').enumerate() {
            let most = if place == 0 { TOO_MANY_FIRST_WORDS } else { TOO_MANY_WORDS };
            let next = node.next(segment, most, has_room, &mut is_restructured);
            let Some((next, is_new)) = next else { return false };
            added = added.saturating_add(usize::from(is_new));
            node = next;
        }
        if !has_room && !node.entries.contains_key(method) {
            return false;
        }
        let before = node.entries.len();
        node.entries.entry(method.into()).or_default().merge(seen);
        // The bounds were kept when it began: they are passed by the segments of one path at most.
        self.nodes = self.nodes.saturating_add(added);
        self.entries = self.entries.saturating_add(node.entries.len().saturating_sub(before));
        if is_restructured {
            self.is_restructured = true;
            self.count();
        }
        true
    }

    /// Puts back what was kept.
    pub(super) fn restore(&mut self, template: &str, method: &str, learned: Learned) {
        let mut node = &mut self.root;
        for segment in template.strip_prefix('/').unwrap_or(template).split('/').take(MAX_SEGMENTS) {
            node = match segment {
                VALUE => node.value.get_or_insert_default(),
                WORDS => {
                    node.is_collapsed = true;
                    node.value.get_or_insert_default()
                }
                word => node.words.entry(word.into()).or_default(),
            };
        }
        node.entries.insert(method.into(), learned);
    }

    /// Counts what it has, after it was put back or changed its shape.
    pub(super) fn count(&mut self) {
        self.nodes = self.root.count(&|_| 1).saturating_sub(1);
        self.entries = self.root.count(&|node| node.entries.len());
    }

    /// All of it, in order.
    pub(super) fn known(&self) -> Vec<Known<'_>> {
        let mut known = Vec::new();
        self.root.list(String::new(), &mut known);
        known
    }

    /// It is in the store now.
    pub(super) fn settle(&mut self) {
        self.is_restructured = false;
        self.root.settle();
    }
}

impl Node {
    /// Where `segment` leads, and whether that is new; `None` where it would be and there is no room.
    fn next(
        &mut self,
        segment: &str,
        most_words: usize,
        has_room: bool,
        is_restructured: &mut bool,
    ) -> Option<(&mut Self, bool)> {
        let is_word = !is_value(segment) && (!self.is_collapsed || is_reserved(segment));
        if !is_word {
            let is_new = self.value.is_none();
            return (has_room || !is_new).then(|| (&mut **self.value.get_or_insert_default(), is_new));
        }
        if self.words.contains_key(segment) {
            return self.words.get_mut(segment).map(|node| (node, false));
        }
        if !has_room {
            return None;
        }
        if self.words.len().saturating_add(1) >= most_words && !is_reserved(segment) {
            self.collapse();
            *is_restructured = true;
            return Some((&mut **self.value.get_or_insert_default(), false));
        }
        Some((self.words.entry(segment.into()).or_default(), true))
    }

    /// Its words were values all along.
    fn collapse(&mut self) {
        self.is_collapsed = true;
        let mut value = self.value.take().unwrap_or_default();
        for (word, node) in std::mem::take(&mut self.words) {
            if is_reserved(&word) {
                self.words.insert(word, node);
            } else {
                value.merge(node);
            }
        }
        self.value = Some(value);
    }

    /// As deep as a path, so at most [`MAX_SEGMENTS`].
    fn merge(&mut self, other: Self) {
        for (word, node) in other.words {
            self.words.entry(word).or_default().merge(node);
        }
        if let Some(node) = other.value {
            self.value.get_or_insert_default().merge(*node);
        }
        for (method, learned) in other.entries {
            self.entries.entry(method).or_default().merge(learned);
        }
        self.is_collapsed |= other.is_collapsed;
        if self.words.len() >= TOO_MANY_WORDS || self.is_collapsed {
            self.collapse();
        }
    }

    fn count(&self, of: &impl Fn(&Self) -> usize) -> usize {
        let below = self.words.values().chain(self.value.as_deref());
        below.fold(of(self), |sum, node| sum.saturating_add(node.count(of)))
    }

    fn list<'a>(&'a self, template: String, known: &mut Vec<Known<'a>>) {
        for (method, learned) in &self.entries {
            known.push(Known { template: template.clone(), method, learned });
        }
        for (word, node) in &self.words {
            node.list(format!("{template}/{word}"), known);
        }
        if let Some(node) = &self.value {
            let value = if self.is_collapsed { WORDS } else { VALUE };
            node.list(format!("{template}/{value}"), known);
        }
    }

    fn settle(&mut self) {
        self.entries.values_mut().for_each(|learned| learned.is_dirty = false);
        self.words.values_mut().chain(self.value.as_deref_mut()).for_each(Self::settle);
    }
}

/// A template for people: its parameters have names, each another one.
pub(super) fn named(template: &str) -> String {
    let mut out = String::new();
    let mut names: Vec<String> = Vec::new();
    let mut word = None;
    for segment in template.strip_prefix('/').unwrap_or(template).split('/') {
        out.push('/');
        if segment != VALUE && segment != WORDS {
            word = Some(segment);
            out.push_str(segment);
            continue;
        }
        let base = parameter_name(word.take());
        let mut name = base.clone();
        let mut number = 2_usize;
        while names.contains(&name) {
            name = format!("{base}{number}");
            number = number.saturating_add(1);
        }
        out.push_str(&format!("{{{name}}}"));
        names.push(name);
    }
    out
}
