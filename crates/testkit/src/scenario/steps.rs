//! Cases that change something while a gateway of their own runs.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::format::{Case, Given, Request, Step, Then};
use super::gateway::{self, Ended, Gateway, POLL};
use super::group::{self, Owed};
use super::load::Loaded;
use super::plan::{Plan, Sent};
use super::stage::Stage;
use super::{Outcome, command, judge};
use crate::ca::TestCa;
use crate::client::PATIENCE;

/// What runs beside the steps.
struct Background {
    plan: Plan,
    then: Then,
    stop: watch::Sender<bool>,
    task: JoinSet<Result<Vec<Sent>>>,
}

/// One case under way.
struct Play<'a> {
    stage: Stage,
    gateway: Option<Gateway>,
    start: (&'a Path, String, &'a Given),
    background: Option<Background>,
    owed: Vec<Owed>,
    differences: &'a mut Vec<String>,
}

/// Runs one `steps` case.
pub async fn run(binary: &Path, configs: &Path, loaded: &Loaded, ca: &Arc<TestCa>) -> Outcome {
    let mut outcome = Outcome::new(loaded);
    if let Err(error) = play(binary, configs, &loaded.case, ca, &mut outcome.differences).await {
        outcome.differences.push(format!("{error:#}"));
    }
    outcome
}

async fn play(
    binary: &Path,
    configs: &Path,
    case: &Case,
    ca: &Arc<TestCa>,
    differences: &mut Vec<String>,
) -> Result<()> {
    let given = &case.given;
    let mut stage = Stage::new(configs, ca).await?;
    stage.write(&given.files)?;
    let file = match (&given.path, &given.config) {
        (Some(path), _) => path.clone(),
        (None, Some(config)) => format!("{config}.yaml"),
        (None, None) => "portcullis.yaml".to_owned(),
    };
    stage.script(&given.upstream);
    let gateway = Gateway::start(binary, &stage, &file, &given.env).await?;
    group::name_listeners(&mut stage, &gateway);
    let start = (binary, file, given);
    let mut play = Play { stage, gateway: Some(gateway), start, background: None, owed: Vec::new(), differences };
    for (index, step) in case.steps.iter().enumerate() {
        let before = play.differences.len();
        play.step(step, &given.upstream).await.with_context(|| format!("step {}", index + 1))?;
        for line in play.differences.iter_mut().skip(before) {
            *line = format!("step {}: {line}", index + 1);
        }
    }
    ensure!(play.background.is_none(), "something still runs in the background: `finish` is missing");
    if let Some(gateway) = play.gateway.take() {
        gateway.stop().await?;
    }
    let events = gateway::events(&play.stage.file("data"))?;
    let claimed = group::claimed(play.owed.iter());
    for owed in &play.owed {
        play.differences.extend(owed.judge(&events, &claimed));
    }
    Ok(())
}

impl Play<'_> {
    async fn step(
        &mut self,
        step: &Step,
        script: &std::collections::BTreeMap<String, crate::upstream::Reply>,
    ) -> Result<()> {
        self.stage.write(&step.write)?;
        self.stage.write_in_place(&step.write_in_place)?;
        if let Some(name) = &step.remove {
            std::fs::remove_file(self.stage.file(name))?;
        }
        if let Some(name) = &step.signal {
            self.gateway()?.signal(name)?;
        }
        if step.starts {
            ensure!(self.gateway.is_none(), "the gateway still runs");
            let (binary, file, given) = &self.start;
            self.gateway = Some(Gateway::start(binary, &self.stage, file, &given.env).await?);
            group::name_listeners(&mut self.stage, self.gateway.as_ref().context("gateway has ended")?);
        }
        if !step.command.is_empty() {
            self.command(&step.command, &step.then).await?;
        }
        if let Some(request) = &step.send {
            self.stage.script(script);
            let (plan, sent) = self.send(request, &step.then).await?;
            self.differences.extend(group::judge(&step.then, &plan, &sent, &self.stage));
            self.owed.extend(Owed::new(&step.then, &plan, &sent, &self.stage));
        }
        if let Some(request) = &step.until {
            self.until(request, &step.then).await?;
        }
        if let Some(request) = step.start.as_ref().or(step.load.as_ref()) {
            self.start(request, &step.then, step.load.is_some())?;
        }
        if let Some(count) = step.upstream_has {
            let stage = &self.stage;
            let gateway = self.gateway.as_mut().context("gateway has ended")?;
            gateway.wait_for("requests at the upstream", |_| stage.upstream.seen().len() >= count).await?;
        }
        if step.release {
            self.stage.upstream.release();
        }
        if let Some(text) = &step.output {
            let text = self.stage.vars.fill(text);
            let gateway = self.gateway.as_mut().context("gateway has ended")?;
            gateway.wait_for(&format!("output `{text}`"), |gateway| gateway.output().contains(&text)).await?;
            group::name_listeners(&mut self.stage, self.gateway.as_ref().context("gateway has ended")?);
        }
        if step.finish {
            self.finish(&step.then).await?;
        }
        if step.ends {
            let mut gateway = self.gateway.take().context("gateway has ended")?;
            let status = gateway.wait().await?;
            let ended = Ended { code: status.code(), output: gateway.output() };
            self.differences.extend(command::judge(&step.then, &ended, &self.stage.vars));
        }
        Ok(())
    }

    fn gateway(&self) -> Result<&Gateway> {
        self.gateway.as_ref().context("gateway has ended")
    }

    async fn send(&self, request: &Request, then: &Then) -> Result<(Plan, Sent)> {
        let plan = Plan::new(request, then, self.gateway()?, &self.stage)?;
        let sent = plan.run().await.with_context(|| plan.label.clone())?;
        Ok((plan, sent))
    }

    /// Repeats the request until `then` holds; the last differences are reported when it never does.
    async fn until(&mut self, request: &Request, then: &Then) -> Result<()> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let differences = match self.send(request, then).await {
                Ok((plan, sent)) => judge::sent(then, &plan, &sent, &self.stage.vars),
                Err(error) => vec![format!("{error:#}")],
            };
            if differences.is_empty() {
                return Ok(());
            }
            if tokio::time::Instant::now() > deadline {
                self.differences.extend(differences.into_iter().map(|line| format!("never came true: {line}")));
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Repeats the command until `then` holds: what it shows may be a second behind.
    async fn command(&mut self, args: &[String], then: &Then) -> Result<()> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        loop {
            let ended = gateway::run(self.start.0, &self.stage, &args, &self.start.2.env).await?;
            let differences = command::judge(then, &ended, &self.stage.vars);
            if differences.is_empty() {
                return Ok(());
            }
            if tokio::time::Instant::now() > deadline {
                self.differences.extend(differences.into_iter().map(|line| format!("never came true: {line}")));
                return Ok(());
            }
            tokio::time::sleep(10 * POLL).await;
        }
    }

    fn start(&mut self, request: &Request, then: &Then, repeat: bool) -> Result<()> {
        ensure!(self.background.is_none(), "something already runs in the background");
        let plan = Plan::new(request, then, self.gateway()?, &self.stage)?;
        let (stop, stopped) = watch::channel(false);
        let mut task = JoinSet::new();
        let running = plan.clone();
        task.spawn(async move {
            let mut all = vec![running.run().await?];
            while repeat && !*stopped.borrow() {
                all.push(running.run().await?);
            }
            Ok(all)
        });
        self.background = Some(Background { plan, then: then.clone(), stop, task });
        Ok(())
    }

    async fn finish(&mut self, then: &Then) -> Result<()> {
        let mut background = self.background.take().context("nothing runs in the background")?;
        background.stop.send_replace(true);
        let ended =
            tokio::time::timeout(PATIENCE, background.task.join_next()).await.context("the background does not end")?;
        let all = ended.context("nothing ran")???;
        for sent in &all {
            for then in [&background.then, then] {
                let lines = judge::sent(then, &background.plan, sent, &self.stage.vars);
                self.differences.extend(lines.into_iter().map(|line| format!("in the background: {line}")));
            }
            // The expectation of an event stands where the exchange ends.
            self.owed.extend(Owed::new(then, &background.plan, sent, &self.stage));
        }
        self.differences.truncate(20);
        Ok(())
    }
}
