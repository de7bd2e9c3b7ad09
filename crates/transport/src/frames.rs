//! Counts the HTTP/2 frames that a client sends, and says where it has sent too many.
//!
//! **Does**  walks from frame header to frame header, whatever the pieces in which the bytes come; counts what h2 absorbs
//! without a limit: resets, SETTINGS, PING, PRIORITY, WINDOW_UPDATE, unknown types, CONTINUATION, padding.
//! **Never** reads a payload (but for a length of padding), keeps a byte, allocates, or judges what h2 judges: a frame that is
//! illegal passes, h2 ends the connection.
//! **Flow**  [`Frames::pass`] with what was read → how many of the bytes may be handed on, and the [`Abuse`] behind them.
//! **Fails** towards the end of the connection: nothing passes after an abuse.
//! **Source** RFC 9113 §4, §6, §10.5; CVE-2019-9511 to -9518, CVE-2023-44487, CVE-2024-27316; `edge.md` fact 6, table W.

mod window;

use portcullis_core::bounds::{
    H2_BYTES_PER_CONTROL, H2_BYTES_PER_PING, H2_CONTROL_FRAMES, H2_CONTROL_PER_REQUEST, H2_PADDING_FREE,
    H2_PADDING_PER_DATA, H2_RESET_SHARE_STREAMS, MAX_H2_BLOCK_BYTES, MAX_H2_CONTINUATIONS, MAX_H2_CONTROL_FRAMES,
    MAX_H2_PINGS, MAX_H2_RESETS, MAX_H2_SETTINGS,
};
use window::Window;

/// Bytes of a frame header (RFC 9113 §4.1).
pub const HEADER_BYTES: usize = 9;
/// Bytes of the preface that comes before the first frame (RFC 9113 §3.4). h2 compares them.
const PREFACE_BYTES: u32 = 24;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;

/// What a client sent too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Abuse {
    /// RST_STREAM (rapid reset).
    Resets,
    /// SETTINGS.
    Settings,
    /// PING.
    Pings,
    /// Frames that only move state: PRIORITY, WINDOW_UPDATE, empty DATA, unknown types.
    Control,
    /// CONTINUATION, by number or by bytes.
    HeaderBlock,
    /// Padding of content.
    Padding,
}

impl Abuse {
    /// The word of the record.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Resets => "resets",
            Self::Settings => "settings",
            Self::Pings => "pings",
            Self::Control => "control frames",
            Self::HeaderBlock => "header block",
            Self::Padding => "padding",
        }
    }
}

/// How far bytes may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// So many of them may be handed on. What is left begins with a frame header: with an `abuse` that of the frame that is one
    /// too many, otherwise one that has not come whole and is to be passed again, with what follows it.
    pub bytes: usize,
    /// Why nothing more may be handed on.
    pub abuse: Option<Abuse>,
}

/// A header block that is not complete.
#[derive(Clone, Copy, Debug)]
struct Block {
    continuations: u32,
    bytes: u32,
}

/// The frames of one connection so far. Less than 200 bytes, whatever comes.
#[derive(Debug)]
pub struct Frames {
    /// Bytes of the present frame's payload that are still to come.
    left: u32,
    /// The next byte is a length of padding.
    pads: bool,
    /// The present frame is part of a header block, or the preface.
    is_head: bool,
    block: Option<Block>,
    last_stream: u32,
    streams: u64,
    resets: u64,
    recent_resets: Window,
    settings: Window,
    pings: Window,
    /// The next PING measures something.
    ping_is_earned: bool,
    sent_since_ping: u64,
    control: u32,
    sent_since_control: u64,
    padding: u64,
    data: u64,
    carries_many: bool,
}

impl Frames {
    /// Nothing has come yet, not even the preface. `carries_many`: the peer is a trusted proxy.
    pub const fn new(carries_many: bool) -> Self {
        Self {
            left: PREFACE_BYTES,
            pads: false,
            is_head: true,
            block: None,
            last_stream: 0,
            streams: 0,
            resets: 0,
            recent_resets: Window::new(),
            settings: Window::new(),
            pings: Window::new(),
            ping_is_earned: false,
            sent_since_ping: 0,
            control: H2_CONTROL_FRAMES,
            sent_since_control: 0,
            padding: 0,
            data: 0,
            carries_many,
        }
    }

    /// Whether the preface or a header block is not complete, so that the deadline of a head holds.
    pub const fn is_in_head(&self) -> bool {
        self.block.is_some() || (self.is_head && self.left > 0)
    }

    /// We wrote `bytes` to the client.
    pub fn sent(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.sent_since_ping = self.sent_since_ping.saturating_add(bytes);
        self.sent_since_control = self.sent_since_control.saturating_add(bytes);
        if self.sent_since_control >= H2_BYTES_PER_CONTROL {
            let earned = self.sent_since_control / H2_BYTES_PER_CONTROL;
            self.sent_since_control %= H2_BYTES_PER_CONTROL;
            self.earn(u32::try_from(earned).unwrap_or(u32::MAX));
        }
    }

    /// `requests` more were answered.
    pub fn answered(&mut self, requests: u32) {
        self.earn(requests.saturating_mul(H2_CONTROL_PER_REQUEST));
    }

    fn earn(&mut self, frames: u32) {
        self.control = self.control.saturating_add(frames).min(MAX_H2_CONTROL_FRAMES);
    }

    /// Looks at `bytes`, which follow what was handed on before. `now` counts seconds from any moment on.
    pub fn pass(&mut self, bytes: &[u8], now: u32) -> Passed {
        let mut rest = bytes;
        loop {
            rest = self.skip(rest);
            let Some((header, after)) = rest.split_first_chunk::<HEADER_BYTES>() else {
                return Passed { bytes: bytes.len().saturating_sub(rest.len()), abuse: None };
            };
            if let Some(abuse) = self.frame(header, now) {
                return Passed { bytes: bytes.len().saturating_sub(rest.len()), abuse: Some(abuse) };
            }
            rest = after;
        }
    }

    /// Leaves the payload of the present frame behind.
    fn skip<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        if self.left == 0 {
            return bytes;
        }
        if self.pads
            && let Some((padding, after)) = bytes.split_first()
        {
            self.pads = false;
            self.left = self.left.saturating_sub(1);
            self.padding = self.padding.saturating_add(u64::from(*padding));
            self.data = self.data.saturating_sub(u64::from(*padding));
            bytes = after;
        }
        let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        self.left = self.left.saturating_sub(u32::try_from(length).unwrap_or(u32::MAX));
        bytes.get(length..).unwrap_or_default()
    }

    /// A frame begins: its header is complete, its payload is still to come.
    fn frame(&mut self, header: &[u8; HEADER_BYTES], now: u32) -> Option<Abuse> {
        let [long, length @ .., kind, flags, _, _, _, _] = *header;
        let [.., stream_a, stream_b, stream_c, stream_d] = *header;
        let [middle, low] = length;
        let length = u32::from_be_bytes([0, long, middle, low]);
        let stream = u32::from_be_bytes([stream_a, stream_b, stream_c, stream_d]) & 0x7fff_ffff;
        (self.left, self.pads) = (length, false);
        self.is_head = matches!(kind, HEADERS | CONTINUATION);
        match kind {
            DATA => self.content(length, flags),
            HEADERS => {
                self.head(length, flags, stream);
                None
            }
            RST_STREAM => self.reset(now),
            SETTINGS => (self.settings.count(now) > MAX_H2_SETTINGS).then_some(Abuse::Settings),
            PING => self.ping(now),
            CONTINUATION => self.continuation(length, flags),
            _ => self.control(), // PRIORITY, WINDOW_UPDATE, GOAWAY, PUSH_PROMISE, and what nobody knows
        }
    }

    /// The padding of a frame is known when its payload begins, so the frame after it is the one that is refused.
    fn content(&mut self, length: u32, flags: u8) -> Option<Abuse> {
        if self.padding > H2_PADDING_FREE && self.padding > self.data.saturating_mul(H2_PADDING_PER_DATA) {
            return Some(Abuse::Padding);
        }
        self.pads = flags & PADDED != 0 && length > 0;
        self.data = self.data.saturating_add(u64::from(length));
        if self.pads {
            self.padding = self.padding.saturating_add(1); // the length itself
            self.data = self.data.saturating_sub(1);
        }
        if length == 0 && flags & END_STREAM == 0 { self.control() } else { None }
    }

    fn head(&mut self, length: u32, flags: u8, stream: u32) {
        if stream > self.last_stream {
            self.last_stream = stream; // the lower ones are trailer sections
            self.streams = self.streams.saturating_add(1);
            self.ping_is_earned = true;
        }
        self.block = (flags & END_HEADERS == 0).then_some(Block { continuations: 0, bytes: length });
    }

    fn continuation(&mut self, length: u32, flags: u8) -> Option<Abuse> {
        let block = self.block.as_mut()?; // h2 refuses one without a block
        block.continuations = block.continuations.saturating_add(1);
        block.bytes = block.bytes.saturating_add(length);
        if block.continuations > MAX_H2_CONTINUATIONS || block.bytes > MAX_H2_BLOCK_BYTES {
            return Some(Abuse::HeaderBlock);
        }
        if flags & END_HEADERS != 0 {
            self.block = None;
        }
        None
    }

    fn reset(&mut self, now: u32) -> Option<Abuse> {
        self.resets = self.resets.saturating_add(1);
        let is_burst = self.recent_resets.count(now) > MAX_H2_RESETS && !self.carries_many;
        let is_habit = self.streams >= H2_RESET_SHARE_STREAMS && self.resets.saturating_mul(2) > self.streams;
        (is_burst || is_habit).then_some(Abuse::Resets)
    }

    fn ping(&mut self, now: u32) -> Option<Abuse> {
        let sent = std::mem::take(&mut self.sent_since_ping);
        if std::mem::take(&mut self.ping_is_earned) || sent >= H2_BYTES_PER_PING {
            return self.control();
        }
        (self.pings.count(now) > MAX_H2_PINGS).then_some(Abuse::Pings)
    }

    fn control(&mut self) -> Option<Abuse> {
        match self.control.checked_sub(1) {
            Some(left) => {
                self.control = left;
                None
            }
            None => Some(Abuse::Control),
        }
    }
}

#[cfg(test)]
mod tests;
