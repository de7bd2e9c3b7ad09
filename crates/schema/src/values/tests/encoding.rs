use super::*;
use crate::values::pairs::careless;
use crate::values::percent::{Plus, decode};

#[test]
fn escapes_are_read_once_and_strictly() {
    let cases = [
        ("a%20b", Ok("a b"), "an escape"),
        ("a+b", Ok("a b"), "a form has `+` for a blank"),
        ("%2B", Ok("+"), "and an escape for itself"),
        ("%2541", Ok("%41"), "contract/V-17: not twice"),
        ("%e2%82%ac", Ok("€"), "either case of digits"),
        ("%ff", Err(Rule::Encoding), "no UTF-8"),
        ("%", Err(Rule::Encoding), "no digits"),
        ("%4", Err(Rule::Encoding), "one digit"),
        ("%zz", Err(Rule::Encoding), "no hex digits"),
        ("%00", Err(Rule::Encoding), "ends a string to some"),
        ("a\0", Err(Rule::Encoding), "the same, not encoded"),
        ("%u0041", Err(Rule::Encoding), "an escape of IIS"),
        ("%c0%af", Err(Rule::Encoding), "a slash, overlong"),
        ("%ed%a0%80", Err(Rule::Encoding), "half a surrogate pair"),
    ];
    for (raw, expected, why) in cases {
        assert_eq!(decode(raw, Plus::Space).as_deref().map_err(|rule| *rule), expected, "{raw}: {why}");
    }
    assert_eq!(decode("a+b", Plus::Itself).as_deref(), Ok("a+b"));
}

#[test]
fn a_query_with_bad_bytes_is_refused_wherever_they_stand() {
    // contract/V-18, also in what nobody declared
    let options = || Options { unknown: crate::values::Unknown::Allow, ..Options::default() };
    for bad in ["%ff", "%", "%zz", "%00", "%u0041"] {
        for query in [format!("q={bad}"), format!("q=1&x={bad}"), format!("q=1&{bad}=1")] {
            let refused = read_query(vec![query_spec("q", STRING)], options(), &query).unwrap_err();
            assert_eq!(refused[0].rule, Rule::Encoding, "contract/V-18 {query}");
        }
    }
}

#[test]
fn a_value_in_a_path_holds_nothing_that_ends_it() {
    // contract/V-02, for what normalisation lets through
    let id = || spec("id", Location::Path, Style::Simple, false, STRING);
    for raw in ["a%2Fb", "a%5Cb", "a%3Fb", "a%23b", "..", "%2e%2e", ".", "a%0Ab"] {
        assert_eq!(read(id(), raw), Err(Rule::Encoding), "{raw}");
    }
    assert_eq!(read(id(), "a%20b%2541").as_deref(), Ok(r#""a b%41""#));
    assert_eq!(read(id(), "a+b").as_deref(), Ok(r#""a+b""#));
}

#[test]
fn reserved_characters_are_data_but_those_that_separate() {
    // contract/V-17
    let reserved = |allow_reserved| Spec {
        writing: Writing::Styled { style: Style::Form, explode: true, allow_reserved, allow_empty: false },
        ..query_spec("q", STRING)
    };
    for allow in [true, false] {
        assert_eq!(read(reserved(allow), "q=a/b?c:d@e").as_deref(), Ok(r#""a/b?c:d@e""#));
        assert_eq!(read(reserved(allow), "q=a=b").as_deref(), Ok(r#""a=b""#));
        assert_eq!(read(reserved(allow), "q=%2541").as_deref(), Ok(r#""%41""#));
    }
    assert_eq!(read(reserved(true), "q=a;b").as_deref(), Ok(r#""a;b""#));
    assert_eq!(read(reserved(false), "q=a;b"), Err(Rule::Separator));
    assert_eq!(read(reserved(false), "q=a%3Bb").as_deref(), Ok(r#""a;b""#));
}

#[test]
fn names_that_careless_servers_take_for_one_look_alike() {
    for (one, other) in [
        ("id", "ID"),
        ("id", "id[]"),
        ("id", "id[0]"),
        ("user.id", "user_id"),
        ("id", " id"),
        ("ü", "Ü"),
        ("user_id", "user[id"),
    ] {
        assert_eq!(careless(one), careless(other), "{one} {other}");
    }
    for (one, other) in [("id", "ids"), ("id", "[id"), ("user-id", "user_id")] {
        assert_ne!(careless(one), careless(other), "{one} {other}");
    }
}
