use super::*;
use crate::template::{Segment, Template};
use proptest::prelude::*;

fn mixed(text: &str) -> Mixed {
    match &*Template::parse(&format!("/{text}")).unwrap().segments {
        [Segment::Mixed(mixed)] => mixed.clone(),
        other => panic!("{text} is {other:?}"),
    }
}

#[test]
fn parameters_take_at_least_one_whole_octet() {
    let cases = [
        ("{name}.json", "a.json", true, ""),
        ("{name}.json", ".json", false, "a parameter never matches nothing"),
        ("{name}.json", "a.json.json", true, "the last text is at the end"),
        ("{name}.json", "a.JSON", false, "case-sensitive (edge/N10)"),
        ("report-{id}", "report-7", true, ""),
        ("report-{id}", "report-", false, ""),
        ("{a}-{b}", "x-y", true, ""),
        ("{a}-{b}", "x-", false, ""),
        ("{a}-{b}", "-x", false, ""),
        ("{a}-{b}", "--x", true, "`-` itself is a text for `a`"),
        ("{a}-{b}", "---", true, ""),
        ("{a}--{b}", "x---y", true, ""),
        ("{a}-{b}-{c}", "1-2-3", true, ""),
        ("{a}-{b}-{c}", "1--3", false, ""),
        ("{a}-{b}-{c}", "1---3", true, ""),
        ("ab{x}ba", "aba", false, "text before and after does not overlap"),
        ("ab{x}ba", "abba", false, ""),
        ("ab{x}ba", "abcba", true, ""),
        ("{a}20{b}", "x%20y", false, "text does not begin inside an escape"),
        ("{a}20{b}", "%2020y", true, "but right after one"),
        ("{a}0", "x%20", false, "nor end inside one"),
        ("{a}0", "%200", true, ""),
        ("{a}%20{b}", "x%20y", true, "an escape is one octet"),
        ("{a}é", "%C3%A9", false, ""),
        ("{a}é", "x%C3%A9", true, ""),
    ];
    for (template, segment, expected, why) in cases {
        assert_eq!(mixed(template).matches(segment), expected, "{template} {segment}: {why}");
    }
}

#[test]
fn relation_of_two_mixed_segments() {
    use Relation::{Apart, Crossed, Nested};
    let cases = [
        ("{a}.json", "{a}.xml", Apart),
        ("a-{x}", "b-{x}", Apart),
        ("{a}.json", "{a}.{b}", Nested),
        ("report-{id}", "{a}-{b}", Nested),
        ("{a}-{b}", "{a}-{b}-{c}", Nested),
        ("{x}:cancel", "{x}:undelete", Apart),
        ("{x}l", "{x}el", Nested),
        ("a{x}", "{x}b", Crossed), // `ab…b`
        ("{a}.{b}", "{a}-{b}", Crossed),
        ("report-{id}", "{name}.json", Crossed),
        ("{a}%20{b}", "{a}2{b}", Crossed),
        ("x{a}%20", "x{a}0", Apart), // an escaped octet is not its digits
    ];
    for (left, right, expected) in cases {
        assert_eq!(mixed(left).relation(&mixed(right)), expected, "{left} {right}");
        assert_eq!(mixed(right).relation(&mixed(left)), expected, "{right} {left}");
    }
}

/// All texts of up to seven octets. `c` stands in no template, so the shortest text of a template, each parameter a `c`, is
/// among them, and no other template matches it that does not match all.
fn all_texts() -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut from = 0;
    for _ in 0..7 {
        let to = texts.len();
        for at in from..to {
            for octet in ["a", "b", "c"] {
                texts.push(format!("{}{octet}", texts[at]));
            }
        }
        from = to;
    }
    texts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What `relation` says of two segments holds for every short text, so a load error is never missing and never idle.
    #[test]
    fn relation_agrees_with_all_short_texts(
        left in "[ab]{0,2}\\{x\\}[ab]{0,2}(\\{y\\}[ab]?)?", right in "[ab]{0,2}\\{x\\}[ab]{0,2}(\\{y\\}[ab]?)?",
    ) {
        let parsed = |text: &str| Template::parse(&format!("/{text}")).ok().and_then(|template| match &template.segments[0] {
            Segment::Mixed(mixed) => Some(mixed.clone()),
            _ => None,
        });
        let (Some(left), Some(right)) = (parsed(&left), parsed(&right)) else { return Ok(()) };
        let texts = all_texts();
        let both = texts.iter().any(|text| left.matches(text) && right.matches(text));
        let only_left = texts.iter().any(|text| left.matches(text) && !right.matches(text));
        let only_right = texts.iter().any(|text| !left.matches(text) && right.matches(text));
        match left.relation(&right) {
            Relation::Apart => prop_assert!(!both),
            Relation::Nested => {
                prop_assert!(!(only_left && only_right));
                if only_left || only_right {
                    let narrower_is_left = !only_left;
                    prop_assert_eq!(narrower_is_left, left.literal_octets() > right.literal_octets());
                }
            }
            // Texts for both may need more octets, but never those for one alone.
            Relation::Crossed => prop_assert!(only_left && only_right),
        }
    }
}
