//! `check --coverage`: what each control does for each operation, and why.

use crate::config::{Api, Plan, Settings};
use portcullis_core::{ApiId, Control, Mode, Operation};
use portcullis_transport::cors;
use serde_json::{Value, json};
use std::fmt::Write;

/// Longest operation name that the table shows, in characters.
const MAX_NAME: usize = 40;

/// What a control does for an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A violation is refused.
    Enforced,
    /// A violation is recorded.
    Monitored,
    /// Not looked at: the configuration says so.
    Off,
    /// There is nothing for it to look at.
    NotApplicable,
    /// It acts, and the configuration takes from it what it is for.
    Gap,
}

impl State {
    /// The word of the JSON form.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Enforced => "enforced",
            Self::Monitored => "monitored",
            Self::Off => "off",
            Self::NotApplicable => "not_applicable",
            Self::Gap => "gap",
        }
    }

    const fn sign(self) -> char {
        match self {
            Self::Enforced => 'E',
            Self::Monitored => 'M',
            Self::Off => 'o',
            Self::NotApplicable => '-',
            Self::Gap => 'G',
        }
    }
}

/// One cell of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The control.
    pub control: Control,
    /// What it does.
    pub state: State,
    /// Why, where that is not the default.
    pub why: Option<String>,
}

/// What every control does for one operation of `api`.
fn row(plan: &Plan, api: &Api, settings: &Settings, operation: &Operation) -> Vec<Cell> {
    Control::ALL
        .iter()
        .map(|&control| {
            let mode = settings.modes.get(control.index()).copied().unwrap_or(control.row().default);
            let (state, why) = match (
                not_applicable(control, plan, api, settings, operation),
                gap(control, plan, api, operation),
                mode,
            ) {
                (Some(why), ..) => (State::NotApplicable, Some(why.to_owned())),
                (None, Some(why), _) => (State::Gap, Some(why)),
                (None, None, Mode::Off) => (State::Off, Some("the configuration says `off`".to_owned())),
                (None, None, Mode::Monitor) => (State::Monitored, Some("the configuration says `monitor`".to_owned())),
                (None, None, Mode::Enforce) => (State::Enforced, limits_of(control, plan, api)),
            };
            Cell { control, state, why }
        })
        .collect()
}

fn not_applicable(
    control: Control,
    plan: &Plan,
    api: &Api,
    settings: &Settings,
    operation: &Operation,
) -> Option<&'static str> {
    match control {
        Control::TransportTls if plan.listeners.iter().all(|listener| listener.tls.is_none()) => {
            Some("no listener has `tls`")
        }
        Control::RoutingHost if !api.has_hosts => Some("the API is served under any host"),
        Control::RoutingInternal if !plan.routes.is_internal(operation.id) => Some("not an internal operation"),
        Control::RoutingLifecycle if plan.routes.lifecycle(operation.api, Some(operation.id)).is_none() => {
            Some("neither deprecated nor with an end")
        }
        Control::TransportWebSocket if settings.websocket.is_none() => Some("no `websocket` is declared"),
        _ => None,
    }
}

/// What the configuration takes from a control so that nothing is left of it (edge/T15).
fn gap(control: Control, plan: &Plan, api: &Api, operation: &Operation) -> Option<String> {
    let upstream = &plan.upstreams.get(api.upstream)?.compiled;
    match control {
        // Without a contract the configuration said `off`.
        Control::ContractResponse if plan.contracts.operation(operation.id)?.promises_nothing() => {
            Some("the document declares no responses".to_owned())
        }
        Control::TransportUpstream if !upstream.is_pinned() => {
            Some(format!("certificates are not verified: {}", upstream.insecure_because()?))
        }
        _ => None,
    }
}

/// What an enforced control leaves open because the configuration says so.
fn limits_of(control: Control, plan: &Plan, api: &Api) -> Option<String> {
    match control {
        Control::TransportTls if plan.listeners.iter().any(|listener| listener.tls.is_none()) => {
            Some("some listeners have no `tls`".to_owned())
        }
        Control::TransportUpstream => {
            let because = plan.upstreams.get(api.upstream)?.compiled.insecure_because()?;
            Some(format!("certificates are judged by `pin_spki` alone: {because}"))
        }
        Control::ResponseCors if api.cors.as_ref().is_some_and(cors::Compiled::is_open) => {
            Some("pages of every origin may read".to_owned())
        }
        Control::ResponseHeaders if !api.harden.off().is_empty() => {
            Some(format!("off: {}", api.harden.off().join(", ")))
        }
        _ => None,
    }
}

/// Every API with its operations, in the order of the configuration and the documents.
fn rows(plan: &Plan) -> impl Iterator<Item = (&Api, Vec<(&str, Vec<Cell>)>)> {
    plan.apis.iter().zip(0..).map(|(api, id)| {
        let operations = plan.routes.operations_of(ApiId(id)).iter();
        let rows = operations.map(|operation| {
            let settings = plan.operations.get(operation.id.index()).unwrap_or(&api.default);
            (&*operation.name, row(plan, api, settings, operation))
        });
        (api, rows.collect())
    })
}

/// The table for people: a sign for each operation and control, then what the signs and numbers mean.
pub fn text(plan: &Plan) -> String {
    let mut out = String::new();
    let mut notes: Vec<(Control, &str, String, usize)> = Vec::new();
    for (api, rows) in rows(plan) {
        let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).clamp(9, MAX_NAME);
        let numbers: String = (1..=Control::COUNT).map(|number| format!(" {number:>2}")).collect();
        let _ = writeln!(out, "{}: {} operations\n  {:width$}{numbers}", api.name, rows.len(), "operation");
        for (name, cells) in &rows {
            let signs: String = cells.iter().map(|cell| format!("  {}", cell.state.sign())).collect();
            let _ = writeln!(out, "  {:width$}{signs}", name.chars().take(width).collect::<String>());
            for cell in cells {
                let Some(why) = &cell.why else { continue };
                let same = notes
                    .iter_mut()
                    .find(|(control, of, text, _)| *control == cell.control && **of == *api.name && text == why);
                match same {
                    Some((.., count)) => *count = count.saturating_add(1),
                    None => notes.push((cell.control, &api.name, why.clone(), 1)),
                }
            }
        }
        out.push('\n');
    }
    out.push_str("E enforced   M monitored   o off   - not applicable   G gap\n\n");
    for (control, number) in Control::ALL.iter().zip(1..) {
        let row = control.row();
        let _ = writeln!(out, "{number:>2} {:28} {}", row.id, row.summary);
        for (_, api, why, count) in notes.iter().filter(|(of, ..)| of == control) {
            let _ = writeln!(out, "   {:28} {api}: {why} ({count})", "");
        }
    }
    out
}

/// The table for scripts: one object for each API, operation and control.
pub fn json(plan: &Plan) -> Value {
    let mut cells = Vec::new();
    for (api, rows) in rows(plan) {
        for (operation, row) in rows {
            for cell in row {
                cells.push(json!({
                    "api": api.name,
                    "operation": operation,
                    "control": cell.control.id(),
                    "state": cell.state.id(),
                    "why": cell.why,
                }));
            }
        }
    }
    Value::Array(cells)
}
