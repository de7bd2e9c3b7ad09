//! One exchange as one line of JSON, written straight into the core's buffer.

use crate::lane::Names;
use portcullis_core::{Place, Record};
use std::io::Write as _;
use std::net::IpAddr;

/// `2026-11-25T07:23:15`, kept for the second it is true, so that a line does not format a date.
#[derive(Debug, Default)]
pub(crate) struct Second {
    at: u64,
    text: String,
}

impl Second {
    fn text(&mut self, second: u64) -> &str {
        if self.at != second || self.text.is_empty() {
            self.at = second;
            let stamp = i64::try_from(second).ok().and_then(|second| jiff::Timestamp::from_second(second).ok());
            self.text = stamp.unwrap_or(jiff::Timestamp::UNIX_EPOCH).strftime("%Y-%m-%dT%H:%M:%S").to_string();
        }
        &self.text
    }
}

impl Second {
    /// The whole time stamp of a moment in microseconds since the epoch.
    pub(crate) fn stamp(&mut self, micros: u64) -> String {
        format!("{}.{:06}Z", self.text(micros / 1_000_000), micros % 1_000_000)
    }
}

/// Appends the line of `record`, newline included. Keys are stable; those without a value are left out.
pub(crate) fn write(out: &mut Vec<u8>, record: &Record, names: &Names<'_>, second: &mut Second) {
    out.extend_from_slice(b"{\"time\":\"");
    out.extend_from_slice(second.text(record.started_at / 1_000_000).as_bytes());
    let micros = record.started_at % 1_000_000;
    // Six digits: the fraction of the second.
    let mut digits = itoa::Buffer::new();
    let fraction = digits.format(micros);
    out.push(b'.');
    out.extend(std::iter::repeat_n(b'0', 6_usize.saturating_sub(fraction.len())));
    out.extend_from_slice(fraction.as_bytes());
    out.extend_from_slice(b"Z\",\"id\":\"");
    let mut id = [0_u8; uuid::fmt::Hyphenated::LENGTH];
    out.extend_from_slice(record.id.0.hyphenated().encode_lower(&mut id).as_bytes());
    out.push(b'"');
    if let Some(api) = names.api {
        text(out, "api", api);
    }
    if let Some(operation) = names.operation {
        text(out, "operation", &operation.name);
        text(out, "template", &operation.template);
    }
    out.extend_from_slice(b",\"client\":\"");
    address(out, record.client);
    out.push(b'"');
    if let Some(sha256) = &record.client_certificate {
        key(out, "client_certificate");
        out.push(b'"');
        for byte in sha256 {
            out.extend(
                [byte >> 4, byte & 15].map(|digit| if digit < 10 { b'0' | digit } else { b'W'.wrapping_add(digit) }),
            );
        }
        out.push(b'"');
    }
    text(out, "method", record.method.as_str());
    number(out, "http", u64::from(record.http));
    number(out, "status", u64::from(record.status));
    plain(out, "verdict", record.verdict.id());
    if let Some(reason) = record.reason {
        plain(out, "control", reason.control().id());
        plain(out, "reason", reason.id());
        plain(out, "mode", record.mode.id());
    }
    findings(out, record);
    if let Some(upstream) = names.upstream {
        text(out, "upstream", upstream);
    }
    if let Some(endpoint) = record.endpoint {
        number(out, "endpoint", u64::from(endpoint));
    }
    number(out, "attempts", u64::from(record.attempts));
    number(out, "bytes_in", record.bytes_in);
    number(out, "bytes_out", record.bytes_out);
    out.extend_from_slice(b",\"micros\":{\"decided\":");
    integer(out, u64::from(record.stages.decided));
    number(out, "answered", u64::from(record.stages.answered));
    number(out, "ended", u64::from(record.stages.ended));
    out.push(b'}');
    if record.removed_fields > 0 {
        number(out, "removed_fields", u64::from(record.removed_fields));
    }
    number(out, "snapshot", record.snapshot);
    violations(out, record);
    if let Some(detail) = &record.detail {
        text(out, "detail", detail);
    }
    out.extend_from_slice(b"}\n");
}

fn findings(out: &mut Vec<u8>, record: &Record) {
    let mut separator: &[u8] = b",\"monitored\":[";
    for finding in record.findings() {
        out.extend_from_slice(separator);
        out.extend_from_slice(b"{\"control\":\"");
        out.extend_from_slice(finding.control.id().as_bytes());
        out.extend_from_slice(b"\",\"reason\":\"");
        out.extend_from_slice(finding.reason.id().as_bytes());
        out.extend_from_slice(b"\"}");
        separator = b",";
    }
    if separator == b"," {
        out.push(b']');
    }
}

fn violations(out: &mut Vec<u8>, record: &Record) {
    let mut separator: &[u8] = b",\"violations\":[{";
    for violation in &record.violations {
        out.extend_from_slice(separator);
        out.extend_from_slice(b"\"rule\":\"");
        out.extend_from_slice(violation.rule.as_bytes());
        out.push(b'"');
        match &violation.place {
            Place::Parameter(name) => text(out, "parameter", name),
            Place::Pointer(pointer) => text(out, "pointer", pointer),
            Place::Byte(offset) => number(out, "byte", *offset),
        }
        separator = b"},{";
    }
    if separator == b"},{" {
        out.extend_from_slice(b"}]");
    }
}

fn key(out: &mut Vec<u8>, key: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}

/// A value from our own tables: nothing in it needs an escape.
fn plain(out: &mut Vec<u8>, name: &str, value: &str) {
    key(out, name);
    out.push(b'"');
    out.extend_from_slice(value.as_bytes());
    out.push(b'"');
}

/// A value that the configuration, a document or a peer wrote.
fn text(out: &mut Vec<u8>, name: &str, value: &str) {
    if value.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        return plain(out, name, value);
    }
    key(out, name);
    // Writing into a Vec cannot fail, and a str is always serialisable.
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.extend_from_slice(b"null");
    }
}

fn number(out: &mut Vec<u8>, name: &str, value: u64) {
    key(out, name);
    integer(out, value);
}

fn integer(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

fn address(out: &mut Vec<u8>, address: IpAddr) {
    if let IpAddr::V4(v4) = address {
        let mut separator: &[u8] = b"";
        for octet in v4.octets() {
            out.extend_from_slice(separator);
            integer(out, u64::from(octet));
            separator = b".";
        }
    } else if write!(out, "{address}").is_err() {
        out.extend_from_slice(b"?"); // writing into a Vec cannot fail
    }
}

#[cfg(test)]
mod tests;
