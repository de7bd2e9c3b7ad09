//! Small numbers are compared as all numbers are.

use super::Small;
use portcullis_json::Number;
use proptest::prelude::*;
use std::cmp::Ordering;

#[test]
fn what_is_not_small_is_left_to_others() {
    for text in ["1e3", "1E-3", "1234567890123456789", "0.12345678901234567", "-1234567890.123456789"] {
        assert!(Small::new(text).is_none(), "{text}");
    }
    for text in ["0", "-0", "-0.0", "123456789012345678", "-0.1234567890123456", "12.50"] {
        assert!(Small::new(text).is_some(), "{text}");
    }
}

#[test]
fn some_numbers_are_beyond_all_small_ones() {
    let all_to = |text| Small::all_to(Number::parse(text).unwrap());
    assert_eq!(all_to("9223372036854775807"), Some(Ordering::Less));
    assert_eq!(all_to("-1e18"), Some(Ordering::Greater));
    assert_eq!(all_to("1e308"), Some(Ordering::Less));
    assert_eq!(all_to("999999999999999999"), None);
    assert_eq!(all_to("0"), None);
}

proptest! {
    #[test]
    fn they_are_in_the_same_order(one in "-?(0|[1-9][0-9]{0,8})(\\.[0-9]{1,8})?", other in "-?(0|[1-9][0-9]{0,8})(\\.[0-9]{1,8})?") {
        let exact = Number::parse(&one).unwrap().cmp(&Number::parse(&other).unwrap());
        prop_assert_eq!(Small::new(&one).unwrap().order(Small::new(&other).unwrap()), exact, "{} and {}", one, other);
    }
}
