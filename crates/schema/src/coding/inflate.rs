//! Deflate data, with its zlib wrapper or without (RFC 1950, RFC 1951).

use super::{CodingError, Step};
use flate2::{Decompress, FlushDecompress, Status};

/// A stream of deflate data.
pub(super) struct Inflate(Decompress);

impl Inflate {
    /// With the wrapper; its checksum is checked.
    pub(super) fn zlib() -> Self {
        Self(Decompress::new(true))
    }

    /// Without.
    pub(super) fn raw() -> Self {
        Self(Decompress::new(false))
    }

    /// # Errors
    /// It is none.
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, CodingError> {
        let (before_in, before_out) = (self.0.total_in(), self.0.total_out());
        let status = self.0.decompress(input, output, FlushDecompress::None).map_err(|_| CodingError::Malformed)?;
        let since = |now: u64, before: u64| usize::try_from(now.saturating_sub(before)).unwrap_or(usize::MAX);
        Ok(Step {
            read: since(self.0.total_in(), before_in),
            written: since(self.0.total_out(), before_out),
            has_ended: status == Status::StreamEnd,
        })
    }
}
