//! Request bodies and contents by media type.

use super::media::{Declared, is_same};
use super::model::{Body, Encoding, MediaType};
use super::reader::Reader;
use super::{fields, style, types};
use crate::values::media::{Ranges, Reading};
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
            if found.iter().any(|known| is_same(known.range, media.range)) {
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
        if !matches!(media.reading, Reading::Json | Reading::Form | Reading::Text) {
            self.unenforced(key.place, format!("`{}` of {what} cannot be read", media.range), "`application/json`");
            return Some(None);
        }
        Some(Some(media))
    }

    fn media_type(&mut self, key: &'d Key, node: &'d Node) -> Option<MediaType<'d>> {
        let declared = Declared::parse(&key.text);
        if declared.is_none() {
            let accepted = "a media type in UTF-8, such as `application/json`";
            self.refuse(key.place, format!("`{}` is no media type", key.text), accepted);
        }
        let node = self.object(node, &fields::MEDIA_TYPE)?;
        let declared = declared?;
        let mut media = MediaType {
            range: &key.text,
            place: key.place,
            reading: declared.reading,
            schema: node.get("schema"),
            item_schema: node.get("itemSchema"),
            encoding: Vec::new(),
            is_waived: false,
        };
        if self.is_enforceable(declared, &media, node) {
            media.encoding = self.encodings(node, &media);
        } else {
            media.is_waived = true;
            (media.schema, media.item_schema) = (None, None);
        }
        Some(media)
    }

    /// Whether what is said of content of this media type can be checked.
    fn is_enforceable(&mut self, declared: Declared, media: &MediaType<'d>, node: &'d Node) -> bool {
        let range = media.range;
        if let Some(item) = media.item_schema.filter(|_| !declared.is_sequence()) {
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
        let is_checked = match declared.reading {
            Reading::Json | Reading::Form | Reading::Multipart => true,
            Reading::Text => is_text,
            Reading::Opaque => declared.is_open || is_text,
            Reading::JsonLines | Reading::JsonSequence | Reading::Events => false,
        };
        if !is_checked {
            let (message, accepted) = if declared.is_sequence() {
                (format!("`schema` of `{range}` would need the whole sequence"), "`itemSchema` (OpenAPI 3.2)")
            } else {
                let accepted = "`application/json`, or no schema: size and type only";
                (format!("a schema of `{range}` cannot be checked"), accepted)
            };
            self.unenforced(schema.place, message, accepted);
        }
        is_checked
    }

    fn encodings(&mut self, node: &'d Node, media: &MediaType<'d>) -> Vec<Encoding<'d>> {
        let is_form = matches!(media.reading, Reading::Form | Reading::Multipart);
        if let Some(encoding) = node.get("encoding").filter(|_| !is_form) {
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
            found.extend(self.encoding(key, node, media.reading));
        }
        found
    }

    fn encoding(&mut self, key: &'d Key, node: &'d Node, reading: Reading) -> Option<Encoding<'d>> {
        let node = self.object(node, &fields::ENCODING)?;
        for field in ["encoding", "prefixEncoding", "itemEncoding"] {
            if let Some(value) = node.get(field) {
                self.unenforced(value.place, format!("`{field}` inside an encoding cannot be enforced"), "a flat form");
            }
        }
        let content_types = self.content_types(node);
        let headers = self.headers(node);
        if let Some(value) = node.get("headers").filter(|_| reading == Reading::Form) {
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
    fn content_types(&mut self, node: &'d Node) -> Ranges {
        let Some(text) = self.text(node, "contentType") else { return Ranges::default() };
        Ranges::compile(text.split(',').map(str::trim)).unwrap_or_else(|error| {
            let at = node.get("contentType").map_or(node.place, |value| value.place);
            self.refuse(at, format!("`{}` is no media type", error.text), "media types, separated by commas");
            Ranges::default()
        })
    }
}
