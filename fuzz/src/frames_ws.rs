//! The frames of a WebSocket: what passes does not depend on the cuts, and is all that a plain reading of RFC 6455 §5 lets pass.
//! The first byte says who sends; the rest is what is sent.

use std::time::Duration;

use portcullis_transport::websocket::{Breach, Frames, Limits, MAX_HEADER_BYTES, Sender};

use crate::cuts::cuttings;

/// Small, so that short inputs reach them.
const LIMITS: Limits = Limits { max_message: 300, messages: 20, max_age: Duration::MAX };

/// All of it.
pub fn check(data: &[u8]) {
    let Some((mode, data)) = data.split_first() else { return };
    let sender = if mode & 1 == 0 { Sender::Client } else { Sender::Upstream };
    let [whole, single, odd] = cuttings(data);
    let end = walk(&whole, sender);
    for pieces in [single, odd] {
        assert_eq!(walk(&pieces, sender), end, "the verdict depends on the cuts");
    }
    let (frames, rest) = read(data);
    match frames.iter().position(|frame| !frame.is_good(&frames, sender)) {
        Some(bad) => {
            let bad = &frames[bad];
            assert_eq!(end.0, bad.at, "it stops before the frame that may not pass");
            bad.explain(&frames, end.1.expect("it stops for a reason"), sender);
        }
        None => assert_eq!(end, (rest, None), "all but a part of a header passes"),
    }
}

/// Gives the pieces as a socket would: what has not passed comes again before what follows.
fn walk(pieces: &[&[u8]], sender: Sender) -> (usize, Option<Breach>) {
    let mut frames = Frames::new(sender, &LIMITS);
    let (mut passed, mut held) = (0, Vec::new());
    for piece in pieces {
        held.extend_from_slice(piece);
        let (good, breach) = frames.inspect(&held, Duration::ZERO);
        held.drain(..good);
        passed += good;
        if breach.is_some() {
            return (passed, breach);
        }
        assert!(held.len() < MAX_HEADER_BYTES, "only a header that is not whole waits");
        assert!(held.is_empty() || frames.left() == 0, "no payload waits");
    }
    (passed, None)
}

/// One frame, as it stands.
struct Frame {
    at: usize,
    first: u8,
    is_masked: bool,
    payload: u64,
    is_shortest: bool,
}

/// The frames whose header is whole, and where the first that is not begins (or the end).
fn read(data: &[u8]) -> (Vec<Frame>, usize) {
    let mut frames = Vec::new();
    let mut at = 0_usize;
    while let Some([first, second]) = data.get(at..at + 2) {
        let number = |bytes: usize| -> Option<u64> {
            let bytes = data.get(at + 2..at + 2 + bytes)?;
            Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
        };
        let (long, shortest) = match second & 127 {
            126 => (2, 126),
            127 => (8, 1 << 16),
            _ => (0, 0),
        };
        let is_masked = second & 128 != 0;
        let header = 2 + long + if is_masked { 4 } else { 0 };
        if data.len() < at + header {
            break;
        }
        let payload = if long == 0 { u64::from(second & 127) } else { number(long).unwrap() };
        let is_shortest = payload >= shortest && payload < 1 << 63;
        frames.push(Frame { at, first: *first, is_masked, payload, is_shortest });
        at = usize::try_from(payload)
            .map_or(usize::MAX / 2, |payload| payload.min(usize::MAX / 2))
            .saturating_add(at + header);
        if at >= data.len() {
            return (frames, data.len());
        }
    }
    (frames, at)
}

impl Frame {
    fn opcode(&self) -> u8 {
        self.first & 15
    }

    fn is_final(&self) -> bool {
        self.first & 128 != 0
    }

    fn is_data(&self) -> bool {
        self.opcode() < 8
    }

    fn before<'a>(&self, frames: &'a [Self]) -> impl DoubleEndedIterator<Item = &'a Self> {
        let at = self.at;
        frames.iter().filter(move |frame| frame.at < at)
    }

    fn is_good(&self, frames: &[Self], sender: Sender) -> bool {
        self.keeps_protocol(frames, sender) && !self.is_too_large(frames) && !self.is_too_fast(frames, sender)
    }

    fn keeps_protocol(&self, frames: &[Self], sender: Sender) -> bool {
        let in_message = self.before(frames).rfind(|frame| frame.is_data()).is_some_and(|frame| !frame.is_final());
        let fits = match self.opcode() {
            0 => in_message,
            1 | 2 => !in_message,
            8 => self.is_final() && self.payload <= 125 && self.payload != 1,
            9 | 10 => self.is_final() && self.payload <= 125,
            _ => false,
        };
        let is_closed = self.before(frames).any(|frame| frame.opcode() == 8);
        fits && !is_closed && self.first & 0x70 == 0 && self.is_shortest && self.is_masked == (sender == Sender::Client)
    }

    fn is_too_large(&self, frames: &[Self]) -> bool {
        let begun = self.before(frames).rev().filter(|frame| frame.is_data()).take_while(|frame| !frame.is_final());
        let begun: u128 = begun.map(|frame| u128::from(frame.payload)).sum();
        self.is_data() && begun + u128::from(self.payload) > u128::from(LIMITS.max_message)
    }

    fn is_too_fast(&self, frames: &[Self], sender: Sender) -> bool {
        let at_once = 2 * LIMITS.messages as usize;
        sender == Sender::Client && self.opcode() != 8 && self.before(frames).count() >= at_once
    }

    /// The breach is what is wrong with it.
    fn explain(&self, frames: &[Self], breach: Breach, sender: Sender) {
        let is_right = match breach {
            Breach::Protocol(_) => !self.keeps_protocol(frames, sender),
            Breach::TooLarge => self.is_too_large(frames),
            Breach::TooFast => self.is_too_fast(frames, sender),
        };
        assert!(is_right, "{breach:?} is not what was sent");
    }
}
