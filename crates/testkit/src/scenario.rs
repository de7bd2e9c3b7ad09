//! Runs the YAML cases of `scenarios/` against the real binary.

pub mod command;
pub mod format;
pub mod gateway;
pub mod group;
pub mod judge;
pub mod ledger;
pub mod load;
pub mod plan;
pub mod stage;
pub mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};

use crate::ca::TestCa;
use format::Kind;
use load::Loaded;

/// Most gateways started in one run: starts are the dear part, cases are cheap.
pub const MAX_STARTS: usize = 40;

/// Groups that run at the same time.
const LANES: usize = 2;

/// What became of one case.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// File and name.
    pub title: String,
    /// The rows it shows.
    pub rows: Vec<String>,
    /// Expected against got; empty when all holds.
    pub differences: Vec<String>,
}

/// What became of all cases.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// One entry a case, in file order.
    pub outcomes: Vec<Outcome>,
}

/// Cases that one gateway serves, or one case that needs its own process.
enum Work {
    Group(String, Vec<Loaded>),
    Single(Box<Loaded>),
}

impl Outcome {
    fn new(loaded: &Loaded) -> Self {
        Self { title: loaded.title(), rows: loaded.case.rows.clone(), differences: Vec::new() }
    }

    fn failed(title: String, difference: String) -> Self {
        Self { title, rows: Vec::new(), differences: vec![difference] }
    }
}

impl Report {
    /// True when every case held.
    pub fn is_ok(&self) -> bool {
        self.outcomes.iter().all(|outcome| outcome.differences.is_empty())
    }

    /// The cases that did not hold.
    pub fn failures(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| !outcome.differences.is_empty())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for outcome in &self.outcomes {
            let mark = if outcome.differences.is_empty() { "ok  " } else { "FAIL" };
            writeln!(f, "{mark} {} [{}]", outcome.title, outcome.rows.join(", "))?;
            for line in &outcome.differences {
                writeln!(f, "       {}", line.replace('\n', "\n       "))?;
            }
        }
        let failed = self.failures().count();
        writeln!(f, "{} cases, {failed} failed", self.outcomes.len())
    }
}

/// Runs every case of `scenarios` whose title or rows hold `$SCENARIO` (all without it) against `binary`.
pub fn run_all(binary: &Path, scenarios: &Path) -> Result<Report> {
    let filter = std::env::var("SCENARIO").unwrap_or_default();
    run_matching(binary, scenarios, &filter)
}

/// Runs every case whose title or rows hold `filter`.
pub fn run_matching(binary: &Path, scenarios: &Path, filter: &str) -> Result<Report> {
    let mut cases = load::load(scenarios)?;
    cases.retain(|loaded| loaded.title().contains(filter) || loaded.case.rows.iter().any(|row| row.contains(filter)));
    ensure!(!cases.is_empty(), "no case matches `{filter}`");
    let order: BTreeMap<String, usize> = cases.iter().enumerate().map(|(at, loaded)| (loaded.title(), at)).collect();
    let work = divide(cases)?;
    let configs = scenarios.join("configs");
    let ca = Arc::new(TestCa::new()?);
    let queue = Mutex::new(work);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| -> Result<()> {
        let lanes: Vec<_> = (0..LANES).map(|_| scope.spawn(|| lane(binary, &configs, &ca, &queue, &done))).collect();
        for lane in lanes {
            lane.join().map_err(|_| anyhow::anyhow!("the runner itself panicked"))??;
        }
        Ok(())
    })?;
    let mut outcomes = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by_key(|outcome: &Outcome| order.get(&outcome.title).copied().unwrap_or(usize::MAX));
    Ok(Report { outcomes })
}

/// How many gateways `cases` start: one per configuration, one per case of steps.
pub fn starts(cases: &[Loaded]) -> usize {
    let shared: BTreeSet<_> = cases.iter().filter_map(|loaded| shared_configuration(loaded)).collect();
    shared.len() + cases.iter().filter(|loaded| loaded.case.kind == Kind::Steps).count()
}

fn shared_configuration(loaded: &Loaded) -> Option<&str> {
    loaded.case.given.config.as_deref().filter(|_| loaded.case.kind == Kind::Exchange)
}

/// Groups the cases by configuration.
fn divide(cases: Vec<Loaded>) -> Result<Vec<Work>> {
    let starts = starts(&cases);
    ensure!(starts <= MAX_STARTS, "{starts} gateway starts, at most {MAX_STARTS}: share a configuration");
    let mut groups: BTreeMap<String, Vec<Loaded>> = BTreeMap::new();
    let mut singles = Vec::new();
    for loaded in cases {
        match shared_configuration(&loaded).map(str::to_owned) {
            Some(config) => groups.entry(config).or_default().push(loaded),
            None => singles.push(Work::Single(Box::new(loaded))),
        }
    }
    Ok(groups.into_iter().map(|(config, cases)| Work::Group(config, cases)).chain(singles).collect())
}

fn lane(
    binary: &Path,
    configs: &Path,
    ca: &Arc<TestCa>,
    queue: &Mutex<Vec<Work>>,
    done: &Mutex<Vec<Outcome>>,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("runtime")?;
    loop {
        let work = queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let outcomes = match work {
            None => return Ok(()),
            Some(Work::Group(config, cases)) => runtime.block_on(group::run(binary, configs, &config, &cases, ca)),
            Some(Work::Single(loaded)) if loaded.case.kind == Kind::Steps => {
                vec![runtime.block_on(steps::run(binary, configs, &loaded, ca))]
            }
            Some(Work::Single(loaded)) => vec![runtime.block_on(command::run(binary, configs, &loaded, ca))],
        };
        done.lock().unwrap_or_else(PoisonError::into_inner).extend(outcomes);
    }
}
