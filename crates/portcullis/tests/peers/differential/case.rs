//! One case of the differential test: bytes as a client sends them, and the one request that they may be.

use anyhow::Result;
use portcullis_testkit::latin1;

/// What a client sends.
#[derive(Clone, Debug)]
pub(crate) enum Wire {
    /// These bytes.
    Http1(Vec<u8>),
    /// These fields (pseudo-header fields included, as they are) and these bytes of content on one HTTP/2 stream.
    Http2 {
        /// In order.
        fields: Vec<(Vec<u8>, Vec<u8>)>,
        /// None: the stream ends with its head.
        content: Option<Vec<u8>>,
        /// A trailer section.
        trailers: Vec<(Vec<u8>, Vec<u8>)>,
    },
}

/// A request as every upstream must see it, if it sees one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// The canonical target.
    pub(crate) target: String,
    /// Fields that must arrive with exactly these values, in this order.
    pub(crate) fields: Vec<(String, String)>,
    /// The content; not looked at where it is `None`.
    pub(crate) content: Option<Vec<u8>>,
}

/// One case.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Unique, and part of every path in it.
    pub(crate) name: String,
    /// What is wrong with it, or the sentence that allows it.
    pub(crate) why: &'static str,
    pub(crate) wire: Wire,
    /// What may be seen, or must be where it is `valid`, and nothing else.
    pub(crate) seen: Vec<Seen>,
    /// It must reach the upstream.
    pub(crate) valid: bool,
}

impl Case {
    /// A case of HTTP/1.1 that must be refused, or be this one request.
    ///
    /// In `text`, each character a byte: `@C@` is its path, `@S@` the path that nobody may ever see, `@SMUGGLED@` a whole
    /// request for it, `@SIZE@` the length of that in two hexadecimal digits, `@LENGTH@` the length of all that stands behind
    /// the first empty line.
    pub(crate) fn odd(name: impl Into<String>, method: &str, text: &str, why: &'static str) -> Result<Self> {
        let name = name.into();
        let bytes = latin1::to_bytes(&fill(text, &name))?;
        let seen = Seen { method: method.to_owned(), target: path(&name), ..Seen::default() };
        Ok(Self { name, why, wire: Wire::Http1(bytes), seen: vec![seen], valid: false })
    }

    /// The same case with another canonical target, `@C@` filled in.
    pub(crate) fn target(mut self, target: &str) -> Self {
        let target = fill(target, &self.name);
        for seen in &mut self.seen {
            seen.target.clone_from(&target);
        }
        self
    }

    /// What looks smuggled may be a second request: some readings of the first that RFC 9112 allows end before it.
    pub(crate) fn and_smuggled(mut self) -> Self {
        self.seen.push(Seen { method: "GET".to_owned(), target: fill("@S@", &self.name), ..Seen::default() });
        self
    }

    /// What it sends, with its name taken out.
    pub(crate) fn unnamed(&self) -> String {
        format!("{:?}", self.wire).replace(&format!("{:?}", self.name.as_bytes()).replace(['[', ']'], ""), "@")
    }

    /// Whether its first answer has no content.
    pub(crate) fn is_head(&self) -> bool {
        self.seen.first().is_some_and(|seen| seen.method == "HEAD")
    }
}

/// The path of a case.
pub(crate) fn path(name: &str) -> String {
    format!("/c/{name}")
}

/// Fills in what [`Case::odd`] names.
pub(crate) fn fill(text: &str, name: &str) -> String {
    let smuggled = format!("GET /smuggled/{name} HTTP/1.1\r\nHost: peer.test\r\n\r\n");
    let size = format!("{:x}", smuggled.len());
    let text = text.replace("@SMUGGLED@", &smuggled).replace("@SIZE@", &size).replace("@C@", &path(name));
    let text = text.replace("@S@", &format!("/smuggled/{name}"));
    let behind = text.split_once("\r\n\r\n").map_or(0, |(_, behind)| behind.chars().count());
    text.replace("@LENGTH@", &behind.to_string())
}
