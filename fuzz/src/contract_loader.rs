//! The contract of an OpenAPI document: any bytes load or are refused with places in them, and what loads judges requests
//! without a panic. Routing reads the same document; both agree on its operations.

use std::path::Path;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use portcullis_core::config::{ConfigError, Severity};
use portcullis_schema::config::{Config, OnViolation, ReadOnly, Unknown};
use portcullis_schema::contract::{Contract, Expected, compile};

const CONTENT: [(&str, &[u8]); 4] = [
    ("application/json", br#"{"id":1,"name":"a","items":[{"id":"x"},null,1.5],"when":"2026-01-01"}"#),
    ("application/json", b"[]"),
    ("application/x-www-form-urlencoded", b"id=1&name=a&name=b"),
    ("multipart/form-data; boundary=B", b"--B\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n1\r\n--B--\r\n"),
];

thread_local! {
    static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a folder");
}

/// All of it.
pub fn check(data: &[u8]) {
    let path = FOLDER.with(|folder| folder.path().join("api.yaml"));
    std::fs::write(&path, data).expect("a file");
    let strip = Config {
        unknown: Unknown::Strip,
        read_only: ReadOnly::Strip,
        on_violation: OnViolation::Refuse,
        ..Config::default()
    };
    let outcomes = [Config::default(), strip].map(|config| match compile(&path, &config) {
        Ok(document) => {
            located(&document.warnings, &path, data);
            assert!(
                document.warnings.iter().all(|finding| finding.severity != Severity::Error),
                "errors are no warnings"
            );
            document.contracts.iter().for_each(|(_, contract)| judges(contract));
            Some(document.contracts.len())
        }
        Err(errors) => {
            assert!(errors.iter().any(|finding| finding.severity == Severity::Error), "refused without a reason");
            located(&errors, &path, data);
            None
        }
    });
    assert_eq!(outcomes[0], outcomes[1], "what loads depends on what becomes of violations");
    if let (Some(count), Ok(document)) = (outcomes[0], portcullis_routing::Document::load(&path, data)) {
        assert_eq!(count, document.operation_count(), "routing and the contract see other operations");
    }
}

/// What is missing has no place.
const MISSING: [&str; 2] = ["is no OpenAPI document", "declares no operation"];

fn located(findings: &[ConfigError], path: &Path, data: &[u8]) {
    // A lone CR ends a line too (YAML 1.2 §5.4).
    let lines = data.split(|byte| matches!(byte, b'\n' | b'\r')).count() as u64;
    for finding in findings {
        assert!(!finding.message.is_empty());
        assert!(finding.file.as_deref().is_none_or(|file| file == path), "another file: {finding}");
        let is_missing = MISSING.iter().any(|missing| finding.message.starts_with(missing));
        let has_place = finding.line > 0 && finding.column > 0 && finding.line <= lines + 1;
        assert!(is_missing || has_place, "no place in the document: {finding}");
    }
}

/// What passes is passed again as it is: what was taken out is gone.
fn judges(contract: &std::sync::Arc<Contract>) {
    for (media, content) in CONTENT {
        let headers: HeaderMap = [(CONTENT_TYPE, HeaderValue::from_static(media))].into_iter().collect();
        let Ok(Expected::Whole(rules)) = contract.expected(&headers, false) else { continue };
        let Ok(accepted) = rules.judge(content.to_vec(), 10_000) else { continue };
        assert!(accepted.is_changed || accepted.content == content, "changed, and not said");
        match rules.judge(accepted.content.clone(), 10_000) {
            Ok(again) => assert_eq!(again.content, accepted.content, "not the same the second time"),
            // A form of which nothing is left is none.
            Err(_) => assert_ne!(media, "application/json", "what passes does not pass again"),
        }
    }
}
