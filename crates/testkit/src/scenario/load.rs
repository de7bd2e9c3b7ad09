//! Reads `scenarios/` and refuses cases that could not fail.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::format::{Case, Kind, Then, Via};

/// A case and where it was written.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The file, relative to the scenario directory.
    pub file: PathBuf,
    /// The case.
    pub case: Case,
}

impl Loaded {
    /// `routing.host/names.yaml: known host is served`
    pub fn title(&self) -> String {
        format!("{}: {}", self.file.display(), self.case.name)
    }
}

/// All cases below `directory`, in the order of their file names. `configs/` holds no cases.
pub fn load(directory: &Path) -> Result<Vec<Loaded>> {
    let mut cases = Vec::new();
    for control in entries(directory)? {
        if !control.is_dir() || control.file_name().is_some_and(|name| name == "configs") {
            continue;
        }
        for path in entries(&control)? {
            if path.extension().is_none_or(|extension| extension != "yaml") {
                continue;
            }
            let file = path.strip_prefix(directory)?.to_owned();
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let read: Vec<Case> = parse(&text).with_context(|| format!("in {}", file.display()))?;
            cases.extend(read.into_iter().map(|case| Loaded { file: file.clone(), case }));
        }
    }
    for loaded in &cases {
        validate(&loaded.case).with_context(|| loaded.title())?;
    }
    Ok(cases)
}

/// The cases of one file.
pub fn parse(text: &str) -> Result<Vec<Case>> {
    Ok(serde_saphyr::from_str(text)?)
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>> {
    let read = std::fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    let mut paths: Vec<_> = read.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.sort();
    Ok(paths)
}

/// A case that expects nothing, or lacks what its kind needs, would pass whatever the gateway does.
pub fn validate(case: &Case) -> Result<()> {
    for row in &case.rows {
        let (list, id) = row.split_once('/').unwrap_or_default();
        ensure!(!list.is_empty() && !id.is_empty(), "row `{row}`: expected FILE/ID, as `edge/N1`");
    }
    let then = &case.then;
    match case.kind {
        Kind::Exchange => {
            ensure!(case.given.config.is_some(), "`given.config` is missing");
            ensure!(!case.when.is_empty(), "`when` is missing");
            let judged = !then.status.is_empty() || then.no_answer || !then.h2.is_empty();
            ensure!(judged, "`then.status`, `then.no_answer` or `then.h2` is missing");
            for request in &case.when {
                let is_h2 = matches!(request.via, Via::H2 | Via::H2c);
                ensure!(request.frames.is_empty() == then.h2.is_empty(), "`frames` and `then.h2` need each other");
                ensure!(request.frames.is_empty() || is_h2, "`frames` need `via: h2c` or `h2`");
            }
            ensure!(!(then.cut && then.no_answer), "`cut` allows an answer, `no_answer` does not");
            ensure!(case.steps.is_empty() && then.exit.is_none(), "`steps` and `exit` are for other kinds");
        }
        Kind::Steps => {
            ensure!(case.when.is_empty() && !case.steps.is_empty(), "expected `steps` and no `when`");
            let judged = case.steps.iter().any(|step| judges(&step.then) || step.output.is_some());
            ensure!(judged, "no step expects anything");
        }
        Kind::Check | Kind::Run => {
            ensure!(then.exit.is_some(), "`then.exit` is missing");
            ensure!(case.when.is_empty() && case.steps.is_empty(), "`when` and `steps` are for other kinds");
            if then.status.len() + then.headers.len() > 0 || then.upstream_saw.is_some() {
                bail!("expectations of an answer are for other kinds");
            }
        }
    }
    Ok(())
}

fn judges(then: &Then) -> bool {
    !then.status.is_empty() || then.no_answer || then.exit.is_some()
}

#[cfg(test)]
mod tests;
