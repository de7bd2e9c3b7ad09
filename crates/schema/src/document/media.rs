//! Keys of `content`: media types and ranges of them, and what of a schema can be held against content of each.

use crate::values::media::{MediaType, Ranges, Reading};

/// A key of `content`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) reading: Reading,
    /// `application/*` or `*/*`: what JSON there is in it can be judged, and nothing else.
    pub(super) is_open: bool,
}

impl Declared {
    /// `None` for what is no media type and no range.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Ranges::compile([text]).ok()?;
        let essence = text.split(';').next().unwrap_or_default().trim();
        let is_open = essence == "*/*" || essence.eq_ignore_ascii_case("application/*");
        Some(Self { reading: MediaType::parse(text).ok()?.reading(), is_open })
    }

    /// Items one after the other.
    pub(super) const fn is_sequence(self) -> bool {
        matches!(self.reading, Reading::JsonLines | Reading::JsonSequence | Reading::Events)
    }
}

/// Whether two keys are the same but for case and blanks.
pub(super) fn is_same(left: &str, right: &str) -> bool {
    let fold = |text: &str| text.replace([' ', '\t'], "").to_ascii_lowercase();
    fold(left) == fold(right)
}

/// A token of RFC 9110 §5.6.2.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet))
}
