use super::*;

const PNG: &str = "\u{89}PNG";

fn all() -> Vec<u8> {
    let mut content = content(&[
        (&named("title"), "a \"title\"\r\nof two lines"),
        (&named("tags"), "x"),
        (&format!("{}\r\nContent-Type: application/json", named("address")), r#"{"zip": "1"}"#),
        (&named("count"), "12"),
        (&named("tags"), "--y-"),
    ]);
    let picture = b"Content-Disposition: form-data; name=\"photo\"; filename=\"x.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\n\0\xff\r\n";
    content.splice(0..0, [b"--B\r\n", picture.as_slice()].concat());
    content
}

#[test]
fn a_form_becomes_one_object() {
    let values = form(Unknown::Refuse).read("B", &all()).unwrap();
    assert_eq!(
        String::from_utf8(values.json.clone()).unwrap(),
        r#"{"title":"a \"title\"\r\nof two lines","count":12,"tags":["x","--y-"],"address":{"zip": "1"},"photo":""}"#
    );
    let photo = &values.parts[0];
    let range = usize::try_from(photo.content.start).unwrap()..usize::try_from(photo.content.end).unwrap();
    assert_eq!((photo.head.name(), &all()[range]), ("photo", &b"\x89PNG\r\n\x1a\n\0\xff"[..]));
    assert!(!format!("{values:?} {:?}", photo.head).contains("x.png"));
}

#[test]
fn a_form_reads_the_same_however_it_is_cut() {
    let whole = form(Unknown::Refuse).read("B", &all()).unwrap().json;
    let form = form(Unknown::Refuse);
    for piece in [1, 2, 3, 5, 50] {
        let mut reader = form.reader("B");
        for piece in all().chunks(piece) {
            reader.push(piece).unwrap();
        }
        assert_eq!(reader.finish().unwrap().json, whole, "by {piece}");
    }
}

#[test]
fn a_part_is_what_the_document_says() {
    // contract/V-57, what depends on the document
    let refused = |name: &str, rule| Err((format!("form.{name}"), rule));
    let long = "x".repeat(1_001);
    let html = format!("{}\r\nContent-Type: text/html", named("address"));
    let latin = format!("{}\r\nContent-Type: text/plain; charset=iso-8859-1", named("title"));
    let xml = format!("{}\r\nContent-Type: application/xml", named("title"));
    let mixed = format!("{}; filename=\"x\"\r\nContent-Type: multipart/mixed; boundary=C", named("photo"));
    let file = format!("{}; filename=\"x.txt\"", named("title"));
    let untyped = format!("{}; filename=\"x.png\"", named("photo"));
    let cases = [
        (vec![(named("isAdmin"), "true")], refused("isAdmin", Rule::Undeclared)),
        (vec![(named("Title"), "x")], refused("Title", Rule::LookAlike)),
        (vec![(named("tags[]"), "x")], refused("tags[]", Rule::LookAlike)),
        (vec![(named("title"), "x"), (named("title"), "y")], refused("title", Rule::Duplicate)),
        (vec![(named("title"), &*long)], refused("title", Rule::TooLarge)),
        (vec![(html, "{}")], refused("address", Rule::MediaType)),
        (vec![(latin, "x")], refused("title", Rule::MediaType)),
        (vec![(xml, "<a/>")], refused("title", Rule::MediaType)),
        (vec![(mixed, "--C--")], Err(("form".to_owned(), Rule::PartHeader))),
        (vec![(file, "x")], refused("title", Rule::FileName)),
        (vec![(untyped, PNG)], refused("photo", Rule::MediaType)),
        (vec![(named("count"), "012")], refused("count", Rule::Type)),
        (vec![(named("address"), r#"{"a":1,"a":2}"#)], refused("address", Rule::Json)),
        (vec![(named("address"), r#"1,"isAdmin":true"#)], refused("address", Rule::Json)),
        (vec![(named("title"), "a\0b")], refused("title", Rule::Encoding)),
    ];
    for (parts, expected) in cases {
        let parts: Vec<_> = parts.iter().map(|(head, data)| (head.as_str(), *data)).collect();
        assert_eq!(read(&content(&parts)), expected);
    }
    let bad = [b"--B\r\n", named("title").as_bytes(), b"\r\n\r\n\xff\r\n--B--\r\n"].concat();
    assert_eq!(read(&bad), refused("title", Rule::Encoding));
}

#[test]
fn the_values_of_a_form_have_one_bound_together() {
    let limits = Limits { max_text_bytes: 1_500, ..Limits::default() };
    let form = FormData::new(declared(), None, Unknown::Refuse, limits, Bounds::default());
    let (tag, item) = (named("tags"), "x".repeat(500));
    let of = |items: usize| content(&vec![(&*tag, &*item); items]);
    assert!(form.read("B", &of(3)).is_ok());
    assert_eq!(form.read("B", &of(4)).unwrap_err()[0].rule, Rule::TooLarge);
}

#[test]
fn the_name_of_a_file_is_a_plain_name() {
    // contract/V-58
    let long = "x".repeat(300);
    let named = |name: &str| files::check_name(name);
    for name in [
        "../../x.php",
        "a\0.png",
        "con",
        "CON.txt",
        "lpt1.png",
        &long,
        "a\\b",
        "a/b",
        "c:x",
        ".htaccess",
        "..",
        "x.",
        "x ",
        "photo\u{202e}gpj.exe",
        "a\r\nb",
    ] {
        assert_eq!(named(name), Err(Rule::FileName), "contract/V-58 {name:?}");
    }
    for name in ["", "x.png", "Übersicht 2026 (final).pdf", "contact.txt", "写真.jpg", "com10.txt"] {
        assert_eq!(named(name), Ok(()), "{name}");
    }
    let traversal =
        "Content-Disposition: form-data; name=\"photo\"; filename=\"../../x.php\"\r\nContent-Type: image/png";
    assert_eq!(rule(&content(&[(traversal, PNG)])), Some(Rule::FileName));
}

#[test]
fn a_file_begins_as_its_type_does() {
    // contract/V-58
    let photo = |media: &str, data: &[u8]| {
        let head = format!("--B\r\n{}; filename=\"x\"\r\nContent-Type: {media}\r\n\r\n", named("photo"));
        rule(&[head.as_bytes(), data, b"\r\n--B--\r\n"].concat())
    };
    assert_eq!(photo("image/png", b"\x89PNG\r\n\x1a\n..."), None);
    assert_eq!(photo("IMAGE/PNG; a=b", b"\x89PNG\r\n\x1a\n..."), None);
    assert_eq!(photo("image/png", b"<html><script>"), Some(Rule::MediaType), "contract/V-58");
    assert_eq!(photo("image/png", b"\x89PN"), Some(Rule::MediaType), "too short to be one");
    assert_eq!(photo("image/jpeg", b"\x89PNG\r\n\x1a\n..."), Some(Rule::MediaType));
    assert_eq!(photo("image/gif", b"GIF89a"), Some(Rule::MediaType), "not declared");
    let empty = format!("--B\r\n{}; filename=\"\"\r\nContent-Type: image/png\r\n\r\n\r\n--B--\r\n", named("photo"));
    assert_eq!(rule(empty.as_bytes()), None, "no file was chosen");
    for (essence, first) in [
        ("image/gif", &b"GIF87a"[..]),
        ("image/webp", b"RIFF....WEBPVP8 "),
        ("image/bmp", b"BM"),
        ("image/tiff", b"II*\0"),
        ("image/avif", b"\0\0\0\x20ftypavif"),
        ("image/x-icon", b"\0\0\x01\0"),
        ("application/pdf", b"%PDF-1.7"),
    ] {
        assert!(files::can_be(essence, first), "{essence}");
        assert!(!files::can_be(essence, b"<!doctype html>"), "{essence}");
    }
    assert!(files::can_be("application/zip", b"anything"), "a type that is not told by its bytes here");
}

#[test]
fn what_was_looked_at_is_written_in_one_form() {
    let sent = b"--B\r\ncontent-type:image/png\r\nContent-Transfer-Encoding: binary\r\nCONTENT-DISPOSITION: form-data;name=photo; filename=\"a b.png\"\r\n\r\n\x89PNG\r\n\x1a\n\r\n--B\r\ncontent-disposition: form-data ; name=isAdmin\r\n\r\ntrue\r\n--B--";
    let values = form(Unknown::Strip).read("B", sent).unwrap();
    assert_eq!(
        (values.json.as_slice(), values.undeclared[0].to_string().as_str()),
        (&br#"{"photo":""}"#[..], "form.isAdmin")
    );
    let written = values.written("B", sent);
    let expected = b"--B\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a b.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\n\r\n--B--\r\n";
    assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(expected));

    let passed = form(Unknown::Allow).read("B", sent).unwrap();
    assert_eq!(passed.json, br#"{"photo":""}"#);
    assert!(passed.written("B", sent).windows(7).any(|seven| seven == b"isAdmin"));
}

#[test]
fn parts_of_other_names_are_read_where_they_are_allowed() {
    let other = PartSpec { is_repeated: true, ..part("", PartKind::Text(Shape::Scalar(Types::INTEGER))) };
    let form =
        FormData::new(vec![part("title", text())], Some(other), Unknown::Refuse, Limits::default(), Bounds::default());
    let (y, title, x) = (named("y"), named("title"), named("x"));
    let read = form.read("B", &content(&[(&y, "1"), (&title, "t"), (&x, "2"), (&y, "3")])).unwrap();
    assert_eq!(read.json, br#"{"title":"t","x":[2],"y":[1,3]}"#);
    let prototype = named("__proto__");
    assert_eq!(form.read("B", &content(&[(&prototype, "1")])).unwrap_err()[0].rule, Rule::Undeclared);
}

#[test]
fn a_file_of_any_type_may_have_any_charset() {
    let types = |types: &[&str]| Ranges::compile(types.iter().copied()).unwrap();
    for types in [Ranges::default(), types(&["text/csv"])] {
        let table = PartSpec { types, ..part("table", PartKind::File) };
        let form = FormData::new(vec![table], None, Unknown::Refuse, Limits::default(), Bounds::default());
        let head = format!("{}; filename=\"x.csv\"\r\nContent-Type: text/csv; charset=iso-8859-1", named("table"));
        assert!(form.read("B", &content(&[(&head, "a;b")])).is_ok());
    }
}
