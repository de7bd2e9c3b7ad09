//! Nothing of the product goes without a scenario: every Reason, every control in every mode it permits, every admin
//! endpoint, every checklist row that is due.
#![expect(clippy::expect_used, reason = "how a test fails")]

use std::collections::BTreeSet;
use std::path::Path;

use portcullis_core::{Control, Reason};
use portcullis_testkit::scenario::{ledger::Ledger, load};

/// Reasons that no scenario can bring about, and why.
const WITHOUT_SCENARIO: &[(Reason, &str)] =
    &[(Reason::Internal, "a fault of our own that we know how to cause would be a fault to mend")];

/// What the admin listener answers.
const ADMIN: &[&str] = &["GET /metrics", "GET /healthz", "GET /readyz", "POST /reload"];

/// Rows of checklists that are due, as ranges of `edge`.
const DUE: &[(&str, u32, u32)] = &[
    ("N", 1, 3),
    ("N", 5, 10),
    ("N", 12, 18),
    ("N", 20, 24),
    ("Y", 1, 16),
    ("Y", 21, 30),
    ("P", 16, 19),
    ("P", 22, 22),
    ("R", 1, 7),
    ("R", 8, 11),
    ("R", 14, 14),
    ("R", 16, 18),
];

/// Due rows whose part is not built yet, and why.
const NOT_BUILT: &[(&str, &str)] = &[];

fn ledger() -> Ledger {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    Ledger::of(&load::load(&scenarios).expect("scenarios parse"))
}

#[test]
fn every_reason_has_a_scenario_and_every_scenario_a_reason() {
    let named = ledger().reasons;
    let known: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.id().to_owned()).collect();
    let excused: BTreeSet<_> = WITHOUT_SCENARIO.iter().map(|(reason, _)| reason.id().to_owned()).collect();
    let missing: Vec<_> = known.difference(&named).filter(|reason| !excused.contains(*reason)).collect();
    assert!(missing.is_empty(), "reasons without a scenario: {missing:?}");
    let gone: Vec<_> = named.difference(&known).collect();
    assert!(gone.is_empty(), "scenarios name reasons that are gone: {gone:?}");
    let stale: Vec<_> = excused.intersection(&named).collect();
    assert!(stale.is_empty(), "excused although a scenario shows them: {stale:?}");
}

#[test]
fn every_control_has_a_scenario_in_every_mode_it_permits() {
    let named = ledger().modes;
    let known: BTreeSet<_> = Control::ALL
        .iter()
        .map(|control| control.row())
        .flat_map(|row| row.modes.iter().map(|mode| (row.id.to_owned(), mode.id().to_owned())))
        .collect();
    let missing: Vec<_> = known.difference(&named).collect();
    assert!(missing.is_empty(), "controls and modes without a scenario: {missing:?}");
    let gone: Vec<_> = named.difference(&known).collect();
    assert!(gone.is_empty(), "scenarios name controls or modes that are gone: {gone:?}");
}

#[test]
fn every_admin_endpoint_has_a_scenario() {
    let named = ledger().admin;
    let missing: Vec<_> = ADMIN.iter().filter(|endpoint| !named.contains(**endpoint)).collect();
    assert!(missing.is_empty(), "admin endpoints without a scenario: {missing:?}");
}

#[test]
fn every_due_row_has_a_scenario() {
    let named = ledger().rows;
    let due = DUE.iter().flat_map(|(table, first, last)| (*first..=*last).map(move |n| format!("edge/{table}{n}")));
    let excused: BTreeSet<_> = NOT_BUILT.iter().map(|(row, _)| (*row).to_owned()).collect();
    let missing: Vec<_> = due.filter(|row| !named.contains(row) && !excused.contains(row)).collect();
    assert!(missing.is_empty(), "rows without a scenario: {missing:?}");
    let stale: Vec<_> = excused.intersection(&named).collect();
    assert!(stale.is_empty(), "excused although a scenario shows them: {stale:?}");
}
