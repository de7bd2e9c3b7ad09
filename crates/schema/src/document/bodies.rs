//! Request bodies and contents by media type.

use super::media::{MediaKind, MediaRange};
use super::model::{Body, Encoding, MediaType};
use super::reader::Reader;
use super::{fields, style, types};
use crate::values::{Location, Style};
use portcullis_openapi::{Key, Node};

impl<'d> Reader<'d> {
    pub(super) fn body(&mut self, node: &'d Node) -> Option<Body<'d>> {
        let node = self.object(node, &fields::REQUEST_BODY)?;
        let required = self.flag(node, "required").unwrap_or(false);
        if node.get("content").is_none_or(|content| content.entries().is_empty()) {
            self.refuse(node.place, "a request body without `content`", "`content` with a media type");
        }
        Some(Body { place: node.place, required, content: self.content(node) })
    }

    /// All entries of `content` that can be read; none twice.
    pub(super) fn content(&mut self, node: &'d Node) -> Vec<MediaType<'d>> {
        let mut found: Vec<MediaType<'d>> = Vec::new();
        for (key, node) in self.map(node, "content") {
            let Some(media) = self.media_type(key, node) else { continue };
            if found.iter().any(|known| known.range == media.range) {
                self.refuse(key.place, format!("media type `{}` stands twice", key.text), "each media type once");
            } else {
                found.push(media);
            }
        }
        found
    }

    /// The one media type of a parameter or header. `Some(None)`: it cannot be enforced.
    pub(super) fn single_content(&mut self, what: &str, content: &'d Node) -> Option<Option<MediaType<'d>>> {
        let [(key, node)] = content.entries() else {
            let message = format!("`content` of {what} has {} media types", content.entries().len());
            self.refuse(content.place, message, "exactly one");
            return None;
        };
        let media = self.media_type(key, node)?;
        if media.schema.is_none() && !media.is_waived {
            self.refuse(node.place, format!("`content` of {what} has no schema"), "`schema`");
            return None;
        }
        if media.is_waived {
            return Some(None);
        }
        if !matches!(media.range.media_kind(), MediaKind::Json | MediaKind::Form | MediaKind::Text) {
            self.unenforced(key.place, format!("`{}` of {what} cannot be read", media.range), "`application/json`");
            return Some(None);
        }
        Some(Some(media))
    }

    fn media_type(&mut self, key: &'d Key, node: &'d Node) -> Option<MediaType<'d>> {
        let range = MediaRange::parse(&key.text);
        if range.is_none() {
            self.refuse(
                key.place,
                format!("`{}` is no media type", key.text),
                "a media type such as `application/json`",
            );
        }
        let node = self.object(node, &fields::MEDIA_TYPE)?;
        let range = range?;
        let schema = node.get("schema");
        let item_schema = node.get("itemSchema");
        let mut media =
            MediaType { range, place: key.place, schema, item_schema, encoding: Vec::new(), is_waived: false };
        if self.is_enforceable(&media, node) {
            media.encoding = self.encodings(node, &media);
        } else {
            media.is_waived = true;
            (media.schema, media.item_schema) = (None, None);
        }
        Some(media)
    }

    /// Whether what is said of content of this media type can be checked.
    fn is_enforceable(&mut self, media: &MediaType<'d>, node: &'d Node) -> bool {
        let kind = media.range.media_kind();
        let range = &media.range;
        if let Some(item) = media.item_schema.filter(|_| kind != MediaKind::Sequence) {
            let message = format!("`itemSchema` of `{range}`, which is no sequence of items");
            self.unenforced(
                item.place,
                message,
                "`schema`, or `application/jsonl`, `application/json-seq`, `text/event-stream`",
            );
            return false;
        }
        for field in ["prefixEncoding", "itemEncoding"] {
            if let Some(value) = node.get(field) {
                self.unenforced(value.place, format!("`{field}` cannot be enforced"), "`encoding` by property");
                return false;
            }
        }
        let Some(schema) = media.schema.filter(|schema| !types::is_open(schema)) else { return true };
        let types = types::types(self.documents, schema);
        let is_text = !types.is_empty() && types.iter().all(|kind| matches!(*kind, "string" | "null"));
        let is_checked = match kind {
            MediaKind::Json | MediaKind::Range | MediaKind::Form | MediaKind::Multipart => true,
            MediaKind::Text | MediaKind::Binary => is_text,
            MediaKind::Sequence => false,
        };
        if !is_checked {
            let (message, accepted) = match kind {
                MediaKind::Sequence => {
                    (format!("`schema` of `{range}` would need the whole sequence"), "`itemSchema` (OpenAPI 3.2)")
                }
                _ => (
                    format!("a schema of `{range}` cannot be checked"),
                    "`application/json`, or no schema: size and type only",
                ),
            };
            self.unenforced(schema.place, message, accepted);
        }
        is_checked
    }

    fn encodings(&mut self, node: &'d Node, media: &MediaType<'d>) -> Vec<Encoding<'d>> {
        let kind = media.range.media_kind();
        if let Some(encoding) = node.get("encoding").filter(|_| !matches!(kind, MediaKind::Form | MediaKind::Multipart))
        {
            let message = format!("`encoding` has no effect on `{}`", media.range);
            self.refuse(encoding.place, message, "`encoding` of a form only");
            return Vec::new();
        }
        let properties = media.schema.map(|schema| types::properties(self.documents, schema)).unwrap_or_default();
        let known: Vec<&str> = properties.iter().map(|(key, _)| &*key.text).collect();
        let mut found = Vec::new();
        for (key, node) in self.map(node, "encoding") {
            if !known.contains(&&*key.text) {
                let kind = "property with an encoding";
                self.findings.push(self.documents.unknown(key.place, kind, &key.text, known.iter().copied()));
            }
            found.extend(self.encoding(key, node, kind));
        }
        found
    }

    fn encoding(&mut self, key: &'d Key, node: &'d Node, kind: MediaKind) -> Option<Encoding<'d>> {
        let node = self.object(node, &fields::ENCODING)?;
        for field in ["encoding", "prefixEncoding", "itemEncoding"] {
            if let Some(value) = node.get(field) {
                self.unenforced(value.place, format!("`{field}` inside an encoding cannot be enforced"), "a flat form");
            }
        }
        let content_types = self.content_types(node);
        let headers = self.headers(node);
        if let Some(value) = node.get("headers").filter(|_| kind == MediaKind::Form) {
            self.refuse(value.place, "`headers` have no effect in a form without parts", "`multipart/form-data`");
        }
        let allow_reserved = self.flag(node, "allowReserved").unwrap_or(false);
        let is_styled = ["style", "explode", "allowReserved"].into_iter().any(|field| node.get(field).is_some());
        let style = is_styled.then(|| self.encoding_style(node));
        Some(Encoding { property: &key.text, place: key.place, content_types, headers, style, allow_reserved })
    }

    /// As for a query parameter: `form`, unless another is written.
    fn encoding_style(&mut self, node: &'d Node) -> (Style, bool) {
        let found = self.style(node).unwrap_or(style::default(Location::Form));
        (found, self.flag(node, "explode").unwrap_or(style::explodes(found)))
    }

    /// `image/png, image/*`
    fn content_types(&mut self, node: &'d Node) -> Vec<MediaRange> {
        let Some(text) = self.text(node, "contentType") else { return Vec::new() };
        let mut found = Vec::new();
        for part in text.split(',') {
            match MediaRange::parse(part) {
                Some(range) => found.push(range),
                None => {
                    let at = node.get("contentType").map_or(node.place, |value| value.place);
                    self.refuse(at, format!("`{}` is no media type", part.trim()), "media types, separated by commas");
                }
            }
        }
        found
    }
}
