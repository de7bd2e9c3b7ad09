use super::*;
use crate::values::text;
use portcullis_json::Bounds;

fn written(text: &str, shape: &Shape) -> Result<String, Rule> {
    let mut out = Vec::new();
    text::write(text, shape, &Bounds::default(), &mut out).map(|()| String::from_utf8(out).unwrap())
}

#[test]
fn a_value_has_one_spelling() {
    let number_or_text = Shape::Scalar(Types::NUMBER.or(Types::STRING));
    let integer_or_null = Shape::Scalar(Types::INTEGER.or(Types::NULL));
    let cases: &[(&str, &Shape, Result<&str, Rule>, &str)] = &[
        ("12", &INTEGER, Ok("12"), "contract/V-01"),
        ("-3", &INTEGER, Ok("-3"), "contract/V-01"),
        ("012", &INTEGER, Err(Rule::Type), "an octal number to some"),
        ("+12", &INTEGER, Err(Rule::Type), "a sign that not all read"),
        ("1.0", &INTEGER, Err(Rule::Type), "not a lexical integer"),
        ("1e2", &INTEGER, Err(Rule::Type), "100 to some, 1 to others"),
        ("0x1F", &INTEGER, Err(Rule::Type), "31 to some, 0 to others"),
        ("１２", &INTEGER, Err(Rule::Type), "digits of another script"),
        ("12 ", &INTEGER, Err(Rule::Type), "trimmed by some"),
        ("", &INTEGER, Err(Rule::Type), "0 or nothing"),
        ("-", &INTEGER, Err(Rule::Type), "no digit"),
        ("1_000", &INTEGER, Err(Rule::Type), "read by Python"),
        ("true", &BOOLEAN, Ok("true"), "contract/V-03"),
        ("false", &BOOLEAN, Ok("false"), "contract/V-03"),
        ("TRUE", &BOOLEAN, Err(Rule::Type), "one spelling"),
        ("1", &BOOLEAN, Err(Rule::Type), "one spelling"),
        ("yes", &BOOLEAN, Err(Rule::Type), "one spelling"),
        ("", &BOOLEAN, Err(Rule::Type), "true to some"),
        ("-0", &NUMBER, Ok("-0"), "contract/V-05"),
        ("1.5e3", &NUMBER, Ok("1.5e3"), "RFC 8259"),
        ("NaN", &NUMBER, Err(Rule::Type), "no number"),
        ("Infinity", &NUMBER, Err(Rule::Type), "no number"),
        ("1e309", &NUMBER, Err(Rule::Type), "beyond a double"),
        (".5", &NUMBER, Err(Rule::Type), "no digit before the point"),
        ("5.", &NUMBER, Err(Rule::Type), "no digit behind the point"),
        ("null", &integer_or_null, Err(Rule::Type), "no text is null"),
        ("12", &number_or_text, Ok("12"), "the spelling of a number"),
        ("012", &number_or_text, Ok(r#""012""#), "no number, so a string"),
        ("12", &STRING, Ok(r#""12""#), "strings stay strings"),
        ("12", &Shape::Any, Ok(r#""12""#), "nothing is said: a string"),
        ("a\"\\\n\u{1}/ü", &STRING, Ok("\"a\\\"\\\\\\n\\u0001/ü\""), "escaped as JSON"),
        ("a", &Shape::Scalar(Types::NONE), Err(Rule::Type), "no type at all"),
        ("a", &array(STRING), Err(Rule::Style), "an array inside an item"),
    ];
    for (text, shape, expected, why) in cases {
        assert_eq!(written(text, shape).as_deref().map_err(|rule| *rule), *expected, "{text}: {why}");
    }
}

#[test]
fn a_value_is_no_longer_than_the_document_that_it_becomes_part_of_may_hold() {
    let (longest, longer) = ("1".repeat(64), "1".repeat(65));
    assert!(written(&longest, &INTEGER).is_ok());
    assert_eq!(written(&longer, &INTEGER), Err(Rule::Type));
    assert!(written(&"a".repeat(256 * 1024), &STRING).is_ok());
    assert_eq!(written(&"a".repeat(256 * 1024 + 1), &STRING), Err(Rule::TooLong));
    assert_eq!(written(&"\"".repeat(128 * 1024 + 1), &STRING), Err(Rule::TooLong), "as written in JSON");
}

#[test]
fn an_integer_in_a_path_has_one_spelling_and_is_forwarded_as_sent() {
    // contract/V-01: what is not accepted is refused, and nothing of a path is rewritten.
    for (raw, is_accepted) in [
        ("12", true),
        ("-3", true),
        ("012", false),
        ("+12", false),
        ("1.0", false),
        ("1e2", false),
        ("0x1F", false),
        ("%EF%BC%91%EF%BC%92", false),
        ("12%20", false),
        ("12%00", false),
    ] {
        let id = spec("id", Location::Path, Style::Simple, false, INTEGER);
        assert_eq!(read(id, raw).is_ok(), is_accepted, "contract/V-01 {raw}");
    }
}

#[test]
fn a_boolean_and_a_number_in_the_query_have_one_spelling() {
    for (query, shape, is_accepted) in [
        ("v=true", BOOLEAN, true),
        ("v=false", BOOLEAN, true),
        ("v=TRUE", BOOLEAN, false),
        ("v=1", BOOLEAN, false),
        ("v=yes", BOOLEAN, false),
        ("v=", BOOLEAN, false),
        ("v=NaN", NUMBER, false),
        ("v=Infinity", NUMBER, false),
        ("v=-0", NUMBER, true),
        ("v=1e309", NUMBER, false),
        ("v=.5", NUMBER, false),
        ("v=5.", NUMBER, false),
    ] {
        assert_eq!(read(query_spec("v", shape), query).is_ok(), is_accepted, "contract/V-03, contract/V-05 {query}");
    }
}
