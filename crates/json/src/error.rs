//! Why a text is refused.

use std::fmt;

/// Why a text is no document that we take. Nothing of the text is repeated, names in the pointer excepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset}{}: {problem}", Inside(.pointer))]
pub struct Error {
    /// Where, in bytes from the beginning of the text.
    pub offset: usize,
    /// The value in which it stands, as a JSON Pointer (RFC 6901); empty for the document itself.
    pub pointer: String,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Something else stands where the grammar has this.
    #[error("expected {0}")]
    Expected(&'static str),
    /// The bytes are no UTF-8 (RFC 8259 §8.1).
    #[error("expected UTF-8")]
    Utf8,
    /// It begins with a byte order mark (RFC 8259 §8.1).
    #[error("expected no byte order mark")]
    ByteOrderMark,
    /// Half of a surrogate pair stands alone (RFC 7493 §2.1).
    #[error("expected both halves of a surrogate pair")]
    Surrogate,
    /// `\u0000` in a string.
    #[error("expected no NUL in a string")]
    Nul,
    /// A number that a double can not hold even roughly (RFC 7493 §2.2).
    #[error("expected a number of less than 1.8e308")]
    NumberRange,
    /// A name for the second time in one object, escapes read (RFC 7493 §2.3, CVE-2017-12635).
    #[error("expected each name once in an object")]
    DuplicateName,
    /// More text follows the document.
    #[error("expected the end of the text")]
    Trailing,
    /// Deeper than [`Bounds::depth`](crate::Bounds::depth).
    #[error("expected at most {0} levels")]
    Depth(u32),
    /// More than [`Bounds::members`](crate::Bounds::members).
    #[error("expected at most {0} members")]
    Members(u32),
    /// More than [`Bounds::elements`](crate::Bounds::elements).
    #[error("expected at most {0} elements")]
    Elements(u32),
    /// More than [`Bounds::nodes`](crate::Bounds::nodes).
    #[error("expected at most {0} values and names")]
    Nodes(u32),
    /// Longer than [`Bounds::string_bytes`](crate::Bounds::string_bytes).
    #[error("expected at most {0} bytes in a string")]
    StringBytes(u32),
    /// Longer than [`Bounds::number_bytes`](crate::Bounds::number_bytes).
    #[error("expected at most {0} bytes in a number")]
    NumberBytes(u32),
    /// A text of 4 GiB or more.
    #[error("expected less than 4 GiB")]
    TextBytes,
}

/// ` in /a/b`, or nothing.
struct Inside<'a>(&'a str);

impl fmt::Display for Inside<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " in {}", self.0) }
    }
}
