//! Header Objects, of responses and of parts.

use super::fields;
use super::media::is_token;
use super::model::{Header, HeaderValue};
use super::reader::Reader;
use portcullis_openapi::{Key, Node};

impl<'d> Reader<'d> {
    pub(super) fn headers(&mut self, node: &'d Node) -> Vec<Header<'d>> {
        let mut found: Vec<Header<'d>> = Vec::new();
        for (key, node) in self.map(node, "headers") {
            if key.text.eq_ignore_ascii_case("content-type") {
                self.warn(key.place, "a header `Content-Type` has no effect", "`content`, or `contentType` of a part");
                continue;
            }
            if let Some(first) = found.iter().find(|known| known.name.eq_ignore_ascii_case(&key.text)) {
                let at = format!("{}:{}", first.place.line, first.place.column);
                self.refuse(
                    key.place,
                    format!("header `{}` stands twice, first at {at}", key.text),
                    "each header once",
                );
                continue;
            }
            found.extend(self.header(key, node));
        }
        found
    }

    fn header(&mut self, key: &'d Key, node: &'d Node) -> Option<Header<'d>> {
        if !is_token(&key.text) {
            self.refuse(key.place, format!("`{}` is no name of a header field", key.text.escape_debug()), "a token");
        }
        let node = self.object(node, &fields::HEADER)?;
        let required = self.flag(node, "required").unwrap_or(false);
        let name = &*key.text;
        if let Some(style) = self.text(node, "style").filter(|style| *style != "simple") {
            let at = node.get("style").map_or(node.place, |value| value.place);
            self.refuse(at, format!("style `{style}` is not permitted in a header"), "`simple`");
        }
        let explode = self.flag(node, "explode").unwrap_or(false);
        let value = match (node.get("schema"), node.get("content")) {
            (Some(schema), None) => HeaderValue::Styled { explode, schema },
            (None, Some(content)) => match self.single_content(&format!("header `{name}`"), content)? {
                Some(media) => HeaderValue::Content(media),
                None => HeaderValue::Waived,
            },
            (Some(_), Some(content)) => {
                self.refuse(content.place, format!("header `{name}` has both `schema` and `content`"), "one of them");
                return None;
            }
            (None, None) => {
                self.refuse(node.place, format!("header `{name}` has neither `schema` nor `content`"), "one of them");
                return None;
            }
        };
        Some(Header { name, place: key.place, required, value })
    }
}
