use crate::{Documents, Kind, Limits, Node};
use portcullis_core::config::ConfigError;
use std::path::Path;

fn parse(text: &str) -> Result<Documents, Vec<ConfigError>> {
    Documents::parse(Path::new("shop.yaml"), text.as_bytes())
}

fn messages(errors: &[ConfigError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn refusal(text: &str) -> String {
    parse(text).err().map(|errors| messages(&errors)).unwrap_or_default()
}

/// JSON with the place before each value and key.
fn show(node: &Node) -> String {
    let at = format!("{}:{}", node.place.line, node.place.column);
    let inner = match &node.kind {
        Kind::Null => "null".into(),
        Kind::Bool(value) => value.to_string(),
        Kind::Number(text) => text.to_string(),
        Kind::String(text) => format!("{text:?}"),
        Kind::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
        Kind::Map(entries) => {
            let entry = |(key, value): &(crate::Key, Node)| {
                format!("{}:{} {:?}: {}", key.place.line, key.place.column, key.text, show(value))
            };
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    };
    format!("{at} {inner}")
}

/// Kind of the value of `a`.
fn kind(value: &str) -> Kind {
    let documents = parse(&format!("a: {value}\n")).unwrap_or_else(|errors| panic!("{value}: {}", messages(&errors)));
    documents.root().get("a").unwrap().kind.clone()
}

#[test]
fn every_key_and_value_keeps_its_place() {
    let block = "a:\n  b: 1\n  c:\n  - x\n  - y: {z: [1, \"é\"]}\n";
    let expected = "1:1 {1:1 \"a\": 2:3 {2:3 \"b\": 2:6 1, 3:3 \"c\": 4:5 [4:5 \"x\", 5:5 {5:5 \"y\": 5:8 {5:9 \"z\": \
                    5:12 [5:13 1, 5:16 \"é\"]}}]}}";
    assert_eq!(show(parse(block).unwrap().root()), expected);
    let json = "{\"a\":\r\n\t{\"b\":1.50,\"c\":[null,true]}}";
    let expected = "1:1 {1:2 \"a\": 2:2 {2:3 \"b\": 2:7 1.50, 2:12 \"c\": 2:16 [2:17 null, 2:22 true]}}";
    assert_eq!(show(parse(json).unwrap().root()), expected);
    assert_eq!(show(parse("").unwrap().root()), "1:1 null");
}

#[test]
fn plain_scalars_are_what_json_says_or_text() {
    let number = |text: &str| Kind::Number(text.into());
    let text = |text: &str| Kind::String(text.into());
    let cases = [
        ("1", number("1"), ""),
        ("-0", number("-0"), ""),
        ("1.10", number("1.10"), "contract/O-06: kept as it is written"),
        ("1e3", number("1e3"), ""),
        ("123456789012345678901234567890.123456789", number("123456789012345678901234567890.123456789"), "exact"),
        ("no", text("no"), "contract/O-05"),
        ("NO", text("NO"), "contract/O-05"),
        ("yes", text("yes"), "contract/O-05"),
        ("on", text("on"), "contract/O-05"),
        ("010", text("010"), "octal or ten?"),
        ("1_000", text("1_000"), "a number in YAML 1.1 only"),
        ("0x1F", text("0x1F"), "not in JSON"),
        ("+1", text("+1"), "not in JSON"),
        (".5", text(".5"), "not in JSON"),
        ("5.", text("5."), "not in JSON"),
        (".inf", text(".inf"), "not in JSON"),
        (".nan", text(".nan"), "not in JSON"),
        ("1:30", text("1:30"), "sixty-one and a half in YAML 1.1"),
        ("2024-01-01", text("2024-01-01"), "a date in YAML 1.1"),
        ("'1'", text("1"), "quoted"),
        ("\"true\"", text("true"), "quoted"),
        ("|\n  1\n", text("1\n"), "a block is text"),
        ("true", Kind::Bool(true), ""),
        ("False", Kind::Bool(false), "core schema"),
        ("~", Kind::Null, "core schema"),
        ("", Kind::Null, "core schema"),
        ("\"\"", text(""), "quoted"),
        ("\"\\ud83d\\ude00\\/\"", text("😀/"), "escapes of JSON"),
    ];
    for (written, expected, why) in cases {
        assert_eq!(kind(written), expected, "{written}: {why}");
    }
}

#[test]
fn text_that_two_readers_may_read_differently_is_refused_at_its_place() {
    let cases = [
        (
            "paths:\n  /a: {}\n  /a: {}\n",
            "3:3: `/a` is written twice in one map, first at 2:3",
            "contract/O-03, edge/R2",
        ),
        ("{\"paths\":{},\n\"paths\":{}}", "2:1: `paths` is written twice in one map, first at 1:2", "contract/O-03"),
        (
            "responses: {200: {}, '200': {}}\n",
            "1:22: `200` is written twice in one map, first at 1:13",
            "contract/O-04: the same key as text",
        ),
        ("paths:\n\t/a: {}\n", "2:2: tabs disallowed", "contract/O-06, edge/R2"),
        ("x: \"^\\d+$\"\n", "1:4: ", "contract/O-06: an escape that YAML does not have"),
        ("x: !foo x\n", "1:9: a YAML tag stands here", "contract/O-09"),
        ("x: !!binary aGk=\n", "1:13: a YAML tag stands here", "contract/O-09"),
        ("x: !!python/object {}\n", "1:20: a YAML tag stands here", "contract/O-09"),
        ("x: !!str [1]\n", "1:10: a YAML tag stands here", "also those of the core schema"),
        ("a: 1\n---\na: 1\n", "2:1: a second document begins here", "contract/O-09"),
        ("x: a\0b\n", "1:5: ", "edge/R2: NUL"),
        ("? [a, b]\n: 1\n", "1:3: a map or a list stands as a key", "no text"),
        ("a: &a x\n*a : 1\n", "2:1: an alias stands as a key", "no text of its own"),
        ("a: &a [*a]\n", "1:8: an alias stands inside the value that it names", "endless"),
        ("a: *b\n", "1:4: ", "an alias of nothing"),
        ("<<: 1\n", "1:5: `<<` merges something else than maps", ""),
        ("a: [1, 2\n", "1:4: unclosed bracket", "not closed"),
    ];
    for (text, expected, why) in cases {
        let refusal = refusal(text);
        assert!(refusal.starts_with(&format!("shop.yaml:{expected}")), "{why}: {text}: {refusal}");
    }
    let refused = Documents::parse(Path::new("shop.yaml"), b"a: 1\nx-a: \xc3\xa9\xff").unwrap_err();
    assert_eq!(
        messages(&refused),
        "shop.yaml:2:7: octets here are not UTF-8; accepted: YAML or JSON in UTF-8",
        "edge/R2"
    );
}

#[test]
fn all_keys_written_twice_are_listed() {
    let mut text = String::from("a: {b: 1, b: 2}\nc:\n");
    for number in 0..40 {
        text.push_str(&format!("  k{number}: 1\n"));
    }
    text.push_str("  k3: 2\n  k39: 2\n");
    let expected = "shop.yaml:1:11: `b` is written twice in one map, first at 1:5; accepted: each key once\n\
                    shop.yaml:43:3: `k3` is written twice in one map, first at 6:3; accepted: each key once\n\
                    shop.yaml:44:3: `k39` is written twice in one map, first at 42:3; accepted: each key once";
    assert_eq!(refusal(&text), expected, "contract/O-03: both positions");
}

#[test]
fn aliases_and_merges_are_the_values_that_they_name() {
    let text = "base: &base {a: 1, b: 2}\nmore: &more {b: 3, c: 4}\nsame: *base\nmap:\n  <<: [*base, *more]\n  a: 9\n";
    let documents = parse(text).unwrap();
    assert_eq!(show(documents.root().get("same").unwrap()), "1:13 {1:14 \"a\": 1:17 1, 1:20 \"b\": 1:23 2}");
    let expected = "5:3 {6:3 \"a\": 6:6 9, 1:20 \"b\": 1:23 2, 2:20 \"c\": 2:23 4}";
    assert_eq!(show(documents.root().get("map").unwrap()), expected, "own keys first, then those of the first map");
}

#[test]
fn what_grows_without_end_is_refused() {
    let mut bomb = String::from("x0: &x0 [a,a,a,a,a,a,a,a,a]\n");
    for level in 1..10 {
        bomb.push_str(&format!("x{level}: &x{level} [{}]\n", vec![format!("*x{}", level - 1); 9].join(",")));
    }
    let maps = format!("{}1{}", "{a: ".repeat(300), "}".repeat(300));
    let block = (0..300).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect::<String>();
    let cases = [
        (bomb, "grows by more than 200000 values by aliases (`max_aliased`)"),
        (format!("{}{}", "[".repeat(5_000), "]".repeat(5_000)), ""),
        (maps, ""),
        (block, ""),
    ];
    for (text, expected) in cases {
        let refusal = refusal(&text);
        assert!(refusal.starts_with("shop.yaml:") && refusal.contains(expected), "contract/O-07: {refusal}");
    }
    // Aliases nest what they name: the depth that counts is that of the result.
    let mut nested = String::from("x0: &x0 [a]\n");
    for level in 1..300 {
        nested.push_str(&format!("x{level}: &x{level} [*x{}]\n", level - 1));
    }
    assert!(
        refusal(&nested).contains("is nested deeper than 256 maps and lists (`max_depth`)"),
        "{}",
        refusal(&nested)
    );
}

#[test]
fn bound_of_values_is_that_of_all_keys_and_values() {
    let limits = Limits { max_nodes: 7, ..Limits::default() };
    let read = |text: &str| super::read(crate::FileId(0), text.as_bytes(), &mut super::Budget::new(limits));
    assert!(read("{a: [1, 2], b: 3}").is_ok(), "map, 2 keys, list, 3 scalars");
    let faults = read("{a: [1, 2], b: [3]}").unwrap_err();
    assert_eq!(
        faults[0].message, "has more than 7 values (`max_nodes`)",
        "contract/O-08: the message names the option"
    );
}

#[test]
fn million_values_load() {
    let mut text = String::from("{\"a\":[\n");
    for number in 0..199_999 {
        text.push_str(&format!("{{\"a\":1,\"b\":\"{number}\"}},\n"));
    }
    text.push_str("{}]}");
    let documents = parse(&text).unwrap();
    assert_eq!(documents.root().get("a").unwrap().items().len(), 200_000, "contract/O-08: 1,000,000 keys and values");
}

proptest::proptest! {
    /// What a JSON library writes is read as the same values.
    #[test]
    fn json_is_read_as_it_is_meant(value in json()) {
        let text = serde_json::to_string(&value).unwrap();
        let documents = parse(&text).unwrap();
        proptest::prop_assert_eq!(plain(documents.root()), value);
    }
}

fn plain(node: &Node) -> serde_json::Value {
    match &node.kind {
        Kind::Null => serde_json::Value::Null,
        Kind::Bool(value) => (*value).into(),
        // serde_json rounds the last digit of a double.
        Kind::Number(text) => text.parse::<i64>().map_or_else(|_| text.parse::<f64>().unwrap().into(), Into::into),
        Kind::String(text) => (**text).into(),
        Kind::List(items) => items.iter().map(plain).collect(),
        Kind::Map(entries) => entries.iter().map(|(key, value)| (key.text.to_string(), plain(value))).collect(),
    }
}

fn json() -> impl proptest::strategy::Strategy<Value = serde_json::Value> {
    use proptest::prelude::*;
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Into::into),
        "\\PC{0,20}".prop_map(Into::into),
        "[ -~\n\t]{0,20}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
            proptest::collection::hash_map("[ -~]{0,12}", inner, 0..8)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
        ]
    })
}
