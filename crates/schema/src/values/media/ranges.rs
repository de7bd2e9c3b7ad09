//! The media types that a document declares for one content, and which of them a message has.

use super::{MediaError, MediaType, Reading, is_same};

/// The declared types and ranges of one content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges(Vec<Range>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Range {
    main: Box<str>,
    sub: Box<str>,
    /// All of them but `charset`.
    parameters: Vec<(Box<str>, Box<str>)>,
    text: Box<str>,
}

/// A declared type that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no media type; accepted: `type/subtype`, `type/*` and `*/*`")]
pub struct RangeError {
    /// Which of them.
    pub entry: usize,
    /// As it was written.
    pub text: Box<str>,
}

/// The declared entry that a message has, and how its content is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Which of them.
    pub entry: usize,
    /// How to read it. Under a range, what [`Reading::Opaque`] gives can not be held against a schema.
    pub reading: Reading,
}

impl Ranges {
    /// Takes the keys of a `content` object.
    ///
    /// # Errors
    /// The first that is no media type and no range.
    pub fn compile<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<Self, RangeError> {
        let range = |(entry, text)| Range::parse(text).ok_or_else(|| RangeError { entry, text: Box::from(text) });
        keys.into_iter().enumerate().map(range).collect::<Result<_, _>>().map(Self)
    }

    /// The most specific entry for a type (RFC 9110 §12.5.1): with the most parameters, then exact, `type/*`, `*/*`.
    ///
    /// A type that ends in `+json` is JSON only where the document names it, or allows `application/*` or `*/*`.
    ///
    /// # Errors
    /// [`MediaError::Undeclared`], [`MediaError::Charset`].
    pub fn choose(&self, media: &MediaType<'_>) -> Result<Chosen, MediaError> {
        let matching = self.0.iter().enumerate().filter(|(_, range)| range.matches(media));
        // The first of equals.
        let chosen = matching.max_by_key(|(entry, range)| (range.specificity(), std::cmp::Reverse(*entry)));
        let (entry, _) = chosen.ok_or(MediaError::Undeclared)?;
        media.check_charset()?;
        Ok(Chosen { entry, reading: media.reading() })
    }

    /// The value of an `Accept` field, for the answer to what is not among them.
    #[must_use]
    pub fn accept(&self) -> String {
        self.0.iter().map(|range| &*range.text).collect::<Vec<_>>().join(", ")
    }

    /// Whether a type is among them, whatever its charset.
    pub(crate) fn has(&self, media: &MediaType<'_>) -> bool {
        self.0.iter().any(|range| range.matches(media))
    }

    /// Whether nothing is declared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let media = MediaType::parse(text).ok()?;
        let is_range = media.sub == "*";
        // `*` is a character of tokens, so the grammar lets `application/*+json` through, which is a range to nobody.
        if (media.main == "*" && !is_range) || (media.main.contains('*') && media.main != "*") {
            return None;
        }
        if media.sub.contains('*') && !is_range {
            return None;
        }
        media.check_charset().ok()?;
        let named = media.parameters().filter_map(Result::ok).filter(|(name, _)| !is_same(name, "charset"));
        let parameters = named.map(|(name, value)| (name.into(), value.into())).collect();
        Some(Self { main: media.main.into(), sub: media.sub.into(), parameters, text: text.into() })
    }

    fn matches(&self, media: &MediaType<'_>) -> bool {
        let is_open = &*self.main == "*" || is_same(&self.main, "application");
        let is_type = &*self.main == "*" || is_same(&self.main, media.main);
        let is_subtype =
            if &*self.sub == "*" { is_open || !media.has_json_suffix() } else { is_same(&self.sub, media.sub) };
        let has = |(name, value): &(Box<str>, Box<str>)| {
            media.parameters().filter_map(Result::ok).any(|(known, found)| is_same(known, name) && found == &**value)
        };
        is_type && is_subtype && self.parameters.iter().all(has)
    }

    fn specificity(&self) -> (usize, usize) {
        let essence = match (&*self.main, &*self.sub) {
            ("*", _) => 0,
            (_, "*") => 1,
            _ => 2,
        };
        (essence, self.parameters.len())
    }
}
