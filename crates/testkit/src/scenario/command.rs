//! Cases about a process that ends by itself: `check`, and a `run` that must not start.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;

use super::format::{Kind, Then};
use super::gateway::{self, Ended};
use super::load::Loaded;
use super::stage::{Stage, Vars};
use super::{Outcome, judge::Differences};
use crate::ca::TestCa;

/// Runs one `check` or `run` case.
pub async fn run(binary: &Path, configs: &Path, loaded: &Loaded, ca: &Arc<TestCa>) -> Outcome {
    let mut outcome = Outcome::new(loaded);
    match attempt(binary, configs, loaded, ca).await {
        Ok(differences) => outcome.differences = differences,
        Err(error) => outcome.differences.push(format!("{error:#}")),
    }
    outcome
}

async fn attempt(binary: &Path, configs: &Path, loaded: &Loaded, ca: &Arc<TestCa>) -> Result<Differences> {
    let case = &loaded.case;
    let stage = Stage::new(configs, ca).await?;
    stage.write(&case.given.files)?;
    let file = match (&case.given.path, &case.given.config) {
        (Some(path), _) => path.clone(),
        (None, Some(config)) => format!("{config}.yaml"),
        (None, None) => "portcullis.yaml".to_owned(),
    };
    let verb = if case.kind == Kind::Check { "check" } else { "run" };
    let mut args = vec![verb, "-c", &file];
    args.extend(case.given.args.iter().map(String::as_str));
    let ended = gateway::run(binary, &stage, &args, &case.given.env).await?;
    let mut differences = judge(&case.then, &ended, &stage.vars);
    if ended.output.contains("listening ") {
        differences.push(format!("something listened:\n{}", ended.output));
    }
    Ok(differences)
}

/// Judges exit status and output.
pub fn judge(then: &Then, ended: &Ended, vars: &Vars) -> Differences {
    let mut out = Differences::new();
    if then.exit.is_some() && then.exit != ended.code {
        out.push(format!("exit: expected {:?}, got {:?}:\n{}", then.exit, ended.code, ended.output));
    }
    let output = &ended.output;
    for text in then.output.iter().map(|text| vars.fill(text)).filter(|text| !output.contains(text)) {
        out.push(format!("output: expected `{text}` in:\n{output}"));
    }
    for text in then.output_lacks.iter().map(|text| vars.fill(text)).filter(|text| output.contains(text)) {
        out.push(format!("output: expected no `{text}` in:\n{output}"));
    }
    out
}
