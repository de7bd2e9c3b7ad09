//! What passes in a WebSocket (RFC 6455 §5): the frames of one direction.
//!
//! Headers are read, payloads are counted: nothing is unmasked, kept or copied. Whether a text is UTF-8 is for its reader to say
//! (§8.1).

#[cfg(test)]
mod tests;

use super::Limits;
use std::time::Duration;

/// Longest header: two bytes, eight of length, four of masking key.
pub const MAX_HEADER_BYTES: usize = 14;
/// Payload of a control frame (§5.5).
const MAX_CONTROL_BYTES: u64 = 125;

const FINAL: u8 = 0x80;
const RESERVED: u8 = 0x70;
const OPCODE: u8 = 0x0f;
const CLOSE: u8 = 0x08;
const MASKED: u8 = 0x80;

/// Who sends in a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Its frames are masked, and it has a rate.
    Client,
    /// Its frames are not masked.
    Upstream,
}

/// What a frame does that it may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    /// It breaks the protocol, in this way.
    Protocol(&'static str),
    /// It makes its message larger than messages may be.
    TooLarge,
    /// It is one more than the client may send now.
    TooFast,
}

impl Breach {
    /// The status of the close frame that answers it (§7.4.1).
    pub const fn code(self) -> u16 {
        match self {
            Self::Protocol(_) => 1002,
            Self::TooLarge => 1009,
            Self::TooFast => 1008,
        }
    }

    /// What it was, for the record.
    pub const fn detail(self) -> &'static str {
        match self {
            Self::Protocol(detail) => detail,
            Self::TooLarge => "message too large",
            Self::TooFast => "frames too fast",
        }
    }
}

/// The frames of one direction.
#[derive(Debug)]
pub struct Frames {
    sender: Sender,
    max_message: u64,
    bucket: Option<Bucket>,
    /// Payload of the present frame that is still to come.
    left: u64,
    /// Bytes of the message that has begun and not ended.
    message: Option<u64>,
    is_closed: bool,
}

impl Frames {
    /// Nothing was read yet.
    pub fn new(sender: Sender, limits: &Limits) -> Self {
        let bucket = (sender == Sender::Client).then(|| Bucket::new(limits.messages));
        Self { sender, max_message: limits.max_message, bucket, left: 0, message: None, is_closed: false }
    }

    /// Reads on. Gives how many of `bytes` may pass, and what is wrong behind them. Without a breach the rest is a part of a
    /// header, shorter than [`MAX_HEADER_BYTES`], to be given again with what follows it.
    pub fn inspect(&mut self, bytes: &[u8], now: Duration) -> (usize, Option<Breach>) {
        let mut rest = bytes;
        let breach = loop {
            let payload = rest.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
            self.left = self.left.saturating_sub(payload as u64);
            rest = rest.get(payload..).unwrap_or_default();
            let Some(header) = Header::read(rest) else { break None };
            if let Err(breach) = self.begin(&header, now) {
                break Some(breach);
            }
            rest = rest.get(header.bytes..).unwrap_or_default();
        };
        (bytes.len().saturating_sub(rest.len()), breach)
    }

    /// Payload of the present frame that is still to come; 0 between two frames.
    pub const fn left(&self) -> u64 {
        self.left
    }

    /// A close frame has passed: nothing may follow it.
    pub const fn is_closed(&self) -> bool {
        self.is_closed
    }

    fn begin(&mut self, header: &Header, now: Duration) -> Result<(), Breach> {
        let is_final = header.first & FINAL != 0;
        if self.is_closed {
            return Err(Breach::Protocol("frame behind a close frame"));
        }
        if header.first & RESERVED != 0 {
            return Err(Breach::Protocol("reserved bit set")); // no extension was negotiated
        }
        match (self.sender, header.is_masked) {
            (Sender::Client, true) | (Sender::Upstream, false) => {}
            (Sender::Client, false) => return Err(Breach::Protocol("frame not masked")),
            (Sender::Upstream, true) => return Err(Breach::Protocol("frame masked")),
        }
        if !header.is_minimal {
            return Err(Breach::Protocol("length not in its shortest form"));
        }
        let opcode = header.first & OPCODE;
        match opcode {
            0 => {
                let message = self.message.ok_or(Breach::Protocol("continuation of no message"))?;
                self.grow(message, header.payload, is_final)?;
            }
            1 | 2 if self.message.is_some() => return Err(Breach::Protocol("message within a message")),
            1 | 2 => self.grow(0, header.payload, is_final)?,
            CLOSE..=10 if !is_final => return Err(Breach::Protocol("control frame in fragments")),
            CLOSE..=10 if header.payload > MAX_CONTROL_BYTES => return Err(Breach::Protocol("control frame too long")),
            CLOSE if header.payload == 1 => return Err(Breach::Protocol("close frame with half a status")),
            CLOSE => self.is_closed = true,
            9 | 10 => {}
            _ => return Err(Breach::Protocol("unknown opcode")),
        }
        if opcode != CLOSE && self.bucket.as_mut().is_some_and(|bucket| !bucket.take(now)) {
            return Err(Breach::TooFast);
        }
        self.left = header.payload;
        Ok(())
    }

    fn grow(&mut self, message: u64, by: u64, is_final: bool) -> Result<(), Breach> {
        let message = message.saturating_add(by);
        if message > self.max_message {
            return Err(Breach::TooLarge);
        }
        self.message = (!is_final).then_some(message);
        Ok(())
    }
}

/// The header of a frame.
struct Header {
    first: u8,
    is_masked: bool,
    payload: u64,
    /// The length stands in its shortest form, which is the only one (§5.2).
    is_minimal: bool,
    /// How long the header is.
    bytes: usize,
}

impl Header {
    /// `None` until it is whole.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (&[first, second], rest) = bytes.split_first_chunk()?;
        let is_masked = second & MASKED != 0;
        let (payload, is_minimal, extended) = match second & !MASKED {
            126 => {
                let payload = u64::from(u16::from_be_bytes(*rest.first_chunk()?));
                (payload, payload > 125, 2)
            }
            127 => {
                let payload = u64::from_be_bytes(*rest.first_chunk()?);
                (payload, payload > u64::from(u16::MAX) && payload >> 63 == 0, 8)
            }
            short => (u64::from(short), true, 0),
        };
        let bytes = if is_masked { 6 } else { 2_usize }.saturating_add(extended);
        (bytes.saturating_sub(2) <= rest.len()).then_some(Self { first, is_masked, payload, is_minimal, bytes })
    }
}

/// A token bucket that holds two seconds of its rate, kept as the moment at which it is full again.
#[derive(Debug)]
struct Bucket {
    interval: Duration,
    window: Duration,
    full_at: Duration,
}

impl Bucket {
    fn new(rate: u32) -> Self {
        let interval = Duration::from_secs(1).checked_div(rate).unwrap_or(Duration::MAX);
        Self { interval, window: Duration::from_secs(2), full_at: Duration::ZERO }
    }

    fn take(&mut self, now: Duration) -> bool {
        let ahead = self.full_at.saturating_sub(now).saturating_add(self.interval);
        if ahead > self.window {
            return false;
        }
        self.full_at = now.saturating_add(ahead);
        true
    }
}

/// A close frame for the side that `sender` speaks to. Towards the upstream it is masked, as all frames are there; what the key
/// is for, hiding what a page's script chose from proxies that misread it, has no object here, so it is 0.
pub(crate) fn close_frame(sender: Sender, code: u16) -> Vec<u8> {
    let mut frame = match sender {
        Sender::Client => vec![FINAL | CLOSE, MASKED | 2, 0, 0, 0, 0],
        Sender::Upstream => vec![FINAL | CLOSE, 2],
    };
    frame.extend(code.to_be_bytes());
    frame
}
