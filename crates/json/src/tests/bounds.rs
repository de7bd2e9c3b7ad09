use super::{good, refusal};
use crate::{Bounds, Document, Problem};

fn within(text: &str, bounds: Bounds) -> Result<(), Problem> {
    Document::parse(text.as_bytes().to_vec(), &bounds).map(drop).map_err(|error| error.problem)
}

#[test]
fn depth() {
    // contract/V-35
    good(&format!("{}{}", "[".repeat(64), "]".repeat(64)));
    assert_eq!(refusal("[".repeat(65).as_bytes()), (64, Problem::Depth(64)));
    assert_eq!(refusal("[".repeat(1_000_000).as_bytes()), (64, Problem::Depth(64)));
    assert_eq!(refusal("{\"a\":".repeat(65).as_bytes()), (64 * 5, Problem::Depth(64)));
}

#[test]
fn counts_and_sizes() {
    let bounds = Bounds { members: 2, elements: 2, nodes: 6, string_bytes: 4, number_bytes: 4, ..Bounds::default() };
    let cases = [
        (r#"{"a":1,"b":2}"#, Ok(())),
        (r#"{"a":1,"b":2,"c":3}"#, Err(Problem::Members(2))),
        ("[1,2]", Ok(())),
        ("[1,2,3]", Err(Problem::Elements(2))),
        ("[[1,2],[1,2]]", Err(Problem::Nodes(6))),
        (r#""abcd""#, Ok(())),
        (r#""abcde""#, Err(Problem::StringBytes(4))),
        (r#"{"abcde":1}"#, Err(Problem::StringBytes(4))),
        ("1234", Ok(())),
        ("12345", Err(Problem::NumberBytes(4))),
        ("-1.23", Err(Problem::NumberBytes(4))),
    ];
    for (text, expected) in cases {
        assert_eq!(within(text, bounds), expected, "{text}");
    }
}

/// contract/V-36: 65 digits.
#[test]
fn a_number_is_short() {
    assert_eq!(refusal("1".repeat(65).as_bytes()), (0, Problem::NumberBytes(64)));
    good(&"1".repeat(64));
}

#[test]
fn nothing_of_a_document_is_shown() {
    let document = good(r#"{"secret-name":["secret", 4711]}"#);
    let list = document.root().get("secret-name").unwrap();
    let shown = format!("{document:?} {:?} {:?} {:?}", document.root(), list.at(0), list.at(1).unwrap().as_number());
    assert!(!shown.contains("secret") && !shown.contains("4711"), "{shown}");
}
