use super::{good, parse, refusal};
use crate::{Bounds, Document, Kind, Problem};

#[test]
fn values_are_found_where_they_stand() {
    let document = good(" {\"a\" : [1, \"x\\u0041\\n\", true,false , null],\"\\u0062\":{ } , \"c\":[] }\n");
    let root = document.root();
    assert_eq!((root.kind(), root.len(), root.span()), (Kind::Object, 3, 1..67));
    let list = root.get("a").unwrap();
    let raw: Vec<_> = list.elements().map(|element| element.raw()).collect();
    assert_eq!(raw, ["1", "\"x\\u0041\\n\"", "true", "false", "null"]);
    assert_eq!(list.at(1).unwrap().as_str(), Some("xA\n"));
    assert_eq!((list.at(2).unwrap().as_bool(), list.at(3).unwrap().as_bool()), (Some(true), Some(false)));
    assert!(list.at(4).unwrap().is_null() && list.at(5).is_none());
    let names: Vec<_> = root.members().map(|member| member.name).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert!(root.get("b").unwrap().is_empty() && root.get("c").unwrap().is_empty());
    assert!(root.get("d").is_none() && list.get("a").is_none() && root.at(0).is_none());
}

#[test]
fn what_is_no_json_is_refused_at_its_byte() {
    // contract/V-40
    let value = Problem::Expected("a value");
    let cases: &[(&str, usize, Problem)] = &[
        ("", 0, value),
        ("  ", 2, value),
        ("NaN", 0, value),
        ("Infinity", 0, value),
        ("-Infinity", 1, Problem::Expected("a digit")),
        ("01", 1, Problem::Trailing),
        ("[01]", 2, Problem::Expected("`,` or `]`")),
        ("+1", 0, value),
        (".5", 0, value),
        ("1.", 2, Problem::Expected("a digit")),
        ("1e", 2, Problem::Expected("a digit")),
        ("0x10", 1, Problem::Trailing),
        ("'a'", 0, value),
        ("{a:1}", 1, Problem::Expected("a name in double quotes")),
        ("[1,]", 3, value),
        ("{\"a\":1,}", 7, Problem::Expected("a name in double quotes")),
        ("{\"a\" 1}", 5, Problem::Expected("`:`")),
        ("{\"a\":}", 5, value),
        ("[1 2]", 3, Problem::Expected("`,` or `]`")),
        ("{\"a\":1]", 6, Problem::Expected("`,` or `}`")),
        ("[1}", 2, Problem::Expected("`,` or `]`")),
        ("[", 1, value),
        ("{", 1, Problem::Expected("a name in double quotes")),
        ("/*c*/{}", 0, value),
        ("True", 0, value),
        ("nul", 0, value),
        ("truex", 4, Problem::Trailing),
        ("\"a\tb\"", 2, Problem::Expected("no control character in a string")),
        ("\"a", 2, Problem::Expected("the end of the string")),
        ("\"\\", 2, Problem::Expected("one of `\"\\/bfnrtu` after a backslash")),
        ("\"\\x41\"", 2, Problem::Expected("one of `\"\\/bfnrtu` after a backslash")),
        ("\"\\u12g4\"", 5, Problem::Expected("four hex digits after `\\u`")),
        ("1e400", 0, Problem::NumberRange),
        ("-1e400", 0, Problem::NumberRange),
        ("[1e999]", 1, Problem::NumberRange),
        ("1e-999", 0, Problem::NumberRange),
    ];
    for (text, offset, problem) in cases {
        assert_eq!(refusal(text.as_bytes()), (*offset, *problem), "{text}");
    }
    good("[-0, 0.5, 1e2, 1E+2, 1e-2, 0e999]");
}

#[test]
fn nothing_follows_the_document() {
    // contract/V-43
    assert_eq!(refusal(b"{}x"), (2, Problem::Trailing));
    assert_eq!(refusal(b"{}{}"), (2, Problem::Trailing));
    assert_eq!(refusal(b"{}\0"), (2, Problem::Trailing));
    good(&format!("{{}}{}", " ".repeat(1 << 20)));
}

#[test]
fn strings_are_unicode() {
    // contract/V-41
    assert_eq!(refusal(br#""\ud800""#), (1, Problem::Surrogate));
    assert_eq!(refusal(br#""\udc00\ud800""#), (1, Problem::Surrogate));
    assert_eq!(refusal(br#""\ud800\ud800""#), (1, Problem::Surrogate));
    assert_eq!(refusal(br#"{"\udfff":1}"#), (2, Problem::Surrogate));
    assert_eq!(refusal(br#""a\u0000""#), (2, Problem::Nul));
    assert_eq!(refusal(br#"{"\u0000":1}"#), (2, Problem::Nul));
    assert_eq!(good(r#""\ud83d\ude00 \uE000""#).root().as_str(), Some("😀 \u{e000}"));
    let bounds = Bounds { is_nul_allowed: true, ..Bounds::default() };
    let document = Document::parse(br#""\u0000""#.to_vec(), &bounds).unwrap();
    assert_eq!(document.root().as_str(), Some("\0"));
}

#[test]
fn bytes_are_utf8_without_a_mark() {
    // contract/V-42
    for bad in [&b"\"a\xff\""[..], b"\"a\xc0\xaf\"", b"\"a\xed\xa0\x80\"", b"\"a\xe2\x82"] {
        assert_eq!(refusal(bad), (2, Problem::Utf8));
    }
    assert_eq!(refusal(b"\xef\xbb\xbf{}"), (0, Problem::ByteOrderMark));
}

#[test]
fn a_name_stands_once_in_an_object() {
    // contract/V-33
    assert_eq!(refusal(br#"{"role":"user","role":"admin"}"#), (15, Problem::DuplicateName));
    assert_eq!(refusal(br#"{"a":1,"\u0061":2}"#), (7, Problem::DuplicateName));
    let error = parse(r#"{"list":[0,{"x/y":{"role":1,"b":{},"role":2}}]}"#).unwrap_err();
    assert_eq!((error.offset, &*error.pointer), (35, "/list/1/x~1y/role"));
    assert_eq!(error.to_string(), "byte 35 in /list/1/x~1y/role: expected each name once in an object");
    // contract/V-34, the parser's part: names that differ in case or composition are two.
    good("{\"Role\":1,\"role\":2,\"\u{e9}\":1,\"e\u{301}\":2}");
    good(r#"[{"a":1},{"a":2,"b":{"a":3}}]"#);
}

#[test]
fn among_many_names_too() {
    // All alike to a quick look: length, first and last bytes.
    let mut names: Vec<_> = (0..900).map(|count| format!("name-{count:04}-name")).collect();
    let object = |names: &[String]| {
        let members: Vec<_> = names.iter().map(|name| format!("\"{name}\":0")).collect();
        format!("{{{}}}", members.join(","))
    };
    assert_eq!(good(&object(&names)).root().len(), 900);
    names[700] = "name-\\u0030003-name".into();
    let error = parse(&object(&names)).unwrap_err();
    assert_eq!((error.problem, &*error.pointer), (Problem::DuplicateName, "/name-0003-name"));
    let at = error.offset;
    assert!(object(&names).split_at(at).1.starts_with("\"name-\\u0030003"), "the second of the two is named");
}
