//! Simple patterns mean what the other engine says.

use super::super::{compile, translate};
use super::Simple;
use proptest::prelude::*;

#[test]
fn some_patterns_are_simple() {
    for pattern in [
        "^[a-z]+$",
        r"^\d{5}$",
        r"^[A-Z]{2}\d{4}$",
        "^abc$",
        r"^[\w.-]{1,64}$",
        "^$",
        "^[a-zA-Z0-9_]*$",
        "^SKU-[0-9]+$",
    ] {
        assert!(Simple::new(pattern).is_some(), "{pattern}");
    }
    let others = [
        "abc",
        "^a",
        "a$",
        "^a+b$",
        "^(a)$",
        "^a|b$",
        "^[^a]$",
        "^[é]$",
        "^.$",
        r"^\s$",
        r"^a\$",
        "^a+?$",
        "^a**$",
        "^[z-a]$",
        "^[]$",
        "^a{2,1}$",
        "^[[a]$",
        "^[+--]$",
        r"^[\d-z]$",
        "^a^$",
        "^a{x}$",
    ];
    for pattern in others {
        assert_eq!(Simple::new(pattern), None, "{pattern}");
    }
}

fn pattern() -> impl Strategy<Value = String> {
    let class = prop::sample::select(vec![
        "a", "[ab]", "[a-c]", r"\d", r"\w", "[b-]", "[-b]", r"[\d.]", r"\.", "-", r"[a\-c]", "[0-9a]",
    ]);
    let count = prop::sample::select(vec!["", "", "{2}", "{1,2}", "{0}", "*", "+", "?", "{2,}"]);
    prop::collection::vec((class, count).prop_map(|(class, count)| format!("{class}{count}")), 0..4)
        .prop_map(|parts| format!("^{}$", parts.concat()))
}

proptest! {
    #[test]
    fn they_mean_the_same(pattern in pattern(), texts in prop::collection::vec("[abc0.é-]{0,5}", 1..16)) {
        if let Some(simple) = Simple::new(&pattern) {
            let translated = translate::translate(&pattern).map_err(|error| TestCaseError::fail(error.to_string()))?;
            let regex = compile(&translated.main).map_err(|error| TestCaseError::fail(error.to_string()))?;
            for text in texts {
                prop_assert_eq!(simple.matches(&text), regex.is_match(&text), "{} on {}", pattern, text);
            }
        }
    }
}
