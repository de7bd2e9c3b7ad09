//! Classes, and the escapes that stand in and outside of them.

use super::PatternError;
use super::translate::Translator;

/// What an escape stands for.
pub(super) enum Escaped {
    One(char),
    /// A class in the grammar of the crate.
    Set(String),
}

const DIGIT: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";
/// ECMA-262 §12.2 and §12.3: white space and line terminators.
const SPACE: &str =
    r"\t\n\x{B}\x{C}\r\x{20}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}";

/// What follows a backslash.
pub(super) fn escape(text: &mut Translator<'_>) -> Result<Escaped, PatternError> {
    let Some(letter) = text.next() else { return Err(text.error("a character after the backslash is expected")) };
    let one = |character| Ok(Escaped::One(character));
    match letter {
        'd' => Ok(Escaped::Set(format!("[{DIGIT}]"))),
        'D' => Ok(Escaped::Set(format!("[^{DIGIT}]"))),
        'w' => Ok(Escaped::Set(format!("[{WORD}]"))),
        'W' => Ok(Escaped::Set(format!("[^{WORD}]"))),
        's' => Ok(Escaped::Set(format!("[{SPACE}]"))),
        'S' => Ok(Escaped::Set(format!("[^{SPACE}]"))),
        'p' | 'P' => property(text, letter),
        't' => one('\t'),
        'n' => one('\n'),
        'v' => one('\u{b}'),
        'f' => one('\u{c}'),
        'r' => one('\r'),
        '0' if !text.peek().is_some_and(|next| next.is_ascii_digit()) => one('\0'),
        'c' => match text.next() {
            Some(control @ ('A'..='Z' | 'a'..='z')) => {
                one(char::from(u8::try_from(u32::from(control) % 32).unwrap_or_default()))
            }
            _ => Err(text.error("a letter after `\\c` is expected")),
        },
        'x' => {
            let code = hex(text, 2)?;
            character(text, code).map(Escaped::One)
        }
        'u' => unicode(text).map(Escaped::One),
        other if other.is_ascii_alphanumeric() => Err(text.error("an escape that ECMA-262 does not have")),
        other => one(other),
    }
}

fn hex(text: &mut Translator<'_>, digits: usize) -> Result<u32, PatternError> {
    let mut code: u32 = 0;
    for _ in 0..digits {
        let digit = text.next().and_then(|character| character.to_digit(16));
        let Some(digit) = digit else { return Err(text.error("a hex digit is expected")) };
        code = code << 4 | digit;
    }
    Ok(code)
}

fn character(text: &Translator<'_>, code: u32) -> Result<char, PatternError> {
    char::from_u32(code).ok_or_else(|| text.error("half of a surrogate pair is no character"))
}

/// `\u{…}`, `\uXXXX`, or two of the latter that are a surrogate pair.
fn unicode(text: &mut Translator<'_>) -> Result<char, PatternError> {
    if text.peek() == Some('{') {
        text.at = text.at.saturating_add(1);
        let mut code: u32 = 0;
        loop {
            match text.next() {
                Some('}') => return character(text, code),
                Some(digit) if code < 0x11_0000 && digit.is_ascii_hexdigit() => {
                    code = code << 4 | digit.to_digit(16).unwrap_or_default();
                }
                _ => return Err(text.error("a code point in hex digits, ended by `}`, is expected")),
            }
        }
    }
    let high = hex(text, 4)?;
    if !(0xd800..0xdc00).contains(&high) {
        return character(text, high);
    }
    if text.peek() == Some('\\') && text.peek_second() == Some('u') {
        text.at = text.at.saturating_add(2);
        let low = hex(text, 4)?;
        if let Some(low) = low.checked_sub(0xdc00).filter(|low| *low < 0x400) {
            return character(text, 0x1_0000_u32.saturating_add((high & 0x3ff) << 10 | low));
        }
    }
    Err(text.error("half of a surrogate pair is no character"))
}

/// `\p{…}`: the crate knows the same properties under the same names.
fn property(text: &mut Translator<'_>, letter: char) -> Result<Escaped, PatternError> {
    let mut name = String::new();
    if text.next() == Some('{') {
        while let Some(character) = text.next() {
            match character {
                '}' if !name.is_empty() => return Ok(Escaped::Set(format!("\\{letter}{{{name}}}"))),
                'A'..='Z' | 'a'..='z' | '0'..='9' | '_' | '=' => name.push(character),
                _ => break,
            }
        }
    }
    Err(text.error("a Unicode property such as `\\p{Letter}` is expected"))
}

/// A class, behind its `[`.
pub(super) fn class(text: &mut Translator<'_>) -> Result<(), PatternError> {
    text.out.push('[');
    if text.peek() == Some('^') {
        text.at = text.at.saturating_add(1);
        text.out.push('^');
    }
    if text.peek() == Some(']') {
        return Err(text.error("an empty class"));
    }
    while let Some(from) = atom(text)? {
        // A dash before the end is a dash.
        if text.peek() != Some('-') || text.peek_second() == Some(']') {
            write(text, from);
            continue;
        }
        text.at = text.at.saturating_add(1);
        let to = atom(text)?;
        match (from, to) {
            (Escaped::One(from), Some(Escaped::One(to))) if from <= to => {
                text.literal(from);
                text.out.push('-');
                text.literal(to);
            }
            (Escaped::One(_), Some(Escaped::One(_))) => return Err(text.error("a range that ends before it begins")),
            _ => return Err(text.error("a range of classes")),
        }
    }
    text.out.push(']');
    Ok(())
}

fn write(text: &mut Translator<'_>, escaped: Escaped) {
    match escaped {
        Escaped::One(character) => _ = text.literal(character),
        Escaped::Set(set) => text.out.push_str(&set),
    }
}

/// One member of a class; `None` at its end.
fn atom(text: &mut Translator<'_>) -> Result<Option<Escaped>, PatternError> {
    match text.next() {
        None => Err(text.error("`[` without `]`")),
        Some(']') => Ok(None),
        Some('\\') if text.peek() == Some('b') => {
            text.at = text.at.saturating_add(1);
            Ok(Some(Escaped::One('\u{8}')))
        }
        Some('\\') => escape(text).map(Some),
        Some(character) => Ok(Some(Escaped::One(character))),
    }
}
