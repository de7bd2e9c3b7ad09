//! The trie finds what a plain walk through all templates finds.

use super::tests::target;
use super::*;
use crate::fixture::{Sketch, compiled};
use proptest::prelude::*;
use proptest::sample::select;
use std::borrow::Cow;
use std::cmp::Reverse;

/// How good a match is, segment by segment: literal text, text with parameters (the more text the better), parameter, rest.
type Rank = Vec<(u8, Reverse<usize>)>;

/// Octets of a segment: an escape is one.
fn octets(text: &str) -> Vec<String> {
    let mut octets = Vec::new();
    let mut chars = text.chars();
    while let Some(first) = chars.next() {
        let more = if first == '%' { 2 } else { 0 };
        octets.push(std::iter::once(first).chain(chars.by_ref().take(more)).collect());
    }
    octets
}

/// Template units: an octet, or `None` for a parameter.
fn units(segment: &str) -> Vec<Option<String>> {
    let mut units = Vec::new();
    let mut rest = segment;
    while let Some((text, after)) = rest.split_once('{') {
        units.extend(octets(text).into_iter().map(Some));
        units.push(None);
        rest = after.split_once('}').unwrap().1;
    }
    units.extend(octets(rest).into_iter().map(Some));
    units
}

/// Tries every split.
fn matches(units: &[Option<String>], text: &[String]) -> bool {
    match units.split_first() {
        None => text.is_empty(),
        Some((Some(octet), after)) => text.first() == Some(octet) && matches(after, &text[1..]),
        Some((None, after)) => (1..=text.len()).any(|taken| matches(after, &text[taken..])),
    }
}

fn rank(template: &str, path: &str) -> Option<Rank> {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let segments: Vec<&str> = template.split('/').skip(1).collect();
    let mut ranks = Vec::new();
    for (place, segment) in segments.iter().enumerate() {
        let part = *parts.get(place)?;
        if segment.ends_with("+}") {
            ranks.push((3, Reverse(0)));
            return (!part.is_empty()).then_some(ranks);
        }
        let units = units(segment);
        if !matches(&units, &octets(part)) {
            return None;
        }
        let literal = units.iter().flatten().count();
        ranks.push(match literal {
            _ if literal == units.len() => (0, Reverse(0)),
            0 => (2, Reverse(0)),
            _ => (1, Reverse(literal)),
        });
    }
    (segments.len() == parts.len()).then_some(ranks)
}

fn template() -> impl Strategy<Value = String> {
    let segment =
        select(vec!["a", "b", "a-b", "a.json", "x%20y", "@", "@-@", "@.json", "a-@", "@-b", "@-b.json", "@20@", "@@"]);
    let last = select(vec!["", "/", "/@+"]);
    (prop::collection::vec(segment, 1..4), last).prop_map(|(segments, last)| {
        // Each `@` is a parameter with a name of its own.
        let text = format!("/{}{last}", segments.join("/"));
        let mut named = String::new();
        for (number, part) in text.split('@').enumerate() {
            match (number, part.strip_prefix('+')) {
                (0, _) => named.push_str(part),
                (_, Some(rest)) => named.push_str(&format!("{{p{number}+}}{rest}")),
                (_, None) => named.push_str(&format!("{{p{number}}}{part}")),
            }
        }
        named
    })
}

fn path() -> impl Strategy<Value = String> {
    let segment =
        select(vec!["a", "b", "c", "a-b", "a-c", "c-b", "a.json", "c.json", "a-b.json", "x%20y", "%20", "a20b", "-b"]);
    (prop::collection::vec(segment, 1..5), select(vec!["", "/"]))
        .prop_map(|(segments, last)| format!("/{}{last}", segments.join("/")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn trie_agrees_with_a_walk_through_all_templates(
        candidates in prop::collection::vec(template(), 1..12), paths in prop::collection::vec(path(), 20),
    ) {
        // Templates that cannot stand together are refused at load: keep those that can.
        let mut kept: Vec<&str> = Vec::new();
        for candidate in &candidates {
            let parsed: Result<Vec<_>, _> =
                kept.iter().copied().chain([candidate.as_str()]).map(crate::template::Template::parse).collect();
            if parsed.is_ok_and(|templates| Trie::build(&templates).is_ok()) {
                kept.push(candidate);
            }
        }
        let sketch: Vec<(&str, &str)> = kept.iter().map(|text| (*text, "get")).collect();
        let compiled = compiled(&[Sketch { name: "law", paths: &sketch, ..Sketch::default() }]).unwrap();
        for path in &paths {
            let expected = kept.iter().filter_map(|text| Some((rank(text, path)?, *text))).min().map(|(_, text)| text);
            let authority = Authority { host: Cow::Borrowed("h"), port: None };
            let mut steps = 0;
            let routed =
                compiled.find_counted(&authority, &target(path), &Method::GET, Audience::Public, &mut steps).unwrap();
            let found = if let Outcome::Operation(operation) = routed.outcome { Some(&*operation.template) } else { None };
            prop_assert_eq!(found, expected, "{} in {:?}", path, kept);
            prop_assert!(steps <= crate::trie::MAX_LOOKUP_STEPS);
        }
    }
}
