use super::*;
use crate::config::file;

fn outline(text: &str) -> Outline {
    file::parse(text).outline
}

fn changes(before: &str, after: &str) -> Vec<String> {
    outline(before).changes(&outline(after)).collect()
}

#[test]
fn what_changed_is_named_by_its_place() {
    let before = "a: { b: 1, c: [x, y], d: { e: 1 } }\n";
    let cases: [(&str, &[&str], &str); 9] = [
        ("# a comment\na:\n  b: 1\n  c: [x, y]\n  d: { e: 1 }\n", &[], "another spelling of the same"),
        ("a: { b: 2, c: [x, y], d: { e: 1 } }", &["a/b: changed"], "a number"),
        ("a: { b: '1', c: [x, y], d: { e: 1 } }", &["a/b: changed"], "a text that looks like the number"),
        ("a: { b: 1, c: [x, z], d: { e: 1 } }", &["a/c/1: changed"], "an item"),
        ("a: { b: 1, c: [x], d: { e: 1 } }", &["a/c/1: removed"], "an item less"),
        ("a: { b: 1, c: [x, y], d: { e: 1, f: { g: 1 } } }", &["a/d/f: added"], "a map, once"),
        ("a: { b: 1, c: [x, y] }", &["a/d: removed"], "a map, once"),
        ("a: { b: 1, c: [x, y], d: { e: 1 }, x/y: 1 }", &["a/x~1y: added"], "a name with a slash"),
        ("a: 1", &["a: changed", "a/b: removed", "a/c: removed", "a/d: removed"], "another kind"),
    ];
    for (after, expected, why) in cases {
        assert_eq!(changes(before, after), expected, "{why}");
    }
}

#[test]
fn no_value_is_shown() {
    let with = |secret: &str| format!("upstreams: {{ shop: {{ headers: {{ X-Key: {secret} }} }} }}");
    let changes = changes(&with("canary-1"), &with("canary-2"));
    assert_eq!(changes, ["upstreams/shop/headers/X-Key: changed"], "edge/R7: that it changed is said, not to what");
    assert!(!format!("{:?}", outline(&with("canary-1"))).contains("canary"));
}
