use super::*;
use http::HeaderValue;
use proptest::prelude::*;

fn chosen(keys: &[&str], text: &str) -> Result<(usize, Reading), MediaError> {
    let ranges = Ranges::compile(keys.iter().copied()).unwrap();
    let chosen = ranges.choose(&MediaType::parse(text)?)?;
    Ok((chosen.entry, chosen.reading))
}

fn of(lines: &[&[u8]]) -> Result<bool, MediaError> {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(CONTENT_TYPE, HeaderValue::from_bytes(line).unwrap());
    }
    MediaType::of(&headers).map(|media| media.is_some())
}

#[test]
fn a_type_is_json_however_it_is_written() {
    // contract/V-27
    for text in [
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "application/json ;charset=\"UTF-8\"",
        "application/json;",
        "application/json; ; charset=utf-8",
        "application/json; version=1; charset=Utf-8",
    ] {
        assert_eq!(chosen(&["application/json"], text), Ok((0, Reading::Json)), "contract/V-27 {text}");
    }
}

#[test]
fn a_charset_is_one_that_is_read() {
    // contract/V-28
    for text in [
        "application/json; charset=utf-16",
        "application/json; charset=utf-7",
        "application/json; charset=iso-8859-1",
        "application/json; charset=us-ascii",
        "application/json; charset=utf-8; charset=utf-8",
        "application/json; charset=utf-8; CHARSET=\"utf-16\"",
    ] {
        assert_eq!(chosen(&["application/json"], text), Err(MediaError::Charset), "contract/V-28 {text}");
    }
    assert!(chosen(&["text/plain"], "text/plain; charset=us-ascii").is_ok());
    assert_eq!(chosen(&["text/plain"], "text/plain; charset=iso-8859-1"), Err(MediaError::Charset));
    assert!(chosen(&["image/*"], "image/svg; charset=iso-8859-1").is_ok(), "bytes are not read");
}

#[test]
fn a_type_stands_once_and_is_one() {
    // contract/V-29, what the type says
    assert_eq!(of(&[]), Ok(false));
    assert_eq!(of(&[b"application/json"]), Ok(true));
    assert_eq!(of(&[b"application/json", b"application/json"]), Err(MediaError::Repeated));
    for text in [
        "application/json, text/plain",
        "application",
        "application/",
        "/json",
        "",
        " application/json",
        "application/ json",
        "application/json charset=utf-8",
        "application/json; charset",
        "application/json; charset=",
        "application/json; charset =utf-8",
        "application/json; charset= utf-8",
        "application/json; a=\"b",
        "application/json; a=\"b\\\"c\"",
        "application/json; a=\"b\"c",
        "application/json; a=1; A=2",
        "application/json; a=b,c",
        "application/json; a=\u{e9}",
    ] {
        assert_eq!(MediaType::parse(text), Err(MediaError::Malformed), "{text}");
    }
    assert_eq!(of(&[b"application/json; a=\xe9"]), Err(MediaError::Malformed));
    assert_eq!(chosen(&["application/json"], "text/plain"), Err(MediaError::Undeclared));
    let many = (0..17).map(|number| format!("; p{number}=1")).collect::<String>();
    assert_eq!(MediaType::parse(&format!("a/b{many}")), Err(MediaError::Malformed));
}

#[test]
fn the_most_specific_entry_is_chosen() {
    // contract/V-30
    let keys = ["*/*", "application/*", "application/json", "application/json; v=2", "text/*"];
    for (text, expected) in [
        ("application/json", Ok((2, Reading::Json))),
        ("application/json; v=2", Ok((3, Reading::Json))),
        ("application/json; v=3", Ok((2, Reading::Json))),
        ("application/vnd.a+json", Ok((1, Reading::Json))),
        ("application/merge-patch+json", Ok((1, Reading::Json))),
        ("application/pdf", Ok((1, Reading::Opaque))),
        ("text/plain", Ok((4, Reading::Text))),
        ("text/x+json", Ok((0, Reading::Json))),
        ("image/png", Ok((0, Reading::Opaque))),
    ] {
        assert_eq!(chosen(&keys, text), expected, "contract/V-30 {text}");
    }
    let only_json = ["application/json"];
    for text in ["application/vnd.a+json", "application/merge-patch+json"] {
        assert_eq!(chosen(&only_json, text), Err(MediaError::Undeclared), "contract/V-30 {text}");
        assert_eq!(chosen(&[text], text), Ok((0, Reading::Json)), "contract/V-30 {text}");
    }
    assert_eq!(chosen(&["text/*"], "text/x+json"), Err(MediaError::Undeclared));
    assert_eq!(chosen(&["application/json; charset=utf-8"], "application/json"), Ok((0, Reading::Json)));
}

#[test]
fn every_type_has_its_reading() {
    for (text, expected) in [
        ("application/jsonl", Reading::JsonLines),
        ("application/x-ndjson", Reading::JsonLines),
        ("application/json-seq", Reading::JsonSequence),
        ("text/event-stream", Reading::Events),
        ("application/x-www-form-urlencoded", Reading::Form),
        ("multipart/form-data; boundary=x", Reading::Multipart),
        ("multipart/mixed", Reading::Opaque),
        ("application/problem+JSON", Reading::Json),
        ("application/jsonx", Reading::Opaque),
        ("application/xml", Reading::Opaque),
    ] {
        assert_eq!(MediaType::parse(text).unwrap().reading(), expected, "{text}");
    }
}

#[test]
fn a_boundary_is_what_its_specification_says() {
    // contract/V-55, what the type says
    let boundary = |text: &str| MediaType::parse(text).and_then(|media| media.boundary().map(str::to_owned));
    let (longest, longer) = ("b".repeat(70), "b".repeat(71));
    assert_eq!(boundary("multipart/form-data; boundary=x").as_deref(), Ok("x"));
    assert_eq!(boundary("multipart/form-data; boundary=\"a:b=c\"").as_deref(), Ok("a:b=c"));
    assert_eq!(boundary(&format!("multipart/form-data; boundary={longest}")), Ok(longest));
    for text in [
        "multipart/form-data".to_owned(),
        "multipart/form-data; boundary=\"\"".to_owned(),
        format!("multipart/form-data; boundary={longer}"),
        "multipart/form-data; boundary=a; boundary=a".to_owned(),
        "multipart/form-data; boundary=\"a b\"".to_owned(),
        "multipart/form-data; boundary=a*b".to_owned(),
    ] {
        assert_eq!(boundary(&text), Err(MediaError::Boundary), "{text}");
    }
    assert_eq!(of(&[b"multipart/form-data; boundary=\"a\tb\\\""]), Err(MediaError::Malformed));
}

#[test]
fn a_declared_type_is_a_type_or_a_range() {
    for text in ["application/*+json", "*/json", "json", "app*/json", "application/json; charset=utf-16"] {
        let error = Ranges::compile(["*/*", text]).unwrap_err();
        assert_eq!((error.entry, &*error.text), (1, text));
    }
    assert_eq!(Ranges::compile(["application/json", "text/*"]).unwrap().accept(), "application/json, text/*");
}

proptest! {
    #[test]
    fn any_text_is_a_type_or_none(text in "[a-z*/;=+\" \t,\\\\é]{0,30}", more in "(a/b|;[ab]=(\"[a;=]*\"|b)|; ?){0,8}") {
        for text in [text, format!("a/b{more}")] {
            if let Ok(media) = MediaType::parse(&text) {
                let ranges = Ranges::compile(["*/*"]).unwrap();
                prop_assert_eq!(ranges.choose(&media).is_ok(), media.check_charset().is_ok());
                prop_assert!(media.boundary().map_or(true, |boundary| text.contains(boundary)));
            }
        }
    }
}
