//! Places and the pointers that name them.

use super::Documents;
use crate::node::{FileId, Kind, Node, Place};
use crate::reference;

impl Documents {
    /// Where each key and value begins that a pointer names: `/paths/~1a/get`, or `schemas/order.yaml#/Order` for another
    /// file. A token `*` stands for any one. None if it leads nowhere.
    #[must_use]
    pub fn places(&self, pointer: &str) -> Vec<[Place; 2]> {
        let (file, pointer) = match pointer.split_once('#') {
            None => (Some(FileId(0)), pointer),
            Some((path, pointer)) => (self.files().find(|file| self.relative(*file) == path), pointer),
        };
        let (Some(root), Some(tokens)) = (file.and_then(|file| self.root_of(file)), reference::tokens(pointer)) else {
            return Vec::new();
        };
        let mut found = vec![(root.place, root)];
        for token in tokens {
            found = found.into_iter().flat_map(|(_, node)| children(node, &token)).collect();
        }
        found.into_iter().map(|(key, node)| [key, node.place]).collect()
    }

    /// The pointer that [`Self::places`] reads, of the outermost key or value that begins at `place`.
    #[must_use]
    pub fn pointer(&self, place: Place) -> Option<String> {
        let mut tokens = Vec::new();
        let root = self.root_of(place.file)?;
        if !descend(root, place, &mut tokens) {
            tokens.clear();
            if !seek(root, place, &mut tokens) {
                return None;
            }
        }
        let mut text = if place.file == FileId(0) { String::new() } else { format!("{}#", self.relative(place.file)) };
        for token in tokens {
            text.push('/');
            text.push_str(&token.replace('~', "~0").replace('/', "~1"));
        }
        Some(text)
    }

    fn relative(&self, file: FileId) -> &str {
        self.files.get(usize::from(file.0)).map_or("", |file| &file.relative)
    }
}

/// What a token names, and where its key stands; an item has no key.
fn children<'n>(node: &'n Node, token: &str) -> Vec<(Place, &'n Node)> {
    let entries = node.entries().iter();
    let named = entries.filter(|(key, _)| token == "*" || *key.text == *token).map(|(key, value)| (key.place, value));
    let items = match (&node.kind, token) {
        (Kind::List(items), "*") => items.iter().collect(),
        (Kind::List(_), _) => super::child(node, token).into_iter().collect(),
        _ => Vec::new(),
    };
    named.chain(items.into_iter().map(|item| (item.place, item))).collect()
}

/// Finds the value, or the one whose key begins at `place`, where each value stands behind the one before it: everywhere but
/// behind aliases.
fn descend(root: &Node, place: Place, tokens: &mut Vec<String>) -> bool {
    let mut node = root;
    while node.place != place {
        let next = match &node.kind {
            Kind::Map(entries) => {
                let Some((key, value)) = entries.iter().rfind(|(key, _)| key.place <= place) else { return false };
                tokens.push(key.text.to_string());
                if key.place == place {
                    return true;
                }
                value
            }
            Kind::List(items) => {
                let Some((index, value)) = items.iter().enumerate().rfind(|(_, value)| value.place <= place) else {
                    return false;
                };
                tokens.push(index.to_string());
                value
            }
            _ => return false,
        };
        node = next;
    }
    true
}

/// The same, wherever it is. The depth is that of the document, which is bounded.
fn seek(node: &Node, place: Place, tokens: &mut Vec<String>) -> bool {
    if node.place == place {
        return true;
    }
    match &node.kind {
        Kind::Map(entries) => entries.iter().any(|(key, value)| {
            tokens.push(key.text.to_string());
            key.place == place || seek(value, place, tokens) || tokens.pop().is_none()
        }),
        Kind::List(items) => items.iter().enumerate().any(|(index, value)| {
            tokens.push(index.to_string());
            seek(value, place, tokens) || tokens.pop().is_none()
        }),
        _ => false,
    }
}
