use super::*;

#[test]
fn reference_names_a_file_below_the_document() {
    let file = |file: &str, fragment: &str| Ok(Reference { file: Some(file.into()), fragment: fragment.into() });
    let cases = [
        ("a.yaml", "#/a/b", Ok(Reference { file: None, fragment: "/a/b".into() }), ""),
        ("a.yaml", "", Ok(Reference { file: None, fragment: String::new() }), ""),
        ("a.yaml", "#/paths/~1a~1%7Bid%7D", Ok(Reference { file: None, fragment: "/paths/~1a~1{id}".into() }), ""),
        ("a.yaml", "b.yaml", file("b.yaml", ""), ""),
        ("s/a.yaml", "b.yaml#/B", file("s/b.yaml", "/B"), "beside the file that refers to it"),
        ("s/a.yaml", "../b.yaml#/B", file("b.yaml", "/B"), "still below the document"),
        ("a.yaml", "./s/./b%20c.yaml", file("s/b c.yaml", ""), ""),
        ("a.yaml", "../b.yaml", Err(Malformed::Outside), "contract/O-11"),
        ("s/a.yaml", "../../etc/passwd", Err(Malformed::Outside), "contract/O-11"),
        ("a.yaml", "s/../../b.yaml", Err(Malformed::Outside), "contract/O-11"),
        ("a.yaml", "%2e%2e/b.yaml", Err(Malformed::Outside), "contract/O-11, escaped"),
        ("a.yaml", "..%2fb.yaml", Err(Malformed::Escape), "contract/O-11, escaped"),
        ("a.yaml", "/etc/passwd", Err(Malformed::Absolute), "contract/O-11"),
        ("a.yaml", "//evil.example/b.yaml", Err(Malformed::Authority), "contract/O-12"),
        ("a.yaml", "http://evil.example/s.json", Err(Malformed::Scheme), "contract/O-12"),
        ("a.yaml", "HTTPS://evil.example/s.json#/A", Err(Malformed::Scheme), "contract/O-12"),
        ("a.yaml", "file:///etc/passwd", Err(Malformed::Scheme), "contract/O-12"),
        ("a.yaml", "ftp:a", Err(Malformed::Scheme), "contract/O-12"),
        ("a.yaml", "b.yaml?x=1", Err(Malformed::Query), ""),
        ("a.yaml", "..\\b.yaml", Err(Malformed::Backslash), ""),
        ("a.yaml", "b%00.yaml", Err(Malformed::Escape), ""),
        ("a.yaml", "b%ff.yaml", Err(Malformed::Escape), ""),
        ("a.yaml", "#/%zz", Err(Malformed::Escape), ""),
    ];
    for (base, text, expected, why) in cases {
        assert_eq!(parse(base, text), expected, "{text}: {why}");
    }
}

#[test]
fn pointer_tokens_are_unescaped_once() {
    let cases = [
        ("", Some(vec![]), "the whole"),
        ("/", Some(vec![""]), "the member with the empty name"),
        ("/a~1b/~01", Some(vec!["a/b", "~1"]), "RFC 6901 §4"),
        ("a", None, "the name of an anchor"),
        ("/~", None, "half an escape"),
        ("/~2", None, "no escape"),
    ];
    for (pointer, expected, why) in cases {
        let expected: Option<Vec<String>> = expected.map(|tokens| tokens.into_iter().map(str::to_owned).collect());
        assert_eq!(tokens(pointer), expected, "{pointer}: {why}");
    }
}
