//! Formats beyond what the vectors of JSON Schema hold.

use super::{FORMATS, meaning};

fn accepts(name: &str, text: &str) -> bool {
    meaning(name).and_then(|meaning| meaning.string).unwrap_or_else(|| panic!("{name}")).accepts(text)
}

#[test]
fn formats_are_asserted() {
    // contract/V-50: the JSON values are in `vectors.rs`; here the texts.
    let cases = [
        ("email", r#""<script>"@x.y"#, false, "a quoted local part"),
        ("email", "a@b", false, "a domain without a dot"),
        ("email", "ada.lovelace+news@example.co.uk", true, "an address"),
        ("email", "a@[127.0.0.1]", false, "an address literal"),
        ("email", "a..b@example.com", false, "an empty atom"),
        ("email", "Ada <a@example.com>", false, "a display name"),
        ("idn-email", "实例@实例.广告", true, "any script"),
        ("uri", "javascript:alert(1)", true, "a good URI: operations that fetch need a rule of their own"),
        ("uri", "http://169.254.169.254/", true, "a good URI"),
        ("uri", "/a", false, "no scheme"),
        ("uri", "http://a b/", false, "a blank"),
        ("uri", "http://[::1]:80/%41", true, "an IP literal"),
        ("uri", "http://a/%4", false, "half an escape"),
        ("uri-reference", "//a/b?c#d", true, "a reference"),
        ("uri-reference", "a:b/c", true, "a scheme"),
        ("uri-reference", "1a:b/c", false, "a colon that ends no scheme"),
        ("iri", "http://ƒøø.ßår/", true, "any script"),
        ("date", "2024-02-30", false, "no such day"),
        ("date", "2024-02-29", true, "a leap year"),
        ("date", "2100-02-29", false, "no leap year"),
        ("time", "24:00:00Z", false, "no such hour"),
        ("date-time", "2024-01-01T00:00:00", false, "no zone"),
        ("date-time", "2024-01-01 00:00:00Z", false, "a space"),
        ("date-time", "2016-12-31T23:59:60Z", true, "a leap second"),
        ("date-time", "2016-12-31T22:59:60Z", false, "no leap second"),
        ("date-time", "2016-12-31T15:59:60-08:00", true, "a leap second elsewhere"),
        ("ipv4", "010.0.0.1", false, "octal for some"),
        ("ipv6", "fe80::1%eth0", false, "a zone"),
        ("uuid", "{550e8400-e29b-41d4-a716-446655440000}", false, "braces"),
        ("uuid", "550e8400-e29b-41d4-a716-446655440000", true, "a UUID"),
        ("duration", "P1Y2D", false, "months are left out"),
        ("duration", "P1DT12H", true, "days and hours"),
        ("duration", "PT", false, "nothing"),
        ("byte", "aGk=", true, "padded"),
        ("byte", "aGk", false, "not padded"),
        ("byte", "aGl=", false, "bits behind the last byte"),
        ("byte", "", true, "no byte"),
        ("base64url", "_-8", true, "the alphabet of URLs"),
        ("base64url", "_-9", false, "bits behind the last byte"),
        ("decimal", "-10.50", true, "a decimal"),
        ("decimal", "1e5", false, "an exponent"),
        ("int64", "9223372036854775807", true, "as text"),
        ("int64", "9223372036854775808", false, "as text"),
        ("int64", "+1", false, "one spelling"),
        ("uint64", "-1", false, "no sign"),
        ("hostname", "a_b.example.com", false, "an underscore"),
        ("hostname", "example.com.", false, "a final dot"),
        ("regex", r"^(a+)\1$", false, "what we could not match"),
        ("regex", "[a-z]{2,5}", true, "a pattern"),
        ("regex", "[a-z]{5,2}", false, "a range that ends before it begins"),
    ];
    for (name, text, expected, why) in cases {
        assert_eq!(accepts(name, text), expected, "{name} {text}: {why}");
    }
}

#[test]
fn names_are_told_once() {
    let mut names: Vec<_> = FORMATS.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FORMATS.len());
    assert_eq!(meaning("ssn"), None);
}

proptest::proptest! {
    #[test]
    fn no_text_is_too_much(text in "\\PC{0,40}") {
        for (_, meaning) in &FORMATS {
            meaning.string.map(|format| format.accepts(&text));
        }
    }
}
