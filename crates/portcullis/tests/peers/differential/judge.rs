//! Compares, for one upstream, what was sent, recorded and seen.

use std::collections::{HashMap, HashSet};

use anyhow::{Context as _, Result};
use portcullis_testkit::latin1;
use serde_json::Value;

use super::case::{Case, Seen};
use super::client::Answer;
use super::servers::{Logged, Recorded, text_of};

/// What came of one case.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Or why there are none.
    pub(crate) answers: Result<Vec<Answer>, String>,
    /// Of the honest request behind it.
    pub(crate) sentinel: Answer,
}

/// One gateway and its upstream.
#[derive(Debug)]
pub(crate) struct Lane<'a> {
    pub(crate) name: &'a str,
    pub(crate) corpus: &'a [Case],
    pub(crate) sent: &'a [Sent],
    /// Lines of the gateway's record.
    pub(crate) records: &'a [String],
    /// What the recorder behind it read.
    pub(crate) seen: &'a [Recorded],
    /// Its own log; `None` where it is the recorder.
    pub(crate) logged: Option<Vec<Logged>>,
}

/// By the id of the exchange.
type Records = HashMap<String, Record>;

/// One line of the record.
struct Record {
    method: String,
    template: String,
    verdict: String,
    bytes_in: u64,
    attempts: u64,
}

impl Lane<'_> {
    /// What disagrees, each on a line.
    pub(crate) fn judge(&self) -> Result<Vec<String>> {
        let records = read(self.records)?;
        let mut wrong = self.arrivals(&records);
        wrong.extend(self.own_log(&records));
        let mut by_case: HashMap<&str, Vec<&Recorded>> = HashMap::new();
        for seen in self.seen.iter().filter(|seen| seen.complete) {
            match name_of(&seen.target) {
                Some(name) => by_case.entry(name).or_default().push(seen),
                None => wrong.push(format!("of no case: {} {}", seen.method, seen.target)),
            }
        }
        for (case, sent) in self.corpus.iter().zip(self.sent) {
            let seen = by_case.remove(case.name.as_str()).unwrap_or_default();
            let said = if case.valid { valid(case, &seen, sent, &records) } else { odd(case, &seen, sent, &records) };
            let said = said.or_else(|| {
                (sent.sentinel.saw.as_deref() != Some("GET /sentinel"))
                    .then(|| format!("the next client got {:?}", sent.sentinel))
            });
            wrong.extend(said.map(|said| format!("{} ({}): {said}", case.name, case.why)));
        }
        wrong.extend(
            by_case.into_keys().filter(|name| !name.is_empty()).map(|name| format!("of no known case: {name}")),
        );
        Ok(wrong.into_iter().map(|line| format!("{}: {line}", self.name)).collect())
    }

    /// Whatever arrived is recorded once, under its method and template; whatever is recorded as allowed arrived once.
    fn arrivals(&self, records: &Records) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut arrived = HashSet::new();
        for seen in self.seen {
            let what = format!("{} {} ({})", seen.method, seen.target, seen.id());
            if let Some(error) = &seen.error {
                // The end of a connection in the middle of a request is how the gateway takes one back.
                if !error.contains("HPE_INVALID_EOF_STATE") && !error.contains("ECONNRESET") {
                    wrong.push(format!("no request: {error}"));
                }
                continue;
            }
            if !arrived.insert(seen.id()) {
                wrong.push(format!("arrived twice: {what}"));
            }
            let Some(record) = records.get(seen.id()) else {
                wrong.push(format!("not recorded: {what}"));
                continue;
            };
            if record.method != seen.method || !fits(&record.template, &seen.target) {
                wrong.push(format!("recorded as {} {}: {what}", record.method, record.template));
            }
            // Abandoned: the client broke its own stream when all of the request was on its way.
            if seen.complete != matches!(record.verdict.as_str(), "allow" | "abandoned") {
                wrong.push(format!("recorded as {}, complete {}: {what}", record.verdict, seen.complete));
            }
            let length = u64::try_from(seen.content.chars().count()).unwrap_or(u64::MAX);
            if seen.complete && record.bytes_in != length {
                wrong.push(format!("{length} bytes of content, recorded {}: {what}", record.bytes_in));
            }
        }
        for (id, record) in records.iter().filter(|(_, record)| record.verdict == "allow" && record.attempts > 0) {
            if !arrived.contains(id.as_str()) {
                wrong.push(format!("recorded and never seen: {} {} ({id})", record.method, record.template));
            }
        }
        wrong
    }

    /// The server's own log holds exactly what it passed on, and what was taken back.
    fn own_log(&self, records: &Records) -> Vec<String> {
        let Some(logged) = &self.logged else { return Vec::new() };
        let mut wrong = Vec::new();
        let complete: HashSet<&str> = self.seen.iter().filter(|seen| seen.complete).map(Recorded::id).collect();
        let mut met = HashSet::new();
        for line in logged {
            if !met.insert(line.id.as_str()) {
                wrong.push(format!("logged twice: {line:?}"));
            }
            let is_fine = match records.get(&line.id).map(|record| record.verdict.as_str()) {
                Some("allow") => line.status == 200,
                Some("abandoned") => true,
                Some(_) => line.status != 200,
                None => false,
            };
            if !is_fine {
                wrong.push(format!("in its log: {line:?}"));
            }
        }
        wrong.extend(complete.into_iter().filter(|id| !met.contains(id)).map(|id| format!("not in its log: {id}")));
        wrong
    }
}

/// The name in the path of a case; empty for what belongs to the test itself.
fn name_of(target: &str) -> Option<&str> {
    if target == "/sentinel" || target.starts_with("/probe/") {
        return Some("");
    }
    let rest = target.strip_prefix("/c/").or_else(|| target.strip_prefix("/smuggled/"))?;
    rest.split(['/', '?', ';', '!', '%']).next()
}

/// A request must be refused, or arrive as the one that it is.
fn odd(case: &Case, seen: &[&Recorded], sent: &Sent, records: &Records) -> Option<String> {
    if let Err(error) = &sent.answers {
        return Some(error.clone());
    }
    if seen.len() > case.seen.len() {
        return Some(format!("{} requests were seen: {}", seen.len(), list(seen)));
    }
    let served = sent.answers.iter().flatten().filter(|answer| answer.status == 200).count();
    let allowed =
        seen.iter().filter(|seen| records.get(seen.id()).is_some_and(|record| record.verdict == "allow")).count();
    if served != allowed {
        return Some(format!("{served} answers to {allowed} allowed requests of {}", list(seen)));
    }
    case.seen.iter().zip(seen).find_map(|(expected, seen)| differs(expected, seen))
}

/// A request must arrive.
fn valid(case: &Case, seen: &[&Recorded], sent: &Sent, records: &Records) -> Option<String> {
    if seen.len() != case.seen.len() {
        return Some(format!("{} requests were seen: {}; answers {:?}", seen.len(), list(seen), sent.answers));
    }
    odd(case, seen, sent, records)
}

fn differs(expected: &Seen, seen: &Recorded) -> Option<String> {
    if (&expected.method, &expected.target) != (&seen.method, &seen.target) {
        return Some(format!("seen as {} {}, is {} {}", seen.method, seen.target, expected.method, expected.target));
    }
    let content = latin1::to_bytes(&seen.content).unwrap_or_default();
    if expected.content.as_ref().is_some_and(|expected| *expected != content) {
        return Some(format!("another content was seen: {:?}", seen.content));
    }
    for (name, _) in &expected.fields {
        let lines = |fields: &[(String, String)]| -> Vec<String> {
            let same = fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
            same.map(|(_, value)| value.clone()).collect()
        };
        let (wanted, mut found) = (lines(&expected.fields), lines(&seen.fields));
        if name.eq_ignore_ascii_case("via") {
            found.truncate(wanted.len()); // ours stands behind
        }
        if wanted != found {
            return Some(format!("`{name}` was seen as {found:?}"));
        }
    }
    None
}

fn list(seen: &[&Recorded]) -> String {
    seen.iter().map(|seen| format!("{} {}", seen.method, seen.target)).collect::<Vec<_>>().join(", ")
}

/// Whether `target` is of `template`, which is literal, or has one parameter at its end.
fn fits(template: &str, target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    template.split_once('{').map_or(template == path, |(literal, _)| path.starts_with(literal))
}

fn read(lines: &[String]) -> Result<Records> {
    let mut records = HashMap::new();
    for line in lines {
        let value: Value = serde_json::from_str(line).with_context(|| format!("a record is no JSON: {line}"))?;
        let text = |key: &str| text_of(&value, key).to_owned();
        let number = |key: &str| value.get(key).and_then(Value::as_u64).unwrap_or_default();
        let record = Record {
            method: text("method"),
            template: text("template"),
            verdict: text("verdict"),
            bytes_in: number("bytes_in"),
            attempts: number("attempts"),
        };
        anyhow::ensure!(records.insert(text("id"), record).is_none(), "one id twice: {line}");
    }
    Ok(records)
}
