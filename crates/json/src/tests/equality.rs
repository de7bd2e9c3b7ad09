//! Which values are the same.

use crate::{Bounds, Document, Number};
use std::hash::{BuildHasher, RandomState};

fn document(text: &str) -> Document {
    Document::parse(text.as_bytes().to_vec(), &Bounds::default()).unwrap()
}

#[test]
fn values_are_the_same_however_they_are_written() {
    let cases = [
        // one,                      other,                  same
        ("1.0", "1", true),
        ("100e-2", "1", true),
        ("-0", "0", true),
        ("9007199254740993", "9007199254740992", false),
        (r#""\u0061""#, r#""a""#, true),
        ("true", "1", false),
        ("false", "0", false),
        ("null", "false", false),
        ("[]", "{}", false),
        (r#"{"a":1,"b":[2,{}]}"#, r#"{ "b":[2.0,{}], "a":1 }"#, true),
        (r#"{"a":1}"#, r#"{"a":1,"b":2}"#, false),
        (r#"{"a":1,"c":2}"#, r#"{"a":1,"b":2}"#, false),
        ("[1,2]", "[2,1]", false),
        (r#"[{"a":[1]}]"#, r#"[{"a":[2]}]"#, false),
    ];
    for (one, other, same) in cases {
        assert_eq!(document(one).root().is_same(document(other).root()), same, "{one} and {other}");
        let array = document(&format!("[{one},{other}]"));
        assert_eq!(array.root().has_unique_elements(), !same, "{one} and {other} in an array");
        let many = document(&format!(r#"["x","y","z",{one},[0],[1],"u","v",[],{{"z":1}},{other}]"#));
        assert_eq!(many.root().has_unique_elements(), !same && other != "{}", "{one} and {other} among others");
    }
}

#[test]
fn equal_numbers_have_equal_hashes() {
    let keys = RandomState::new();
    let hash = |text| keys.hash_one(Number::parse(text).unwrap());
    for same in ["10", "1e1", "10.0", "100e-1", "0.1e2"] {
        assert_eq!(hash(same), hash("10"), "{same}");
    }
    assert_ne!(hash("-10"), hash("10"));
    assert_ne!(hash("100"), hash("10"));
}

#[test]
fn of_ten_thousand_objects_the_two_that_are_the_same_are_found() {
    let item = |count: usize| format!(r#"{{"id":{count},"tags":["a","b"]}}"#);
    let mut items: Vec<_> = (0..10_000).map(item).collect();
    assert!(document(&format!("[{}]", items.join(","))).root().has_unique_elements());
    *items.last_mut().unwrap() = item(0);
    assert!(!document(&format!("[{}]", items.join(","))).root().has_unique_elements());
}

#[test]
fn a_value_knows_what_it_holds() {
    let document = document(r#"{"a":[1,{"b":2}],"c":"d\u0065"}"#);
    assert_eq!(document.root().size(), 9);
    let raw: Vec<_> = document.root().descendants().map(|value| value.raw().to_owned()).collect();
    assert_eq!(raw, [r#"[1,{"b":2}]"#, "1", r#"{"b":2}"#, "2", r#""d\u0065""#]);
    let key = document.root().members().next().unwrap().key;
    assert_eq!((key.as_str(), key.raw()), (Some("a"), r#""a""#));
    assert!(document.may_mention("de"), "escapes are read");
    assert!(!document.may_mention("f"));
}
