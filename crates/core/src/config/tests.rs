//! What the scalar types of the configuration accept, and where they say that something is wrong.

use super::{ConfigError, Period, ScalarOr, Size, Spanned};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

#[test]
fn period_has_one_spelling() {
    let cases = [
        // text,     milliseconds (None: refused), why
        ("500ms", Some(500), "milliseconds"),
        ("1s", Some(1_000), "seconds"),
        ("5m", Some(300_000), "minutes"),
        ("1h", Some(3_600_000), "hours"),
        ("0s", Some(0), "nothing is a span; whoever uses it judges"),
        ("720h", Some(2_592_000_000), "the longest"),
        ("721h", None, "over 30 days"),
        ("30", None, "no unit: seconds or milliseconds?"),
        ("1.5s", None, "no fractions"),
        ("01s", None, "no leading zero"),
        ("1 s", None, "no space"),
        ("-1s", None, "no sign"),
        ("+1s", None, "no sign"),
        ("1h30m", None, "one unit"),
        ("1d", None, "a day is not always 24 hours"),
        ("s", None, "no count"),
        ("18446744073709551616ms", None, "over u64"),
        ("18446744073709551615h", None, "overflows in milliseconds"),
    ];
    for (text, expected, why) in cases {
        assert_eq!(Period::parse(text), expected.map(|ms| Period(Duration::from_millis(ms))), "{text}: {why}");
    }
}

#[test]
fn size_has_one_spelling() {
    let cases = [
        ("512B", Some(512), "bytes"),
        ("64KiB", Some(65_536), "binary units"),
        ("10MiB", Some(10 << 20), "binary units"),
        ("1GiB", Some(1 << 30), "binary units"),
        ("1024GiB", Some(1 << 40), "the largest"),
        ("1025GiB", None, "over 1 TiB"),
        ("10MB", None, "1,000 or 1,024?"),
        ("10mib", None, "one spelling"),
        ("10", None, "no unit"),
        ("18446744073709551615GiB", None, "overflows"),
    ];
    for (text, expected, why) in cases {
        assert_eq!(Size::parse(text), expected.map(Size), "{text}: {why}");
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Long {
    mode: Spanned<String>,
    #[serde(default)]
    every: Option<Spanned<Period>>,
}

type Settings = BTreeMap<String, Spanned<ScalarOr<Long>>>;

#[test]
fn long_form_keeps_the_positions_inside() {
    let settings: Settings = serde_saphyr::from_str("a: monitor\nb:\n  mode: off\n  every: 5s\nc: 12\n").unwrap();
    assert!(matches!(&settings["a"].value, ScalarOr::Scalar(word) if word == "monitor"));
    assert!(matches!(&settings["c"].value, ScalarOr::Scalar(word) if word == "12"));
    assert_eq!((settings["a"].referenced.line(), settings["a"].referenced.column()), (1, 4));
    let ScalarOr::Long(long) = &settings["b"].value else { panic!("a map is the long form") };
    assert_eq!((long.mode.referenced.line(), long.mode.referenced.column()), (3, 9));
    let every = long.every.as_ref().unwrap();
    assert_eq!((every.value.0.as_secs(), every.referenced.line(), every.referenced.column()), (5, 4, 10));
}

#[test]
fn errors_inside_the_long_form_have_their_place() {
    let cases = [
        ("b:\n  mode: enforce\n  evry: 5s\n", (3, 3), "an unknown key, at the key"),
        ("b:\n  mode: enforce\n  every: 5x\n", (3, 10), "a wrong scalar, at the value"),
        ("b: {mode: enforce, every: 5x}\n", (1, 27), "a wrong scalar in flow style"),
    ];
    for (text, expected, why) in cases {
        let error = serde_saphyr::from_str::<Settings>(text).unwrap_err();
        let place = error.location().unwrap();
        assert_eq!((place.line(), place.column()), expected, "{why}: {error}");
    }
}

#[test]
fn unknown_name_suggests_the_nearest() {
    let error = ConfigError::unknown(&serde_saphyr::Location::UNKNOWN, "key", "rate_limt", ["rate_limit", "hosts"]);
    assert_eq!(error.to_string(), "unknown key `rate_limt`; nearest: `rate_limit`; accepted: `rate_limit`, `hosts`");
    let error = ConfigError::unknown(&serde_saphyr::Location::UNKNOWN, "key", "zzz", ["rate_limit"]);
    assert_eq!(error.nearest, None, "nothing is close");
    let many: Vec<String> = (0..50).map(|n| format!("operation{n}")).collect();
    let error =
        ConfigError::unknown(&serde_saphyr::Location::UNKNOWN, "operation", "x", many.iter().map(String::as_str));
    assert!(error.accepted.ends_with("`operation39` and 10 more"), "bounded: {}", error.accepted);
}
