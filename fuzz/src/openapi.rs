//! OpenAPI documents: any bytes load or are refused with places in them, and what loads can be asked for.

use std::borrow::Cow;
use std::path::Path;

use http::Uri;
use portcullis_core::Authority;
use portcullis_core::config::{ConfigError, Spanned};
use portcullis_routing::matcher::{Audience, Outcome};
use portcullis_routing::{ApiConfig, ApiInput, Compiled, Document, compile};
use portcullis_transport::target::{Target, canonical};
use serde_saphyr::Location;

/// All of it.
pub fn check(data: &[u8]) {
    let document = match Document::load(Path::new("shop.yaml"), data) {
        Ok(document) => document,
        Err(errors) => return refused(&errors, data),
    };
    located(document.warnings(), data);
    let name = Spanned::new("shop".to_owned(), Location::UNKNOWN, Location::UNKNOWN);
    let openapi = Spanned::new("shop.yaml".into(), Location::UNKNOWN, Location::UNKNOWN);
    for base_path in [None, Some(Spanned::new("/v1".to_owned(), Location::UNKNOWN, Location::UNKNOWN))] {
        let config = ApiConfig { openapi: openapi.clone(), hosts: None, base_path, lifecycle: None };
        let input = ApiInput { name: &name, config: &config, document: &document, operations: &[] };
        match compile(&[input]) {
            Ok(routes) => {
                assert_eq!(routes.operations().len(), document.operation_count());
                all_are_found(&routes);
            }
            Err(errors) => refused(&errors, data),
        }
    }
}

fn refused(errors: &[ConfigError], data: &[u8]) {
    assert!(!errors.is_empty(), "refused without a reason");
    located(errors, data);
}

/// What is missing has no place.
const MISSING: [&str; 2] = ["is no OpenAPI document", "declares no operation"];

fn located(findings: &[ConfigError], data: &[u8]) {
    // A lone CR ends a line too (YAML 1.2 §5.4).
    let lines = data.split(|byte| matches!(byte, b'\n' | b'\r')).count() as u64;
    for finding in findings {
        let is_missing = MISSING.iter().any(|missing| finding.message.starts_with(missing));
        let has_place = finding.line > 0 && finding.column > 0 && finding.line <= lines + 1;
        assert!(is_missing || has_place, "no place in the document: {finding}");
    }
}

/// A path made from a template finds an operation: that one, or one with a narrower template.
fn all_are_found(routes: &Compiled) {
    let authority = Authority { host: Cow::Borrowed("shop.example"), port: None };
    for operation in routes.operations() {
        let path = filled(&operation.template);
        let Ok(uri) = Uri::try_from(path.as_str()) else { continue };
        let Ok(Target::Origin(target)) = canonical(&uri, &operation.method) else { continue };
        let routed = routes.find(&authority, &target, &operation.method, Audience::Public).expect("any host");
        let is_found = match routed.outcome {
            Outcome::Operation(found) => found.method == operation.method || found.method == http::Method::GET,
            Outcome::MethodUnknown { .. } => true, // a narrower template that has other methods
            Outcome::Internal(_) | Outcome::PathUnknown => false,
        };
        assert!(is_found, "{} {path} of {} is not found", operation.method, operation.template);
    }
}

/// Each parameter becomes `zz9`.
fn filled(template: &str) -> String {
    let mut path = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        path.push_str(before);
        path.push_str("zz9");
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    path + rest
}
