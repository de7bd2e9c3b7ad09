//! Keys of `content`: media types and ranges of them.

use std::fmt;

/// A media type or range as a document writes it, in lower case, parameters apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MediaRange {
    /// Before the slash; `*` for any.
    pub kind: Box<str>,
    /// After it; `*` for any.
    pub subtype: Box<str>,
    /// Behind it, in the order of the document; names in lower case.
    pub parameters: Vec<(Box<str>, Box<str>)>,
}

/// What can be done with content of a media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// One JSON text: `application/json`, `…+json`.
    Json,
    /// One JSON text where the content says so; nothing else can be read (`application/*`, `*/*`).
    Range,
    /// `application/x-www-form-urlencoded`
    Form,
    /// `multipart/form-data`
    Multipart,
    /// Items one after the other: JSON Lines, JSON sequences, event streams.
    Sequence,
    /// Text of any kind: only a string can be said of it.
    Text,
    /// Octets: only their number can be said.
    Binary,
}

impl MediaRange {
    /// Reads `type/subtype; name=value`. `None` for what is no media type.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';');
        let (kind, subtype) = parts.next()?.trim().split_once('/')?;
        let is_range = subtype == "*";
        if !(is_token(kind) && is_token(subtype)) || (kind == "*" && !is_range) || subtype.contains('*') != is_range {
            return None;
        }
        let mut parameters: Vec<(Box<str>, Box<str>)> = Vec::new();
        for part in parts {
            let (name, value) = part.trim().split_once('=')?;
            let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
            let name: Box<str> = name.to_ascii_lowercase().into();
            if !is_token(&name) || value.contains(['"', '\\']) || parameters.iter().any(|(known, _)| *known == name) {
                return None;
            }
            parameters.push((name, value.into()));
        }
        Some(Self { kind: kind.to_ascii_lowercase().into(), subtype: subtype.to_ascii_lowercase().into(), parameters })
    }

    /// What can be done with its content.
    #[must_use]
    pub fn media_kind(&self) -> MediaKind {
        let suffix = self.subtype.rsplit_once('+').map_or("", |(_, suffix)| suffix);
        match (&*self.kind, &*self.subtype) {
            ("*" | "application", "*") => MediaKind::Range,
            ("application" | "text", "json") => MediaKind::Json,
            ("application", "jsonl" | "x-ndjson" | "ndjson" | "json-seq") | ("text", "event-stream") => {
                MediaKind::Sequence
            }
            ("application", "x-www-form-urlencoded") => MediaKind::Form,
            ("multipart", "form-data") => MediaKind::Multipart,
            _ if suffix == "json" => MediaKind::Json,
            _ if suffix == "json-seq" => MediaKind::Sequence,
            ("text", _) => MediaKind::Text,
            _ => MediaKind::Binary,
        }
    }
}

impl fmt::Display for MediaRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.subtype)?;
        self.parameters.iter().try_for_each(|(name, value)| write!(f, "; {name}={value}"))
    }
}

/// A token of RFC 9110 §5.6.2.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet))
}
