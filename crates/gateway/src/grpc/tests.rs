use super::*;
use http::Request;

fn of(method: Method, version: Version, content_type: &str) -> Option<&'static str> {
    let request = Request::builder().method(method).version(version).header(CONTENT_TYPE, content_type);
    media_type(&request.body(()).expect("a request").into_parts().0)
}

#[test]
fn calls_are_told_by_version_method_and_media_type() {
    let http2 = |content_type| of(Method::POST, Version::HTTP_2, content_type);
    for (written, expected) in [
        ("application/grpc", Some("application/grpc")),
        ("application/grpc+proto", Some("application/grpc")),
        ("Application/gRPC; charset=x", Some("application/grpc")),
        ("application/grpc-web+proto", Some("application/grpc-web")),
        ("application/grpc-web-text", Some("application/grpc-web-text")),
        ("application/grpcs", None),
        ("application/grpc-other", None),
        ("application/json", None),
        ("", None),
    ] {
        assert_eq!(http2(written), expected, "{written}");
    }
    assert_eq!(of(Method::GET, Version::HTTP_2, "application/grpc"), None);
    assert_eq!(of(Method::POST, Version::HTTP_11, "application/grpc"), None, "its status would look like success");
}
