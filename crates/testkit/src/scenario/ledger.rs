//! What the scenarios name, for the test that compares it with what the product has.

use std::collections::BTreeSet;

use serde_json::Value;

use super::format::{Kind, Then, Via};
use super::load::Loaded;
use super::plan;

/// Everything that the cases of `scenarios/` name.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Reasons that an expected event gives.
    pub reasons: BTreeSet<String>,
    /// Control and mode: of an expected event, of a finding in monitor, or under `covers`.
    pub modes: BTreeSet<(String, String)>,
    /// Admin endpoints asked for, as `GET /metrics`.
    pub admin: BTreeSet<String>,
    /// Checklist rows.
    pub rows: BTreeSet<String>,
}

impl Ledger {
    /// Reads the cases.
    pub fn of(cases: &[Loaded]) -> Self {
        let mut ledger = Self::default();
        for case in cases.iter().map(|loaded| &loaded.case) {
            ledger.rows.extend(case.rows.iter().cloned());
            ledger.modes.extend(case.covers.iter().map(|(control, mode)| (control.clone(), mode.clone())));
            let steps = case.steps.iter();
            for then in steps.clone().map(|step| &step.then).chain([&case.then]) {
                ledger.read(then);
            }
            let requests = steps.filter_map(|step| step.send.as_ref().or(step.until.as_ref()));
            for request in requests.chain(&case.when).filter(|request| request.via == Via::Admin) {
                if case.kind != Kind::Check
                    && let Ok((method, target)) = plan::line(request)
                {
                    ledger.admin.insert(format!("{method} {target}"));
                }
            }
        }
        ledger
    }

    fn read(&mut self, then: &Then) {
        let Some(event) = &then.event else { return };
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        self.reasons.extend(text(event, "reason"));
        if let (Some(control), Some(mode)) = (text(event, "control"), text(event, "mode")) {
            self.modes.insert((control, mode));
        }
        for finding in event.get("monitored").and_then(Value::as_array).into_iter().flatten() {
            self.reasons.extend(text(finding, "reason"));
            self.modes.extend(text(finding, "control").map(|control| (control, "monitor".to_owned())));
        }
    }
}

#[cfg(test)]
mod tests;
