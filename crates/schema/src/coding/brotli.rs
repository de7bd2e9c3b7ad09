//! Brotli data (RFC 7932). Its windows reach 16 MiB, but what they cost is what the ring buffer costs, and that is bounded here.

use super::{CodingError, MAX_WINDOW_BYTES, Step, length};
use brotli_decompressor::{
    Allocator, BrotliDecoderErrorCode, BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc,
};

/// A stream of brotli data.
pub(super) struct Brotli {
    state: BrotliState<Window, StandardAlloc, StandardAlloc>,
    total: usize,
}

/// Gives the decoder its ring buffer, up to a size: what one announces is allocated before it arrives.
struct Window {
    max_bytes: u64,
}

impl Allocator<u8> for Window {
    type AllocatedMemory = <StandardAlloc as Allocator<u8>>::AllocatedMemory;

    /// Nothing where it asks for too much: it ends with an error of its own then.
    fn alloc_cell(&mut self, bytes: usize) -> Self::AllocatedMemory {
        if length(bytes) > self.max_bytes {
            Self::AllocatedMemory::default()
        } else {
            StandardAlloc::default().alloc_cell(bytes)
        }
    }

    fn free_cell(&mut self, _: Self::AllocatedMemory) {}
}

impl Brotli {
    /// `max_bytes` may come out: the ring buffer is a power of two that holds as much, and some bytes.
    pub(super) fn new(max_bytes: u64) -> Self {
        const SLACK_BYTES: u64 = 64 * 1024;
        let max_bytes = max_bytes.min(MAX_WINDOW_BYTES).saturating_mul(2).saturating_add(SLACK_BYTES);
        let tables = || StandardAlloc::default();
        Self { state: BrotliState::new_strict(Window { max_bytes }, tables(), tables()), total: 0 }
    }

    /// # Errors
    /// It is none, or asks for too much memory.
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, CodingError> {
        let (mut left_in, mut read, mut left_out, mut written) = (input.len(), 0, output.len(), 0);
        let result = BrotliDecompressStream(
            &mut left_in,
            &mut read,
            input,
            &mut left_out,
            &mut written,
            output,
            &mut self.total,
            &mut self.state,
        );
        match result {
            BrotliResult::ResultFailure if self.is_out_of_window() => Err(CodingError::TooLarge),
            BrotliResult::ResultFailure => Err(CodingError::Malformed),
            BrotliResult::ResultSuccess => Ok(Step { read, written, has_ended: true }),
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {
                Ok(Step { read, written, has_ended: false })
            }
        }
    }

    fn is_out_of_window(&self) -> bool {
        matches!(
            self.state.error_code,
            BrotliDecoderErrorCode::BROTLI_DECODER_ERROR_ALLOC_RING_BUFFER_1
                | BrotliDecoderErrorCode::BROTLI_DECODER_ERROR_ALLOC_RING_BUFFER_2
        )
    }
}
