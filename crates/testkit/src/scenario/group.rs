//! The cases of one configuration, one after the other through one gateway.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::Value;

use super::format::{Case, Request, Then};
use super::gateway::{self, Gateway};
use super::load::Loaded;
use super::plan::{Plan, Sent};
use super::stage::Stage;
use super::{Outcome, judge};
use crate::ca::TestCa;

/// An event that must be in the record once the gateway has stopped, and so has written everything.
#[derive(Debug)]
pub struct Owed {
    id: String,
    label: String,
    event: Value,
    lacks: Vec<String>,
}

/// Runs `cases`, which share `config`; one outcome each, and one more for the gateway itself when it fails.
pub async fn run(binary: &Path, configs: &Path, config: &str, cases: &[Loaded], ca: &Arc<TestCa>) -> Vec<Outcome> {
    let mut outcomes: Vec<_> = cases.iter().map(Outcome::new).collect();
    if let Err(error) = serve(binary, configs, config, cases, ca, &mut outcomes).await {
        // A case that was not judged to the end has not held.
        outcomes.iter_mut().for_each(|outcome| outcome.differences.push(format!("gateway `{config}` failed")));
        outcomes.push(Outcome::failed(format!("gateway with configuration `{config}`"), format!("{error:#}")));
    }
    outcomes
}

async fn serve(
    binary: &Path,
    configs: &Path,
    config: &str,
    cases: &[Loaded],
    ca: &Arc<TestCa>,
    outcomes: &mut [Outcome],
) -> Result<()> {
    let mut stage = Stage::new(configs, ca).await?;
    let env = cases.iter().flat_map(|loaded| loaded.case.given.env.clone()).collect();
    let gateway = Gateway::start(binary, &stage, &format!("{config}.yaml"), &env).await?;
    name_listeners(&mut stage, &gateway);
    let mut owed = Vec::new();
    for (loaded, outcome) in cases.iter().zip(outcomes.iter_mut()) {
        let case = &loaded.case;
        for request in &case.when {
            match one(case, request, &gateway, &stage).await {
                Ok((label, differences, event)) => {
                    outcome.differences.extend(differences.into_iter().map(|line| format!("{label}: {line}")));
                    owed.push(event);
                }
                Err(error) => {
                    outcome.differences.push(format!("{request:?}: {error:#}"));
                    owed.push(None);
                }
            }
        }
    }
    gateway.stop().await?;
    let events = gateway::events(&stage.file("data"))?;
    let mut owed = owed.into_iter();
    for (loaded, outcome) in cases.iter().zip(outcomes.iter_mut()) {
        for owed in owed.by_ref().take(loaded.case.when.len()).flatten() {
            outcome.differences.extend(owed.judge(&events));
        }
    }
    Ok(())
}

/// Makes the addresses of the running gateway known to the cases.
pub fn name_listeners(stage: &mut Stage, gateway: &Gateway) {
    for (address, kind) in gateway.listening() {
        stage.vars.set(&kind.to_uppercase(), address);
        stage.vars.set(&format!("{}_PORT", kind.to_uppercase()), address.port());
    }
}

async fn one(
    case: &Case,
    request: &Request,
    gateway: &Gateway,
    stage: &Stage,
) -> Result<(String, judge::Differences, Option<Owed>)> {
    stage.upstream.script(case.given.upstream.clone());
    let then = &case.then;
    let plan = Plan::new(request, then, gateway, stage)?;
    let sent = plan.run().await.with_context(|| plan.label.clone())?;
    let mut differences = judge(then, &plan, &sent, stage);
    if let (Some(other), Some(answer)) = (&then.same_as, &sent.answer) {
        stage.upstream.script(case.given.upstream.clone());
        let twin = Plan::new(other, then, gateway, stage)?.run().await?;
        match &twin.answer {
            Some(twin) => differences.extend(judge::same(answer, twin)),
            None => differences.push("same_as: closed without an answer".to_owned()),
        }
    }
    let owed = Owed::new(then, &plan, &sent, stage);
    Ok((plan.label, differences, owed))
}

/// Judges all but the event: client and upstream.
pub fn judge(then: &Then, plan: &Plan, sent: &Sent, stage: &Stage) -> judge::Differences {
    let mut differences = judge::sent(then, plan, sent, &stage.vars);
    if let Some(expected) = &then.upstream_saw {
        differences.extend(judge::upstream(expected, &stage.upstream.seen(), &stage.vars));
    }
    differences
}

impl Owed {
    /// What the record owes for an exchange: every answer with a request id is owed exactly one event, asked for or not.
    pub fn new(then: &Then, plan: &Plan, sent: &Sent, stage: &Stage) -> Option<Self> {
        let answer = sent.answer.as_ref().filter(|_| plan.is_exchange)?;
        let id = (*answer.values("x-request-id").first()?).to_owned();
        let event = then.event.clone().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        let event = stage.vars.fill_value(&event);
        Some(Self { id, label: plan.label.clone(), event, lacks: then.event_lacks.clone() })
    }

    /// Looks for the event.
    pub fn judge(&self, events: &[(String, Value)]) -> judge::Differences {
        let found: Vec<_> =
            events.iter().filter(|(_, event)| event.get("id").and_then(Value::as_str) == Some(&self.id)).collect();
        let mut out = match found.as_slice() {
            [(_, event)] => judge::subset("event", &self.event, event),
            other => vec![format!("event: expected one with id {}, found {}", self.id, other.len())],
        };
        for (line, _) in found {
            out.extend(
                self.lacks
                    .iter()
                    .filter(|text| line.contains(*text))
                    .map(|text| format!("event holds `{text}`: {line}")),
            );
        }
        out.into_iter().map(|line| format!("{}: {line}", self.label)).collect()
    }
}
