use super::*;

#[test]
fn template_is_refused_where_no_request_or_more_than_one_reading_fits() {
    let cases = [
        // template,          what is wrong (None: accepted), why
        ("/", None, "the root itself"),
        ("/orders/", None, "a trailing slash is another path (edge/N6)"),
        ("/orders/{id}", None, "the common form"),
        ("/files/{path+}", None, "a catch-all (edge/N21)"),
        ("/files/{name}.{ext}", None, "text between parameters (contract/O-25)"),
        ("/{id}:cancel", None, "a custom verb (contract/O-25)"),
        ("/a b/é/|", None, "escaped, as a request must"),
        ("", Some(Malformed::NoSlash), "contract/O-26"),
        ("orders", Some(Malformed::NoSlash), "contract/O-26"),
        ("/orders?x=1", Some(Malformed::Query), "contract/O-26"),
        ("/orders#x", Some(Malformed::Query), "contract/O-26"),
        ("/orders//x", Some(Malformed::EmptySegment), "edge/N6: `//` is refused before routing"),
        ("//", Some(Malformed::EmptySegment), "edge/N6"),
        ("/a/../b", Some(Malformed::DotSegment), "edge/N1"),
        ("/a/%2e%2E/b", Some(Malformed::DotSegment), "edge/N2, contract/O-26"),
        ("/a/.", Some(Malformed::DotSegment), "edge/N1"),
        ("/a%2Fb", Some(Malformed::Slash), "edge/N3"),
        ("/a\\b", Some(Malformed::Slash), "edge/N5"),
        ("/a%5cb", Some(Malformed::Slash), "edge/N5"),
        ("/a%00", Some(Malformed::Octets), "edge/N8"),
        ("/a%1f", Some(Malformed::Octets), "edge/N8"),
        ("/a\u{7f}", Some(Malformed::Octets), "edge/N8"),
        ("/a%ff", Some(Malformed::Octets), "edge/N9"),
        ("/%c3{x}%a9", Some(Malformed::Octets), "edge/N9: one character torn by a parameter"),
        ("/%zz", Some(Malformed::Escape), "edge/N12"),
        ("/%2", Some(Malformed::Escape), "edge/N12"),
        ("/{a}{b}", Some(Malformed::Adjacent), "contract/O-25"),
        ("/{a}/{a}", Some(Malformed::Twice("a".into())), "contract/O-26"),
        ("/{a}-{a}", Some(Malformed::Twice("a".into())), "contract/O-26"),
        ("/{}", Some(Malformed::Name("".into())), "no name"),
        ("/{;id}", Some(Malformed::Name(";id".into())), "an operator of RFC 6570, not of OpenAPI"),
        ("/{.id}", Some(Malformed::Name(".id".into())), "an operator of RFC 6570, not of OpenAPI"),
        ("/{a", Some(Malformed::Brace), "unbalanced"),
        ("/a}", Some(Malformed::Brace), "unbalanced"),
        ("/{a/b}", Some(Malformed::Brace), "a slash ends the segment"),
        ("/{{a}}", Some(Malformed::Name("{a".into())), "nested"),
        ("/{path+}/x", Some(Malformed::RestNotLast("path+".into())), "edge/N21"),
        ("/v{path+}", Some(Malformed::RestNotLast("path+".into())), "edge/N21"),
    ];
    for (text, expected, why) in cases {
        assert_eq!(Template::parse(text).err(), expected, "{text}: {why}");
    }
}

#[test]
fn sizes_are_bounded() {
    let long = format!("/{}", "a".repeat(MAX_TEMPLATE_BYTES));
    assert_eq!(Template::parse(&long), Err(Malformed::TooLong));
    let deep = "/a".repeat(MAX_PATH_SEGMENTS);
    assert!(Template::parse(&deep).is_ok());
    assert_eq!(Template::parse(&format!("{deep}/a")), Err(Malformed::TooManySegments));
    assert_eq!(Template::parse(&format!("/{{a}}{}", "b".repeat(MAX_MIXED_BYTES))), Err(Malformed::MixedTooLong));
}

#[test]
fn literal_text_is_spelled_as_in_a_canonical_target() {
    let cases = [
        ("/%6frders", "orders", "edge/N13: unreserved octets are decoded"),
        ("/caf%c3%a9", "caf%C3%A9", "escapes have upper-case digits"),
        ("/café", "caf%C3%A9", "edge/N14: raw text is escaped, as requests must"),
        ("/a@b:c;d=e", "a@b:c;d=e", "RFC 3986 pchar stays as it is"),
        ("/a%40b", "a%40b", "a reserved octet's escape stays another text"),
        ("/a b|c", "a%20b%7Cc", "what a target cannot hold"),
        ("/a%25b", "a%25b", "a percent sign stays escaped: nothing is decoded twice (edge/N4)"),
    ];
    for (text, expected, why) in cases {
        let template = Template::parse(text).unwrap();
        assert_eq!(*template.segments, [Segment::Literal(expected.into())], "{text}: {why}");
    }
}

#[test]
fn base_path_is_a_literal_path() {
    let cases: [(&str, Result<&[&str], Malformed>); 8] = [
        ("/", Ok(&[])),
        ("/v1", Ok(&["v1"])),
        ("/v1/", Ok(&["v1"])),
        ("/a/%62", Ok(&["a", "b"])),
        ("v1", Err(Malformed::NoSlash)),
        ("//", Err(Malformed::EmptySegment)),
        ("/a//b", Err(Malformed::EmptySegment)),
        ("/{v}", Err(Malformed::Parameter)),
    ];
    for (text, expected) in cases {
        let found = base_segments(text);
        let expected = expected.map(|segments| segments.iter().map(|segment| (*segment).into()).collect());
        assert_eq!(found, expected, "{text}");
    }
}
