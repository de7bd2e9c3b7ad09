use super::good;
use crate::{Document, Edits, Pointer};
use proptest::prelude::*;
use serde_json::Value as Tree;

fn edited(text: &str, remove: &[&str], replace: &[(&str, &str)]) -> String {
    let document = good(text);
    let find = |pointer: &str| Pointer::parse(pointer).unwrap().find(document.root()).unwrap();
    let mut edits = Edits::new();
    remove.iter().for_each(|pointer| edits.remove(find(pointer)));
    replace.iter().for_each(|(pointer, text)| edits.replace(find(pointer), text.as_bytes().to_vec()));
    String::from_utf8(edits.apply(&document)).unwrap()
}

#[test]
fn commas_go_with_what_they_separate() {
    let text = r#"{ "a" : 1 , "b" : 2 , "c" : 3 }"#;
    assert_eq!(edited(text, &["/a"], &[]), r#"{ "b" : 2 , "c" : 3 }"#);
    assert_eq!(edited(text, &["/b"], &[]), r#"{ "a" : 1 , "c" : 3 }"#);
    assert_eq!(edited(text, &["/c"], &[]), r#"{ "a" : 1 , "b" : 2 }"#);
    assert_eq!(edited(text, &["/a", "/b"], &[]), r#"{ "c" : 3 }"#);
    assert_eq!(edited(text, &["/c", "/b"], &[]), r#"{ "a" : 1 }"#);
    assert_eq!(edited(text, &["/a", "/c"], &[]), r#"{ "b" : 2 }"#);
    assert_eq!(edited(text, &["/a", "/b", "/c"], &[]), "{  }");
    assert_eq!(edited("[1, 2,3 ]", &["/0", "/2"], &[]), "[2 ]");
}

#[test]
fn the_rest_stays_as_written() {
    let text = "{\"n\":1.50e+1,\n \"s\" : \"\\u0041\",\"list\":[{\"x\":1,\"y\":[1,2]},{\"x\":3}], \"z\":null}\r\n";
    assert_eq!(edited(text, &[], &[]), text);
    assert_eq!(
        edited(text, &["/list/0/x", "/list/1", "/z"], &[("/list/0/y/1", "\"two\""), ("/s", "{}")]),
        "{\"n\":1.50e+1,\n \"s\" : {},\"list\":[{\"y\":[1,\"two\"]}]}\r\n"
    );
}

#[test]
fn the_outermost_change_counts() {
    let text = r#"{"a":{"b":[1,2]},"c":1}"#;
    assert_eq!(edited(text, &["/a/b/0", "/a"], &[("/a/b", "0")]), r#"{"c":1}"#);
    assert_eq!(edited(text, &["/a/b/0"], &[("", "[]")]), "[]");
}

#[test]
fn the_whole_is_not_taken_out() {
    let document = good("[1]");
    let mut edits = Edits::new();
    edits.remove(document.root());
    assert!(edits.is_empty());
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::from),
        any::<i32>().prop_map(Tree::from),
        "[a-c\"\\\\/\u{e9}\n]{0,4}".prop_map(Tree::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Tree::from),
            prop::collection::btree_map("[a-d~/\"]{0,2}", inner, 0..5)
                .prop_map(|members| Tree::Object(members.into_iter().collect())),
        ]
    })
}

/// Every pointer of a tree, in the order of the text.
fn pointers(document: &Document) -> Vec<String> {
    let mut open = vec![document.root()];
    let mut found = Vec::new();
    while let Some(value) = open.pop() {
        found.push(value.pointer());
        open.extend(value.members().map(|member| member.value));
        open.extend(value.elements());
    }
    found
}

proptest! {
    /// What is left after taking values out by byte ranges is what is left after taking them out of a tree.
    #[test]
    fn like_a_tree(mut tree in tree(), picks in prop::collection::vec(any::<prop::sample::Index>(), 0..6), is_pretty: bool) {
        let text = if is_pretty { serde_json::to_string_pretty(&tree) } else { serde_json::to_string(&tree) }.unwrap();
        let document = good(&text);
        let all = pointers(&document);
        let mut picked: Vec<_> = picks.iter().map(|pick| pick.get(&all).clone()).filter(|path| !path.is_empty()).collect();
        picked.sort();
        picked.dedup();
        let mut edits = Edits::new();
        for pointer in &picked {
            edits.remove(Pointer::parse(pointer).unwrap().find(document.root()).unwrap());
        }
        // From behind, so that places in arrays stay true: by place in the text.
        picked.sort_by_key(|pointer| {
            std::cmp::Reverse(Pointer::parse(pointer).unwrap().find(document.root()).unwrap().span().start)
        });
        for pointer in &picked {
            let (parent, last) = pointer.rsplit_once('/').unwrap();
            let last = last.replace("~1", "/").replace("~0", "~");
            match tree.pointer_mut(parent) {
                Some(Tree::Object(members)) => drop(members.remove(&last)),
                Some(Tree::Array(elements)) => drop(elements.remove(last.parse().unwrap())),
                other => panic!("{other:?}"),
            }
        }
        let after: Tree = serde_json::from_slice(&edits.apply(&document)).unwrap();
        prop_assert_eq!(after, tree);
    }
}
