//! `inventory`: what the operations of a configuration are used for, and what no document has.

use super::{Format, complain, say, say_json};
use anyhow::{Context as _, bail};
use portcullis_core::{ApiId, Clock};
use portcullis_gateway::config::{self, LoadOptions, Plan};
use portcullis_gateway::inventory;
use portcullis_routing::inventory::{Entry, EntryState, Report};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Callers of one entry that people are shown; the JSON form has all.
const MAX_CALLERS: usize = 10;
/// Longest path that people are shown in the table, in characters.
const MAX_PATH: usize = 60;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How it is written.
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
    /// Exits 1 when an entry has one of these states: used, unused, undocumented, refused, deprecated (and still used), ended,
    /// superseded, drifted.
    #[arg(long, value_name = "STATES", value_delimiter = ',', value_parser = state)]
    fail_on: Vec<EntryState>,
    /// Days without a request after which an operation is unused.
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650))]
    unused_after: u32,
    /// Writes an OpenAPI 3.1 document of what no document has, learned from traffic, instead.
    #[arg(long, conflicts_with = "fail_on")]
    draft: bool,
    /// The API that `--draft` is about, where several have learned.
    #[arg(long, value_name = "NAME", requires = "draft")]
    api: Option<String>,
    /// The data directory, where it is not the one of the configuration.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

fn state(word: &str) -> Result<EntryState, String> {
    let found = EntryState::ALL.iter().copied().find(|state| state.id() == word);
    let known = || EntryState::ALL.iter().map(|state| state.id()).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| format!("accepted: {}", known()))
}

pub(super) fn run(path: &Path, args: &Args) -> anyhow::Result<ExitCode> {
    let clock = Clock::system();
    let options = LoadOptions { without_secrets: true, clock: clock.clone() };
    let mut plan = match config::load(path, &options) {
        Ok(loaded) => loaded.plan,
        Err(failed) => {
            bail!("the configuration does not load\n{}", config::print(&failed.errors, &failed.source, false))
        }
    };
    if let Some(data_dir) = &args.data_dir {
        plan.data_dir.clone_from(data_dir);
    }
    let now = clock.unix_micros() / 1_000_000;
    let used_since = now.saturating_sub(u64::from(args.unused_after).saturating_mul(24 * 60 * 60));
    let report = inventory::report(&plan, now, used_since)
        .with_context(|| format!("the inventory in `{}` cannot be read", plan.data_dir.display()))?;
    if report.watched_since.is_none() {
        complain(&format!("no gateway has run with `{}` yet\n", plan.data_dir.display()));
    }
    if args.draft {
        let draft = report.draft(&plan.routes, drafted(&plan, &report, args.api.as_deref())?);
        return match args.output {
            Format::Json => say_json(&draft),
            Format::Text => say(&serde_saphyr::to_string(&draft)?),
        };
    }
    match args.output {
        Format::Json => say_json(&serde_json::to_value(&report)?)?,
        Format::Text => say(&text(&report))?,
    };
    let fails = report.entries.iter().any(|entry| args.fail_on.iter().any(|state| is_in(entry, *state)));
    Ok(if fails { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The API that is drafted: the one that is asked for, the only one, or the only one that has learned.
fn drafted(plan: &Plan, report: &Report, asked: Option<&str>) -> anyhow::Result<ApiId> {
    let learned = report.learned();
    let names: Vec<&str> = plan.routes.apis().map(|(_, name)| name).collect();
    let name = match (asked, names.as_slice(), learned.len()) {
        (Some(asked), ..) => asked,
        (None, [only], _) => only,
        (None, _, 1) => learned.first().copied().unwrap_or_default(),
        (None, ..) => bail!("`--draft` is about one API: add `--api NAME`; accepted: {}", names.join(", ")),
    };
    let found = plan.routes.apis().find(|(_, known)| *known == name).map(|(id, _)| id);
    found.with_context(|| format!("no API `{name}`; accepted: {}", names.join(", ")))
}

/// Whether an entry is in a state that somebody wants to hear of. Deprecated is what it is meant to be until nobody uses it.
fn is_in(entry: &Entry, state: EntryState) -> bool {
    entry.states.contains(&state) && (state != EntryState::Deprecated || entry.states.contains(&EntryState::Used))
}

/// The inventory for people: a table for each API, then what needs a word.
pub(super) fn text(report: &Report) -> String {
    let mut out = String::new();
    if let Some(since) = report.watched_since {
        let _ = writeln!(out, "watched since {}\n", day(since));
    }
    let width = |of: fn(&Entry) -> usize| report.entries.iter().map(of).max().unwrap_or(0);
    let states = width(|entry| words(entry).len()).max(5);
    let methods = width(|entry| entry.method.len()).max(6);
    let paths = width(|entry| entry.path.chars().count()).clamp(4, MAX_PATH);
    let mut api = None;
    for entry in &report.entries {
        if api.replace(&entry.api) != Some(&entry.api) {
            let _ = writeln!(out, "{}", entry.api);
            let _ = writeln!(
                out,
                "  {:states$}  {:methods$}  {:paths$}  {:>9}  {:>7}  last seen",
                "state", "method", "path", "forwarded", "refused"
            );
        }
        let last = entry.last_seen.map_or_else(|| "never".to_owned(), day);
        let path: String = entry.path.chars().filter(|char| !char.is_control()).collect();
        let _ = writeln!(
            out,
            "  {:states$}  {:methods$}  {path:paths$}  {:>9}  {:>7}  {last}",
            words(entry),
            entry.method,
            entry.forwarded,
            entry.refused
        );
        notes(&mut out, entry);
    }
    for (api, count) in &report.left_out {
        if *count > 0 {
            let _ = writeln!(out, "{api}: {count} requests for other paths were not kept: there was no room for them");
        }
    }
    out
}

fn words(entry: &Entry) -> String {
    entry.states.iter().map(|state| state.id()).collect::<Vec<_>>().join(", ")
}

fn notes(out: &mut String, entry: &Entry) {
    for (reason, drift) in &entry.drift {
        let _ = writeln!(out, "      {reason}: {} times, last {}", drift.count, day(drift.last));
    }
    let mut callers: Vec<_> = entry.callers.iter().collect();
    callers.sort_by_key(|(_, caller)| std::cmp::Reverse(caller.last));
    for (client, caller) in callers.iter().take(MAX_CALLERS) {
        let _ = writeln!(out, "      called by {client}: {} times, last {}", caller.count, day(caller.last));
    }
    if let Some(more) = callers.len().checked_sub(MAX_CALLERS).filter(|more| *more > 0) {
        let _ = writeln!(out, "      and {more} more callers");
    }
}

/// A day of the calendar, UTC.
fn day(seconds: u64) -> String {
    let at = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    at.unwrap_or_default().strftime("%Y-%m-%d").to_string()
}
