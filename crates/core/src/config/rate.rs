//! A rate as the configuration writes it.

use super::{Count, count_and_unit, scalar};

/// Highest rate: a million a second, one a microsecond, which is what clocks here can tell apart.
const MAX: u32 = 1_000_000;

/// A count per second: `20/s`, `2000/s`. At least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(pub u32);

impl Rate {
    /// What is accepted, for error messages and the reference.
    pub const ACCEPTED: &str = "a count a second, such as `2000/s`, at most `1000000/s`";

    /// Reads one spelling: digits without a sign or leading zeros, then `/s`, nothing between.
    pub fn parse(text: &str) -> Option<Self> {
        let Count { count, unit } = count_and_unit(text)?;
        let rate = u32::try_from(count).ok().filter(|rate| (1..=MAX).contains(rate))?;
        (unit == "/s").then_some(Self(rate))
    }
}

scalar!(Rate, "rate", "a rate", Rate::ACCEPTED, r"^[1-9][0-9]*/s$");
