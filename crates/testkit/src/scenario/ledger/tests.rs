use super::*;
use crate::scenario::load::parse;

#[test]
fn everything_that_a_case_names_is_read() {
    let cases = parse(
        r"
- rows: [edge/N1, edge/N2]
  name: one
  covers: { c: off }
  given: { config: x }
  when: { get: /metrics, via: admin }
  then: { status: 200, event: { control: a, mode: enforce, reason: a.b, monitored: [{ control: d, reason: d.e }] } }
- name: two
  kind: steps
  steps: [{ until: { get: /readyz, via: admin }, then: { status: 200, event: { reason: f.g } } }]
",
    );
    let loaded: Vec<_> = cases.unwrap().into_iter().map(|case| Loaded { file: "x".into(), case }).collect();
    let ledger = Ledger::of(&loaded);
    assert_eq!(Vec::from_iter(ledger.reasons), ["a.b", "d.e", "f.g"]);
    let modes: Vec<_> = ledger.modes.iter().map(|(control, mode)| format!("{control} {mode}")).collect();
    assert_eq!(modes, ["a enforce", "c off", "d monitor"]);
    assert_eq!(Vec::from_iter(ledger.admin), ["GET /metrics", "GET /readyz"]);
    assert_eq!(Vec::from_iter(ledger.rows), ["edge/N1", "edge/N2"]);
}
