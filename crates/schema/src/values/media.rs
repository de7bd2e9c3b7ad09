//! Media types: what `Content-Type` says, and which of the types of a document that is (RFC 9110 §8.3, §12.5.1).

mod ranges;
#[cfg(test)]
mod tests;

pub use ranges::{Chosen, RangeError, Ranges};

use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// A media type with its parameters, as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaType<'a> {
    main: &'a str,
    sub: &'a str,
    /// From the first `;` on; of good grammar.
    parameters: &'a str,
}

/// Why a media type can not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// Content without a type: 415.
    #[error("content without a Content-Type")]
    Missing,
    /// Two fields: 400.
    #[error("more than one Content-Type")]
    Repeated,
    /// No media type: 400.
    #[error("a Content-Type that is no media type")]
    Malformed,
    /// None of the declared ones: 415.
    #[error("a media type that is not declared")]
    Undeclared,
    /// Another charset than UTF-8, or two of them: 415.
    #[error("a charset other than UTF-8")]
    Charset,
    /// A multipart type whose boundary is missing, repeated, or none: 400.
    #[error("a boundary of 1 to 70 characters without blanks is needed, once")]
    Boundary,
}

/// How content of a media type is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// One JSON text.
    Json,
    /// JSON texts, one in each line.
    JsonLines,
    /// JSON texts, each behind a record separator (RFC 7464).
    JsonSequence,
    /// Server-sent events.
    Events,
    /// application/x-www-form-urlencoded
    Form,
    /// multipart/form-data
    Multipart,
    /// A text.
    Text,
    /// Bytes: their size and type are all that can be judged.
    Opaque,
}

impl<'a> MediaType<'a> {
    /// The type of a message's content; `None` where there is no such field.
    ///
    /// # Errors
    /// [`MediaError::Repeated`], [`MediaError::Malformed`].
    pub fn of(headers: &'a HeaderMap) -> Result<Option<Self>, MediaError> {
        let mut lines = headers.get_all(CONTENT_TYPE).iter();
        let Some(line) = lines.next() else { return Ok(None) };
        if lines.next().is_some() {
            return Err(MediaError::Repeated);
        }
        let text = line.to_str().map_err(|_| MediaError::Malformed)?;
        Self::parse(text).map(Some)
    }

    /// Reads a media type. A comma is part of none, so a list is refused.
    ///
    /// # Errors
    /// [`MediaError::Malformed`]: the grammar, a parameter twice (`charset` and `boundary` are judged where they count), a
    /// backslash in quotes.
    pub fn parse(text: &'a str) -> Result<Self, MediaError> {
        let end = text.find(';').unwrap_or(text.len());
        let (essence, parameters) = text.split_at_checked(end).ok_or(MediaError::Malformed)?;
        let (main, sub) = essence.trim_end_matches([' ', '\t']).split_once('/').ok_or(MediaError::Malformed)?;
        if !is_token(main) || !is_token(sub) {
            return Err(MediaError::Malformed);
        }
        let media = Self { main, sub, parameters };
        let mut names: Vec<&str> = Vec::new();
        for parameter in media.parameters() {
            let (name, _) = parameter?;
            let is_judged_later = is_same(name, "charset") || is_same(name, "boundary");
            if names.iter().any(|known| is_same(known, name)) && !is_judged_later {
                return Err(MediaError::Malformed);
            }
            names.push(name);
            if names.len() > MAX_PARAMETERS {
                return Err(MediaError::Malformed);
            }
        }
        Ok(media)
    }

    /// How content of this type is read.
    #[must_use]
    pub fn reading(&self) -> Reading {
        let is = |main, sub| self.is(main, sub);
        if is("application", "json") || self.has_json_suffix() {
            Reading::Json
        } else if is("application", "jsonl") || is("application", "x-ndjson") {
            Reading::JsonLines
        } else if is("application", "json-seq") {
            Reading::JsonSequence
        } else if is("text", "event-stream") {
            Reading::Events
        } else if is("application", "x-www-form-urlencoded") {
            Reading::Form
        } else if is("multipart", "form-data") {
            Reading::Multipart
        } else if is_same(self.main, "text") {
            Reading::Text
        } else {
            Reading::Opaque
        }
    }

    /// Whether it is this type, whatever its parameters.
    #[must_use]
    pub fn is(&self, main: &str, sub: &str) -> bool {
        is_same(self.main, main) && is_same(self.sub, sub)
    }

    /// Whether its charset is one that content of this type is read in: UTF-8, for text also US-ASCII.
    ///
    /// # Errors
    /// [`MediaError::Charset`].
    pub fn check_charset(&self) -> Result<(), MediaError> {
        let reading = self.reading();
        if reading == Reading::Opaque {
            return Ok(());
        }
        let mut charsets = self.values("charset");
        let is_read =
            |charset: &str| is_same(charset, "utf-8") || (reading == Reading::Text && is_same(charset, "us-ascii"));
        match (charsets.next(), charsets.next()) {
            (None, _) => Ok(()),
            (Some(charset), None) if is_read(charset) => Ok(()),
            _ => Err(MediaError::Charset),
        }
    }

    /// The boundary of a multipart type (RFC 2046 §5.1.1).
    ///
    /// # Errors
    /// [`MediaError::Boundary`].
    pub fn boundary(&self) -> Result<&'a str, MediaError> {
        let mut boundaries = self.values("boundary");
        let (Some(boundary), None) = (boundaries.next(), boundaries.next()) else { return Err(MediaError::Boundary) };
        let is_character = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&byte);
        if (1..=70).contains(&boundary.len()) && boundary.bytes().all(is_character) {
            Ok(boundary)
        } else {
            Err(MediaError::Boundary)
        }
    }

    /// Whether it is a type of parts inside parts.
    pub(crate) fn is_multipart(&self) -> bool {
        is_same(self.main, "multipart")
    }

    fn has_json_suffix(&self) -> bool {
        self.sub.rsplit_once('+').is_some_and(|(_, suffix)| is_same(suffix, "json"))
    }

    /// The values of one parameter, without their quotes.
    fn values(&self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let same = move |(known, value): (&'a str, &'a str)| is_same(known, name).then_some(value);
        self.parameters().filter_map(Result::ok).filter_map(same)
    }

    /// `*( OWS ";" OWS [ parameter ] )` (RFC 9110 §5.6.6).
    fn parameters(&self) -> impl Iterator<Item = Result<(&'a str, &'a str), MediaError>> {
        let mut rest = self.parameters;
        let mut has_failed = false;
        std::iter::from_fn(move || {
            loop {
                if rest.is_empty() || has_failed {
                    return None;
                }
                let Some(after) = rest.strip_prefix(';') else {
                    has_failed = true;
                    return Some(Err(MediaError::Malformed));
                };
                rest = after.trim_start_matches([' ', '\t']);
                if rest.is_empty() || rest.starts_with(';') {
                    continue;
                }
                let Some((name, value, after)) = parameter(rest) else {
                    has_failed = true;
                    return Some(Err(MediaError::Malformed));
                };
                rest = after.trim_start_matches([' ', '\t']);
                return Some(Ok((name, value)));
            }
        })
    }
}

/// Parameters of one media type: more is nothing that anybody sends.
const MAX_PARAMETERS: usize = 16;

/// One `name=value`: the value without quotes, and what follows.
fn parameter(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.split_once('=').filter(|(name, _)| is_token(name))?;
    if let Some(quoted) = rest.strip_prefix('"') {
        let (value, after) = quoted.split_once('"')?;
        // What a backslash does in quotes is not the same to all.
        let is_plain = value.bytes().all(|byte| (byte == b'\t' || (0x20..0x7f).contains(&byte)) && byte != b'\\');
        return is_plain.then_some((name, value, after));
    }
    let (value, after) = rest.split_at_checked(rest.find([';', ' ', '\t']).unwrap_or(rest.len()))?;
    is_token(value).then_some((name, value, after))
}

/// RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_tchar)
}

fn is_same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}
