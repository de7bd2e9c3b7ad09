//! Compares what came with what a case expects. Every function returns the differences, each as one line.

use serde_json::Value;

use super::format::{Content, Match, Rule, Saw, Then};
use super::plan::{Plan, Sent};
use super::stage::Vars;
use crate::client::frames::Ending;
use crate::client::{Answer, values};
use crate::latin1::to_text;
use crate::upstream::Seen;

/// The differences found.
pub type Differences = Vec<String>;

/// Judges what the client saw.
pub fn sent(then: &Then, plan: &Plan, sent: &Sent, vars: &Vars) -> Differences {
    let mut out = Differences::new();
    if let Some(ending) = sent.ending.as_ref().map(Ending::word) {
        if !then.h2.contains(&ending) {
            out.push(format!("frames: expected one of {:?}, got `{ending}`", then.h2));
        }
        return out;
    }
    let Some(answer) = &sent.answer else {
        if then.cut {
            return out;
        }
        if !then.no_answer {
            out.push("closed without an answer".to_owned());
        } else if let Some(alert) = &then.alert {
            if !sent.trouble.as_ref().is_some_and(|trouble| trouble.contains(alert)) {
                out.push(format!("alert: expected `{alert}`, got `{}`", sent.trouble.as_deref().unwrap_or("none")));
            }
        } else if sent.rest.is_none() {
            out.push("no answer, as expected, but the connection stays open".to_owned());
        }
        return out;
    };
    if then.no_answer {
        out.push(format!("expected no answer, got {}", answer.status));
        return out;
    }
    if !then.status.is_empty() && !then.status.contains(&answer.status) {
        let content = to_text(answer.body.get(..answer.body.len().min(300)).unwrap_or_default());
        out.push(format!("status: expected {:?}, got {}: {content}", then.status, answer.status));
    }
    if then.cut && answer.complete && !(500..600).contains(&answer.status) {
        out.push(format!("expected nothing whole, got a whole {}", answer.status));
    }
    if then.answers.is_some_and(|answers| answers != sent.answers) {
        out.push(format!("answers: expected {:?}, got {}", then.answers, sent.answers));
    }
    if then.closed {
        match sent.rest.as_deref() {
            None => out.push("connection: expected a close, it stays open".to_owned()),
            Some([]) => {}
            Some(rest) => out.push(format!("connection: more bytes after the answer: `{}`", to_text(rest))),
        }
    }
    if plan.is_exchange {
        out.extend(rule("x-request-id", &answer.values("x-request-id"), &request_id(), vars));
    }
    out.extend(head_and_content(then, answer, plan.is_head, vars));
    if let Some(echo) = &then.echo {
        let got = sent.echoed.as_deref().map(to_text).unwrap_or_default();
        if got != *echo {
            out.push(format!("tunnel: expected `{echo}` back, got `{got}`"));
        }
    }
    out
}

fn head_and_content(then: &Then, answer: &Answer, is_head: bool, vars: &Vars) -> Differences {
    let mut out = Differences::new();
    if then.interim.as_ref().is_some_and(|interim| *interim != answer.interim) {
        out.push(format!("interim: expected {:?}, got {:?}", then.interim, answer.interim));
    }
    for (name, expected) in &then.headers {
        out.extend(rule(name, &answer.values(name), expected, vars));
    }
    for (name, expected) in &then.trailers {
        out.extend(rule(&format!("trailer {name}"), &values(&answer.trailers, name), expected, vars));
    }
    if let Some(expected) = &then.body {
        out.extend(content(expected, &answer.body, vars));
        if !answer.complete {
            out.push("content was cut short".to_owned());
        }
    }
    if let Some(expected) = &then.problem {
        out.extend(problem(expected, answer, is_head));
    }
    out
}

/// Every answer of the data plane carries our request id (edge/Y29).
fn request_id() -> Rule {
    Rule::Match(Match { format: Some("uuidv7".to_owned()), ..Match::default() })
}

/// RFC 9457: media type, `type`, the status again, the request id as `instance`.
fn problem(expected: &Value, answer: &Answer, is_head: bool) -> Differences {
    let mut out = Differences::new();
    let media = answer.values("content-type").join(", ");
    if media.split(';').next() != Some("application/problem+json") {
        out.push(format!("problem: content-type is `{media}`"));
    }
    if is_head {
        return out;
    }
    let Ok(document) = serde_json::from_slice::<Value>(&answer.body) else {
        out.push(format!("problem: no JSON: `{}`", to_text(&answer.body)));
        return out;
    };
    let text = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default();
    if document.get("status").and_then(Value::as_u64) != Some(answer.status.into()) {
        out.push(format!("problem: `status` differs from {}: {document}", answer.status));
    }
    let id = answer.values("x-request-id").join("");
    if id.is_empty() || !text("instance").contains(&id) {
        out.push(format!("problem: `instance` does not hold the request id `{id}`: {document}"));
    }
    let suffix = expected.as_str().unwrap_or_default();
    if text("type").is_empty() || text("title").is_empty() || !text("type").ends_with(suffix) {
        out.push(format!("problem: expected `type` to end with `{suffix}` and a `title`: {document}"));
    }
    out
}

/// Judges the lines of one field name.
pub fn rule(name: &str, lines: &[&str], rule: &Rule, vars: &Vars) -> Differences {
    let wrong = match rule {
        Rule::Absent => (!lines.is_empty()).then(|| "absent".to_owned()),
        Rule::Equal(expected) => {
            let expected: Vec<_> = expected.iter().map(|value| vars.fill(value)).collect();
            (lines != expected).then(|| format!("{expected:?}"))
        }
        Rule::Match(expected) => {
            let count = expected.count.unwrap_or(1);
            let holds = lines.len() == count && lines.iter().all(|line| matches(expected, line, vars));
            (!holds).then(|| format!("{count} × {expected:?}"))
        }
    };
    wrong.map(|expected| format!("{name}: expected {expected}, got {lines:?}")).into_iter().collect()
}

fn matches(rule: &Match, value: &str, vars: &Vars) -> bool {
    let holds =
        |text: &Option<String>, test: &dyn Fn(&str) -> bool| text.as_deref().is_none_or(|t| test(&vars.fill(t)));
    holds(&rule.contains, &|text| value.contains(text))
        && holds(&rule.lacks, &|text| !value.contains(text))
        && holds(&rule.starts_with, &|text| value.starts_with(text))
        && holds(&rule.not, &|text| value != text)
        && rule.max_bytes.is_none_or(|max| value.len() <= max)
        && rule.max_members.is_none_or(|max| value.split(',').count() <= max)
        && holds(&rule.format, &|format| has_format(format, value))
}

fn has_format(format: &str, value: &str) -> bool {
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let parts: Vec<_> = value.split('-').collect();
    let lengths: Vec<_> = parts.iter().map(|part| part.len()).collect();
    let all_hex = parts.iter().all(|part| hex(part));
    match format.split_once(' ').unwrap_or((format, "")) {
        ("uuidv7", _) => {
            all_hex && lengths == [8, 4, 4, 4, 12] && parts.get(2).is_some_and(|part| part.starts_with('7'))
        }
        ("traceparent", _) => all_hex && lengths == [2, 32, 16, 2] && parts.first() == Some(&"00"),
        ("methods", expected) => {
            let set = |list: &str| {
                let mut methods: Vec<_> = list.split(',').map(|method| method.trim().to_owned()).collect();
                methods.sort();
                methods
            };
            set(expected) == set(value)
        }
        _ => false,
    }
}

/// Judges a content.
pub fn content(expected: &Content, body: &[u8], vars: &Vars) -> Differences {
    let mut out = Differences::new();
    let text = to_text(body);
    let shown: String = text.chars().take(600).collect();
    if let Some(equal) = expected.equals.as_ref().map(|text| vars.fill(text)).filter(|equal| *equal != text) {
        out.push(format!("content: expected `{equal}`, got `{shown}`"));
    }
    for part in expected.contains.iter().map(|part| vars.fill(part)).filter(|part| !text.contains(part)) {
        out.push(format!("content: expected `{part}` in `{shown}`"));
    }
    for part in expected.lacks.iter().map(|part| vars.fill(part)).filter(|part| text.contains(part)) {
        out.push(format!("content: expected no `{part}` in `{shown}`"));
    }
    if expected.size.is_some_and(|size| size != body.len()) {
        out.push(format!("content: expected {:?} bytes, got {}", expected.size, body.len()));
    }
    if let Some(json) = &expected.json {
        match serde_json::from_slice(body) {
            Ok(actual) => out.extend(subset("content", &vars.fill_value(json), &actual)),
            Err(_) => out.push(format!("content: no JSON: `{shown}`")),
        }
    }
    out
}

/// `actual` holds all of `expected`: objects by key (null means absent), arrays element by element in any place.
pub fn subset(path: &str, expected: &Value, actual: &Value) -> Differences {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => expected
            .iter()
            .flat_map(|(key, value)| subset(&format!("{path}.{key}"), value, actual.get(key).unwrap_or(&Value::Null)))
            .collect(),
        (Value::Array(expected), Value::Array(items)) => expected
            .iter()
            .filter(|value| !items.iter().any(|item| subset(path, value, item).is_empty()))
            .map(|value| format!("{path}: expected {value} among {actual}"))
            .collect(),
        _ if expected == actual => Differences::new(),
        _ => vec![format!("{path}: expected {expected}, got {actual}")],
    }
}

/// Judges what reached the upstream.
pub fn upstream(expected: &Saw, seen: &[Seen], vars: &Vars) -> Differences {
    let mut out = Differences::new();
    let whole = seen.iter().filter(|seen| seen.complete).count();
    for (kind, expected, got) in [("", expected.count, seen.len()), ("whole ", expected.whole, whole)] {
        if let Some(expected) = expected.filter(|expected| *expected != got) {
            let lines: Vec<_> = seen.iter().map(|seen| format!("{} {}", seen.method, seen.target)).collect();
            out.push(format!("upstream: expected {expected} {kind}requests, saw {got}: {lines:?}"));
        }
    }
    let Some(seen) = seen.last() else { return out };
    let last = &expected.last;
    for (what, expected, got) in [("method", &last.method, &seen.method), ("target", &last.target, &seen.target)] {
        if let Some(expected) = expected.as_ref().map(|text| vars.fill(text)).filter(|expected| expected != got) {
            out.push(format!("upstream {what}: expected `{expected}`, got `{got}`"));
        }
    }
    if last.endpoint.is_some_and(|endpoint| endpoint != seen.endpoint) {
        out.push(format!("upstream endpoint: expected {:?}, got {}", last.endpoint, seen.endpoint));
    }
    if last.nth.is_some_and(|nth| nth != seen.nth) {
        out.push(format!("upstream: expected request {:?} of its connection, got {}", last.nth, seen.nth));
    }
    for (name, expected) in &last.headers {
        out.extend(rule(&format!("upstream {name}"), &values(&seen.headers, name), expected, vars));
    }
    for (name, expected) in &last.trailers {
        out.extend(rule(&format!("upstream trailer {name}"), &values(&seen.trailers, name), expected, vars));
    }
    if let Some(expected) = &last.body {
        out.extend(content(expected, &seen.body, vars).into_iter().map(|difference| format!("upstream {difference}")));
    }
    out
}

/// Two answers are the same, bar the request id and the date.
pub fn same(one: &Answer, other: &Answer) -> Differences {
    let mut out = Differences::new();
    if one.status != other.status {
        out.push(format!("same_as: status {} against {}", one.status, other.status));
    }
    let heads = [one, other].map(|answer| {
        let lines = answer
            .headers
            .iter()
            .filter(|(name, _)| !matches!(name.to_ascii_lowercase().as_str(), "x-request-id" | "date"));
        lines.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>()
    });
    let [first, second] = &heads;
    if first != second {
        out.push(format!("same_as: headers {first:?} against {second:?}"));
    }
    let [first, second] = [one, other].map(|answer| {
        let id = answer.values("x-request-id").join("");
        let text = to_text(&answer.body);
        if id.is_empty() { text } else { text.replace(&id, "ID") }
    });
    if first != second {
        out.push(format!("same_as: content `{first}` against `{second}`"));
    }
    out
}

#[cfg(test)]
mod tests;
