//! A span of time as the configuration writes it.

use super::{Count, count_and_unit, scalar};
use std::time::Duration;

/// Longest span: 30 days. Every deadline of the gateway fits its timers without overflow.
const MAX: Duration = Duration::from_secs(720 * 60 * 60);

/// A span of time: `500ms`, `1s`, `5m`, `1h`. At most 30 days; `0s` is a span, whether it makes sense is judged where it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(pub Duration);

impl Period {
    /// What is accepted, for error messages and the reference.
    pub const ACCEPTED: &str = "a count of `ms`, `s`, `m` or `h`, such as `500ms` or `30s`, at most `720h`";

    /// Reads one spelling: digits without a sign or leading zeros, then the unit, nothing between.
    pub fn parse(text: &str) -> Option<Self> {
        let Count { count, unit } = count_and_unit(text)?;
        let millis = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        let span = Duration::from_millis(count.checked_mul(millis)?);
        (span <= MAX).then_some(Self(span))
    }
}

scalar!(Period, "period", "a duration", Period::ACCEPTED, r"^(0|[1-9][0-9]*)(ms|s|m|h)$");
