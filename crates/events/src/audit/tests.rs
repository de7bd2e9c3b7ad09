use super::*;

fn line(change: &Change<'_>) -> Value {
    let mut out = Vec::new();
    write(&mut out, change, &mut Second::default());
    assert_eq!(out.pop(), Some(b'\n'));
    assert!(!out.contains(&b'\n'), "one change, one line");
    serde_json::from_slice(&out).expect("JSON")
}

#[test]
fn a_change_says_who_and_what() {
    let by =
        [By::Admin { token: "admin.token", peer: "127.0.0.1:4711".parse().expect("address") }, By::Signal, By::File];
    let changes = ["apis/shop/max_body: changed".to_owned()];
    let change = Change {
        at: 1_764_055_395_000_042,
        by: &by,
        before: 3,
        result: Ok(Changed { snapshot: 4, changes: &changes }),
    };
    let expected = json!({
        "time": "2025-11-25T07:23:15.000042Z", "lane": "audit", "action": "configuration.reload",
        "by": [{ "via": "admin", "token": "admin.token", "peer": "127.0.0.1:4711" }, { "via": "signal" }, { "via": "file" }],
        "outcome": "reloaded", "before": 3, "snapshot": 4, "changes": ["apis/shop/max_body: changed"],
    });
    assert_eq!(line(&change), expected, "edge/R18");
}

#[test]
fn a_refused_change_says_why_within_its_bound() {
    let long = "ä\"\n".repeat(1000);
    let change = Change { at: 0, by: &[By::File], before: 3, result: Err(&long) };
    let found = line(&change);
    assert_eq!((&found["outcome"], &found["snapshot"]), (&json!("refused"), &json!(3)));
    let error = found["error"].as_str().expect("text");
    assert!(long.starts_with(error) && error.len() > MAX_ERROR_BYTES - 4 && error.len() <= MAX_ERROR_BYTES, "{error}");
}
