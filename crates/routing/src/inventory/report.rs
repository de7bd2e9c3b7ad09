//! What is told of the inventory: one entry for each Operation of the documents and each template that no document has.

use super::draft;
use super::shape::Shape;
use super::table::Rows;
use super::tree::named;
use super::usage::{Caller, Drift, Usage};
use crate::matcher::Compiled;
use http::Method;
use portcullis_core::{ApiId, Operation};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

/// What is said of an entry; it may be several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryState {
    /// In a document, and forwarded of late.
    Used,
    /// In a document, and not forwarded for long, or never.
    Unused,
    /// In no document, and forwarded: the upstream answers it.
    Undocumented,
    /// In no document, asked for, and refused.
    Refused,
    /// Clients should move on.
    Deprecated,
    /// Its sunset has passed.
    Ended,
    /// A later version of it is served as well.
    Superseded,
    /// Requests or responses break its contract.
    Drifted,
}

impl EntryState {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Used,
        Self::Unused,
        Self::Undocumented,
        Self::Refused,
        Self::Deprecated,
        Self::Ended,
        Self::Superseded,
        Self::Drifted,
    ];

    /// Its word.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Unused => "unused",
            Self::Undocumented => "undocumented",
            Self::Refused => "refused",
            Self::Deprecated => "deprecated",
            Self::Ended => "ended",
            Self::Superseded => "superseded",
            Self::Drifted => "drifted",
        }
    }
}

/// One Operation, or one method of a learned template. Times in seconds since the epoch.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// The same after a restart and a reload: `api:operationId`, or `api:METHOD /template` where no document has it.
    pub id: String,
    /// The API.
    pub api: String,
    /// The operationId.
    pub operation: Option<String>,
    /// The method.
    pub method: String,
    /// The path template, base path included.
    pub path: String,
    /// The version that the path names, as in `/v2/orders`.
    pub version: Option<String>,
    /// Hosts that it is served under; `None`: any.
    pub hosts: Option<Vec<String>>,
    /// Served on internal listeners only.
    pub internal: bool,
    /// A document has it.
    pub documented: bool,
    /// What is said of it.
    pub states: BTreeSet<EntryState>,
    /// When it ends, or has ended.
    pub sunset: Option<u64>,
    /// When it was seen first.
    pub first_seen: Option<u64>,
    /// When it was seen last.
    pub last_seen: Option<u64>,
    /// How often it was forwarded.
    pub forwarded: u64,
    /// How often it was refused.
    pub refused: u64,
    /// By status of the answer.
    pub statuses: BTreeMap<u16, u64>,
    /// Names of query pairs, where no document has them.
    pub parameters: Vec<String>,
    /// What JSON content of requests had.
    #[serde(skip)]
    pub(super) request: Option<Shape>,
    /// What JSON content of responses had.
    #[serde(skip)]
    pub(super) response: Option<Shape>,
    /// Who calls it, where it is deprecated or ends.
    pub callers: BTreeMap<IpAddr, Caller>,
    /// Calls of others.
    pub callers_left_out: u64,
    /// What broke the contract, by Reason.
    pub drift: BTreeMap<Cow<'static, str>, Drift>,
}

/// The inventory of one configuration.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Since when it is watched; `None`: no gateway has run with this data directory.
    pub watched_since: Option<u64>,
    /// Requests for what no document has that found no room, by API.
    pub left_out: BTreeMap<String, u64>,
    /// By API; Operations in the order of the document, then what no document has.
    pub entries: Vec<Entry>,
}

impl Report {
    /// What `rows` say of the Operations of `routes`. Forwarded before `used_since`, an Operation is unused.
    pub fn new(routes: &Compiled, rows: Rows, now: u64, used_since: u64) -> Self {
        let mut usages: HashMap<(Box<str>, Box<str>), Usage> = HashMap::new();
        for (api, name, usage) in rows.operations {
            usages.insert((api, name), usage);
        }
        let superseded = superseded(routes, now);
        let mut entries = Vec::new();
        let mut left_out = BTreeMap::new();
        let mut learned = rows.learned;
        learned.sort_by(|a, b| (&a.template, &a.method).cmp(&(&b.template, &b.method)));
        for (id, name) in routes.apis() {
            for operation in routes.operations_of(id) {
                let usage = usages.remove(&(name.into(), operation.name.clone())).unwrap_or_default();
                let mut entry = documented(routes, operation, usage, now, used_since);
                if superseded.contains(&operation.id.index()) {
                    entry.states.insert(EntryState::Superseded);
                }
                entries.push(entry);
            }
            entries.extend(learned.iter().filter(|row| *row.api == *name).map(|row| {
                let mut entry =
                    blank(routes, id, &row.method, format!("{}{}", routes.base_path(id), named(&row.template)));
                entry.states.insert(if row.is_refused { EntryState::Refused } else { EntryState::Undocumented });
                let seen = &row.learned;
                (entry.first_seen, entry.last_seen) = (Some(seen.first), Some(seen.last));
                *(if row.is_refused { &mut entry.refused } else { &mut entry.forwarded }) = seen.count;
                entry.statuses.clone_from(&seen.statuses);
                (entry.request, entry.response) = (seen.request.clone(), seen.response.clone());
                entry.parameters = seen.parameters.iter().map(ToString::to_string).collect();
                entry
            }));
            left_out.extend(
                rows.left_out.iter().filter(|(api, _)| **api == *name).map(|(api, count)| (api.to_string(), *count)),
            );
        }
        Self { watched_since: Some(rows.since).filter(|since| *since > 0), left_out, entries }
    }
}

impl Report {
    /// An OpenAPI 3.1 document of what no document of `api` has.
    pub fn draft(&self, routes: &Compiled, api: ApiId) -> serde_json::Value {
        draft::document(routes.api_name(api), routes.base_path(api), &self.entries)
    }

    /// APIs for which something was learned.
    pub fn learned(&self) -> BTreeSet<&str> {
        let learned = self.entries.iter().filter(|entry| entry.states.contains(&EntryState::Undocumented));
        learned.map(|entry| entry.api.as_str()).collect()
    }
}

fn blank(routes: &Compiled, api: ApiId, method: &str, path: String) -> Entry {
    let name = routes.api_name(api);
    let hosts = routes.hosts_of(api).map(|hosts| hosts.iter().map(ToString::to_string).collect());
    Entry {
        id: format!("{name}:{method} {path}"),
        api: name.to_owned(),
        operation: None,
        method: method.to_owned(),
        version: version(&path).map(|(_, text)| text.to_owned()),
        path,
        hosts,
        internal: false,
        documented: false,
        states: BTreeSet::new(),
        sunset: None,
        first_seen: None,
        last_seen: None,
        forwarded: 0,
        refused: 0,
        statuses: BTreeMap::new(),
        parameters: Vec::new(),
        request: None,
        response: None,
        callers: BTreeMap::new(),
        callers_left_out: 0,
        drift: BTreeMap::new(),
    }
}

fn documented(routes: &Compiled, operation: &Operation, usage: Usage, now: u64, used_since: u64) -> Entry {
    let mut entry = blank(routes, operation.api, operation.method.as_str(), operation.template.to_string());
    entry.id = format!("{}:{}", entry.api, operation.name);
    entry.operation = Some(operation.name.to_string());
    entry.documented = true;
    entry.internal = routes.is_internal(operation.id);
    let is_used = usage.last > 0 && usage.last >= used_since;
    entry.states.insert(if is_used { EntryState::Used } else { EntryState::Unused });
    if !usage.drift.is_empty() {
        entry.states.insert(EntryState::Drifted);
    }
    if let Some(lifecycle) = routes.lifecycle(operation.api, Some(operation.id)) {
        entry.sunset = lifecycle.sunset();
        if lifecycle.is_deprecated() {
            entry.states.insert(EntryState::Deprecated);
        }
        if lifecycle.check(now).is_err() {
            entry.states.insert(EntryState::Ended);
        }
    }
    let seen = |at: u64| Some(at).filter(|at| *at > 0);
    (entry.first_seen, entry.last_seen) = (seen(usage.first), seen(usage.last));
    (entry.forwarded, entry.refused) = (usage.count, usage.refused);
    (entry.statuses, entry.drift) = (usage.statuses, usage.drift);
    (entry.callers, entry.callers_left_out) = (usage.callers, usage.callers_left_out);
    entry
}

/// The first segment of a template that is a version, `v2` or `v1.1`: its numbers, and how it is written.
fn version(template: &str) -> Option<(Vec<u32>, &str)> {
    template.split('/').find_map(|segment| {
        let numbers = segment.strip_prefix('v')?.split('.').map(|part| part.parse().ok());
        Some((numbers.collect::<Option<Vec<u32>>>()?, segment))
    })
}

/// What stays of an Operation when versions and names of parameters are left out.
fn essence(operation: &Operation) -> (&Method, String) {
    let version = version(&operation.template).map(|(_, text)| text);
    let segment = |segment: &str| match segment {
        segment if Some(segment) == version => "{version}".to_owned(),
        segment if segment.starts_with('{') => "{}".to_owned(),
        segment => segment.to_owned(),
    };
    (&operation.method, operation.template.split('/').map(segment).collect::<Vec<_>>().join("/"))
}

/// Operations of which a later version is served under the same hosts, and that have not ended.
fn superseded(routes: &Compiled, now: u64) -> BTreeSet<usize> {
    let mut latest: HashMap<_, Vec<u32>> = HashMap::new();
    let key = |operation: &Operation| {
        let (method, path) = essence(operation);
        (routes.hosts_of(operation.api), method.clone(), path)
    };
    for operation in routes.operations() {
        let Some((numbers, _)) = version(&operation.template) else { continue };
        let known = latest.entry(key(operation)).or_default();
        if numbers > *known {
            *known = numbers;
        }
    }
    let is_superseded = |operation: &&Operation| {
        let has_ended =
            routes.lifecycle(operation.api, Some(operation.id)).is_some_and(|lifecycle| lifecycle.check(now).is_err());
        let version = version(&operation.template);
        !has_ended
            && version.is_some_and(|(numbers, _)| latest.get(&key(operation)).is_some_and(|last| *last > numbers))
    };
    routes.operations().iter().filter(is_superseded).map(|operation| operation.id.index()).collect()
}
