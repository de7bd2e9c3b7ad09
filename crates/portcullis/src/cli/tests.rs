//! What the command line promises without a network.

use super::explain::words;
use super::{Cli, Command, init};
use clap::{CommandFactory as _, Parser as _};
use portcullis_core::{Control, Mode};
use portcullis_gateway::config::{LoadOptions, load};
use serde_json::{Value, json};
use std::path::Path;

#[test]
fn definition_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn config_is_accepted_on_either_side_of_the_command() {
    for line in [["portcullis", "-c", "a.yaml", "run"], ["portcullis", "run", "-c", "a.yaml"]] {
        assert_eq!(Cli::try_parse_from(line).unwrap().config, std::path::Path::new("a.yaml"));
    }
    assert_eq!(Cli::try_parse_from(["portcullis", "check"]).unwrap().config, std::path::Path::new("portcullis.yaml"));
    assert!(Cli::try_parse_from(["portcullis"]).is_err(), "no command is asked wrongly");
}

#[test]
fn help_shows_examples() {
    for name in ["run", "check", "init", "explain", "inventory", "demo", "completions", "man"] {
        let mut command = Cli::command();
        let help = command.find_subcommand_mut(name).unwrap().render_help().to_string();
        assert!(help.contains("Example"), "{name}");
    }
    insta::assert_snapshot!(Cli::command().render_long_help());
}

#[test]
fn records_are_explained_in_words() {
    let record = json!({
        "time": "2026-11-25T08:00:00.000Z", "id": "01936d5e", "client": "192.0.2.1", "method": "GET", "http": 2, "status": 404,
        "verdict": "deny", "control": "routing.operation", "reason": "routing.operation_unknown", "api": "shop",
        "monitored": [{ "control": "response.headers", "reason": "x.y" }], "micros": { "decided": 12 }, "detail": "a\u{1b}[31mb",
        "bytes_in": 0, "bytes_out": 190, "snapshot": 3,
    });
    let Value::Object(record) = record else { panic!("a record is an object") };
    insta::assert_snapshot!(words(&record));
}

fn run_init(document: &Path, upstream: &str, output: &Path) -> anyhow::Result<()> {
    let (document, output) = (document.to_str().unwrap(), output.to_str().unwrap());
    let line = ["portcullis", "init", "--openapi", document, "--upstream", upstream, "-o", output];
    let Command::Init(args) = Cli::try_parse_from(line).unwrap().command else { panic!("init") };
    init::run(&args).map(drop)
}

#[test]
fn init_writes_what_loads_and_never_over_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("my shop.openapi.yaml");
    std::fs::write(&document, "openapi: 3.0.3\npaths: { /a: { get: { operationId: a } }, /b: { get: {} } }\n").unwrap();
    let output = folder.path().join("portcullis.yaml");
    run_init(&document, "https://[::1]:8443/", &output).unwrap();
    let written = std::fs::read_to_string(&output).unwrap();
    insta::assert_snapshot!(written);
    let loaded = load(&output, &LoadOptions::default()).unwrap();
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    assert_eq!(loaded.plan.operations.len(), 2);

    assert!(run_init(&document, "http://127.0.0.1:8000", &output).is_err(), "the file is there");
    assert_eq!(std::fs::read_to_string(&output).unwrap(), written);
    let other = folder.path().join("other.yaml");
    for (upstream, why) in
        [("ftp://x", "no HTTP"), ("http://a/b", "a path"), ("http://127.0.0.1:8080", "our own listener")]
    {
        assert!(run_init(&document, upstream, &other).is_err(), "{why}");
    }
    assert!(!other.exists(), "nothing half-written");
}

#[test]
fn init_states_a_base_path_where_the_servers_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("api.json");
    let servers = r#"{"openapi":"3.1.0","servers":[{"url":"https://{tenant}.example.com/{v}","variables":{}}],"paths":{"/a":{"get":{}}}}"#;
    std::fs::write(&document, servers).unwrap();
    let output = folder.path().join("portcullis.yaml");
    run_init(&document, "http://127.0.0.1:8000", &output).unwrap();
    assert!(std::fs::read_to_string(&output).unwrap().contains("    base_path: /  "));
}

#[test]
fn init_that_learns_needs_no_document() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("portcullis.yaml");
    let init = |more: &[&str]| {
        let line = ["portcullis", "init", "--upstream", "http://127.0.0.1:8000"].iter().chain(more);
        let Command::Init(args) = Cli::try_parse_from(line).unwrap().command else { panic!("init") };
        init::run(&args).map(drop)
    };
    init(&["--learn", "-o", output.to_str().unwrap()]).unwrap();
    let document = folder.path().join("api.openapi.yaml");
    assert!(document.exists());
    let loaded = load(&output, &LoadOptions::default()).unwrap();
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let mode = loaded.plan.apis[0].default.modes[Control::RoutingOperation.index()];
    assert_eq!(mode, Mode::Monitor, "unknown paths are forwarded and learned");

    let other = folder.path().join("other.yaml");
    let refused = init(&["--learn", "-o", other.to_str().unwrap()]).unwrap_err().to_string();
    assert!(refused.contains("api.openapi.yaml` exists; it is left as it is"), "{refused}");
    assert!(!other.exists());
    init(&["--learn", "--openapi", document.to_str().unwrap(), "-o", other.to_str().unwrap()]).unwrap();
    assert!(Cli::try_parse_from(["portcullis", "init", "--upstream", "http://127.0.0.1:1"]).is_err(), "neither");
    assert!(init(&["--learn"]).unwrap_err().to_string().contains("`-o FILE`"));
    std::fs::remove_file(&document).unwrap();
    std::fs::remove_file(&output).unwrap();
    let line = ["portcullis", "init", "--learn", "--upstream", "no upstream", "-o", output.to_str().unwrap()];
    let Command::Init(args) = Cli::try_parse_from(line).unwrap().command else { panic!("init") };
    assert!(init::run(&args).is_err());
    assert!(!document.exists() && !output.exists(), "nothing is left behind");
}
