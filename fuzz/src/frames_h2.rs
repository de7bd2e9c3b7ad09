//! The counter of HTTP/2 frames: its verdict does not depend on the cuts, and within one second no more than the bounds
//! passes. The first byte says who the peer is and how time goes; the rest is what it sends.

use portcullis_core::bounds::{
    H2_CONTROL_FRAMES, H2_PADDING_FREE, MAX_H2_BLOCK_BYTES, MAX_H2_CONTINUATIONS, MAX_H2_PINGS, MAX_H2_RESETS,
    MAX_H2_SETTINGS,
};
use portcullis_transport::frames::{Abuse, Frames, HEADER_BYTES};

use crate::cuts::cuttings;

const PREFACE_BYTES: usize = 24;

/// All of it.
pub fn check(data: &[u8]) {
    let Some((mode, data)) = data.split_first() else { return };
    let carries_many = mode & 1 != 0;
    let [whole, single, odd] = cuttings(data);
    let end = walk(&whole, carries_many);
    for pieces in [single, odd] {
        assert_eq!(walk(&pieces, carries_many), end, "the verdict depends on the cuts");
    }
    bounds_hold(data, end.passed, end.abuse, carries_many);
    time_and_answers(&cuttings(data)[2], *mode);
}

#[derive(Debug, PartialEq, Eq)]
struct End {
    passed: usize,
    abuse: Option<Abuse>,
    is_in_head: bool,
}

/// Gives the pieces as a socket would: what has not passed comes again before what follows.
fn walk(pieces: &[&[u8]], carries_many: bool) -> End {
    let mut frames = Frames::new(carries_many);
    let (mut passed, mut abuse, mut held) = (0, None, Vec::new());
    for piece in pieces {
        held.extend_from_slice(piece);
        let result = frames.pass(&held, 0);
        assert!(result.bytes <= held.len());
        held.drain(..result.bytes);
        passed += result.bytes;
        abuse = result.abuse;
        if abuse.is_some() {
            assert!(held.len() >= HEADER_BYTES, "the header of the frame that is too many is there");
            break;
        }
        assert!(held.len() < HEADER_BYTES, "only a header that is not whole waits");
    }
    End { passed, abuse, is_in_head: frames.is_in_head() }
}

/// One frame header: length, kind, flags, and the length of padding if the payload shows one.
struct Header {
    length: usize,
    kind: u8,
    flags: u8,
    padding: usize,
}

/// Reads the frames again, plainly.
fn bounds_hold(data: &[u8], passed: usize, abuse: Option<Abuse>, carries_many: bool) {
    let (mut at, mut counts) = (PREFACE_BYTES, Counts::default());
    while let Some(bytes) = data.get(at..at + HEADER_BYTES) {
        let length = usize::from(bytes[0]) << 16 | usize::from(bytes[1]) << 8 | usize::from(bytes[2]);
        let padding = data.get(at + HEADER_BYTES).copied().map_or(0, usize::from);
        let header = Header { length, kind: bytes[3], flags: bytes[4], padding };
        if at >= passed {
            assert_eq!(at, passed, "it stops before a header");
            let abuse = abuse.expect("it stops before a whole header only for a reason");
            counts.explain(abuse, &header);
            return;
        }
        counts.add(&header);
        at += HEADER_BYTES + length;
    }
    assert_eq!(abuse, None, "a frame is to blame");
    assert_eq!(passed, data.len().min(at.max(PREFACE_BYTES)), "all but a part of a header passes");
    assert!(counts.settings <= MAX_H2_SETTINGS && counts.pings_unearned <= MAX_H2_PINGS + H2_CONTROL_FRAMES);
    assert!(carries_many || counts.resets <= MAX_H2_RESETS);
    assert!(counts.idle <= H2_CONTROL_FRAMES);
}

#[derive(Default)]
struct Counts {
    resets: u32,
    settings: u32,
    pings_unearned: u32,
    /// PRIORITY, WINDOW_UPDATE, empty DATA, what is unknown.
    idle: u32,
    continuations: u32,
    block: usize,
    padding: u64,
}

impl Counts {
    fn add(&mut self, header: &Header) {
        match (header.kind, header.flags) {
            (0, flags) => {
                self.idle += u32::from(header.length == 0 && flags & 1 == 0);
                if flags & 8 != 0 && header.length > 0 {
                    self.padding += header.padding as u64 + 1;
                }
            }
            (1, _) => (self.continuations, self.block) = (0, header.length),
            (3, _) => self.resets += 1,
            (4, _) => self.settings += 1,
            (6, _) => self.pings_unearned += 1,
            (9, _) => {
                self.continuations += 1;
                self.block += header.length;
            }
            _ => self.idle += 1,
        }
    }

    /// The frame at `header` is one too many of its kind.
    fn explain(mut self, abuse: Abuse, header: &Header) {
        self.add(header);
        let is_right = match abuse {
            Abuse::Resets => header.kind == 3 && self.resets > MAX_H2_RESETS,
            Abuse::Settings => header.kind == 4 && self.settings > MAX_H2_SETTINGS,
            Abuse::Pings => header.kind == 6 && self.pings_unearned > MAX_H2_PINGS,
            Abuse::Control => self.idle + self.pings_unearned > H2_CONTROL_FRAMES,
            Abuse::HeaderBlock => {
                header.kind == 9
                    && (self.continuations > MAX_H2_CONTINUATIONS || self.block > MAX_H2_BLOCK_BYTES as usize)
            }
            Abuse::Padding => header.kind == 0 && self.padding > H2_PADDING_FREE,
        };
        assert!(is_right, "{abuse:?} is not what was sent");
    }
}

/// Whatever the clock does and whatever we answer, nothing breaks, and nothing passes twice.
fn time_and_answers(pieces: &[&[u8]], mode: u8) {
    let mut frames = Frames::new(mode & 1 != 0);
    let (mut held, mut now) = (Vec::new(), 0_u32);
    for piece in pieces {
        held.extend_from_slice(piece);
        let result = frames.pass(&held, now);
        assert!(result.bytes <= held.len());
        held.drain(..result.bytes);
        if result.abuse.is_some() {
            return;
        }
        match mode >> 1 & 3 {
            0 => now = now.wrapping_add(u32::from(mode)),
            1 => now = now.wrapping_sub(1), // a clock that goes back
            2 => frames.sent(usize::from(mode) << (mode >> 3)),
            _ => frames.answered(u32::from(mode)),
        }
    }
}
