use std::net::SocketAddr;
use std::process::ExitCode;

use serde_json::Value;

use super::{Args, CONFIGURATION, DOCUMENT, configuration, run};

#[test]
fn example_configuration_takes_the_demo_ports() {
    let text = configuration(SocketAddr::from(([127, 0, 0, 1], 4711))).unwrap();
    let parsed: Value = serde_saphyr::from_str(&text).unwrap();
    assert_eq!(parsed["listeners"][0]["address"], "127.0.0.1:0");
    assert_eq!(parsed["admin"]["address"], "127.0.0.1:0");
    assert_eq!(parsed["upstreams"]["shop"]["endpoints"][0], "http://127.0.0.1:4711");
    assert!(CONFIGURATION.lines().count() <= 40, "the example stays short");
}

#[test]
fn document_names_every_operation_once_and_only_what_is_documented() {
    let document: Value = serde_saphyr::from_str(DOCUMENT).unwrap();
    let mut ids = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters") {
            ids.push(operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path}")).to_owned());
        }
    }
    assert_eq!(ids.len(), 18);
    let mut unique = ids.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "an operationId twice");
    for hidden in ["/internal", "/management", "/v1"] {
        assert!(!DOCUMENT.contains(hidden), "{hidden} is what the shop does not admit");
    }
}

/// With the bare shop in the gateway's place, the demo ends 0 as long as no Control is claimed, and 1 as soon as one is.
#[test]
fn demo_fails_when_a_claimed_control_stops_nothing() {
    let claims: [(&[&str], ExitCode); 2] = [(&[], ExitCode::SUCCESS), (&["routing.operation"], ExitCode::FAILURE)];
    for (controls, expected) in claims {
        let mut config = None;
        let code = run(Args::default(), controls, |path| {
            let text = std::fs::read_to_string(path)?;
            assert!(path.with_file_name("shop.openapi.yaml").exists());
            config = Some(path.to_owned());
            let upstream = text.split("http://").nth(1).and_then(|rest| rest.split(']').next()).unwrap();
            Ok((upstream.parse()?, ()))
        });
        assert_eq!(format!("{:?}", code.unwrap()), format!("{expected:?}"), "{controls:?}");
        assert!(!config.unwrap().exists(), "the demo leaves no files");
    }
}
