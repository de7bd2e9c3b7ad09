use super::*;

const TITLE: &str = "Content-Disposition: form-data; name=\"title\"\r\n\r\nx";

#[test]
fn only_the_exact_form_is_read() {
    // contract/V-55
    let good = format!("--B\r\n{TITLE}\r\n--B--\r\n");
    assert_eq!(read(good.as_bytes()).as_deref(), Ok(r#"{"title":"x"}"#));
    assert_eq!(read(good.trim_end().as_bytes()).as_deref(), Ok(r#"{"title":"x"}"#), "the last line need not end");
    for (content, why) in [
        (String::new(), "nothing"),
        ("--B--\r\n".to_owned(), "no part"),
        (format!("\r\n{good}"), "an empty line first"),
        (format!("preamble\r\n{good}"), "a preamble"),
        (format!("--A\r\n{TITLE}\r\n{good}"), "a preamble that holds a part of another boundary"),
        (format!("--B\r\n{TITLE}\r\n"), "no last boundary"),
        (format!("--B\r\n{TITLE}\r\n--B"), "half of one"),
        (format!("--B\r\n{TITLE}\r\n--B-"), "most of one"),
        (good.replace("\r\n", "\n"), "lines that end in LF"),
        (format!("--B\r\n{TITLE}\n--B--\r\n"), "LF before the last boundary"),
        (format!("--B\n{TITLE}\r\n--B--\r\n"), "LF behind the first boundary"),
        (format!("--B \r\n{TITLE}\r\n--B--\r\n"), "a blank behind a boundary"),
        (format!("--B\r\n{TITLE}\r\n--Bx--\r\n"), "a boundary that begins another"),
        (format!("--B\r\n{TITLE}--B--\r\n"), "a boundary inside a line"),
        (format!("{good}epilogue"), "an epilogue"),
        (format!("{good}\r\n"), "an empty line behind"),
        (format!("{good}{good}"), "a second form"),
    ] {
        assert!(matches!(rule(content.as_bytes()), Some(Rule::Multipart | Rule::PartHeader)), "contract/V-55 {why}");
    }
}

#[test]
fn a_part_has_one_name() {
    // contract/V-56
    let with = |head: &str| rule(&content(&[(head, "x")]));
    for head in [
        "Content-Disposition: form-data; name=\"title\"",
        "content-disposition:form-data;name=title",
        "Content-Disposition: form-data; name=\"title\"\r\nContent-Type: text/plain; charset=utf-8",
        "Content-Disposition: form-data; name=\"title\"\r\nContent-Transfer-Encoding: 8bit\r\nContent-Length: 1",
    ] {
        assert_eq!(with(head), None, "{head}");
    }
    for head in [
        "Content-Disposition: form-data; name=\"title\"; name=\"count\"",
        "Content-Disposition: form-data; name=\"title\"; name*=utf-8''count",
        "Content-Disposition: form-data; name=\"photo\"; filename*=utf-8''x.png",
        "Content-Disposition: form-data; name=\"photo\"; filename=\"x.png\"; filename*=utf-8''y.php",
        "Content-Disposition: form-data; name=\"photo\"; filename=\"a\\\";name=\\\"x\"",
        "Content-Disposition: form-data; filename=\"a\";name=\"x\\\"",
        "Content-Type: text/plain",
        "",
        "Content-Disposition: form-data",
        "Content-Disposition: form-data; name=\"\"",
        "Content-Disposition: form-data; name=",
        "Content-Disposition: attachment; name=\"title\"",
        "Content-Disposition: form-data;\r\n name=\"title\"",
        "Content-Disposition: form-data; name=\"title\"\r\nContent-Disposition: form-data; name=\"count\"",
        "Content-Disposition: form-data; name=\"title\"\r\nContent-Type: text/plain\r\nContent-Type: text/html",
        "Content-Disposition: form-data; name=\"title\"; size=1",
        "Content-Disposition: form-data; name=\"ti\ntle\"",
        "Content-Disposition: form-data; name=\"ti\0tle\"",
        "Content-Disposition : form-data; name=\"title\"",
        "Content-Disposition: form-data; name=\"title\"\r\nX-Other: 1",
        "Content-Disposition: form-data; name=\"title\"\r\nContent-Type: text",
        "Content-Disposition: form-data; name=\"title\"\r\nContent-Length: 2",
        "Content-Disposition: form-data; name=\"title\"\r\nContent-Length: +1",
    ] {
        assert_eq!(with(head), Some(Rule::PartHeader), "contract/V-56 {head:?}");
    }
    let long = format!("Content-Disposition: form-data; name=\"{}\"", "n".repeat(257));
    assert_eq!(with(&long), Some(Rule::PartHeader));
}

#[test]
fn parts_and_headers_have_their_bounds() {
    // contract/V-57, what does not depend on the document
    let tag = named("tags");
    assert_eq!(rule(&content(&vec![(&*tag, "x"); 64])), None);
    assert_eq!(rule(&content(&vec![(&*tag, "x"); 65])), Some(Rule::TooMany));
    let padded = |bytes: usize| format!("{}\r\nContent-Type: text/plain; p={}", named("title"), "x".repeat(bytes));
    assert_eq!(rule(&content(&[(&padded(7 * 1024), "x")])), None);
    assert_eq!(rule(&content(&[(&padded(9 * 1024), "x")])), Some(Rule::PartHeader));
    let encoded = format!("{}\r\nContent-Transfer-Encoding: base64", named("title"));
    assert_eq!(rule(&content(&[(&encoded, "eA==")])), Some(Rule::PartHeader));
}

#[test]
fn content_is_handed_on_while_it_arrives() {
    let mut parser = Multipart::new("B", Limits::default());
    let mut most = 0;
    let mut bytes = 0;
    let head = format!("--B\r\n{}; filename=\"x.png\"\r\n\r\n", named("photo"));
    parser.push(head.as_bytes(), &mut |_, _| Ok(())).unwrap();
    for _ in 0..1_000 {
        parser
            .push(&[b'\r'; 1_000], &mut |_, event| {
                if let Event::Data(data) = event {
                    bytes += data.len();
                }
                Ok(())
            })
            .unwrap();
        most = most.max(parser.held.capacity());
    }
    assert!(bytes > 999_000 && most < 10_000, "{bytes} told, {most} held");
}
