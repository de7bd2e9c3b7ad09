//! Every case of `scenarios/` against the real binary. `SCENARIO=text` runs those whose title or rows hold the text.

use std::path::Path;

use portcullis_testkit::scenario;

#[test]
fn every_scenario_holds() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let report = scenario::run_all(Path::new(env!("CARGO_BIN_EXE_portcullis")), &scenarios).expect("scenarios run");
    println!("{report}");
    if !report.is_ok() {
        let failures = scenario::Report { outcomes: report.failures().cloned().collect() };
        panic!("{} of {} cases do not hold:\n{failures}", failures.outcomes.len(), report.outcomes.len());
    }
}
