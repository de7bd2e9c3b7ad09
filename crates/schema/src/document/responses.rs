//! Responses by status.

use super::fields;
use super::model::{Response, StatusRange};
use super::reader::Reader;
use portcullis_openapi::Node;

impl<'d> Reader<'d> {
    pub(super) fn responses(&mut self, node: &'d Node) -> Vec<Response<'d>> {
        let mut found = Vec::new();
        for (key, response) in self.map(node, "responses") {
            let status = StatusRange::parse(&key.text);
            if status.is_none() {
                let message = format!("`{}` is no status of a response", key.text);
                let error = self.documents.error(
                    key.place,
                    message,
                    "a status such as `200`, a class such as `2XX`, or `default`",
                );
                self.findings.push(error.suggesting(&key.text, ["default", "1XX", "2XX", "3XX", "4XX", "5XX"]));
            }
            let Some(response) = self.object(response, &fields::RESPONSE) else { continue };
            let (headers, content) = (self.headers(response), self.content(response));
            found.extend(status.map(|status| Response { status, place: key.place, headers, content }));
        }
        found
    }
}

impl StatusRange {
    /// `200`, `2XX` or `default`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "default" {
            return Some(Self::Default);
        }
        if let Some(class) = text.strip_suffix("XX") {
            return class.parse().ok().filter(|class| class_is_known(*class)).map(Self::Class);
        }
        let code: u16 = text.parse().ok()?;
        (text.len() == 3 && (100..600).contains(&code)).then_some(Self::Code(code))
    }
}

fn class_is_known(class: u8) -> bool {
    (1..=5).contains(&class)
}
