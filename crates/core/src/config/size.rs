//! A number of bytes as the configuration writes it.

use super::{Count, count_and_unit, scalar};

/// Largest size: 1 TiB. Sums of sizes stay far from overflow.
const MAX: u64 = 1 << 40;

/// A number of bytes: `512B`, `64KiB`, `10MiB`, `1GiB`. Binary units only: `MB` means two things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl Size {
    /// What is accepted, for error messages and the reference.
    pub const ACCEPTED: &str = "a count of `B`, `KiB`, `MiB` or `GiB`, such as `64KiB` or `10MiB`, at most `1024GiB`";

    /// Reads one spelling: digits without a sign or leading zeros, then the unit, nothing between.
    pub fn parse(text: &str) -> Option<Self> {
        let Count { count, unit } = count_and_unit(text)?;
        let bytes: u64 = match unit {
            "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return None,
        };
        count.checked_mul(bytes).filter(|&bytes| bytes <= MAX).map(Self)
    }
}

scalar!(Size, "size", "a size", Size::ACCEPTED, r"^(0|[1-9][0-9]*)(B|KiB|MiB|GiB)$");
