//! Numbers as written: compared and divided exactly, never through a double.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A number of a document.
///
/// Two are equal if they are the same number, however written: `1.0`, `1e0` and `100e-2` are 1.
#[derive(Clone, Copy)]
pub struct Number<'a> {
    text: &'a str,
    is_negative: bool,
    /// From the first to the last digit that is not zero, with a point in it or not. Empty for zero.
    significant: &'a str,
    /// The number is `0.SIGNIFICANT × 10^magnitude`.
    magnitude: i64,
}

impl<'a> Number<'a> {
    /// Reads a number.
    pub fn parse(text: &'a str) -> Option<Self> {
        let bounds = crate::Bounds { number_bytes: u32::MAX, ..crate::Bounds::default() };
        let is_number = matches!(text.bytes().next(), Some(b'-' | b'0'..=b'9'))
            && crate::scan::number(text, 0, &bounds).is_ok_and(|end| end == text.len());
        is_number.then(|| Self::of_valid(text))
    }

    /// `text` is a number by the grammar, within the range of a double.
    pub(crate) fn of_valid(text: &'a str) -> Self {
        let unsigned = text.trim_start_matches('-');
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let whole_digits = mantissa.find('.').unwrap_or(mantissa.len());
        let is_zero = |character| character == '0' || character == '.';
        let significant = mantissa.trim_start_matches(is_zero);
        let skipped = mantissa.len().saturating_sub(significant.len());
        // How far the point is to the right of the first significant digit; behind the point, how many zeros precede that digit.
        let shift = if skipped <= whole_digits {
            signed(whole_digits).saturating_sub(signed(skipped))
        } else {
            signed(whole_digits).saturating_add(1).saturating_sub(signed(skipped))
        };
        let significant = significant.trim_end_matches(is_zero);
        // An exponent that is not in range belongs to a zero.
        let magnitude = shift.saturating_add(exponent.parse().unwrap_or(0));
        let is_zero = significant.is_empty();
        Self {
            text,
            is_negative: text.starts_with('-') && !is_zero,
            significant,
            magnitude: if is_zero { 0 } else { magnitude },
        }
    }

    /// As written.
    pub fn as_str(self) -> &'a str {
        self.text
    }

    /// Whether it is written without point and exponent.
    pub fn is_written_as_integer(self) -> bool {
        self.text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    }

    /// Whether it has no fraction.
    pub fn is_integer(self) -> bool {
        self.magnitude >= signed(self.digits().count())
    }

    /// Whether it is less than zero.
    pub fn is_negative(self) -> bool {
        self.is_negative
    }

    /// The integer that it is, if it is one and fits.
    pub fn as_i128(self) -> Option<i128> {
        if !self.is_integer() {
            return None;
        }
        let mut integer: i128 = 0;
        for digit in self.digits().chain(std::iter::repeat(0)).take(usize::try_from(self.magnitude).ok()?) {
            integer = integer.checked_mul(10)?.checked_sub(i128::from(digit))?;
        }
        if self.is_negative { Some(integer) } else { integer.checked_neg() }
    }

    /// The integer that it is, if it is one and fits.
    pub fn as_i64(self) -> Option<i64> {
        i64::try_from(self.as_i128()?).ok()
    }

    /// The integer that it is, if it is one and fits.
    pub fn as_u64(self) -> Option<u64> {
        u64::try_from(self.as_i128()?).ok()
    }

    /// The double next to it.
    pub fn as_f64(self) -> f64 {
        self.text.parse().unwrap_or(f64::NAN)
    }

    /// Whether it is `divisor` times an integer. `None` if `divisor` is zero or has more than 18 significant digits.
    pub fn is_multiple_of(self, divisor: Number<'_>) -> Option<bool> {
        let places = divisor.digits().count();
        if places == 0 || places > 18 {
            return None;
        }
        let divisor_integer =
            divisor.digits().fold(0_u64, |sum, digit| sum.wrapping_mul(10).wrapping_add(u64::from(digit)));
        let digits = self.digits().count();
        // Both are integers times a power of ten; how many zeros the dividend has beyond those of the divisor.
        let (own, other) =
            (self.magnitude.saturating_sub(signed(digits)), divisor.magnitude.saturating_sub(signed(places)));
        let zeros = own.saturating_sub(other);
        if digits == 0 {
            return Some(true);
        }
        // The last digit of the dividend is not zero: it is no multiple of ten times anything.
        let Ok(zeros) = usize::try_from(zeros) else { return Some(false) };
        let mut rest: u128 = 0;
        for digit in self.digits().chain(std::iter::repeat_n(0, zeros)) {
            let next = rest.saturating_mul(10).saturating_add(u128::from(digit));
            rest = next.checked_rem(u128::from(divisor_integer))?;
        }
        Some(rest == 0)
    }

    fn digits(self) -> impl Iterator<Item = u8> + Clone {
        self.significant.bytes().filter_map(|byte| byte.checked_sub(b'0')).filter(|digit| *digit <= 9)
    }
}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.is_negative, number.significant.is_empty()) {
            (true, _) => -1,
            (false, true) => 0,
            (false, false) => 1,
        };
        let size = || self.magnitude.cmp(&other.magnitude).then_with(|| self.digits().cmp(other.digits()));
        sign(self).cmp(&sign(other)).then_with(|| if self.is_negative { size().reverse() } else { size() })
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number<'_> {}

impl Hash for Number<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.is_negative, self.magnitude).hash(state);
        self.digits().for_each(|digit| digit.hash(state));
    }
}

impl fmt::Debug for Number<'_> {
    /// Never which number it is: that is somebody's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({} bytes)", self.text.len())
    }
}

/// No text is so long that its length does not fit.
fn signed(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
