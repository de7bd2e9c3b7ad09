//! One zstd frame (RFC 8878 §3.1.1).
//!
//! The decoder is handed one block at a time, never more: 4 bytes of input make up to 128 KiB of output.

use super::{CodingError, MAX_WINDOW_BYTES, Step, length};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::Read as _;

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// No block is longer, compressed or not.
const MAX_BLOCK_BYTES: usize = 128 * 1024;

/// What is read next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Magic number and descriptor, which say how long the header is.
    Descriptor,
    Header,
    BlockHeader,
    /// A block, and behind the last one the checksum.
    Block {
        is_last: bool,
    },
    Done,
}

/// A zstd frame.
pub(super) struct Zstd {
    frame: FrameDecoder,
    part: Part,
    /// The part under way, as far as it came; a block with its header.
    held: Vec<u8>,
    /// How long `held` must be.
    needed: usize,
    max_bytes: u64,
    /// What the header says will come out.
    announced: Option<u64>,
    has_checksum: bool,
    /// The window that the decoder holds back.
    window: u64,
    given: u64,
}

impl Zstd {
    /// `max_bytes` may come out.
    pub(super) fn new(max_bytes: u64) -> Self {
        Self {
            frame: FrameDecoder::new(),
            part: Part::Descriptor,
            held: Vec::new(),
            needed: 5,
            max_bytes,
            announced: None,
            has_checksum: false,
            window: 0,
            given: 0,
        }
    }

    /// # Errors
    /// It is none, needs a dictionary or too large a window, or its checksum or size is another.
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, CodingError> {
        let (mut read, mut written) = (0, 0);
        if self.part != Part::Done && self.frame.can_collect() == 0 {
            read = self.needed.saturating_sub(self.held.len()).min(input.len());
            self.held.extend_from_slice(input.get(..read).unwrap_or_default());
            if self.held.len() < self.needed {
                return Ok(Step { read, ..Step::default() });
            }
            self.advance()?;
            self.check_size()?;
        }
        if self.frame.can_collect() > 0 {
            written = self.frame.read(output).map_err(|_| CodingError::Malformed)?;
            self.given = self.given.saturating_add(length(written));
        }
        let has_ended = self.part == Part::Done && self.frame.can_collect() == 0;
        if has_ended {
            self.check_end()?;
        }
        Ok(Step { read, written, has_ended })
    }

    /// Takes the part that is held, and says which comes next.
    fn advance(&mut self) -> Result<(), CodingError> {
        match self.part {
            Part::Descriptor => {
                let [a, b, c, d, descriptor] = *self.held.as_slice() else { return Err(CodingError::Malformed) };
                if [a, b, c, d] != MAGIC {
                    return Err(CodingError::Malformed);
                }
                self.part = Part::Header;
                self.needed = self.held.len().saturating_add(header_bytes(descriptor)?);
                // A header never ends with its descriptor: it has a window or a size.
                Ok(())
            }
            Part::Header => {
                self.begin()?;
                self.next(Part::BlockHeader, 3);
                Ok(())
            }
            Part::BlockHeader => {
                let [a, b, c] = *self.held.as_slice() else { return Err(CodingError::Malformed) };
                let header = u32::from_le_bytes([a, b, c, 0]);
                let size = usize::try_from(header >> 3).unwrap_or(usize::MAX);
                if size > MAX_BLOCK_BYTES {
                    return Err(CodingError::Malformed);
                }
                let (is_last, is_run) = (header & 1 != 0, (header >> 1) & 3 == 1);
                let checksum = if is_last && self.has_checksum { 4 } else { 0 };
                self.part = Part::Block { is_last };
                self.needed = self.needed.saturating_add(if is_run { 1 } else { size }).saturating_add(checksum);
                Ok(())
            }
            Part::Block { is_last } => {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.frame.decode_blocks(self.held.as_slice(), one).map_err(|_| CodingError::Malformed)?;
                if is_last {
                    self.next(Part::Done, 0);
                } else {
                    self.next(Part::BlockHeader, 3);
                }
                Ok(())
            }
            Part::Done => Ok(()),
        }
    }

    fn next(&mut self, part: Part, needed: usize) {
        self.part = part;
        self.needed = needed;
        self.held.clear();
    }

    /// Reads the header that is held.
    fn begin(&mut self) -> Result<(), CodingError> {
        let Some((descriptor, rest)) = self.held.get_mut(4..).and_then(<[u8]>::split_first_mut) else {
            return Err(CodingError::Malformed);
        };
        let is_single_segment = *descriptor & (1 << 5) != 0;
        self.has_checksum = *descriptor & (1 << 2) != 0;
        if !is_single_segment {
            let Some(window) = rest.first_mut() else { return Err(CodingError::Malformed) };
            let (exponent, eighths) = (u32::from(*window >> 3), u64::from(*window & 7));
            let base = 1_u64 << exponent.saturating_add(10);
            let declared = base.saturating_add((base >> 3).saturating_mul(eighths));
            if declared > MAX_WINDOW_BYTES {
                return Err(CodingError::Window);
            }
            // The decoder holds back as much as the window. No reference reaches further than all that may come out, so a
            // smaller window does, and no more is held.
            let enough = self.max_bytes.max(length(MAX_BLOCK_BYTES)).min(MAX_WINDOW_BYTES).next_power_of_two();
            self.window = declared;
            if declared > enough {
                self.window = enough;
                *window = u8::try_from(enough.ilog2().saturating_sub(10) << 3).map_err(|_| CodingError::Malformed)?;
            }
        }
        self.announced = announced(*descriptor, rest);
        if self.announced.is_some_and(|bytes| bytes > self.max_bytes) {
            return Err(CodingError::TooLarge);
        }
        if is_single_segment && self.announced.is_some_and(|bytes| bytes > MAX_WINDOW_BYTES) {
            return Err(CodingError::Window);
        }
        self.frame.set_max_window_size(MAX_WINDOW_BYTES);
        self.frame.init(self.held.as_slice()).map_err(|_| CodingError::Malformed)
    }

    /// Ends before all that is held back came out, if that is too much.
    fn check_size(&self) -> Result<(), CodingError> {
        let above_window = length(self.frame.can_collect());
        let held = if above_window > 0 { self.window.saturating_add(above_window) } else { 0 };
        if self.given.saturating_add(held) > self.max_bytes && self.part != Part::Done {
            return Err(CodingError::TooLarge);
        }
        Ok(())
    }

    fn check_end(&self) -> Result<(), CodingError> {
        let is_sum_right = !self.has_checksum
            || self.frame.get_checksum_from_data().is_some_and(|sum| Some(sum) == self.frame.get_calculated_checksum());
        let is_size_right = self.announced.is_none_or(|announced| announced == self.given);
        if is_sum_right && is_size_right { Ok(()) } else { Err(CodingError::Malformed) }
    }
}

/// Bytes of the header behind its descriptor.
///
/// # Errors
/// A reserved bit, or a dictionary: nobody agreed on one.
fn header_bytes(descriptor: u8) -> Result<usize, CodingError> {
    if descriptor & 0b1000 != 0 || descriptor & 0b11 != 0 {
        return Err(CodingError::Malformed);
    }
    let window = usize::from(descriptor & (1 << 5) == 0);
    Ok(window.saturating_add(size_bytes(descriptor)))
}

/// Bytes that say what will come out (RFC 8878 §3.1.1.1.4).
const fn size_bytes(descriptor: u8) -> usize {
    match descriptor >> 6 {
        0 => (descriptor >> 5 & 1) as usize,
        1 => 2,
        2 => 4,
        _ => 8,
    }
}

/// What the header says will come out. `rest` is the header behind its descriptor.
fn announced(descriptor: u8, rest: &[u8]) -> Option<u64> {
    let field = rest.get(rest.len().checked_sub(size_bytes(descriptor))?..)?;
    let value = field.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    match field.len() {
        0 => None,
        2 => Some(value.saturating_add(256)),
        _ => Some(value),
    }
}
