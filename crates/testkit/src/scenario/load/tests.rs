use super::*;

fn problem(yaml: &str) -> String {
    let result = parse(yaml).and_then(|cases| cases.iter().try_for_each(validate));
    result.err().map(|error| format!("{error:#}")).unwrap_or_default()
}

#[test]
fn a_misspelt_key_is_an_error_at_every_depth() {
    for yaml in [
        "- { name: x, whne: { get: / } }",
        "- { name: x, when: { gte: / } }",
        "- { name: x, when: [{ get: / }, { gte: / }] }",
        "- { name: x, then: { stauts: 200 } }",
        "- { name: x, then: { body: { contians: [x] } } }",
        "- { name: x, then: { headers: { a: { contians: x } } } }",
        "- { name: x, then: { upstream_saw: { taget: / } } }",
        "- { name: x, given: { upstream: { GET /: { stauts: 1 } } } }",
        "- { name: x, given: { files: { a: { txet: x } } } }",
        "- { name: x, kind: steps, steps: [{ sned: { get: / } }] }",
    ] {
        assert!(problem(yaml).contains("unknown field"), "{yaml}: `{}`", problem(yaml));
    }
}

#[test]
fn a_case_that_could_not_fail_is_refused() {
    for (yaml, expected) in [
        ("- { name: x, given: { config: c }, when: { get: / } }", "`then.status`"),
        ("- { name: x, when: { get: / }, then: { status: 200 } }", "`given.config`"),
        ("- { name: x, given: { config: c }, then: { status: 200 } }", "`when`"),
        ("- { name: x, kind: check }", "`then.exit`"),
        ("- { name: x, kind: check, then: { exit: 2, status: 200 } }", "other kinds"),
        ("- { name: x, kind: steps, steps: [{ signal: hup }] }", "no step expects"),
        ("- { name: x, rows: N1, kind: check, then: { exit: 0 } }", "FILE/ID"),
    ] {
        assert!(problem(yaml).contains(expected), "{yaml}: `{}`", problem(yaml));
    }
}
