//! Patterns that are a row of ASCII classes, of which only the last may stand in varying numbers: `^[a-z]+$`, `^[A-Z]{2}\\d{4}$`.
//! Most patterns of identifiers and codes are; they are compared byte by byte.

/// One class, and how often it stands.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    /// One bit for each ASCII character.
    class: u128,
    least: usize,
    most: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Simple(Vec<Part>);

impl Simple {
    /// `None` for any pattern that is more than that. What it takes is well formed.
    pub(super) fn new(pattern: &str) -> Option<Self> {
        let mut rest = pattern.strip_prefix('^')?.strip_suffix('$')?;
        // The dollar was a character of the text.
        if rest.ends_with('\\') {
            return None;
        }
        let mut parts: Vec<Part> = Vec::new();
        while !rest.is_empty() {
            // Behind a varying number, how often it stood is open.
            if parts.last().is_some_and(|last| last.least != last.most) {
                return None;
            }
            let (class, behind) = class(rest)?;
            let ((least, most), behind) = count(behind)?;
            parts.push(Part { class, least, most });
            rest = behind;
        }
        Some(Self(parts))
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let mut rest = text.as_bytes();
        for part in &self.0 {
            let is_in = |byte: &&u8| **byte < 128 && part.class & (1 << **byte) != 0;
            let taken = rest.iter().take(part.most).take_while(is_in).count();
            if taken < part.least {
                return false;
            }
            rest = rest.get(taken..).unwrap_or_default();
        }
        rest.is_empty()
    }
}

const DIGITS: u128 = range(b'0', b'9');
const WORDS: u128 = DIGITS | range(b'a', b'z') | range(b'A', b'Z') | range(b'_', b'_');

const fn range(from: u8, to: u8) -> u128 {
    (u128::MAX >> 127_u8.saturating_sub(to)) & (u128::MAX << from)
}

/// The class at the beginning, and what follows.
fn class(text: &str) -> Option<(u128, &str)> {
    let mut characters = text.chars();
    let class = match characters.next()? {
        '\\' => escaped(characters.next()?)?,
        '[' => {
            let (inside, behind) = text.get(1..)?.split_once(']')?;
            return Some((members(inside)?, behind));
        }
        plain if is_plain(plain) => bit(plain)?,
        _ => return None,
    };
    Some((class, characters.as_str()))
}

fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_- /:,@%=".contains(character)
}

fn bit(character: char) -> Option<u128> {
    let code = u8::try_from(character).ok().filter(u8::is_ascii)?;
    Some(range(code, code))
}

/// What a backslash and a character stand for.
fn escaped(character: char) -> Option<u128> {
    match character {
        'd' => Some(DIGITS),
        'w' => Some(WORDS),
        '.' | '-' | '/' | '+' | '*' | '?' | '(' | ')' | '$' | '^' | '|' | '{' | '}' => bit(character),
        _ => None,
    }
}

/// What stands in a class: characters, ranges, few escapes.
fn members(inside: &str) -> Option<u128> {
    let characters: Vec<char> = inside.chars().collect();
    let (mut class, mut at) = (0, 0_usize);
    if characters.is_empty() || characters.first() == Some(&'^') {
        return None;
    }
    while let Some(character) = characters.get(at) {
        let next = characters.get(at.saturating_add(1));
        let to = characters.get(at.saturating_add(2));
        match (character, next, to) {
            ('\\', Some(escape), _) => {
                class |= escaped(*escape)?;
                at = at.saturating_add(2);
                // A range that begins with an escape is for the other grammar.
                if characters.get(at) == Some(&'-') && at.saturating_add(1) < characters.len() {
                    return None;
                }
            }
            ('\\' | '[', _, _) => return None,
            (from, Some('-'), Some(to)) => {
                let (from, to) = (u8::try_from(*from).ok()?, u8::try_from(*to).ok()?);
                if !(from.is_ascii_alphanumeric() && to.is_ascii_alphanumeric() && from <= to) {
                    return None;
                }
                class |= range(from, to);
                at = at.saturating_add(3);
            }
            (plain, _, _) => {
                class |= bit(*plain)?;
                at = at.saturating_add(1);
            }
        }
    }
    Some(class)
}

/// How often, and what follows.
fn count(text: &str) -> Option<((usize, usize), &str)> {
    let (count, behind) = match text.chars().next() {
        Some('*') => ((0, usize::MAX), text.get(1..)?),
        Some('+') => ((1, usize::MAX), text.get(1..)?),
        Some('?') => ((0, 1), text.get(1..)?),
        Some('{') => {
            let (inside, behind) = text.get(1..)?.split_once('}')?;
            let (least, most) = match inside.split_once(',') {
                None => (inside.parse().ok()?, inside.parse().ok()?),
                Some((least, "")) => (least.parse().ok()?, usize::MAX),
                Some((least, most)) => (least.parse().ok()?, most.parse().ok()?),
            };
            if least > most {
                return None;
            }
            ((least, most), behind)
        }
        _ => return Some(((1, 1), text)),
    };
    // Lazy, or wrong.
    if behind.starts_with(['*', '+', '?', '{']) { None } else { Some((count, behind)) }
}

#[cfg(test)]
mod tests;
