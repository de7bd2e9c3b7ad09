//! Dates and times (RFC 3339).

/// Two digits at a place, as a number of at most `most`.
fn two(text: &[u8], at: usize, most: u8) -> Option<u8> {
    let digit = |at: usize| text.get(at).filter(|byte| byte.is_ascii_digit()).map(|byte| byte.wrapping_sub(b'0'));
    let number = digit(at)?.checked_mul(10)?.checked_add(digit(at.saturating_add(1))?)?;
    (number <= most).then_some(number)
}

fn has(text: &[u8], at: usize, expected: u8) -> bool {
    text.get(at) == Some(&expected)
}

pub(super) fn is_date(text: &str) -> bool {
    date(text.as_bytes()).is_some()
}

fn date(text: &[u8]) -> Option<()> {
    let (century, year) = (u16::from(two(text, 0, 99)?), u16::from(two(text, 2, 99)?));
    let (month, day) = (two(text, 5, 12)?, two(text, 8, 31)?);
    let year = century.checked_mul(100)?.checked_add(year)?;
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (text.len() == 10 && has(text, 4, b'-') && has(text, 7, b'-') && month > 0 && (1..=days).contains(&day))
        .then_some(())
}

pub(super) fn is_time(text: &str) -> bool {
    time(text.as_bytes()).is_some()
}

pub(super) fn is_date_time(text: &str) -> bool {
    let text = text.as_bytes();
    let parts = text.split_at_checked(10).and_then(|(date, rest)| Some((date, rest.split_first()?)));
    parts.is_some_and(|(day, (letter, rest))| {
        date(day).is_some() && letter.eq_ignore_ascii_case(&b'T') && time(rest).is_some()
    })
}

fn time(text: &[u8]) -> Option<()> {
    let (hour, minute, second) = (two(text, 0, 23)?, two(text, 3, 59)?, two(text, 6, 60)?);
    if !has(text, 2, b':') || !has(text, 5, b':') {
        return None;
    }
    let mut at: usize = 8;
    if has(text, at, b'.') {
        let digits = text.get(9..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        at = digits.checked_add(9)?;
    }
    let minutes = |hour: u8, minute: u8| i16::from(hour).saturating_mul(60).saturating_add(i16::from(minute));
    let offset = match text.get(at)? {
        b'Z' | b'z' if text.len() == at.saturating_add(1) => 0,
        sign @ (b'+' | b'-') if text.len() == at.saturating_add(6) && has(text, at.saturating_add(3), b':') => {
            let offset = minutes(two(text, at.saturating_add(1), 23)?, two(text, at.saturating_add(4), 59)?);
            if *sign == b'-' { offset.saturating_neg() } else { offset }
        }
        _ => return None,
    };
    // A leap second is the last of a day in UTC (RFC 3339 §5.7).
    let utc = minutes(hour, minute).saturating_sub(offset).rem_euclid(24 * 60);
    (second < 60 || utc == 24 * 60 - 1).then_some(())
}

/// RFC 3339 appendix A: each unit once, from great to small, without gaps.
pub(super) fn is_duration(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('P') else { return false };
    if let Some(weeks) = rest.strip_suffix('W') {
        return is_digits(weeks);
    }
    let (days, clock) = match rest.split_once('T') {
        Some((days, clock)) => (days, Some(clock)),
        None => (rest, None),
    };
    let has_days = units(days, "YMD");
    match clock {
        None => has_days == Some(true),
        Some(clock) => has_days.is_some() && units(clock, "HMS") == Some(true),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether there is any unit; `None` if something else stands there.
fn units(text: &str, mut letters: &str) -> Option<bool> {
    let (mut rest, mut has_any) = (text, false);
    while !rest.is_empty() {
        let (number, behind) = rest.split_at_checked(rest.find(|letter: char| !letter.is_ascii_digit())?)?;
        let letter = behind.chars().next()?;
        let (skipped, after) = letters.split_once(letter)?;
        // `P1Y2D` leaves out the months, which the grammar does not allow.
        if number.is_empty() || (has_any && !skipped.is_empty()) {
            return None;
        }
        letters = after;
        rest = behind.get(1..)?;
        has_any = true;
    }
    Some(has_any)
}
