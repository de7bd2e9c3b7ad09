use super::good;
use crate::Number;
use proptest::prelude::*;

fn number(text: &str) -> Number<'_> {
    Number::parse(text).unwrap_or_else(|| panic!("{text} is a number"))
}

#[test]
fn equal_however_written() {
    for equal in [
        &["1", "1.0", "1e0", "100e-2", "0.001E3", "10.00e-1"][..],
        &["0", "-0", "0.0", "0e5", "-0.00E-999"],
        &["-1200", "-1.2e3", "-12e+2", "-0.12e4"],
        &["0.05", "5e-2", "0.50e-1", "0.0005e2"],
    ] {
        for (one, other) in equal.iter().flat_map(|one| equal.iter().map(move |other| (one, other))) {
            assert_eq!(number(one), number(other), "{one} {other}");
        }
    }
}

#[test]
fn ordered_exactly() {
    // contract/V-37
    let rising = [
        "-1e300",
        "-10.0000000000000001",
        "-10",
        "-9.99",
        "-0.011",
        "-0.01",
        "0",
        "1e-300",
        "0.009",
        "0.01",
        "0.1",
        "0.11",
        "1",
        "9",
        "9.5",
        "10",
        "10.0000000000000001",
        "11",
        "9007199254740992",
        "9007199254740993",
        "9007199254740993.1",
        "1e17",
        "123456789012345678901234567890",
        "1e300",
    ];
    for pair in rising.windows(2) {
        assert!(number(pair[0]) < number(pair[1]), "{} < {}", pair[0], pair[1]);
        assert!(number(pair[1]) > number(pair[0]), "{} > {}", pair[1], pair[0]);
    }
}

#[test]
fn integers() {
    // contract/V-38, contract/V-04
    let cases = [
        ("1.0", Some(1)),
        ("1e0", Some(1)),
        ("100e-2", Some(1)),
        ("-0", Some(0)),
        ("0.5", None),
        ("1.5e1", Some(15)),
        ("1e-1", None),
        ("-12e2", Some(-1200)),
        ("9223372036854775807", Some(i64::MAX)),
        ("-9223372036854775808", Some(i64::MIN)),
        ("9223372036854775808", None),
        ("1e300", None),
    ];
    for (text, expected) in cases {
        assert_eq!(number(text).as_i64(), expected, "{text}");
    }
    assert_eq!(number("18446744073709551615").as_u64(), Some(u64::MAX));
    assert_eq!(number("-1").as_u64(), None);
    assert!(number("1e300").is_integer() && !number("1.01").is_integer());
    assert!(number("10").is_written_as_integer() && number("-10").is_written_as_integer());
    assert!(!number("1.0").is_written_as_integer() && !number("1e1").is_written_as_integer());
}

#[test]
fn multiples() {
    // contract/V-39
    let cases = [
        ("4.35", "0.01", Some(true)),
        ("0.07", "0.01", Some(true)),
        ("19.99", "0.01", Some(true)),
        ("19.999", "0.01", Some(false)),
        ("-0", "0.01", Some(true)),
        ("0", "7", Some(true)),
        ("1e300", "0.3", Some(false)),
        ("3e300", "0.3", Some(true)),
        ("1e-300", "1", Some(false)),
        ("100", "20", Some(true)),
        ("110", "20", Some(false)),
        ("1", "0", None),
        ("1", "1.2345678901234567890", None),
    ];
    for (text, divisor, expected) in cases {
        assert_eq!(number(text).is_multiple_of(number(divisor)), expected, "{text} / {divisor}");
    }
}

#[test]
fn only_numbers_parse() {
    for bad in ["", "-", "a", "1 ", " 1", "1.", ".1", "01", "+1", "1e", "1e999", "\"1\"", "--1"] {
        assert!(Number::parse(bad).is_none(), "{bad}");
    }
    assert_eq!(good("12.50").root().as_number().map(Number::as_str), Some("12.50"));
}

proptest! {
    #[test]
    fn integers_order_and_divide_like_integers(one: i64, other: i64, shift in 0_u32..6, divisor in 1_u32..1000) {
        let (a, b) = (format!("{one}"), format!("{other}.000"));
        prop_assert_eq!(number(&a).cmp(&number(&b)), one.cmp(&other));
        prop_assert_eq!(number(&b).as_i64(), Some(other));
        let scaled = format!("{one}e-{shift}");
        let divisor_text = format!("{divisor}e-{shift}");
        prop_assert_eq!(number(&scaled).is_multiple_of(number(&divisor_text)), Some(one.checked_rem(i64::from(divisor)) == Some(0)));
    }

    #[test]
    fn doubles_order_like_doubles(one: f64, other: f64) {
        prop_assume!(one.is_finite() && other.is_finite());
        let (a, b) = (format!("{one:e}"), format!("{other}"));
        // Rust writes a double so that it reads back as itself, and two that differ are written so that they differ the same way.
        if let (Some(a), Some(b)) = (Number::parse(&a), Number::parse(&b)) {
            prop_assert_eq!(Some(a.cmp(&b)), one.partial_cmp(&other));
        }
    }
}
