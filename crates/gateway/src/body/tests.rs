use super::*;

const SLOW: Duration = Duration::from_secs(10);

/// Seconds until a client that sends `bytes` after every `wait` has used up its credit, at most an hour.
fn lasts(bytes: usize, wait: Duration) -> Option<u64> {
    let (mut left, mut elapsed) = (Duration::from_secs(15), Duration::ZERO);
    while elapsed < Duration::from_secs(3600) {
        elapsed = elapsed.saturating_add(wait.min(left));
        if wait >= left {
            return Some(elapsed.as_secs());
        }
        left = credit(left, wait, bytes, SLOW);
    }
    None
}

#[test]
fn content_slower_than_500_bytes_a_second_ends() {
    let (second, tenth) = (Duration::from_secs(1), Duration::from_millis(100));
    let cases = [
        // bytes, after each, seconds, why
        (10, second, Some(15), "edge/S6: ten bytes a second"),
        (1, tenth, Some(15), "edge/S6: the same in other pieces"),
        (450, second, Some(96), "edge/S6: a little too slow, for long"),
        (500, second, None, "the rate itself"),
        (5000, SLOW - tenth, None, "the rate, in bursts"),
        (50, tenth, None, "the rate, evenly"),
        (1 << 20, SLOW * 2, Some(15), "one piece does not pay for the whole"),
        (0, second, Some(15), "frames without content"),
    ];
    for (bytes, wait, expected, why) in cases {
        let found = lasts(bytes, wait);
        let is_near = found.zip(expected).is_some_and(|(found, expected)| found.abs_diff(expected) <= 1);
        assert!(found == expected || is_near, "{why}: {found:?}");
    }
}
