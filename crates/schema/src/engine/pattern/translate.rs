//! ECMA-262 → the grammar of the crate `regex`. What means something else there is written so that it means the same.

use super::PatternError;
use super::class;
use std::fmt::Write as _;

/// A pattern in the grammar of the crate.
pub(super) struct Translated {
    pub(super) main: String,
    /// Patterns that must match, or must not, as well.
    pub(super) ahead: Vec<(String, bool)>,
}

const LOOK: &str =
    "look-around takes more than linear time; at the beginning, behind `^`, `(?=…)` and `(?!…)` are accepted";

pub(super) fn translate(pattern: &str) -> Result<Translated, PatternError> {
    let characters: Vec<char> = pattern.chars().collect();
    let mut translator = Translator { characters: &characters, at: 0, out: String::new(), depth: 0 };
    let mut ahead = Vec::new();
    if characters.first() == Some(&'^') {
        let mut at: usize = 1;
        while let Some(must) = look_ahead(&characters, at) {
            let end = closing(&characters, at).ok_or(PatternError::At(at, "`(` without `)`"))?;
            let inside = characters.get(at.saturating_add(3)..end).unwrap_or_default();
            let shift = at.saturating_add(3);
            let mut inner = Translator { characters: inside, at: 0, out: String::new(), depth: 0 };
            inner.run().map_err(|error| moved(error, shift))?;
            ahead.push((format!("^(?:{})", inner.out), must));
            at = end.saturating_add(1);
        }
        if !ahead.is_empty() {
            if has_top_level_choice(characters.get(at..).unwrap_or_default()) {
                return Err(PatternError::At(1, "a look-ahead beside `|`; put the choice into `(?:…)`"));
            }
            translator.out.push('^');
            translator.at = at;
        }
    }
    translator.run()?;
    Ok(Translated { main: translator.out, ahead })
}

fn moved(error: PatternError, by: usize) -> PatternError {
    match error {
        PatternError::At(at, why) => PatternError::At(at.saturating_add(by), why),
        other => other,
    }
}

/// Whether `(?=` or `(?!` begins here.
fn look_ahead(characters: &[char], at: usize) -> Option<bool> {
    match characters.get(at..at.saturating_add(3))? {
        ['(', '?', '='] => Some(true),
        ['(', '?', '!'] => Some(false),
        _ => None,
    }
}

/// Calls `see` with each character that is no part of a class or escape, until it returns `true`; where that was.
fn scan(characters: &[char], from: usize, mut see: impl FnMut(char) -> bool) -> Option<usize> {
    let (mut at, mut is_class) = (from, false);
    while let Some(character) = characters.get(at) {
        match character {
            '\\' => at = at.saturating_add(1),
            ']' if is_class => is_class = false,
            _ if is_class => {}
            '[' => is_class = true,
            other if see(*other) => return Some(at),
            _ => {}
        }
        at = at.saturating_add(1);
    }
    None
}

/// The `)` of the `(` at `at`.
fn closing(characters: &[char], at: usize) -> Option<usize> {
    let mut depth: usize = 0;
    scan(characters, at, |character| {
        match character {
            '(' => depth = depth.saturating_add(1),
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    })
}

fn has_top_level_choice(characters: &[char]) -> bool {
    let mut depth: usize = 0;
    let found = scan(characters, 0, |character| {
        match character {
            '(' => depth = depth.saturating_add(1),
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && character == '|'
    });
    found.is_some()
}

pub(super) struct Translator<'a> {
    characters: &'a [char],
    pub(super) at: usize,
    pub(super) out: String,
    /// Groups that are open.
    depth: usize,
}

impl Translator<'_> {
    fn run(&mut self) -> Result<(), PatternError> {
        // What may be repeated stands before.
        let mut is_atom = false;
        while let Some(character) = self.next() {
            is_atom = match character {
                '\\' => self.escape()?,
                '[' => {
                    class::class(self)?;
                    true
                }
                '(' => {
                    self.group()?;
                    false
                }
                ')' => {
                    let Some(depth) = self.depth.checked_sub(1) else { return Err(self.error("`)` without `(`")) };
                    self.depth = depth;
                    self.out.push(')');
                    true
                }
                // No line separators (ECMA-262 §22.2.2.7).
                '.' => {
                    self.out.push_str(r"[^\n\r\x{2028}\x{2029}]");
                    true
                }
                '^' | '$' | '|' => {
                    self.out.push(character);
                    false
                }
                '*' | '+' | '?' => {
                    self.repeat(is_atom, character.to_string())?;
                    false
                }
                '{' => match self.counted() {
                    Some(counted) => {
                        self.repeat(is_atom, counted)?;
                        false
                    }
                    None => self.literal('{'),
                },
                other => self.literal(other),
            };
        }
        if self.depth == 0 { Ok(()) } else { Err(self.error("`(` without `)`")) }
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at = self.at.saturating_add(1);
        Some(character)
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    pub(super) fn peek_second(&self) -> Option<char> {
        self.characters.get(self.at.saturating_add(1)).copied()
    }

    fn eat(&mut self, expected: char) -> bool {
        let is_it = self.peek() == Some(expected);
        self.at = self.at.saturating_add(usize::from(is_it));
        is_it
    }

    pub(super) fn error(&self, why: &'static str) -> PatternError {
        PatternError::At(self.at, why)
    }

    pub(super) fn literal(&mut self, character: char) -> bool {
        if character.is_ascii_alphanumeric() || (!character.is_ascii() && !character.is_control()) {
            self.out.push(character);
        } else {
            // Writing to a `String` does not fail.
            _ = write!(self.out, r"\x{{{:X}}}", u32::from(character));
        }
        true
    }

    fn repeat(&mut self, is_atom: bool, how: String) -> Result<(), PatternError> {
        if !is_atom {
            return Err(self.error("nothing to repeat"));
        }
        self.out.push_str(&how);
        if self.eat('?') {
            self.out.push('?');
        }
        Ok(())
    }

    /// `n}`, `n,}` or `n,m}` behind a `{`; anything else is text.
    fn counted(&mut self) -> Option<String> {
        let rest = self.characters.get(self.at..)?;
        let end = rest.iter().position(|character| *character == '}')?;
        let inside: String = rest.get(..end)?.iter().collect();
        let (from, to) = inside.split_once(',').unwrap_or((&inside, "0"));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(from) || !(to.is_empty() || is_number(to)) {
            return None;
        }
        self.at = self.at.saturating_add(end).saturating_add(1);
        Some(format!("{{{inside}}}"))
    }

    fn group(&mut self) -> Result<(), PatternError> {
        self.depth = self.depth.saturating_add(1);
        self.out.push_str("(?:");
        if !self.eat('?') {
            return Ok(());
        }
        match (self.next(), self.peek()) {
            (Some(':'), _) => Ok(()),
            (Some('='), _) | (Some('!'), _) | (Some('<'), Some('=' | '!')) => Err(self.error(LOOK)),
            (Some('<'), _) => {
                // Its name is of no use without references to it.
                while let Some(character) = self.next() {
                    match character {
                        '>' => return Ok(()),
                        '$' | '_' => {}
                        other if other.is_alphanumeric() => {}
                        _ => break,
                    }
                }
                Err(self.error("a name of a group, ended by `>`, is expected"))
            }
            _ => Err(self.error("`(?:`, `(?<name>` are accepted")),
        }
    }

    /// What follows a backslash. Tells whether it may be repeated.
    fn escape(&mut self) -> Result<bool, PatternError> {
        match self.peek() {
            // Of ASCII words only, as without the flag `i` in ECMA-262.
            Some('b') => {
                self.at = self.at.saturating_add(1);
                self.out.push_str(r"(?-u:\b)");
                Ok(false)
            }
            Some('B') => {
                self.at = self.at.saturating_add(1);
                self.out.push_str(r"(?-u:\B)");
                Ok(false)
            }
            Some('1'..='9' | 'k') => Err(self.error("a back-reference takes more than linear time")),
            _ => {
                match class::escape(self)? {
                    class::Escaped::One(character) => _ = self.literal(character),
                    class::Escaped::Set(set) => self.out.push_str(&set),
                }
                Ok(true)
            }
        }
    }
}
