use super::*;
use serde_json::{Value, json};

#[test]
fn every_reason_has_an_answer_that_is_an_error_and_names_nothing_internal() {
    for reason in Reason::ALL {
        let problem = problem(*reason);
        assert!(problem.status.is_client_error() || problem.status.is_server_error(), "{reason:?}");
        assert!(
            problem.kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
            "{reason:?}: {}",
            problem.kind
        );
        let content = content(&problem, "0193-id", &[]);
        let value: Value = serde_json::from_slice(&content).expect("JSON");
        assert_eq!(value["status"], problem.status.as_u16(), "edge/Y28");
        assert_eq!(value["type"], format!("{TYPE_PREFIX}{}", problem.kind));
        assert_eq!(value["instance"], "urn:uuid:0193-id");
        assert!(!value["title"].as_str().expect("title").contains("upstream"));
    }
}

#[test]
fn violations_are_told_by_place_and_rule() {
    let violations = [
        Violation::at("/items/3/\"qty", "minimum"),
        Violation::of("query.limit", "maximum"),
        Violation { place: Place::Byte(17), rule: "json.syntax" },
    ];
    let content = content(&problem(Reason::ContentInvalid), "x", &violations);
    let value: Value = serde_json::from_slice(&content).expect("JSON");
    let expected = json!([
        { "pointer": "/items/3/\"qty", "rule": "minimum" },
        { "parameter": "query.limit", "rule": "maximum" },
        { "byte": 17, "rule": "json.syntax" },
    ]);
    assert_eq!(value["errors"], expected);
}

#[test]
fn what_is_unknown_cannot_be_told_apart() {
    for reason in [Reason::HostUnknown, Reason::InternalOnly] {
        assert_eq!(content(&problem(reason), "x", &[]), content(&problem(Reason::OperationUnknown), "x", &[]));
    }
}

#[test]
fn a_405_always_has_allow() {
    assert_eq!(fields(&problem(Reason::MethodRefused), None)[ALLOW], "");
    let allow = HeaderValue::from_static("GET, HEAD");
    assert_eq!(fields(&problem(Reason::MethodUnknown), Some(&allow))[ALLOW], "GET, HEAD");
}

#[test]
fn raw_is_one_whole_response() {
    let problem = problem(Reason::HeadTimeout);
    let bytes = raw(&problem, super::fields(&problem, None), "x");
    let mut fields = [httparse::EMPTY_HEADER; 16];
    let mut response = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(head) = response.parse(&bytes).expect("head") else { panic!("incomplete") };
    assert_eq!(response.code, Some(408));
    let length = response.headers.iter().find(|field| field.name == "content-length").expect("length").value;
    assert_eq!(std::str::from_utf8(length).expect("digits").parse::<usize>().expect("number"), bytes.len() - head);
}

#[test]
fn every_reason_has_an_answer_to_grpc() {
    for reason in Reason::ALL {
        let problem = problem(*reason);
        let fields = grpc(&problem, "application/grpc");
        let code: u8 = fields["grpc-status"].to_str().expect("digits").parse().expect("a code");
        assert!((1..=16).contains(&code), "{reason:?}: never OK");
        let message = fields["grpc-message"].as_bytes();
        assert!(message.iter().all(|byte| matches!(byte, b' '..=b'~') && *byte != b'%'), "{reason:?}: needs no escape");
    }
    let code = |status| grpc_status(StatusCode::from_u16(status).expect("a status"));
    // edge/P15
    assert_eq!([401, 403, 429, 502, 503, 504].map(code), ["16", "7", "8", "14", "14", "14"]);
}
