//! multipart/form-data, cut into its parts strictly (RFC 7578, RFC 2046 §5.1.1).
//!
//! Parsers differ on almost all that is not the exact form (WAFFLED, 2025): lines that end in LF, text before the first part,
//! a boundary inside a line, names given twice. All of it is refused, and what was looked at is written again in one form.

mod fields;
mod files;
mod head;
mod reader;
#[cfg(test)]
mod tests;

pub use fields::{FormData, FormDataValues, PartKind, PartSpan, PartSpec};
pub use head::Head;
pub use reader::FormDataReader;

use super::spec::Location;
use super::violation::{Rule, Violation};
use memchr::memmem::Finder;

/// What a multipart content may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Parts.
    pub max_parts: usize,
    /// Bytes of the header of one part.
    pub max_head_bytes: usize,
    /// Bytes of all parts that are read as values, files not counted.
    pub max_text_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_parts: 64, max_head_bytes: 8 * 1024, max_text_bytes: portcullis_core::bounds::MAX_BODY_BYTES }
    }
}

/// What was found next.
#[derive(Debug)]
pub enum Event<'a> {
    /// A part begins.
    Begin(&'a Head),
    /// Some of its content.
    Data(&'a [u8]),
    /// It ended.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The first boundary.
    Start,
    /// The header of a part.
    Head,
    /// The content of a part.
    Data,
    /// Behind the last boundary.
    Closed,
}

/// Cuts content into parts while it arrives.
///
/// Holds the header of one part, or as much as a boundary is long; the rest it hands on.
#[derive(Debug)]
pub struct Multipart {
    /// `--`, and the boundary.
    delimiter: Vec<u8>,
    finder: Finder<'static>,
    held: Vec<u8>,
    state: State,
    limits: Limits,
    parts: usize,
    /// The part under way.
    head: Option<Head>,
    /// Bytes of it so far.
    data_bytes: u64,
    /// Where in the content `held` begins.
    offset: u64,
}

impl Multipart {
    /// `boundary` as [`super::media::MediaType::boundary`] gives it.
    #[must_use]
    pub fn new(boundary: &str, limits: Limits) -> Self {
        let delimiter = [b"--", boundary.as_bytes()].concat();
        Self {
            finder: Finder::new(&delimiter).into_owned(),
            delimiter,
            held: Vec::new(),
            state: State::Start,
            limits,
            parts: 0,
            head: None,
            data_bytes: 0,
            offset: 0,
        }
    }

    /// Where in the content the next byte of a part is: asked at [`Event::Begin`] and [`Event::End`], where a part lies.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Takes the next piece and tells what it holds. `tell` has the offset at which the event stands.
    ///
    /// # Errors
    /// The first thing that is wrong, or what `tell` says.
    pub fn push(
        &mut self,
        piece: &[u8],
        tell: &mut impl FnMut(u64, Event<'_>) -> Result<(), Violation>,
    ) -> Result<(), Violation> {
        self.held.extend_from_slice(piece);
        loop {
            let goes_on = match self.state {
                State::Start => self.start()?,
                State::Head => self.head(tell)?,
                State::Data => self.data(tell)?,
                State::Closed => self.closed()?,
            };
            if !goes_on {
                return Ok(());
            }
        }
    }

    /// Says that nothing more comes.
    ///
    /// # Errors
    /// The last boundary is missing.
    pub fn finish(&self) -> Result<(), Violation> {
        // Perhaps one CRLF behind it.
        let is_whole = self.state == State::Closed && (self.held.is_empty() || self.held == b"\r\n");
        if is_whole { Ok(()) } else { Err(self.wrong(Rule::Multipart)) }
    }

    /// Nothing precedes the first boundary.
    fn start(&mut self) -> Result<bool, Violation> {
        let expected = [self.delimiter.as_slice(), b"\r\n"].concat();
        let common = self.held.len().min(expected.len());
        if self.held.get(..common) != expected.get(..common) {
            return Err(self.wrong(Rule::Multipart));
        }
        if self.held.len() < expected.len() {
            return Ok(false);
        }
        self.take(expected.len());
        self.state = State::Head;
        Ok(true)
    }

    fn head(&mut self, tell: &mut impl FnMut(u64, Event<'_>) -> Result<(), Violation>) -> Result<bool, Violation> {
        const END: &[u8] = b"\r\n\r\n";
        let window = self.held.get(..self.held.len().min(self.limits.max_head_bytes)).unwrap_or_default();
        let Some(end) = memchr::memmem::find(window, END) else {
            return if self.held.len() >= self.limits.max_head_bytes {
                Err(self.wrong(Rule::PartHeader))
            } else {
                Ok(false)
            };
        };
        self.parts = self.parts.saturating_add(1);
        if self.parts > self.limits.max_parts {
            return Err(self.wrong(Rule::TooMany));
        }
        let lines = window.get(..end).unwrap_or_default();
        let head = Head::parse(lines).map_err(|rule| self.wrong(rule))?;
        self.take(end.saturating_add(END.len()));
        tell(self.offset, Event::Begin(&head))?;
        self.head = Some(head);
        self.data_bytes = 0;
        self.state = State::Data;
        Ok(true)
    }

    fn data(&mut self, tell: &mut impl FnMut(u64, Event<'_>) -> Result<(), Violation>) -> Result<bool, Violation> {
        let Some(found) = self.finder.find(&self.held) else {
            // What may be the beginning of CRLF and a boundary stays.
            let safe = self.held.len().saturating_sub(self.delimiter.len().saturating_add(1));
            self.tell_data(safe, tell)?;
            return Ok(false);
        };
        let before = found.checked_sub(2).and_then(|line_end| self.held.get(line_end..found));
        if before != Some(b"\r\n") {
            // A boundary that does not begin a line of its own: data to some, an end to others.
            return Err(self.wrong(Rule::Multipart));
        }
        let behind = found.saturating_add(self.delimiter.len());
        let Some(next) = self.held.get(behind..behind.saturating_add(2)) else { return Ok(false) };
        self.state = match next {
            b"\r\n" => State::Head,
            b"--" => State::Closed,
            _ => return Err(self.wrong(Rule::Multipart)),
        };
        self.tell_data(found.saturating_sub(2), tell)?;
        if self.head.as_ref().and_then(Head::length).is_some_and(|said| said != self.data_bytes) {
            return Err(self.wrong(Rule::PartHeader));
        }
        self.head = None;
        tell(self.offset, Event::End)?;
        self.take(self.delimiter.len().saturating_add(4));
        Ok(true)
    }

    /// Nothing follows the last boundary but the end of its line.
    fn closed(&self) -> Result<bool, Violation> {
        if b"\r\n".starts_with(&self.held) { Ok(false) } else { Err(self.wrong(Rule::Multipart)) }
    }

    fn tell_data(
        &mut self,
        bytes: usize,
        tell: &mut impl FnMut(u64, Event<'_>) -> Result<(), Violation>,
    ) -> Result<(), Violation> {
        let data = self.held.get(..bytes).unwrap_or_default();
        if !data.is_empty() {
            self.data_bytes = self.data_bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
            tell(self.offset, Event::Data(data))?;
            self.take(bytes);
        }
        Ok(())
    }

    fn take(&mut self, bytes: usize) {
        self.held.drain(..bytes.min(self.held.len()));
        self.offset = self.offset.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// Names the part under way, if there is one.
    fn wrong(&self, rule: Rule) -> Violation {
        Violation::new(Location::Form, self.head.as_ref().map_or("", Head::name), rule)
    }
}
