//! One gzip member (RFC 1952 §2.2, §2.3).

use super::inflate::Inflate;
use super::{CodingError, Step};
use flate2::Crc;

/// Bytes of a header: file names are short, and nothing else of it is for HTTP.
const MAX_HEADER_BYTES: usize = 512;

/// Where a member is.
enum Part {
    Header,
    Data,
    Trailer,
}

/// A gzip member.
pub(super) struct Gzip {
    part: Part,
    /// The header or the trailer, as far as it came.
    held: Vec<u8>,
    data: Inflate,
    sum: Crc,
}

impl Gzip {
    pub(super) fn new() -> Self {
        Self { part: Part::Header, held: Vec::new(), data: Inflate::raw(), sum: Crc::new() }
    }

    /// # Errors
    /// It is no gzip, or its checksum or size is another.
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, CodingError> {
        match self.part {
            Part::Header => self.header(input),
            Part::Data => {
                let mut step = self.data.step(input, output)?;
                self.sum.update(output.get(..step.written).unwrap_or_default());
                if step.has_ended {
                    self.part = Part::Trailer;
                    self.held.clear();
                    step.has_ended = false;
                    // Data that ends without a byte more still is progress.
                    if step.read == 0 && step.written == 0 {
                        return self.trailer(input);
                    }
                }
                Ok(step)
            }
            Part::Trailer => self.trailer(input),
        }
    }

    fn header(&mut self, input: &[u8]) -> Result<Step, CodingError> {
        let mut read = 0_usize;
        for byte in input {
            self.held.push(*byte);
            read = read.saturating_add(1);
            if is_complete(&self.held)? {
                self.part = Part::Data;
                break;
            }
            if self.held.len() >= MAX_HEADER_BYTES {
                return Err(CodingError::Malformed);
            }
        }
        Ok(Step { read, ..Step::default() })
    }

    fn trailer(&mut self, input: &[u8]) -> Result<Step, CodingError> {
        let missing = 8_usize.saturating_sub(self.held.len()).min(input.len());
        self.held.extend_from_slice(input.get(..missing).unwrap_or_default());
        let has_ended = self.held.len() == 8;
        if has_ended {
            let said = [self.sum.sum().to_le_bytes(), self.sum.amount().to_le_bytes()].concat();
            if said != self.held {
                return Err(CodingError::Malformed);
            }
        }
        Ok(Step { read: missing, written: 0, has_ended })
    }
}

/// Whether a header has all that its flags promise.
///
/// # Errors
/// It is none.
fn is_complete(held: &[u8]) -> Result<bool, CodingError> {
    const EXTRA: u8 = 1 << 2;
    const NAME: u8 = 1 << 3;
    const COMMENT: u8 = 1 << 4;
    const CHECKSUM: u8 = 1 << 1;
    const RESERVED: u8 = 0b1110_0000;
    const START: [u8; 3] = [0x1f, 0x8b, 8];
    if held.iter().zip(START).any(|(byte, expected)| *byte != expected) {
        return Err(CodingError::Malformed);
    }
    // Magic, method, flags, time, extra flags, system.
    let Some((fixed, rest)) = held.split_first_chunk::<10>() else { return Ok(false) };
    let flags = fixed[3];
    if flags & RESERVED != 0 {
        return Err(CodingError::Malformed);
    }
    let mut rest = Some(rest);
    if flags & EXTRA != 0 {
        rest = rest.and_then(|rest| {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            rest.get(usize::from(u16::from_le_bytes(*length))..)
        });
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            rest = rest.and_then(|rest| rest.get(rest.iter().position(|byte| *byte == 0)?.saturating_add(1)..));
        }
    }
    if flags & CHECKSUM != 0 {
        rest = rest.and_then(|rest| rest.get(2..));
    }
    Ok(rest.is_some())
}
