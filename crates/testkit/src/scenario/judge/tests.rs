use serde_json::json;

use super::*;

#[test]
fn null_means_absent_and_arrays_match_in_any_place() {
    let actual = json!({ "a": 1, "b": [{ "c": 2, "d": 3 }, 4], "e": null });
    assert!(subset("x", &json!({ "a": 1, "b": [4, { "c": 2 }], "e": null, "f": null }), &actual).is_empty());
    assert_eq!(subset("x", &json!({ "a": null }), &actual), ["x.a: expected null, got 1"]);
    assert_eq!(subset("x", &json!({ "b": [5] }), &actual).len(), 1);
    assert_eq!(subset("x", &json!({ "a": { "z": 1 } }), &actual).len(), 1);
}

#[test]
fn formats_are_exact() {
    assert!(has_format("uuidv7", "0190163d-8694-739b-aea5-966c26f8ad91"));
    assert!(!has_format("uuidv7", "0190163d-8694-439b-aea5-966c26f8ad91"));
    assert!(!has_format("uuidv7", "0190163D-8694-739b-aea5-966c26f8ad91"));
    assert!(has_format("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    assert!(!has_format("traceparent", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    assert!(has_format("methods GET, HEAD", "HEAD,GET"));
    assert!(!has_format("methods GET, HEAD", "GET"));
    assert!(!has_format("unheard of", "x"));
}
