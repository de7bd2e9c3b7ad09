//! JSON documents: what is taken reads as serde_json reads it, and every value is where its pointer says. Edits chosen by the
//! bytes give what the same edits of the tree give.

use portcullis_json::{Bounds, Document, Edits, Kind, Number, Pointer, Problem, Value};
use serde_json::Value as Tree;

/// Values of one document that are looked at one by one.
const LOOKED_AT: usize = 200;

/// All of it.
pub fn check(data: &[u8]) {
    let theirs = serde_json::from_slice::<Tree>(data);
    match (Document::parse(data.to_vec(), &Bounds::default()), theirs) {
        (Ok(document), Ok(tree)) => {
            assert_eq!(document.text().as_bytes(), data, "the text is another");
            same(document.root(), &tree);
            pointers_lead_back(&document, &tree);
            edits_are_those_of_the_tree(&document, &tree);
        }
        (Ok(_), Err(error)) => panic!("serde_json refuses it: {error}"),
        (Err(error), theirs) => {
            assert!(error.offset <= data.len(), "{error}");
            assert!(theirs.is_err() || is_stricter(error.problem), "serde_json takes it: {error}");
        }
    }
}

/// What is refused here on purpose: ambiguous, or over a bound.
fn is_stricter(problem: Problem) -> bool {
    match problem {
        Problem::DuplicateName | Problem::Nul | Problem::NumberRange | Problem::TextBytes => true,
        Problem::Depth(_) | Problem::Members(_) | Problem::Elements(_) | Problem::Nodes(_) => true,
        Problem::StringBytes(_) | Problem::NumberBytes(_) => true,
        Problem::Expected(_) | Problem::Utf8 | Problem::ByteOrderMark | Problem::Surrogate | Problem::Trailing => false,
    }
}

fn same(value: Value<'_>, tree: &Tree) {
    assert_eq!(value.document().text().get(value.span()), Some(value.raw()));
    match (value.kind(), tree) {
        (Kind::Null, Tree::Null) => assert!(value.is_null()),
        (Kind::True, Tree::Bool(true)) | (Kind::False, Tree::Bool(false)) => {
            assert_eq!(value.as_bool(), tree.as_bool());
        }
        (Kind::Number, Tree::Number(number)) => same_number(value.as_number().expect("a number"), number),
        (Kind::String, Tree::String(text)) => assert_eq!(value.as_str(), Some(text.as_str())),
        (Kind::Array, Tree::Array(elements)) => {
            assert_eq!((value.len(), value.elements().len()), (elements.len(), elements.len()));
            value.elements().zip(elements).for_each(|(value, tree)| same(value, tree));
        }
        (Kind::Object, Tree::Object(members)) => {
            assert_eq!((value.len(), value.members().len()), (members.len(), members.len()));
            for (member, (name, tree)) in value.members().zip(members) {
                assert_eq!(member.name, name);
                assert_eq!(value.get(name).map(Value::id), Some(member.value.id()));
                same(member.value, tree);
            }
        }
        (kind, tree) => panic!("{kind:?} is {tree}"),
    }
}

fn same_number(ours: Number<'_>, theirs: &serde_json::Number) {
    let text = ours.as_str();
    assert_eq!(serde_json::from_str::<serde_json::Number>(text).as_ref().ok(), Some(theirs), "{text}");
    assert_eq!(Some(ours.as_f64()), text.parse().ok(), "{text}");
    if let Some(integer) = theirs.as_i64() {
        assert_eq!(ours.as_i64(), Some(integer), "{text}");
    }
    if let Some(integer) = theirs.as_u64() {
        assert_eq!(ours.as_u64(), Some(integer), "{text}");
    }
    assert!(!ours.is_written_as_integer() || ours.is_integer(), "{text}");
}

fn pointers_lead_back(document: &Document, tree: &Tree) {
    for value in document.root().descendants().take(LOOKED_AT) {
        let text = value.pointer();
        let pointer = Pointer::parse(&text).expect("what we write is a pointer");
        assert_eq!(pointer.find(document.root()).map(Value::id), Some(value.id()), "{text}");
        same(value, tree.pointer(&text).unwrap_or_else(|| panic!("serde_json finds nothing at {text}")));
        assert!(value.is_same(value), "{text} is not itself");
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    Keep,
    Remove,
    Replace,
}

const INSTEAD: &str = r#"{"instead":[]}"#;

/// The same for the same text and place.
fn choice(value: Value<'_>) -> Choice {
    let seed = value.document().text().len().wrapping_mul(0x9e37_79b9).wrapping_add(value.id().index());
    match (seed.wrapping_mul(0x85eb_ca6b) >> 13) % 6 {
        0 | 1 if value.id().index() != 0 => Choice::Remove, // the document as a whole stays
        2 => Choice::Replace,
        _ => Choice::Keep,
    }
}

fn edits_are_those_of_the_tree(document: &Document, tree: &Tree) {
    let mut edits = Edits::new();
    for value in document.root().descendants().chain([document.root()]) {
        match choice(value) {
            Choice::Keep => {}
            Choice::Remove => edits.remove(value),
            Choice::Replace => edits.replace(value, INSTEAD.into()),
        }
    }
    let edited = edits.apply(document);
    let found: Tree = serde_json::from_slice(&edited).unwrap_or_else(|error| panic!("no JSON after the edit: {error}"));
    // As text: the order of members is to be the same too.
    assert_eq!(Some(found.to_string()), edited_tree(document.root(), tree).map(|tree| tree.to_string()));
}

fn edited_tree(value: Value<'_>, tree: &Tree) -> Option<Tree> {
    match (choice(value), tree) {
        (Choice::Remove, _) => None,
        (Choice::Replace, _) => serde_json::from_str(INSTEAD).ok(),
        (Choice::Keep, Tree::Array(elements)) => {
            Some(value.elements().zip(elements).filter_map(|(value, tree)| edited_tree(value, tree)).collect())
        }
        (Choice::Keep, Tree::Object(members)) => {
            let pairs = value.members().zip(members);
            Some(
                pairs
                    .filter_map(|(member, (name, tree))| Some((name.clone(), edited_tree(member.value, tree)?)))
                    .collect(),
            )
        }
        (Choice::Keep, tree) => Some(tree.clone()),
    }
}
