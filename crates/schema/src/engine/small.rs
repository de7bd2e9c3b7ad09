//! Numbers of up to 18 digits without exponent, which most are: compared exactly in a few steps.

use portcullis_json::Number;
use std::cmp::Ordering;

/// `digits / 10^places`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Small {
    digits: i64,
    /// At most 18.
    places: u32,
}

impl Small {
    /// A number by the grammar of JSON; `None` if it is not small.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        // The digits, and perhaps a point.
        if unsigned.len() > 18 {
            return None;
        }
        let (mut digits, mut places, mut is_behind) = (0_i64, 0_u32, false);
        for byte in unsigned.bytes() {
            let digit = byte.wrapping_sub(b'0');
            if digit <= 9 {
                digits = digits.wrapping_mul(10).wrapping_add(i64::from(digit));
                places = places.wrapping_add(u32::from(is_behind));
            } else if byte == b'.' && !is_behind {
                is_behind = true;
            } else {
                return None;
            }
        }
        Some(Self { digits: if unsigned.len() == text.len() { digits } else { digits.wrapping_neg() }, places })
    }

    /// Whether it is written as an integer.
    pub(crate) fn has_no_point(self) -> bool {
        self.places == 0
    }

    /// How all small numbers compare to another one, if they do in one way.
    pub(crate) fn all_to(other: Number<'_>) -> Option<Ordering> {
        let least_beyond = Number::parse("1000000000000000000")?;
        let greatest_below = Number::parse("-1000000000000000000")?;
        if other >= least_beyond {
            return Some(Ordering::Less);
        }
        (other <= greatest_below).then_some(Ordering::Greater)
    }

    /// Exact: neither product has more than 37 digits.
    pub(crate) fn order(self, other: Self) -> Ordering {
        if self.places == other.places {
            return self.digits.cmp(&other.digits);
        }
        let scaled = |number: Self, by: u32| i128::from(number.digits).wrapping_mul(10_i128.wrapping_pow(by));
        scaled(self, other.places).cmp(&scaled(other, self.places))
    }
}

#[cfg(test)]
mod tests;
