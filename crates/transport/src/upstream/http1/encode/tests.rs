use super::*;
use http::Method;

fn encoded(request: http::request::Builder, exact: Option<u64>) -> Option<(Framing, String)> {
    let mut out = Vec::new();
    let framing = head(&request.body(()).unwrap(), exact, &mut out).ok()?;
    Some((framing, String::from_utf8(out).unwrap()))
}

#[test]
fn the_framing_is_the_one_that_stands_in_the_fields() {
    let to = |method: Method| Request::builder().method(method).uri("/a?b=c").header("Host", "shop");
    let cases = [
        // request, length of the content, framing, the line of it
        (to(Method::GET), Some(0), Framing::Length(0), ""),
        (to(Method::POST), Some(3), Framing::Length(3), "content-length: 3\r\n"),
        (to(Method::GET), None, Framing::Chunked, "transfer-encoding: chunked\r\n"),
        (to(Method::POST).header("content-length", "3"), None, Framing::Length(3), "content-length: 3\r\n"),
        (to(Method::POST).header("content-length", "0"), Some(0), Framing::Length(0), "content-length: 0\r\n"),
        (
            to(Method::PUT).header("transfer-encoding", "chunked"),
            Some(3),
            Framing::Chunked,
            "transfer-encoding: chunked\r\n",
        ),
    ];
    for (request, exact, framing, line) in cases {
        let method = request.method_ref().unwrap().clone();
        let expected = format!("{method} /a?b=c HTTP/1.1\r\nhost: shop\r\n{line}\r\n");
        assert_eq!(encoded(request, exact), Some((framing, expected)));
    }
}

#[test]
fn a_head_that_frames_its_content_in_two_ways_is_never_written() {
    let cases: [&[(&str, &str)]; 7] = [
        &[("content-length", "3"), ("transfer-encoding", "chunked")],
        &[("transfer-encoding", "chunked"), ("content-length", "3")],
        &[("content-length", "3"), ("content-length", "3")],
        &[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
        &[("transfer-encoding", "gzip, chunked")],
        &[("content-length", "+3")],
        &[("content-length", "")],
    ];
    for fields in cases {
        let request = fields.iter().fold(Request::builder(), |request, (name, value)| request.header(*name, *value));
        assert_eq!(encoded(request, None), None, "{fields:?}");
    }
}

#[test]
fn a_target_without_a_path_is_the_root() {
    let (_, head) = encoded(Request::builder().uri("http://shop"), Some(0)).unwrap();
    assert!(head.starts_with("GET / HTTP/1.1\r\n"), "{head}");
}
