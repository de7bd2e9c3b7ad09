//! The cases of one configuration, one after the other through one gateway.

use std::collections::BTreeSet;
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
    /// None when the connection closed without an answer, and so without an id: then any event that is nobody else's.
    id: Option<String>,
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
    let claimed = claimed(owed.iter().flatten());
    let mut owed = owed.into_iter();
    for (loaded, outcome) in cases.iter().zip(outcomes.iter_mut()) {
        for owed in owed.by_ref().take(loaded.case.when.len()).flatten() {
            outcome.differences.extend(owed.judge(&events, &claimed));
        }
    }
    Ok(())
}

/// The request ids of all answers.
pub fn claimed<'a>(owed: impl Iterator<Item = &'a Owed>) -> BTreeSet<String> {
    owed.filter_map(|owed| owed.id.clone()).collect()
}

/// Makes the addresses and the admin token of the running gateway known to the cases.
pub fn name_listeners(stage: &mut Stage, gateway: &Gateway) {
    for (address, kind) in gateway.listening() {
        stage.vars.set(&kind.to_uppercase(), address);
        stage.vars.set(&format!("{}_PORT", kind.to_uppercase()), address.port());
    }
    // Without an admin listener there is none.
    if let Ok(token) = std::fs::read_to_string(stage.file("data/admin.token")) {
        stage.vars.set("ADMIN_TOKEN", token.trim_end());
    }
}

async fn one(
    case: &Case,
    request: &Request,
    gateway: &Gateway,
    stage: &Stage,
) -> Result<(String, judge::Differences, Option<Owed>)> {
    stage.script(&case.given.upstream);
    let then = &case.then;
    let plan = Plan::new(request, then, gateway, stage)?;
    let sent = plan.run().await.with_context(|| plan.label.clone())?;
    let mut differences = judge(then, &plan, &sent, stage);
    stage.upstream.judged(sent.earlier.iter().cloned().chain(sent.id()));
    if let (Some(other), Some(answer)) = (&then.same_as, &sent.answer) {
        stage.script(&case.given.upstream);
        let twin = Plan::new(other, then, gateway, stage)?.run().await?;
        match &twin.answer {
            Some(twin) => differences.extend(judge::same(answer, twin)),
            None => differences.push("same_as: closed without an answer".to_owned()),
        }
        stage.upstream.judged(twin.id());
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
        let id = sent.id();
        if let Some(audit) = &then.audit {
            let (label, event) = (plan.label.clone(), stage.vars.fill_value(audit));
            return Some(Self { id: None, label, event, lacks: stage.vars.fill_all(&then.event_lacks) });
        }
        if !plan.is_exchange || (id.is_none() && (sent.answer.is_some() || then.event.is_none())) {
            return None;
        }
        let event = then.event.clone().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        let event = stage.vars.fill_value(&event);
        Some(Self { id, label: plan.label.clone(), event, lacks: stage.vars.fill_all(&then.event_lacks) })
    }

    /// Looks for the event; `claimed` are the ids of all answers.
    pub fn judge(&self, events: &[(String, Value)], claimed: &BTreeSet<String>) -> judge::Differences {
        let id_of = |event: &Value| event.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut found: Vec<_> = events
            .iter()
            .filter(|(_, event)| match &self.id {
                Some(id) => id_of(event) == *id,
                None => !claimed.contains(&id_of(event)) && judge::subset("event", &self.event, event).is_empty(),
            })
            .collect();
        if self.id.is_none() {
            found.truncate(1);
        }
        let mut out = match found.as_slice() {
            [(_, event)] => judge::subset("event", &self.event, event),
            other => vec![format!("event: expected one ({}), found {}", self.sought(), other.len())],
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

    fn sought(&self) -> String {
        self.id.as_ref().map_or_else(|| format!("without an answer, {}", self.event), |id| format!("with id {id}"))
    }
}
