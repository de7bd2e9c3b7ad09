use super::*;
use crate::values::{Content, Form, Unknown};
use portcullis_json::{Bounds, Document};
use proptest::prelude::*;

/// As RFC 6570 and JavaScript encode it.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// Text that an item may be in every style: without what separates, and nothing that no path can hold.
fn item() -> impl Strategy<Value = String> {
    "[^\\x00-\\x1f\\x7f-\\u{9f},;=&| ./\\\\?#]{1,12}"
}

fn expected(json: serde_json::Value) -> serde_json::Value {
    serde_json::Value::Array(vec![json])
}

fn read_back(spec: Spec, raw: &str) -> serde_json::Value {
    let json = read(spec.clone(), raw).unwrap_or_else(|rule| panic!("{spec:?} {raw}: {rule:?}"));
    serde_json::from_str(&format!("[{json}]")).unwrap()
}

/// Every style that has a list, and how it joins encoded items.
fn joined(items: &[String]) -> Vec<(Location, Style, bool, String)> {
    use Location::{Cookie, Path, Query};
    let items: Vec<String> = items.iter().map(|item| encoded(item)).collect();
    let each = |between: &str| items.iter().map(|item| format!("p={item}")).collect::<Vec<_>>().join(between);
    vec![
        (Path, Style::Simple, false, items.join(",")),
        (Path, Style::Label, false, format!(".{}", items.join(","))),
        (Path, Style::Label, true, format!(".{}", items.join("."))),
        (Path, Style::Matrix, false, format!(";p={}", items.join(","))),
        (Path, Style::Matrix, true, format!(";{}", each(";"))),
        (Query, Style::Form, false, format!("p={}", items.join(","))),
        (Query, Style::Form, true, each("&")),
        (Query, Style::SpaceDelimited, false, format!("p={}", items.join("%20"))),
        (Query, Style::PipeDelimited, false, format!("p={}", items.join("%7C"))),
        (Cookie, Style::Form, false, format!("p={}", items.join(","))),
    ]
}

proptest! {
    #[test]
    fn what_a_style_writes_reads_back_the_same(items in prop::collection::vec(item(), 1..6), number in any::<i64>()) {
        for (location, style, explode, raw) in joined(&items) {
            let list = spec("p", location, style, explode, array(STRING));
            prop_assert_eq!(read_back(list, &raw), expected(items.clone().into()), "{:?} {}", style, raw);
        }
        for (location, style, explode, raw) in joined(&items[..1]) {
            if !matches!(style, Style::SpaceDelimited | Style::PipeDelimited) {
                let text = spec("p", location, style, explode, STRING);
                prop_assert_eq!(read_back(text, &raw), expected(items[0].clone().into()), "{:?} {}", style, raw);
            }
        }
        for (location, style, explode, raw) in joined(&[number.to_string()]) {
            let list = spec("p", location, style, explode, array(INTEGER));
            prop_assert_eq!(read_back(list, &raw), expected(vec![number].into()), "{:?} {}", style, raw);
        }
    }

    #[test]
    fn what_a_style_writes_of_an_object_reads_back_the_same(members in prop::collection::btree_map(item(), item(), 1..6)) {
        let shape = Shape::Object {
            properties: members.keys().map(|name| (name.as_str().into(), STRING)).collect(),
            other: None,
        };
        let pairs: Vec<_> = members.iter().map(|(name, value)| (encoded(name), encoded(value))).collect();
        let listed = pairs.iter().map(|(name, value)| format!("{name},{value}")).collect::<Vec<_>>().join(",");
        let each = |between: &str| pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(between);
        let deep = pairs.iter().map(|(name, value)| format!("p%5B{name}%5D={value}")).collect::<Vec<_>>().join("&");
        let has_brackets = members.keys().any(|name| name.contains(['[', ']']));
        let mut cases = vec![
            (Location::Path, Style::Simple, false, listed.clone()),
            (Location::Path, Style::Simple, true, each(",")),
            (Location::Path, Style::Label, true, format!(".{}", each("."))),
            (Location::Path, Style::Matrix, false, format!(";p={listed}")),
            (Location::Path, Style::Matrix, true, format!(";{}", each(";"))),
            (Location::Query, Style::Form, false, format!("p={listed}")),
            (Location::Query, Style::Form, true, each("&")),
        ];
        if !has_brackets {
            cases.push((Location::Query, Style::DeepObject, true, deep));
        }
        let expected = expected(serde_json::to_value(&members).unwrap());
        for (location, style, explode, raw) in cases {
            let object = spec("p", location, style, explode, shape.clone());
            prop_assert_eq!(&read_back(object, &raw), &expected, "{:?} {} {}", style, explode, raw);
        }
    }

    #[test]
    fn whatever_arrives_is_refused_or_becomes_json_that_parses(raw in "([a-d]|f\\[|\\]|[=&;,.|+%\"\\\\{}:1-3 é-]|%[0-9a-f]{2}){0,60}") {
        let whole = |content| Spec {
            writing: Writing::Content(content),
            ..spec("w", Location::QueryString, Style::Form, false, object(&[("a", STRING)]))
        };
        let sets = [
            vec![
                query_spec("a", INTEGER),
                query_spec("b", array(STRING)),
                spec("c", Location::Query, Style::PipeDelimited, false, array(NUMBER)),
                spec("f", Location::Query, Style::DeepObject, true, object(&[("a", STRING)])),
                Spec { writing: Writing::Content(Content::Json), ..query_spec("d", Shape::Any) },
                query_spec("x", Shape::Object { properties: vec![("e".into(), BOOLEAN)], other: Some(Box::new(STRING)) }),
                spec("m", Location::Path, Style::Matrix, true, object(&[("a", STRING)])),
                spec("k", Location::Cookie, Style::Cookie, true, array(STRING)),
                spec("H", Location::Header, Style::Simple, true, object(&[("a", STRING)])),
            ],
            vec![whole(Content::Json)],
            vec![whole(Content::Form)],
        ];
        let headers = fields(&[("h", raw.as_bytes()), ("cookie", raw.as_bytes())]);
        for specs in sets {
            let parameters = compiled(specs, Options { unknown: Unknown::Strip, ..Options::default() });
            for headers in [&headers, &HeaderMap::new()] {
                let read = parameters.read(&Input { path: &[("m", &raw)], query: Some(&raw), headers });
                if let Ok(values) = read {
                    let document = Document::parse(values.json().to_vec(), &Bounds::default()).unwrap();
                    prop_assert_eq!(document.root().len(), values.found().len());
                }
            }
        }
    }

    #[test]
    fn whatever_a_form_is_it_is_refused_or_becomes_json_that_parses(raw in prop::collection::vec(any::<u8>(), 0..80), text in "([ab]|[=&;,+%]|%[0-9a-f]{2}){0,40}") {
        let shape = Shape::Object { properties: vec![("a".into(), array(STRING))], other: Some(Box::new(STRING)) };
        let form = Form::of_shape(&shape, Options::default()).unwrap();
        for bytes in [raw.as_slice(), text.as_bytes()] {
            if let Ok(values) = form.read(bytes) {
                prop_assert!(Document::parse(values.json, &Bounds::default()).is_ok());
            }
        }
    }

    #[test]
    fn pairs_are_those_that_the_form_parser_of_browsers_finds(text in "([ab]|[=&;+]|%[2-7][0-9a-f]|%e2%82%ac|é){0,40}") {
        if let Ok(pairs) = crate::values::pairs::parse(&text, 100) {
            let ours: Vec<_> = pairs.iter().map(|pair| (pair.name.clone().into_owned(), pair.value().unwrap().into_owned())).collect();
            let theirs: Vec<_> = url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
            prop_assert_eq!(ours, theirs);
        }
    }
}
