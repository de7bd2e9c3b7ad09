//! Against serde_json: what it takes we take, except where this kit is stricter on purpose.

use crate::{Bounds, Document, Kind, Problem, Value};
use proptest::prelude::*;
use serde_json::Value as Tree;

/// The same document as a tree.
fn tree(value: Value<'_>) -> Tree {
    match value.kind() {
        Kind::Null => Tree::Null,
        Kind::True | Kind::False => value.as_bool().unwrap().into(),
        Kind::Number => serde_json::from_str(value.raw()).unwrap(),
        Kind::String => value.as_str().unwrap().into(),
        Kind::Array => value.elements().map(tree).collect(),
        Kind::Object => value.members().map(|member| (member.name.to_owned(), tree(member.value))).collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn of_texts_that_are_nearly_json(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "\"\\u00e9\"", "\"\\ud83d\\ude00\"", "\"", "\\", "1", "-", "0", ".5",
            "e3", " ", "\n", "true", "null", "false", "{\"a\":1}", "[1,2]", "\"c\":", "\"d\":{}", "\u{e9}", "\\n", "\u{1}", "1e400",
        ]), 0..12),
    ) {
        let text = pieces.concat();
        let ours = Document::parse(text.clone().into_bytes(), &Bounds::default());
        match (ours, serde_json::from_str::<Tree>(&text)) {
            (Ok(document), Ok(expected)) => prop_assert_eq!(tree(document.root()), expected),
            (Err(_), Err(_)) => {}
            (Err(error), Ok(_)) => prop_assert!(
                matches!(error.problem, Problem::DuplicateName | Problem::NumberRange), "we alone refuse: {text} {error}"
            ),
            (Ok(_), Err(error)) => prop_assert!(false, "we alone take: {text} {error}"),
        }
    }

    #[test]
    fn of_any_string(text in "[a-c\"\\\\\u{0}-\u{21}\u{7f}\u{80}\u{e9}\u{20ac}]{0,24}") {
        let text = format!("\"{text}\"");
        let expected = serde_json::from_str::<String>(&text).ok();
        let document = Document::parse(text.into_bytes(), &Bounds::default()).ok();
        prop_assert_eq!(document.as_ref().and_then(|document| document.root().as_str()), expected.as_deref());
    }

    #[test]
    fn of_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let expected = serde_json::from_slice::<Tree>(&bytes).is_ok();
        prop_assert_eq!(Document::parse(bytes, &Bounds::default()).is_ok(), expected);
    }
}
