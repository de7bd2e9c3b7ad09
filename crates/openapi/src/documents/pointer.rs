//! Places and the pointers that name them.

use super::Documents;
use crate::node::{FileId, Kind, Node, Place};
use crate::reference;

impl Documents {
    /// Where the key and the value begin that a pointer names: `/paths/~1a/get`, or `schemas/order.yaml#/Order` for another
    /// file. `None` if it leads nowhere.
    #[must_use]
    pub fn places(&self, pointer: &str) -> Option<[Place; 2]> {
        let (file, pointer) = match pointer.split_once('#') {
            None => (FileId(0), pointer),
            Some((path, pointer)) => (self.files().find(|file| self.relative(*file) == path)?, pointer),
        };
        let mut node = self.root_of(file)?;
        let mut key = node.place;
        for token in reference::tokens(pointer)? {
            let entry = node.entries().iter().find(|(key, _)| *key.text == *token);
            let next = entry.map_or_else(|| super::child(node, &token), |(_, value)| Some(value))?;
            key = entry.map_or(next.place, |(key, _)| key.place);
            node = next;
        }
        Some([key, node.place])
    }

    /// The pointer that [`Self::places`] reads, of the outermost key or value that begins at `place`.
    #[must_use]
    pub fn pointer(&self, place: Place) -> Option<String> {
        let mut tokens = Vec::new();
        if !seek(self.root_of(place.file)?, place, &mut tokens) {
            return None;
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

/// Finds the value, or the one whose key begins at `place`; its depth is that of the document, which is bounded.
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
