use super::good;
use crate::{Pointer, PointerError};

/// The examples of RFC 6901 §5.
#[test]
fn examples_of_the_rfc() {
    let document =
        good(r#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#);
    let cases = [
        ("/foo", r#"["bar","baz"]"#),
        ("/foo/0", "\"bar\""),
        ("/", "0"),
        ("/a~1b", "1"),
        ("/c%d", "2"),
        ("/e^f", "3"),
        ("/g|h", "4"),
        ("/i\\j", "5"),
        ("/k\"l", "6"),
        ("/ ", "7"),
        ("/m~0n", "8"),
    ];
    for (text, raw) in cases {
        let value = Pointer::parse(text).unwrap().find(document.root()).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(value.raw(), raw);
        assert_eq!(value.pointer(), text, "and back");
    }
    let whole = Pointer::parse("").unwrap().find(document.root()).unwrap();
    assert_eq!((whole.id(), &*whole.pointer()), (document.root().id(), ""));
}

#[test]
fn what_is_not_there() {
    let document = good(r#"{"a":[1,{"b":2}],"0":{}}"#);
    for text in ["/b", "/a/2", "/a/-", "/a/01", "/a/+1", "/a/1/b/c", "/a/0/0", "/0/0", "/A", "/a/"] {
        assert!(Pointer::parse(text).unwrap().find(document.root()).is_none(), "{text}");
    }
    let deep = Pointer::parse("/a/1/b").unwrap().find(document.root()).unwrap();
    assert_eq!((deep.raw(), &*deep.pointer()), ("2", "/a/1/b"));
}

#[test]
fn what_is_none() {
    assert_eq!(Pointer::parse("a"), Err(PointerError::Start));
    assert_eq!(Pointer::parse("/a~"), Err(PointerError::Tilde(2)));
    assert_eq!(Pointer::parse("/a~2b"), Err(PointerError::Tilde(2)));
    let tokens = Pointer::parse("/~01/~10").unwrap();
    assert_eq!(tokens.tokens().collect::<Vec<_>>(), ["~1", "/0"]);
}
