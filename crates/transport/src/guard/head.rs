//! Request line and field lines, RFC 9112 §3 and §5; the field lines of a trailer section too.

use portcullis_core::Reason;

use super::bytes::{TARGET, TOKEN, VALUE, is, is_space, skip};
use super::{Guard, State};

/// What a head says about where its message ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Framing {
    pub(super) is_chunked: bool,
    pub(super) has_length: bool,
    /// A 101 may follow.
    pub(super) may_upgrade: bool,
    version: Version,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Version {
    #[default]
    Http11,
    /// Knows no transfer codings and no upgrades. Read to its end only because a later stage has the better answer.
    Http10,
    Other,
}

/// Where in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// In the method; `is_empty` before its first byte.
    Method {
        is_empty: bool,
    },
    /// In the target.
    Target {
        is_empty: bool,
    },
    /// So many bytes into `HTTP/`.
    Protocol(u8),
    /// Before the first digit of the version, before the dot behind this one, and before the second digit.
    Major,
    Dot(u8),
    Minor(u8),
    /// At the end of the request line.
    RequestEnd(Version),
    /// At the first byte of a field line, or at the empty line.
    Begin,
    /// So many bytes into a field name that may still become this one.
    Known(Field, u8),
    /// In any other field name.
    Name,
    /// In the value of a field that does not matter here.
    Value,
    /// In the value of Content-Length.
    Length(Digits),
    /// In the value of Transfer-Encoding.
    Coding(Coding),
    /// After the CR of a line.
    Lf,
    /// After the CR of the empty line.
    LastLf,
}

/// Fields that decide where a message ends. Their names differ in the first letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    ContentLength,
    TransferEncoding,
    Upgrade,
}

/// A Content-Length while it is read: space, digits, space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digits {
    Before,
    Within,
    Behind,
}

/// A Transfer-Encoding while it is read: space, `chunked`, space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Before,
    /// So many bytes of `chunked`.
    Chunked(u8),
    /// In another token.
    Other,
    /// Behind `chunked`.
    Behind,
}

const PROTOCOL: &[u8] = b"HTTP/";
const CHUNKED: &[u8] = b"chunked";
/// hyper takes no longer content.
const MAX_LENGTH: u64 = u64::MAX.saturating_sub(2);

impl Field {
    const fn beginning_with(byte: u8) -> Option<Self> {
        match byte {
            b'c' | b'C' => Some(Self::ContentLength),
            b't' | b'T' => Some(Self::TransferEncoding),
            b'u' | b'U' => Some(Self::Upgrade),
            _ => None,
        }
    }

    const fn name(self) -> &'static [u8] {
        match self {
            Self::ContentLength => b"content-length",
            Self::TransferEncoding => b"transfer-encoding",
            Self::Upgrade => b"upgrade",
        }
    }
}

/// Whether `byte` is the one at `at` of `word`, in either case.
fn spells(word: &[u8], at: u8, byte: u8) -> bool {
    word.get(usize::from(at)).is_some_and(|expected| byte.eq_ignore_ascii_case(expected))
}

fn digit(byte: u8) -> u64 {
    u64::from(byte.wrapping_sub(b'0'))
}

impl Line {
    /// At the first byte of a head.
    pub(super) const FIRST: Self = Self::Method { is_empty: true };
}

impl Guard {
    pub(super) fn line<'a>(&mut self, line: Line, bytes: &'a [u8]) -> &'a [u8] {
        match line {
            Line::Begin => self.begin(bytes),
            Line::Known(field, at) => self.known(field, at, bytes),
            Line::Name => self.name(bytes),
            Line::Value => self.value(bytes),
            Line::Lf => self.lf(bytes),
            Line::Method { is_empty } => self.method(is_empty, bytes),
            Line::Target { is_empty } => self.target(is_empty, bytes),
            Line::Protocol(at) => self.protocol(at, bytes),
            Line::Major | Line::Dot(_) | Line::Minor(_) | Line::RequestEnd(_) => self.version(line, bytes),
            Line::Length(digits) => self.length(digits, bytes),
            Line::Coding(coding) => self.coding(coding, bytes),
            Line::LastLf => self.last_lf(bytes),
        }
    }

    const fn on<'a>(&mut self, line: Line, rest: &'a [u8]) -> &'a [u8] {
        self.go(State::Line(line), rest)
    }

    fn method<'a>(&mut self, is_empty: bool, bytes: &'a [u8]) -> &'a [u8] {
        let rest = skip(bytes, TOKEN);
        let is_empty = is_empty && rest.len() == bytes.len();
        match rest {
            [] => self.on(Line::Method { is_empty }, rest),
            [b' ', rest @ ..] if !is_empty => self.target(true, rest),
            _ => self.breaks(rest),
        }
    }

    fn target<'a>(&mut self, is_empty: bool, bytes: &'a [u8]) -> &'a [u8] {
        let rest = skip(bytes, TARGET);
        let is_empty = is_empty && rest.len() == bytes.len();
        match rest {
            [] => self.on(Line::Target { is_empty }, rest),
            [b' ', rest @ ..] if !is_empty => self.protocol(0, rest),
            _ => self.breaks(rest),
        }
    }

    fn protocol<'a>(&mut self, mut at: u8, mut bytes: &'a [u8]) -> &'a [u8] {
        while let Some(expected) = PROTOCOL.get(usize::from(at)) {
            match bytes {
                [] => return self.on(Line::Protocol(at), bytes),
                [byte, rest @ ..] if byte == expected => (at, bytes) = (at.saturating_add(1), rest),
                _ => return self.breaks(bytes),
            }
        }
        self.version(Line::Major, bytes)
    }

    /// The version is a digit, a dot and a digit (RFC 9112 §2.3): `1.10` and `01.1` are none.
    fn version<'a>(&mut self, mut line: Line, mut bytes: &'a [u8]) -> &'a [u8] {
        while let [byte, rest @ ..] = bytes {
            line = match (line, byte) {
                (Line::Major, b'0'..=b'9') => Line::Dot(*byte),
                (Line::Dot(major), b'.') => Line::Minor(major),
                (Line::Minor(b'1'), b'1') => Line::RequestEnd(Version::Http11),
                (Line::Minor(b'1'), b'0') => Line::RequestEnd(Version::Http10),
                (Line::Minor(_), b'0'..=b'9') => Line::RequestEnd(Version::Other),
                (Line::RequestEnd(Version::Other), b'\r') => {
                    return self.breaks_with(Reason::VersionUnsupported, bytes);
                }
                (Line::RequestEnd(version), b'\r') => {
                    self.framing.version = version;
                    return self.lf(rest);
                }
                _ => return self.breaks(bytes),
            };
            bytes = rest;
        }
        self.on(line, bytes)
    }

    /// A line that begins with space would continue the one before to some readers (RFC 9112 §5.2), and a nameless one hid
    /// those behind it (CVE-2023-25725): neither begins with a token.
    fn begin<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        match bytes {
            [] => self.on(Line::Begin, bytes),
            [b'\r', rest @ ..] => self.last_lf(rest),
            [byte, ..] if !is(*byte, TOKEN) => self.breaks(bytes),
            [byte, ..] => match Field::beginning_with(*byte) {
                Some(field) if !self.is_in_content => self.known(field, 0, bytes),
                _ => self.name(bytes),
            },
        }
    }

    fn known<'a>(&mut self, field: Field, mut at: u8, mut bytes: &'a [u8]) -> &'a [u8] {
        while let [byte, rest @ ..] = bytes {
            if spells(field.name(), at, *byte) {
                (at, bytes) = (at.saturating_add(1), rest);
            } else if *byte == b':' && usize::from(at) == field.name().len() {
                return self.field(field, rest);
            } else {
                return self.name(bytes);
            }
        }
        self.on(Line::Known(field, at), bytes)
    }

    /// One framing field in all, so that no two readers can prefer different ones (RFC 9112 §6.3): a second length is refused
    /// even where it is equal.
    fn field<'a>(&mut self, field: Field, value: &'a [u8]) -> &'a [u8] {
        let Framing { is_chunked, has_length, version, .. } = self.framing;
        let is_framed = is_chunked || has_length;
        match field {
            Field::ContentLength if is_framed => self.breaks(value),
            Field::TransferEncoding if is_framed || version == Version::Http10 => self.breaks(value),
            Field::ContentLength => self.length(Digits::Before, value),
            Field::TransferEncoding => self.coding(Coding::Before, value),
            Field::Upgrade => {
                self.framing.may_upgrade = version == Version::Http11;
                self.value(value)
            }
        }
    }

    fn name<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        match skip(bytes, TOKEN) {
            [] => self.on(Line::Name, &[]),
            [b':', rest @ ..] => self.value(rest),
            rest => self.breaks(rest),
        }
    }

    fn value<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        match skip(bytes, VALUE) {
            [] => self.on(Line::Value, &[]),
            [b'\r', rest @ ..] => self.lf(rest),
            rest => self.breaks(rest),
        }
    }

    /// A plain number: no sign, no list, no leading zero, which is octal to some readers.
    fn length<'a>(&mut self, mut digits: Digits, mut bytes: &'a [u8]) -> &'a [u8] {
        while let [byte, rest @ ..] = bytes {
            digits = match (digits, byte) {
                (Digits::Before, b'0'..=b'9') => {
                    self.left = digit(*byte);
                    Digits::Within
                }
                (Digits::Within, b'0'..=b'9') if self.left > 0 => {
                    match self.left.checked_mul(10).and_then(|length| length.checked_add(digit(*byte))) {
                        Some(length) if length <= MAX_LENGTH => self.left = length,
                        _ => return self.breaks(bytes),
                    }
                    Digits::Within
                }
                (Digits::Before, b' ' | b'\t') => Digits::Before,
                (Digits::Within | Digits::Behind, b' ' | b'\t') => Digits::Behind,
                (Digits::Within | Digits::Behind, b'\r') => {
                    self.framing.has_length = true;
                    return self.lf(rest);
                }
                _ => return self.breaks(bytes),
            };
            bytes = rest;
        }
        self.on(Line::Length(digits), bytes)
    }

    /// `chunked`, once and alone. A list that begins with it breaks the rules (RFC 9112 §6.1); another coding we do not know.
    fn coding<'a>(&mut self, mut coding: Coding, mut bytes: &'a [u8]) -> &'a [u8] {
        while let [byte, rest @ ..] = bytes {
            coding = match coding {
                Coding::Before if is_space(*byte) => Coding::Before,
                Coding::Before if spells(CHUNKED, 0, *byte) => Coding::Chunked(1),
                Coding::Chunked(at) if spells(CHUNKED, at, *byte) => Coding::Chunked(at.saturating_add(1)),
                Coding::Before | Coding::Chunked(_) | Coding::Other if is(*byte, TOKEN) => Coding::Other,
                Coding::Chunked(7) | Coding::Behind if is_space(*byte) => Coding::Behind,
                Coding::Chunked(7) | Coding::Behind if *byte == b'\r' => {
                    self.framing.is_chunked = true;
                    return self.lf(rest);
                }
                Coding::Chunked(..7) | Coding::Other if *byte == b'\r' || is(*byte, VALUE) => {
                    return self.breaks_with(Reason::TransferCodingUnknown, bytes);
                }
                Coding::Before | Coding::Chunked(_) | Coding::Other | Coding::Behind => return self.breaks(bytes),
            };
            bytes = rest;
        }
        self.on(Line::Coding(coding), bytes)
    }

    fn lf<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        match bytes {
            [] => self.on(Line::Lf, bytes),
            [b'\n', rest @ ..] => self.on(Line::Begin, rest),
            _ => self.breaks(bytes),
        }
    }

    fn last_lf<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        match bytes {
            [] => self.on(Line::LastLf, bytes),
            [b'\n', rest @ ..] if self.is_in_content => self.end_message(rest),
            [b'\n', rest @ ..] => self.end_head(rest),
            _ => self.breaks(bytes),
        }
    }
}
