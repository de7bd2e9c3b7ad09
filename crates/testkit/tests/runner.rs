//! The runner itself: what holds passes, what does not hold fails, and says why.
#![expect(clippy::unwrap_used, reason = "a helper of tests: what it cannot set up must fail them")]

use std::path::Path;

use portcullis_testkit::scenario::{Report, load, run_matching};

const HONEST: &str = "listen: @LISTEN@\nupstream: @UPSTREAM@\ndata_dir: @DATA@\n";
const LYING: &str = "listen: @LISTEN@\nupstream: @UPSTREAM@\ndata_dir: @DATA@\nlie: true\n";

fn run(config: &str, cases: &str) -> Report {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(directory.path().join("configs")).unwrap();
    std::fs::create_dir_all(directory.path().join("some.control")).unwrap();
    std::fs::write(directory.path().join("configs/stub.yaml"), config).unwrap();
    std::fs::write(directory.path().join("some.control/cases.yaml"), cases).unwrap();
    run_matching(Path::new(env!("CARGO_BIN_EXE_stub_gateway")), directory.path(), "").unwrap()
}

fn failures(report: &Report) -> String {
    report.failures().flat_map(|outcome| outcome.differences.clone()).collect::<Vec<_>>().join("\n")
}

const EXCHANGES: &str = r#"
- rows: [edge/N1]
  name: dot segments are refused
  given: { config: stub }
  when: [{ get: /a/../b }, { raw: "GET /.. HTTP/1.1\r\n\r\n" }]
  then: { status: 400, problem: target-ambiguous, upstream_saw: 0, closed: true, event: { verdict: deny, status: 400 } }
- rows: edge/N1
  name: a plain path is forwarded
  honest: true
  given: { config: stub, upstream: { GET /a: { status: 201, json: { x: [1, { y: 2 }] } } } }
  when: { get: /a, headers: { X-A: [1, 2] } }
  then:
    status: [200, 201]
    headers: { content-type: application/json, server: ~ }
    body: { json: { x: [{ y: 2 }] }, lacks: [secret] }
    upstream_saw: { method: GET, target: /a, headers: { x-a: ['1', '2'], host: { contains: example }, x-b: ~ } }
    event: { verdict: allow, reason: ~ }
    event_lacks: [X-A]
"#;

#[test]
fn what_holds_passes() {
    let report = run(HONEST, EXCHANGES);
    assert!(report.is_ok(), "{report}");
    assert_eq!(report.outcomes.len(), 2);
}

#[test]
fn a_gateway_that_does_the_opposite_fails_every_case() {
    let report = run(LYING, EXCHANGES);
    assert_eq!(report.failures().count(), 2, "{report}");
    let text = failures(&report);
    for expected in ["status: expected [400], got 200", "upstream: expected 0 requests, saw 1", "found 0"] {
        assert!(text.contains(expected), "`{expected}` is missing in {text}");
    }
}

#[test]
fn each_expectation_can_fail() {
    for (then, expected) in [
        ("status: 404", "status: expected [404], got 200"),
        ("status: 200, headers: { content-type: text/plain }", "content-type: expected"),
        ("status: 200, headers: { x-request-id: ~ }", "x-request-id: expected absent"),
        ("status: 200, headers: { content-type: { lacks: json } }", "content-type: expected 1"),
        ("status: 200, body: { contains: [nothing] }", "expected `nothing` in"),
        ("status: 200, body: { lacks: [target] }", "expected no `target` in"),
        ("status: 200, body: { equals: x }", "expected `x`, got"),
        ("status: 200, body: { size: 1 }", "Some(1) bytes"),
        ("status: 200, body: { json: { method: POST } }", "content.method: expected \"POST\", got \"GET\""),
        ("status: 200, problem: true", "problem: content-type is `application/json`"),
        ("status: 200, same_as: { get: /b }", "same_as: content"),
        ("status: 200, interim: [103]", "interim: expected"),
        ("status: 200, answers: 2", "answers: expected Some(2), got 1"),
        ("no_answer: true", "expected no answer, got 200"),
        ("status: 200, cut: true", "expected nothing whole, got a whole 200"),
        ("status: 200, upstream_saw: { whole: 0 }", "upstream: expected 0 whole requests, saw 1"),
        ("status: 200, upstream_saw: 2", "upstream: expected 2 requests, saw 1"),
        ("status: 200, upstream_saw: { target: /b }", "upstream target: expected `/b`, got `/a`"),
        ("status: 200, upstream_saw: { method: PUT }", "upstream method: expected `PUT`, got `GET`"),
        ("status: 200, upstream_saw: { headers: { host: ~ } }", "upstream host: expected absent"),
        ("status: 200, upstream_saw: { body: { equals: x } }", "upstream content: expected `x`"),
        ("status: 200, upstream_saw: { endpoint: 2 }", "upstream endpoint: expected Some(2), got 1"),
        ("status: 200, event: { verdict: deny }", "event.verdict: expected \"deny\", got \"allow\""),
        ("status: 200, event_lacks: [allow]", "event holds `allow`"),
    ] {
        let case = format!(
            "- {{ rows: edge/N1, name: x, given: {{ config: stub }}, when: {{ get: /a }}, then: {{ {then} }} }}"
        );
        let report = run(HONEST, &case);
        let text = failures(&report);
        assert!(text.contains(expected), "{then}: `{expected}` is missing in `{text}`");
    }
}

#[test]
fn processes_that_end_are_judged_by_status_and_output() {
    let cases = r"
- { rows: edge/R1, name: holds, kind: check, given: { files: { portcullis.yaml: 'bad: 1' } }, then: { exit: 2, output: 'unknown key `bad`' } }
- { rows: edge/R1, name: wrong exit, kind: check, given: { config: stub }, then: { exit: 2 } }
- { rows: edge/R16, name: wrong output, kind: run, given: { files: { portcullis.yaml: 'bad: 1' } }, then: { exit: 2, output: good } }
- { rows: edge/R7, name: leaks, kind: run, given: { files: { portcullis.yaml: 'bad: 1' } }, then: { exit: 2, output_lacks: bad } }
";
    let report = run(HONEST, cases);
    let failed: Vec<_> = report.failures().map(|outcome| outcome.title.clone()).collect();
    assert_eq!(
        failed,
        ["wrong exit", "wrong output", "leaks"].map(|name| format!("some.control/cases.yaml: {name}")),
        "{report}"
    );
}

#[test]
fn steps_run_in_order_and_judge() {
    let cases = r"
- rows: edge/R3
  name: holds
  kind: steps
  given: { config: stub, upstream: { GET /slow: { hang: true, body: late } } }
  steps:
    - { start: { get: /slow }, then: { status: 200 } }
    - { upstream_has: 1 }
    - { signal: hup }
    - { output: reloaded }
    - { release: true }
    - { finish: true, then: { status: 200, body: { equals: late }, event: { verdict: allow } } }
    - { load: { get: /a }, then: { status: 200 } }
    - { until: { get: /a }, then: { status: 200 } }
    - { finish: true }
    - { signal: term }
    - { ends: true, then: { exit: 0, output: reloaded } }
- rows: edge/R3
  name: does not hold
  kind: steps
  given: { config: stub }
  steps:
    - { load: { get: /a }, then: { status: 404 } }
    - { finish: true }
    - { send: { get: /a }, then: { status: 500, event: { verdict: deny } } }
";
    let report = run(HONEST, cases);
    assert_eq!(report.failures().count(), 1, "{report}");
    let text = failures(&report);
    for expected in
        ["step 2: in the background: status: expected [404]", "step 3: status: expected [500]", "event.verdict"]
    {
        assert!(text.contains(expected), "`{expected}` is missing in {text}");
    }
}

#[test]
fn a_gateway_that_does_not_start_is_a_failure_of_its_group() {
    let report = run(
        "bad: true\n",
        "- { rows: edge/N1, name: x, given: { config: stub }, when: { get: / }, then: { status: 200 } }",
    );
    assert!(failures(&report).contains("unknown key `bad`"), "{report}");
}

/// Files of this repository: they parse, expect something, and start few enough gateways.
#[test]
fn the_scenarios_of_this_repository_are_valid() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let cases = load::load(&directory).unwrap();
    let starts = portcullis_testkit::scenario::starts(&cases);
    assert!(starts <= portcullis_testkit::scenario::MAX_STARTS, "{starts} gateway starts");
    let mut titles: Vec<_> = cases.iter().map(|loaded| loaded.title()).collect();
    let all = titles.len();
    titles.sort();
    titles.dedup();
    assert_eq!(titles.len(), all, "two cases of one file have the same name");
    for control in std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()) {
        let control = Path::new(&control);
        let mut own = cases.iter().filter(|loaded| loaded.file.starts_with(control)).peekable();
        if own.peek().is_some() {
            assert!(own.any(|loaded| loaded.case.honest), "{}: no honest twin", control.display());
        }
    }
}
