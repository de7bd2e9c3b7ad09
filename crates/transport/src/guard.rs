//! The byte guard of HTTP/1.1: knows from the bytes alone where each request begins and ends, and stops at the first byte
//! that breaks a rule.
//!
//! hyper builds the request, but hides what an attack is made of: a Content-Length beside `chunked`, bare LF, fragments,
//! chunk extensions (`edge.md` fact 1). So the bytes pass here first. Whatever two readers could take for different
//! boundaries is refused, therefore hyper, which is more lenient, finds the same ones. Sizes, counts and the meaning of
//! fields are the business of hyper and of [`crate::head`]: a rule stands here only where they cannot see the bytes, or
//! where it decides the next boundary.
//!
//! It takes the bytes as they arrive, cut anywhere, and its verdict does not depend on the cuts: there is one path, a state
//! machine that keeps no bytes. It copies nothing and allocates nothing.

mod bytes;
mod chunks;
mod head;
#[cfg(test)]
mod tests;

pub(crate) use self::chunks::{Extension, hex};

use portcullis_core::Reason;

use self::chunks::{Chunk, Chunks};
use self::head::{Framing, Line};

/// Where one connection stands, from its first byte on.
#[derive(Debug, Default)]
pub struct Guard {
    state: State,
    /// What the present head has said so far about its content.
    framing: Framing,
    chunks: Chunks,
    /// Bytes of the content, or of its present chunk, that are still to come; in a head, what Content-Length says.
    left: u64,
    heads: u32,
    is_in_content: bool,
    halt: Option<Halt>,
}

/// Why the guard takes no further byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// A request that asks to upgrade has ended. What follows is a tunnel's if the answer is 101, and else the next head:
    /// looking at it before that is known made others poison their connections (CVE-2026-2833, CVE-2026-73548).
    /// [`Guard::resume`] goes on.
    Undecided,
    /// A rule was broken where a head is read: the requests before it stand, nothing behind it does.
    Head(Reason),
    /// A rule was broken in the content of the last request.
    Content(Reason),
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nothing yet: every request so far is complete.
    Between,
    /// A head.
    Head,
    /// The content of the last request, trailer section included.
    Content,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before a head. One empty line may stand here (RFC 9112 §2.2); `has_skipped` says that it did.
    Start { has_skipped: bool },
    /// After the CR of that empty line.
    StartLf,
    /// In a request line or a field line, of a head or of a trailer section.
    Line(Line),
    /// In content that is [`Guard::left`] bytes long.
    Counted,
    /// In chunked content.
    Chunked(Chunk),
    /// At a byte that broke a rule.
    Broken,
}

impl Default for State {
    fn default() -> Self {
        Self::Start { has_skipped: false }
    }
}

impl Guard {
    /// At the first byte of a connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads on: how many of `bytes` may be believed. Where they are not all, [`Guard::halt`] says why; the byte there and
    /// everything behind it must not be parsed.
    pub fn inspect(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        while !rest.is_empty() && self.halt.is_none() {
            rest = self.advance(rest);
        }
        bytes.len().saturating_sub(rest.len())
    }

    /// Why it takes no more.
    pub const fn halt(&self) -> Option<Halt> {
        self.halt
    }

    /// The upgrade was not granted: what follows is a head. Of no effect on a broken rule.
    pub fn resume(&mut self) {
        if self.halt == Some(Halt::Undecided) {
            self.halt = None;
        }
    }

    /// Heads that are complete.
    pub const fn heads(&self) -> u32 {
        self.heads
    }

    /// What the next byte belongs to.
    pub const fn place(&self) -> Place {
        match self.state {
            _ if self.is_in_content => Place::Content,
            State::Start { .. } | State::StartLf => Place::Between,
            _ => Place::Head,
        }
    }

    /// Reads as far as the present state goes and gives what is left: at its first byte a rule was broken, or another state
    /// begins.
    fn advance<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        match self.state {
            State::Line(line) => self.line(line, bytes),
            State::Start { has_skipped } => self.start(has_skipped, bytes),
            State::StartLf => match bytes {
                [b'\n', rest @ ..] => self.go(State::Start { has_skipped: true }, rest),
                _ => self.breaks(bytes),
            },
            State::Counted => {
                let rest = self.take(bytes);
                if self.left == 0 { self.end_message(rest) } else { rest }
            }
            State::Chunked(chunk) => self.chunk(chunk, bytes),
            State::Broken => self.breaks(bytes),
        }
    }

    fn start<'a>(&mut self, has_skipped: bool, bytes: &'a [u8]) -> &'a [u8] {
        if let (false, [b'\r', rest @ ..]) = (has_skipped, bytes) {
            return self.go(State::StartLf, rest);
        }
        self.framing = Framing::default();
        self.line(Line::FIRST, bytes)
    }

    /// Goes on with `rest` in another state.
    const fn go<'a>(&mut self, state: State, rest: &'a [u8]) -> &'a [u8] {
        self.state = state;
        rest
    }

    /// The first byte of `rest` breaks the grammar.
    const fn breaks<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        self.breaks_with(if self.is_in_content { Reason::BodyMalformed } else { Reason::RequestMalformed }, rest)
    }

    const fn breaks_with<'a>(&mut self, reason: Reason, rest: &'a [u8]) -> &'a [u8] {
        self.halt = Some(if self.is_in_content { Halt::Content(reason) } else { Halt::Head(reason) });
        self.go(State::Broken, rest)
    }

    /// Passes content, at most what is left of it.
    fn take<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        self.left = self.left.saturating_sub(length as u64);
        bytes.get(length..).unwrap_or_default()
    }

    fn end_head<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        self.heads = self.heads.saturating_add(1);
        match self.framing {
            Framing { is_chunked: true, .. } => {
                self.is_in_content = true;
                self.chunks = Chunks::default();
                self.chunk(Chunk::FIRST, rest)
            }
            Framing { has_length: true, .. } if self.left > 0 => {
                self.is_in_content = true;
                self.go(State::Counted, rest)
            }
            Framing { .. } => self.end_message(rest),
        }
    }

    const fn end_message<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        self.is_in_content = false;
        if self.framing.may_upgrade {
            self.halt = Some(Halt::Undecided);
        }
        self.go(State::Start { has_skipped: false }, rest)
    }
}
